"""Embeddings: gradients by segments of equal ids; scores as one product."""

import numpy as np

from minigpt.layers import embedding

__all__ = ["add_rows", "embedding", "embedding_backward", "unembedding", "unembedding_backward"]


def embedding_backward(dy, cache):
    """As `layers.embedding_backward`."""
    ids, weight = cache
    dweight = np.zeros(weight.shape, dy.dtype)
    add_rows(dweight, ids, dy)
    return None, {"weight": dweight}


def add_rows(dweight, ids, dy) -> None:
    """Add dy[i] to dweight[ids[i]], also where an id occurs several times.

    The rows are sorted by id, and each run of equal ids is summed at once.
    """
    ids, dy = ids.reshape(-1), dy.reshape(-1, dweight.shape[1])
    order = np.argsort(ids, kind="stable")
    ids = ids[order]
    starts = np.flatnonzero(np.diff(ids, prepend=-1))
    dweight[ids[starts]] += np.add.reduceat(dy[order], starts, axis=0)


def unembedding(x, weight):
    """As `layers.unembedding`, as one large product instead of one for each sequence."""
    y = x.reshape(-1, x.shape[-1]) @ weight.T
    return y.reshape(*x.shape[:-1], len(weight)), (x, weight)


def unembedding_backward(dy, cache):
    """As `layers.unembedding_backward`."""
    x, weight = cache
    V, C = weight.shape
    dy = dy.reshape(-1, V)
    return (dy @ weight).reshape(x.shape), {"weight": dy.T @ x.reshape(-1, C)}
