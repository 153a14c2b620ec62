"""Estimate the rent of a flat from its size, floor, age and distance to the centre.

A network with one hidden layer learns from 300 flats. So that it does not rely on single units, a
random share p of the hidden units is switched off in each step (dropout; Srivastava et al., 2014).
When the network is asked for an estimate, all units are on.

In both ways the estimates should be right on average: half of the units, drawn at random, should
say about the same as all of them together. The program prints the mean of the true rents and of
the estimates, while the units are switched off and when all of them are on.

Run it. What is strange?
"""

import numpy as np


def flats(n, rng):
    """n flats: features (n, 4), each of order one, and rents (n,) in hundreds of euros."""
    features = rng.uniform(-1, 1, (n, 4))
    size, floor, age, distance = features.T
    rents = 9 + 4 * size + 0.5 * floor - age - 2 * distance + size * np.abs(distance)
    return features, rents + rng.normal(0, 0.2, n)


def new_params(hidden, rng):
    """Random parameters of the network."""
    return {
        "w1": rng.normal(0, 0.5, (4, hidden)),
        "b1": np.zeros(hidden),
        "w2": rng.normal(0, hidden**-0.5, hidden),
        "b2": np.zeros(()),
    }


def estimate(params, features, p=0.5, rng=None):
    """The estimates (N,), and the cache.

    Args:
        p: the share of hidden units that is switched off, anew for each flat.
        rng: draws which ones; None: all are on, as when the network is used.
    """
    hidden = np.tanh(features @ params["w1"] + params["b1"])
    mask = np.ones_like(hidden)
    if rng is not None:
        mask = (rng.random(hidden.shape) >= p) / (1 - p)
    y = (hidden * mask) @ params["w2"] + params["b2"]
    return y, (features, hidden, mask, params)


def estimate_backward(dy, cache):
    """From dy (N,) to the gradients of the parameters."""
    features, hidden, mask, params = cache
    dkept = dy[:, None] * params["w2"]
    dsum = dkept * mask * (1 - hidden**2)
    return {
        "w1": features.T @ dsum,
        "b1": dsum.sum(axis=0),
        "w2": (hidden * mask).T @ dy,
        "b2": dy.sum(),
    }


def train(params, features, rents, steps=3000, lr=0.02):
    """Plain gradient descent on the mean squared error, with dropout."""
    rng = np.random.default_rng(1)
    for step in range(steps):
        y, cache = estimate(params, features, rng=rng)
        grads = estimate_backward(2 * (y - rents) / len(rents), cache)
        for name, g in grads.items():
            params[name] = params[name] - lr * (1 - step / steps) * g


def main():
    """Train, then compare the estimates on the flats that it has learned from."""
    rng = np.random.default_rng(0)
    features, rents = flats(300, rng)
    params = new_params(40, rng)
    train(params, features, rents)
    switched = np.mean([estimate(params, features, rng=rng)[0] for _ in range(200)], axis=0)
    all_on = estimate(params, features)[0]
    print(f"{'':32} mean  spread   error")
    for name, y in (
        ("true rents", rents),
        ("half of the units, 200 draws", switched),
        ("all units", all_on),
    ):
        error = np.sqrt(np.mean((y - rents) ** 2))
        print(f"{name:30} {y.mean():6.2f}  {y.std():6.2f}  {error:6.2f}")


if __name__ == "__main__":
    main()
