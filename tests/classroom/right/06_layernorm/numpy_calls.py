"""Lesson 06, with functions of NumPy, which hand an array of CuPy's over to CuPy."""

import numpy as np


def layernorm(x, weight, bias, eps=1e-5):
    """np.mean, np.sqrt and np.square of an array give an array of its own kind."""
    centred = x - np.mean(x, axis=-1, keepdims=True)
    rstd = 1 / np.sqrt(np.mean(np.square(centred), axis=-1, keepdims=True) + eps)
    normalised = np.multiply(centred, rstd)
    return normalised * weight + bias, (normalised, rstd, weight)


def layernorm_backward(dy, cache):
    """The formula, with np.mean."""
    n, rstd, weight = cache
    dn = dy * weight
    along = n * np.mean(dn * n, axis=-1, keepdims=True)
    dx = rstd * (dn - np.mean(dn, axis=-1, keepdims=True) - along)
    axes = tuple(range(dy.ndim - 1))
    return dx, {"weight": np.sum(dy * n, axis=axes), "bias": np.sum(dy, axis=axes)}
