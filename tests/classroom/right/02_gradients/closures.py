"""Lesson 02, where the cache is a function that knows how to go back."""

import math
from contextlib import contextmanager

import numpy as np

from minigpt.backend import get_array_module


@contextmanager
def moved(x, index, by):
    """Within the block, one element of x is larger by `by`."""
    saved = x[index]
    x[index] = saved + by
    yield
    x[index] = saved


def numeric_gradient(loss, x, step=1e-5):
    """With a block for each of the two measurements."""
    gradient = np.zeros_like(x)
    for index in np.ndindex(x.shape):
        with moved(x, index, step):
            gradient[index] = loss()
        with moved(x, index, -step):
            gradient[index] -= loss()
    gradient /= 2 * step
    return gradient


def relative_error(analytic, numeric):
    """Divide first, then take the largest."""
    size = np.max(np.abs([analytic, numeric]))
    if np.isnan(size) or np.isinf(size):
        return math.inf
    if size == 0.0:
        return 0.0
    return float(np.max(np.abs(analytic - numeric) / size))


def swish(x, beta):
    """The inner function is the backward pass."""
    xp = get_array_module(x)
    switch = xp.reciprocal(1 + xp.exp(-beta * x))
    y = x * switch

    def back(dy):
        inner = dy * y * (1 - switch)
        return dy * switch + beta * inner, {"beta": xp.sum(inner * x)}

    return y, back


def swish_backward(dy, cache):
    """Call what the forward has left."""
    return cache(dy)
