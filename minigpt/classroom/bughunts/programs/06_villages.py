"""A small GPT invents names of villages, one letter after the other.

It learns from 32 names, in batches of names of different lengths: short ones are filled up, and
the loss ignores what was filled. Afterwards it writes a name for each of some first letters. Nobody
can know which name comes, so even a model that knows all names by heart has some loss left; at the
beginning of a name alone there are 32 names to choose from.

Run it. What is strange?
"""

import math

import numpy as np

from minigpt import GPT, AdamW, GPTConfig, layers

VILLAGES = """amberley ashcombe barrowby birkdale bramley carlby cawston darley deerham elmsett
eastley farnham fenwick glenby grantley haleby hartwell inkberry kelby kirkdale langley marham
millby norwell oakham penby ravensby selham thornby upwell westley yardley""".split()
END, FILL, V = 26, 27, 28  # the letters a to z are the tokens 0 to 25


def encode(name):
    """The tokens of a name: END before it and after it."""
    return [END, *(ord(letter) - ord("a") for letter in name), END]


def collate(names):
    """Make one batch of names of different lengths: ids and labels, both (B, T)."""
    rows = [encode(name) for name in names]
    filled = np.full((len(rows), max(map(len, rows))), FILL)
    for i, row in enumerate(rows):
        filled[i, : len(row)] = row
    labels = np.where(filled == FILL, layers.IGNORE, filled)
    return filled[:, :-1], labels[:, 1:]


def train(names, steps, seed=0):
    """Train a GPT on batches of 8 names drawn at random; return it and the losses."""
    config = GPTConfig(V, block_size=16, n_layer=1, n_head=2, n_embd=32, init_std=0.1)
    model = GPT(config, seed=seed, device="cpu")
    optimizer, rng, losses = AdamW(model.params, lr=1e-2), np.random.default_rng(seed), []
    for _ in range(steps):
        ids, labels = collate([names[i] for i in rng.integers(0, len(names), 8)])
        loss, grads = model.loss_and_grads(ids, labels)
        optimizer.step(grads)
        losses.append(float(loss))
    return model, losses


def write(model, start, rng, longest=12):
    """Continue a beginning letter by letter until the model says END."""
    ids = encode(start)[:-1]
    while len(ids) <= longest:
        chances, _ = layers.softmax(model(np.array([ids]))[0, -1].astype(float))
        chosen = int(rng.choice(V, p=chances))
        if chosen == END:
            break
        ids.append(chosen)
    return "".join(chr(ord("a") + i) if i < 26 else "?" for i in ids[1:])


def main():
    """Train for 150 steps, then write a name for each of six letters."""
    model, losses = train(VILLAGES, 150)
    print(f"guessing blindly: ln V = {math.log(V):.2f}")
    for step in (1, 50, 100, 150):
        print(f"step {step:>3}: loss {losses[step - 1]:.3f}")
    rng = np.random.default_rng(1)
    print("new names:", *(write(model, letter, rng).capitalize() for letter in "bcfhmt"))


if __name__ == "__main__":
    main()
