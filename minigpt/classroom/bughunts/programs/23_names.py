"""Measure how well a table of letter pairs knows first names, batch by batch.

Names have different lengths, so the short ones of a batch are filled up with zeros (padding), and
`targets` is -100 where there is nothing to predict. The loss of a batch is the mean over the
letters that are really there.

First the table is all zeros. It knows nothing then: each of the 27 letters has the same
probability, and the loss of any text is ln 27 = 3.296. Then the table learns, and at the end it is
measured on batches of names of different lengths.

Run it. What is strange?
"""

import math

import numpy as np

NAMES = """al ed jo bo lu ida leo mia eva ben tom ada otto emma rosa nina carl lena maria clara
oscar felix laura anton paula helena martin sophia philip amelia leonard johanna frederick
katharina valentina alexander elisabeth sebastian constantin bartholomew"""
ALPHABET = ".abcdefghijklmnopqrstuvwxyz"  # the dot begins and ends a name
V, IGNORE = len(ALPHABET), -100


def padded(names):
    """The ids (B, T) of some names and the targets, one place later; T fits the longest."""
    T = max(map(len, names)) + 1
    ids, targets = np.zeros((len(names), T), int), np.full((len(names), T), IGNORE)
    for row, name in enumerate(names):
        letters = [ALPHABET.index(letter) for letter in f".{name}."]
        ids[row, : len(letters) - 1] = letters[:-1]
        targets[row, : len(letters) - 1] = letters[1:]
    return ids, targets


def loss_and_gradient(table, ids, targets):
    """The loss of a batch, in nats a letter, and its gradient by the table.

    Args:
        table: (V, V), the scores of all letters after each letter.
        ids, targets: (B, T); a target of -100 is nothing to predict.
    """
    logits = table[ids]  # (B, T, V)
    exp = np.exp(logits - logits.max(axis=-1, keepdims=True))
    p = exp / exp.sum(axis=-1, keepdims=True)
    real = targets != IGNORE
    wanted = np.where(real, targets, 0)[..., None]
    count = real.sum()

    surprise = -np.log(np.take_along_axis(p, wanted, axis=-1)[..., 0])
    loss = np.where(real, surprise, 0).sum() / count

    dlogits = p.copy()
    np.put_along_axis(dlogits, wanted, np.take_along_axis(p, wanted, axis=-1) - 1, axis=-1)
    dlogits *= real[..., None] / count
    dtable = np.zeros_like(table)
    np.add.at(dtable, ids, dlogits)
    return loss, dtable


def main():
    """Measure before and after learning."""
    names = NAMES.split()  # short ones first
    batches = {
        "all of one length": names[5:12],
        "2 and 11 letters": [*names[:5], names[-1]],
        "long ones": names[-6:],
        "all names": names,
    }
    table = np.zeros((V, V))
    columns = [[f"{loss_and_gradient(table, *padded(batches[key]))[0]:.3f}" for key in batches]]
    for _ in range(200):
        _, dtable = loss_and_gradient(table, *padded(names))
        table -= 20 * dtable
    columns.append([f"{loss_and_gradient(table, *padded(batches[key]))[0]:.3f}" for key in batches])
    print(f"ln {V} = {math.log(V):.3f}")
    print(f"{'batch':20}  zeros  before  after")
    for key, before, after in zip(batches, *columns, strict=True):
        zeros = np.mean(padded(batches[key])[1] == IGNORE)
        print(f"{key:20}  {zeros:5.0%}  {before:>6}  {after:>5}")


if __name__ == "__main__":
    main()
