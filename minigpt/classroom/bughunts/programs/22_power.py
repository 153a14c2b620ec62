"""Forecast the power that a town needs from the 24 hours before, with a stack of blocks.

Each block adds two branches to the vector x that passes through it: one for levels, one for waves.

    y = x + tanh(x @ level) + sin(x @ wave)

Both branches read the same x, side by side (the blocks of GPT-J are built like this). The gradients
are written by hand, and the program compares each one with a measured slope, along a random
direction. Where the gradients are right, both numbers agree to six digits or more.

Run it. What is strange?
"""

import numpy as np

from minigpt.gradcheck.differences import directional_difference


def block(x, level, wave):
    """y = x + tanh(x @ level) + sin(x @ wave), and the cache; x (N, C), both weights (C, C)."""
    levels, angles = np.tanh(x @ level), x @ wave
    return x + levels + np.sin(angles), (x, level, wave, levels, angles)


def block_backward(dy, cache):
    """From dy (N, C) to dx and the gradients of both weights."""
    x, level, wave, levels, angles = cache
    dx = dy.copy()
    dsum = dy * (1 - levels**2)
    dx += dsum @ level.T
    dlevel = x.T @ dsum
    dsum = dy * np.cos(angles)
    dx += dsum @ wave.T
    dwave = x.T @ dsum
    return dx, {"level": dlevel, "wave": dwave}


def loss_and_grads(params, x, target):
    """Mean squared error of the last column of the stack's output, and all gradients.

    Args:
        params: a list of {"level": (C, C), "wave": (C, C)}, one for each block.
        x: (N, C).
        target: (N,).
    """
    caches = []
    for p in params:
        x, cache = block(x, **p)
        caches.append(cache)
    error = x[:, -1] - target
    dx = np.zeros_like(x)
    dx[:, -1] = 2 * error / len(error)
    grads = []
    for cache in reversed(caches):
        dx, grad = block_backward(dx, cache)
        grads.insert(0, grad)
    return np.mean(error**2), grads


def hours(n, rng):
    """n times the 24 hours before (n, 24), and the hour after them (n,), in units of order one."""
    time = rng.uniform(0, 1000, n)[:, None] + np.arange(25)
    power = np.sin(2 * np.pi * time / 24) + 0.4 * np.sin(2 * np.pi * time / 168)
    power += 0.5 * np.maximum(np.sin(2 * np.pi * time / 24 + 2), 0)
    power += rng.normal(0, 0.05, power.shape)
    return power[:, :-1], power[:, -1]


def main():
    """Train with plain gradient descent, then compare gradients with slopes."""
    rng = np.random.default_rng(0)
    x, target = hours(256, rng)
    params = [{name: rng.normal(0, 0.05, (24, 24)) for name in ("level", "wave")} for _ in range(3)]
    for step in range(301):
        loss, grads = loss_and_grads(params, x, target)
        if step % 100 == 0:
            print(f"step {step:3d}  loss {loss:.4f}")
        for p, grad in zip(params, grads, strict=True):
            for name in p:
                p[name] = p[name] - 0.01 * grad[name]

    print("slope along a random direction: by the gradient, and measured")
    _, grads = loss_and_grads(params, x, target)
    for number, (p, grad) in enumerate(zip(params, grads, strict=True)):
        for name, weight in p.items():
            direction = rng.standard_normal(weight.shape)
            claimed = np.sum(grad[name] * direction)
            measured = directional_difference(
                lambda: loss_and_grads(params, x, target)[0], [weight], [direction]
            )
            print(f"block {number} {name:7} {claimed:14.6e} {measured:14.6e}")


if __name__ == "__main__":
    main()
