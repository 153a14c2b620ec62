"""Plain gradient descent with clipping, on a text with some very steep places.

Without a limit, one large gradient would throw the model far away from all that it has learned.
So each gradient that is longer than 1 is shortened to 1, and a step of learning rate 0.3 moves the
parameters by 0.3 at most. The program prints how far each tenth step moves them: their distance,
all parameters together, before and after it.

Run it. What is strange?
"""

import math

import numpy as np

from minigpt import GPT, GPTConfig
from minigpt.tree import items

TEXT = """she said no. she said no again. then the door opened, and who came in? nobody.
she said yes! yes, yes, YES! XXXXXXXXXX QQQQQQQQ ?!?!?!?!
she said no. she said no again. then the door closed, and who had gone? nobody.
"""
BLOCK, LR, LIMIT = 16, 0.3, 1.0


def clip(grads, limit):
    """Shorten a tree of gradients, in place, so that its length is at most `limit`.

        length = sqrt(sum of g^2)        g = g * min(1, limit / length)

    Returns:
        The length before.
    """
    squares = sum(float((grad * grad).sum()) for _, grad in items(grads))
    length = math.sqrt(squares)
    if length > limit:
        for _, grad in items(grads):
            grad *= limit / length
    return length


def train_step(model, ids, targets, lr, limit):
    """One step of gradient descent with clipping; returns the loss and the length before."""
    loss, found = model.loss_and_grads(ids, targets)
    grads = model.params.zeros_like()
    grads.assign(found)
    length = clip(grads, limit)
    model.params.buffer[...] -= lr * grads.buffer
    return float(loss), length


def main():
    """Train for 61 steps; print loss, length of the gradient and distance of each tenth step."""
    letters = sorted(set(TEXT))
    tokens = np.array([letters.index(letter) for letter in TEXT])
    config = GPTConfig(len(letters), BLOCK, n_layer=2, n_head=2, n_embd=16, init_std=0.3)
    model, rng = GPT(config, seed=0, device="cpu"), np.random.default_rng(0)
    print("step   loss   length of the gradient   distance")
    for step in range(61):
        starts = rng.integers(0, len(tokens) - BLOCK, 4)
        rows = tokens[starts[:, None] + np.arange(BLOCK + 1)]
        before = model.params.buffer.copy()
        loss, length = train_step(model, rows[:, :-1], rows[:, 1:], LR, LIMIT)
        distance = np.linalg.norm(model.params.buffer - before)
        if step % 10 == 0:
            print(f"{step:>4} {loss:>6.2f} {length:>24.2f} {distance:>10.2f}")


if __name__ == "__main__":
    main()
