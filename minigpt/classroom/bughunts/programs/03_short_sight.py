"""A GPT whose attention is short-sighted: each place sees its own token and the few before it.

It learns walks through a town. From each of the 16 squares four streets lead to other squares, and
the walker takes each of them with the same chance. So nobody can do better than guessing among
four: the best loss is ln 4 = 1.386, and the town is so small that the model should come close. Then
the model walks by itself, one square after another; nearly all of its steps should be streets.

Run it. What is strange?
"""

import math
from types import SimpleNamespace

import numpy as np

from minigpt import GPT, AdamW, GPTConfig, layers

SQUARES, STREETS, BLOCK, WINDOW = 16, 4, 24, 4


def visible(T, window):
    """Boolean (T, T): True where the token to come next may be guessed from the token there.

    Place t guesses token t + 1 from itself and the window - 1 places before it. `back` says how far
    before that next token a place lies.
    """
    back = np.arange(1, T + 1)[:, None] - np.arange(T)
    return (back >= 1) & (back <= window)


def short_sighted(q, k, v, mask, dropout_mask=None, parts=None):
    """Attention as in `minigpt.layers`, but each place sees a window of `WINDOW` places only."""
    window = visible(q.shape[-2], WINDOW)
    return layers.scaled_dot_product(q, k, v, window, dropout_mask)


def build_model(n_squares, seed):
    """A small GPT with short-sighted attention."""
    table = SimpleNamespace(**{**vars(layers), "scaled_dot_product": short_sighted})
    config = GPTConfig(n_squares, BLOCK, n_layer=1, n_head=2, n_embd=32, init_std=0.1)
    return GPT(config, seed=seed, device="cpu", layers=table)


def walks(streets, count, length, rng):
    """`count` random walks of `length` squares; `streets` (squares, 4) says where one can go."""
    squares = [rng.integers(0, len(streets), count)]
    for _ in range(length - 1):
        squares.append(streets[squares[-1], rng.integers(0, streets.shape[1], count)])
    return np.stack(squares, axis=1)


def walk_alone(model, squares, length, rng):
    """Let the model go on from each of these squares until the walks are `length` squares long."""
    rows = squares[:, None]
    while rows.shape[1] < length:
        logits = model(rows)[:, -1]
        chances, _ = layers.softmax(logits.astype(float))
        chosen = [rng.choice(len(p), p=p) for p in chances]
        rows = np.concatenate([rows, np.array(chosen)[:, None]], axis=1)
    return rows


def main():
    """Train on walks, then count how many of the model's own steps are streets of the town."""
    rng = np.random.default_rng(0)
    streets = np.stack([rng.permutation(SQUARES)[:STREETS] for _ in range(SQUARES)])
    model = build_model(SQUARES, seed=0)
    optimizer = AdamW(model.params, lr=1e-2)
    print(f"the best loss that there can be: {math.log(STREETS):.3f}")
    for step in range(151):
        rows = walks(streets, 16, BLOCK + 1, rng)
        loss, grads = model.loss_and_grads(rows[:, :-1], rows[:, 1:])
        optimizer.step(grads)
        if step % 50 == 0:
            print(f"step {step:>3}: loss {loss:.3f}")
    rows = walk_alone(model, rng.integers(0, SQUARES, 20), BLOCK, rng)
    allowed = [b in streets[a] for row in rows for a, b in zip(row[:-1], row[1:], strict=True)]
    print(f"{np.mean(allowed):.0%} of its own steps follow a street; blind guessing has 25%")


if __name__ == "__main__":
    main()
