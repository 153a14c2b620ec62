"""The smallest language model: a table that holds, for each letter, scores for the next letter.

It is trained by plain gradient descent on stories. We know the best table without any training:
count the pairs of letters. So for each letter there is a smallest possible loss, "counted" in the
printed table, and the trained loss should come near to it. Letters that occur often are learned
from many examples and should come nearest; for rare ones the training may be too short.

Run it. What is strange?
"""

import math

import numpy as np

from minigpt.corpus import tinytown


def loss_and_gradient(table, ids, targets):
    """The mean loss of guessing each target from the letter before it, and the table's gradient.

        logits = table[ids]        loss = mean of -ln softmax(logits)[target]

    Args:
        table: (V, V); row i holds the scores of all letters after letter i.
        ids, targets: integers (N,).
    """
    logits = table[ids]  # (N, V)
    shifted = np.exp(logits - logits.max(axis=1, keepdims=True))
    chances = shifted / shifted.sum(axis=1, keepdims=True)
    places = np.arange(len(ids))
    loss = -np.log(chances[places, targets]).mean()
    dlogits = chances
    dlogits[places, targets] -= 1
    dlogits /= len(ids)
    dtable = np.zeros_like(table)
    np.add.at(dtable, ids, dlogits)
    return loss, dtable


def train(ids, V, steps=300, lr=50.0, seed=0):
    """Plain gradient descent on batches of 1000 places drawn at random; return the table."""
    rng, table = np.random.default_rng(seed), np.zeros((V, V))
    for step in range(steps):
        places = rng.integers(0, len(ids) - 1, 1000)
        loss, dtable = loss_and_gradient(table, ids[places], ids[places + 1])
        table -= lr * dtable
        if step % 100 == 0 or step == steps - 1:
            print(f"step {step:>3}: loss {loss:.3f}")
    return table


def main():
    """Train, then compare the loss after common and after rare letters with the counted one."""
    text = "\n".join(story.text for story in tinytown.stories(0, 40_000, "en"))
    letters = sorted(set(text))
    V = len(letters)
    ids = np.array([letters.index(letter) for letter in text])
    print(f"{V} different letters, ln V = {math.log(V):.2f}")
    table = train(ids, V)
    counts = np.zeros((V, V))
    np.add.at(counts, (ids[:-1], ids[1:]), 1)
    print("letter  times   loss  counted")
    common = np.argsort(-counts.sum(axis=1))
    for i in [*common[:4], *common[30:34]]:
        share = counts[i] / counts[i].sum()
        loss = -(share * np.log(np.exp(table[i]) / np.exp(table[i]).sum())).sum()
        best = -(share[share > 0] * np.log(share[share > 0])).sum()
        print(f"{letters[i]!r:>6} {counts[i].sum():>6.0f} {loss:>6.2f} {best:>8.2f}")


if __name__ == "__main__":
    main()
