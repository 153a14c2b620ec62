"""Train a small GPT on 40,000 letters of stories, with windows drawn at random.

For each step, `Windows` draws some places of the text and cuts a window out at each. The training
reads 100 times 8 windows of 32 letters, less than the text has, so few letters are seen more than
once. Nothing can be learned by heart in this way, and the loss of the validation text, which the
model never trains on, should stay near that of the training.

Run it. What is strange?
"""

import math

import numpy as np

from minigpt.corpus import tinytown
from minigpt.model import GPT, GPTConfig
from minigpt.training import Trainer


class Windows:
    """Random windows of a text, with targets one place later; equal seeds give equal windows.

    Args:
        ids: the text, integers (N,).
        batch_size: windows in a batch.
        block_size: letters in a window.
        seed: of the random places.
    """

    def __init__(self, ids, batch_size, block_size, seed):
        self.ids, self.batch_size, self.block_size = np.asarray(ids), batch_size, block_size
        self.rng = np.random.default_rng(seed)

    def next(self):
        """The next batch: (ids, targets), both (batch_size, block_size)."""
        places = len(self.ids) - self.block_size
        starts = self.rng.integers(places, size=self.batch_size)
        inside = starts[:, None] + np.arange(self.block_size)
        return self.ids[inside], self.ids[inside + 1]


def read_stories():
    """The ids of a training and a validation text, and how many different letters there are."""
    training, validation = tinytown.corpus(0, 45_000, "en", 0.12)
    texts = ["\n".join(story.text for story in part) for part in (training, validation)]
    letters = sorted(set("".join(texts)))
    numbers = {letter: number for number, letter in enumerate(letters)}
    return *([numbers[letter] for letter in text] for text in texts), len(letters)


def main():
    """Train and show both losses."""
    training, validation, V = read_stories()
    steps, batch_size, block_size = 100, 8, 32
    config = GPTConfig(V, block_size, n_layer=1, n_head=2, n_embd=32, init_std=0.1)
    model = GPT(config, seed=0, device="cpu")
    batches = Windows(training, batch_size, block_size, seed=1)
    trainer = Trainer(model, batches, batch_size, steps, lr=1e-2, min_lr=1e-3, warmup=5, threads=1)
    held_out = Windows(validation, 60, block_size, seed=2).next()
    print(f"{len(training):,} letters to train on, {V} different ones, ln V = {math.log(V):.2f}")
    for step in range(1, steps + 1):
        loss = trainer.step()
        if step == 1 or step % 20 == 0:
            print(f"step {step:3d}  training {loss:5.2f}  validation {model.loss(*held_out):5.2f}")


if __name__ == "__main__":
    main()
