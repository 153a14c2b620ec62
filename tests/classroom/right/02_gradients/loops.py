"""Lesson 02, with plain loops over the elements."""

import itertools
import math

import numpy as np

from minigpt.backend import get_array_module


def numeric_gradient(loss, x, step=1e-5):
    """Move one element up, then down, and put it back."""
    result = np.zeros(x.shape)
    for place in itertools.product(*[range(n) for n in x.shape]):
        before = float(x[place])
        x[place] = before + step
        up = loss()
        x[place] = before - step
        down = loss()
        x[place] = before
        result[place] = (up - down) / (2 * step)
    return result


def relative_error(analytic, numeric):
    """Keep the largest difference and the largest size while walking through both."""
    furthest = 0.0
    largest = 0.0
    for a, n in zip(analytic.flat, numeric.flat, strict=True):
        if not (math.isfinite(a) and math.isfinite(n)):
            return math.inf
        if abs(a - n) > furthest:
            furthest = abs(a - n)
        if abs(a) > largest:
            largest = abs(a)
        if abs(n) > largest:
            largest = abs(n)
    if largest == 0:
        return 0.0
    return float(furthest / largest)


def sigmoid(u):
    """The switch, for one number; exp of a large number never happens."""
    if u >= 0:
        return 1 / (1 + math.exp(-u))
    small = math.exp(u)
    return small / (1 + small)


def swish(x, beta):
    """One element after another."""
    xp = get_array_module(x)
    y = xp.zeros(x.shape, dtype=x.dtype)
    for place in itertools.product(*[range(n) for n in x.shape]):
        value = float(x[place])
        y[place] = value * sigmoid(float(beta) * value)
    return y, (x, beta)


def swish_backward(dy, cache):
    """The product rule, for one element after another."""
    x, beta = cache
    xp = get_array_module(x)
    b = float(beta)
    dx = xp.zeros(x.shape, dtype=x.dtype)
    dbeta = 0.0
    for place in itertools.product(*[range(n) for n in x.shape]):
        value = float(x[place])
        d = float(dy[place])
        s = sigmoid(b * value)
        slope = s * (1 - s)
        dx[place] = d * s + d * value * slope * b
        dbeta += d * value * slope * value
    return dx, {"beta": xp.asarray(dbeta, dtype=x.dtype)}
