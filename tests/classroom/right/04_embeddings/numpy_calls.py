"""Lesson 04, with functions of NumPy, which hand an array of CuPy's over to CuPy."""

import numpy as np


def embedding(ids, weight):
    """Take rows."""
    return np.take(weight, ids, axis=0), (ids, weight)


def embedding_backward(dy, cache):
    """`zeros_like` makes an array of the kind of weight."""
    ids, weight = cache
    dweight = np.zeros_like(weight)
    np.add.at(dweight, ids, dy)
    return None, {"weight": dweight}


def positions(x, wpe):
    """Add rows 0 … T - 1."""
    return np.add(x, wpe[: np.shape(x)[1]]), wpe


def positions_backward(dy, cache):
    """Sum over texts."""
    wpe = cache
    dwpe = np.zeros_like(wpe)
    dwpe[: np.shape(dy)[1]] = np.sum(dy, axis=0)
    return np.copy(dy), {"wpe": dwpe}
