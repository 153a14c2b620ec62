"""A GPT is trained on very few stories, so it will learn them by heart; will we notice in time?

A fifth of the text is kept apart for validation, to see the moment when learning turns into
learning by heart: then the training loss still falls, but the validation loss rises. At the end
comes the exam: stories of the same kind that were not even in the file. Nothing was chosen by the
validation loss here, so exam and validation should give about the same loss.

Run it. What is strange?
"""

import numpy as np

from minigpt import GPT, AdamW, GPTConfig
from minigpt.corpus import tinytown

BLOCK = 16


def windows(tokens, stride):
    """All pieces of `BLOCK` + 1 tokens that begin at 0, stride, 2 stride, … (N, BLOCK + 1)."""
    starts = range(0, len(tokens) - BLOCK, stride)
    return np.stack([tokens[start : start + BLOCK + 1] for start in starts])


def split(tokens, share, rng):
    """Rows to train on and rows to validate on, about `share` of all.

    Rows overlap, so that the few tokens are seen at many places of a row.

    Returns:
        Two arrays of integers, (N, BLOCK + 1) each; the first in random order.
    """
    cut = int(len(tokens) * (1 - share))
    training, validation = windows(tokens[:cut], BLOCK // 4), windows(tokens[cut:], BLOCK // 4)
    return rng.permutation(training), validation


def read(seed, n_bytes):
    """Stories as one text."""
    return "\n".join(story.text for story in tinytown.stories(seed, n_bytes, "en"))


def train(model, rows, steps, rng):
    """Train on rows (N, BLOCK + 1), 16 drawn at random for each step."""
    optimizer = AdamW(model.params, lr=1e-2)
    for _ in range(steps):
        batch = rows[rng.integers(0, len(rows), 16)]
        optimizer.step(model.loss_and_grads(batch[:, :-1], batch[:, 1:])[1])


def main():
    """Print the losses of training and validation while it learns, and then that of the exam."""
    text, exam_text, rng = read(4, 3000), read(5, 3000), np.random.default_rng(0)
    letters = sorted(set(text + exam_text))
    tokens = np.array([letters.index(letter) for letter in text])
    exam = windows(np.array([letters.index(letter) for letter in exam_text]), BLOCK)
    training, validation = split(tokens, 0.2, rng)
    config = GPTConfig(len(letters), BLOCK, n_layer=1, n_head=4, n_embd=32, init_std=0.1)
    model = GPT(config, seed=0, device="cpu")

    def measure(rows):
        return float(model.loss(rows[:, :-1], rows[:, 1:]))

    for step in range(0, 201, 50):
        print(f"step {step:>3}: training {measure(training[:64]):.2f}, "
              f"validation {measure(validation):.2f}")  # fmt: skip
        if step < 200:
            train(model, training, 50, rng)
    print(f"the exam:{'':>19}{measure(exam):.2f}")


if __name__ == "__main__":
    main()
