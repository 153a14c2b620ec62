"""Lesson 10: the tied pair as one table of V x V, from which rows are taken."""

from minigpt.backend import get_array_module


def unembedding(x, weight):
    """The matrix product the other way round, weight first."""
    xp = get_array_module(x)
    columns = xp.moveaxis(x, -1, 0).reshape(weight.shape[1], -1)
    scores = weight @ columns
    return scores.T.reshape(*x.shape[:-1], len(weight)), (columns, weight, x.shape)


def unembedding_backward(dy, cache):
    """Both products of matrices, with the places as columns."""
    columns, weight, shape = cache
    d = dy.reshape(-1, len(weight))
    return (weight.T @ d.T).T.reshape(shape), {"weight": (columns @ d).T}


def tied(ids, weight):
    """All pairs of tokens have their score in one symmetric table."""
    table = weight @ weight.T
    return table[ids], (ids, weight)


def tied_backward(dlogits, cache):
    """The gradient of the table, then of both factors."""
    ids, weight = cache
    xp = get_array_module(weight)
    V = len(weight)
    dtable = xp.zeros((V, V), dtype=dlogits.dtype)
    xp.add.at(dtable, ids.reshape(-1), dlogits.reshape(-1, V))
    return None, {"weight": (dtable + dtable.T) @ weight}
