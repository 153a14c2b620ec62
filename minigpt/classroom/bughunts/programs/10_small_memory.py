"""A batch that does not fit into the memory is computed in parts, and gives the same step.

The gradient of a batch is a sum over its words, so it can be added up, one part of the batch after
another: gradient accumulation. Into how many parts the batch is cut is a matter of memory alone.
So here a GPT is trained four times from the same start, with the same batches, cut into 1, 2, 4 and
8 parts; the columns should be equal.

Run it. What is strange?
"""

import numpy as np

from minigpt import GPT, GPTConfig
from minigpt.layers import IGNORE

WEATHER = """sun in the morning and rain in the night
rain in the morning
wind and rain
snow in the night and sun in the morning
sun and wind in the morning and then snow in the night
fog
fog in the morning and then sun
wind in the night""".split("\n")
BATCH, LONGEST = 8, 13


def make_batch(sentences, ids_of):
    """Rows of token ids, and their targets; short sentences are filled up with ignored targets."""
    ids = np.zeros((len(sentences), LONGEST), dtype=int)
    targets = np.full_like(ids, IGNORE)
    for i, sentence in enumerate(sentences):
        row = [0, *(ids_of[word] for word in sentence.split()), 0]
        ids[i, : len(row) - 1], targets[i, : len(row) - 1] = row[:-1], row[1:]
    return ids, targets


def train_step(model, ids, targets, parts, lr):
    """One step of plain gradient descent on the mean loss of the batch; returns that loss.

    Args:
        ids, targets: (B, T); an ignored target does not count.
        parts: into how many parts the rows are cut, each with a forward and a backward of its own.
        lr: learning rate.
    """
    count = int((targets != IGNORE).sum())
    batch_loss, total = 0.0, model.params.zeros_like()
    for rows in np.array_split(np.arange(len(ids)), parts):
        loss, grads = model.loss_and_grads(ids[rows], targets[rows], count=count)
        batch_loss += float(loss)
        total.add(grads)
    model.params.buffer[...] -= lr * total.buffer
    return batch_loss


def train(parts, steps):
    """Train on sentences about the weather; return the loss of each step."""
    words = sorted({word for sentence in WEATHER for word in sentence.split()})
    ids_of = {word: i for i, word in enumerate(words, 1)}
    config = GPTConfig(len(words) + 1, LONGEST, n_layer=1, n_head=2, n_embd=16, init_std=0.1)
    model = GPT(config, seed=0, device="cpu", dtype="float64")
    rng = np.random.default_rng(0)
    losses = []
    for _ in range(steps):
        sentences = [WEATHER[i] for i in rng.integers(0, len(WEATHER), BATCH)]
        ids, targets = make_batch(sentences, ids_of)
        losses.append(train_step(model, ids, targets, parts, lr=0.2))
    return losses


def main():
    """Print the losses of four trainings side by side."""
    columns = {parts: train(parts, 61) for parts in (1, 2, 4, 8)}
    print("step   1 part  2 parts  4 parts  8 parts")
    for step in range(0, 61, 10):
        print(f"{step:>4}", *(f"{losses[step]:>8.3f}" for losses in columns.values()))


if __name__ == "__main__":
    main()
