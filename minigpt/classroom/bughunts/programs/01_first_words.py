"""A small GPT learns to spell a nursery rhyme, letter by letter.

Instead of AdamW it is trained by the oldest recipe that works: gradient descent with momentum. The
rhyme has about twenty different letters and signs, so a model that knows nothing has a loss of
about 3. It is short and repeats itself, so the loss should come well below 1 within 120 steps.

Run it. What is strange?
"""

import math

import numpy as np

from minigpt import GPT, GPTConfig
from minigpt.tree import items

RHYME = """one for the river and two for the sea
three for the apple and four for the tree
five for the baker and six for the bread
seven for dreaming and off to your bed
"""
BLOCK = 24


class Momentum:
    """Gradient descent with momentum.

    speed = beta * speed + gradient        parameter = parameter - lr * speed

    Args:
        model: a GPT; its parameters are moved by `step`.
        lr: learning rate.
        beta: how much of the speed each step keeps.
    """

    def __init__(self, model, lr, beta=0.9):
        self.lr, self.beta = lr, beta
        self.params = dict(items(model.params))
        self.speed = {name: np.zeros_like(p) for name, p in self.params.items()}

    def step(self, grads):
        """Move all parameters once; the gradients have the names of the parameters."""
        for name, grad in items(grads):
            self.speed[name] = self.beta * self.speed[name] + grad
            self.params[name] -= self.lr * self.speed[name]


def draw_batches(ids, count, rng):
    """Yield `count` batches (ids, targets) of 8 pieces that begin anywhere in the text."""
    for _ in range(count):
        starts = rng.integers(0, len(ids) - BLOCK, 8)
        rows = ids[starts[:, None] + np.arange(BLOCK + 1)]
        yield rows[:, :-1], rows[:, 1:]


def train(model, batches, lr):
    """One step of `Momentum` for each batch; return the losses."""
    optimizer = Momentum(model, lr)
    losses = []
    for ids, targets in batches:
        loss, grads = model.loss_and_grads(ids, targets)
        optimizer.step(grads)
        losses.append(float(loss))
    return losses


def main():
    """Train for 120 steps and print the mean loss of every 20."""
    letters = sorted(set(RHYME))
    ids = np.array([letters.index(letter) for letter in RHYME])
    config = GPTConfig(len(letters), BLOCK, n_layer=1, n_head=2, n_embd=32, init_std=0.1)
    model = GPT(config, seed=0, device="cpu")
    losses = train(model, draw_batches(ids, 120, np.random.default_rng(0)), lr=0.1)
    print(f"{len(letters)} different letters, ln V = {math.log(len(letters)):.2f}")
    for i in range(0, 120, 20):
        print(f"steps {i:>3} to {i + 19:>3}: loss {np.mean(losses[i : i + 20]):.3f}")


if __name__ == "__main__":
    main()
