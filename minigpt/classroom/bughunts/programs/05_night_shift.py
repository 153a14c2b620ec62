"""A training that is interrupted at night and goes on the next morning.

The text is cut into pieces. Each epoch takes every piece once, in a random order of its own. When
the training stops, everything that it needs goes into two files: parameters, the optimizer's
memory, the number of steps, and where it is in the text. So a training in two parts should be the
very same as one without a break: equal losses, to the last digit.

Run it. What is strange?
"""

import json
import tempfile
from pathlib import Path

import numpy as np

from minigpt import GPT, AdamW, GPTConfig

TEXT = "the moon is up and the mill is still, the miller is sleeping below the hill. " * 6
BLOCK, BATCH = 12, 4


class Pieces:
    """Pieces of `BLOCK` tokens in random order, each once an epoch."""

    def __init__(self, tokens, seed=0):
        starts = range(0, len(tokens) - BLOCK, BLOCK)
        self.rows = np.stack([tokens[start : start + BLOCK + 1] for start in starts])
        self.rng = np.random.default_rng(seed)
        self.start_epoch()

    def start_epoch(self):
        """Draw the order of the next epoch."""
        self.rng_before = self.rng.bit_generator.state
        self.order = self.rng.permutation(len(self.rows))
        self.position = 0

    def next(self):
        """The next batch, ids and targets; the last pieces that fill no batch are left out."""
        if self.position + BATCH > len(self.order):
            self.start_epoch()
        rows = self.rows[self.order[self.position : self.position + BATCH]]
        self.position += BATCH
        return rows[:, :-1], rows[:, 1:]

    def state(self):
        """What `restore` needs to go on from here."""
        return {"rng": self.rng_before, "position": self.position}

    def restore(self, state):
        """Go on from a `state`."""
        self.rng.bit_generator.state = state["rng"]
        self.start_epoch()
        self.position = state["position"]


def train(folder, tokens, until):
    """Train up to step `until`, from the checkpoint in `folder` if there is one; return the losses.

    A new checkpoint is left there at the end.
    """
    arrays_file, pieces_file = Path(folder, "arrays.npz"), Path(folder, "pieces.json")
    config = GPTConfig(int(tokens.max()) + 1, BLOCK, n_layer=1, n_head=2, n_embd=16, init_std=0.1)
    model = GPT(config, seed=0, device="cpu")
    optimizer, pieces = AdamW(model.params, lr=5e-3), Pieces(tokens)
    if pieces_file.exists():
        with np.load(arrays_file) as arrays:
            model.params.buffer[...] = arrays["params"]
            optimizer.m, optimizer.v, optimizer.t = arrays["m"], arrays["v"], int(arrays["t"])
        pieces.restore(json.loads(pieces_file.read_text(encoding="utf-8")))
    losses = []
    while optimizer.t < until:
        loss, grads = model.loss_and_grads(*pieces.next())
        optimizer.step(grads)
        losses.append(float(loss))
    here = {"m": optimizer.m, "v": optimizer.v, "t": optimizer.t}
    np.savez(arrays_file, params=model.params.buffer, **here)
    pieces_file.write_text(json.dumps(pieces.state()), encoding="utf-8")
    return losses


def main():
    """Train 20 steps without a break, and 14 steps and then 6; print both side by side."""
    letters = sorted(set(TEXT))
    tokens = np.array([letters.index(letter) for letter in TEXT])
    with tempfile.TemporaryDirectory() as one, tempfile.TemporaryDirectory() as two:
        whole = train(one, tokens, 20)
        parts = train(two, tokens, 14) + train(two, tokens, 20)
    print("step   no break   a break after step 14")
    for step in range(11, 21):
        print(f"{step:>4}   {whole[step - 1]:.5f}    {parts[step - 1]:.5f}")


if __name__ == "__main__":
    main()
