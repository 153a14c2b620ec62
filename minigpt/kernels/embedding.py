"""Embeddings: gradients by segments of equal ids; scores as one product."""

import numpy as np

from minigpt.layers import embedding

__all__ = ["add_rows", "embedding", "embedding_backward", "unembedding", "unembedding_backward"]

FEW = 128  # ids


def embedding_backward(dy, cache):
    """As `layers.embedding_backward`."""
    ids, weight = cache
    dweight = np.zeros(weight.shape, dy.dtype)
    add_rows(dweight, ids, dy)
    return None, {"weight": dweight}


def add_rows(dweight, ids, dy) -> None:
    """Add dy[i] to dweight[ids[i]], also where an id occurs several times.

    With few ids, as a product with their one-hot rows, which BLAS does fast. Else rows of equal
    ids are brought together, then summed two by two until one is left of each. (`add.reduceat`
    walks down every column by itself, and takes up to four times as long.)
    """
    ids, dy = ids.reshape(-1), dy.reshape(-1, dweight.shape[1])
    if len(dweight) <= FEW:
        dweight += (np.arange(len(dweight))[:, None] == ids).astype(dy.dtype) @ dy
        return
    at = np.argsort(ids, kind="stable")
    ids = ids[at]
    starts = np.flatnonzero(np.diff(ids, prepend=-1))
    place = np.arange(len(ids)) - np.repeat(starts, np.diff(starts, append=len(ids)))  # in its run
    while True:
        even = place % 2 == 0
        sums, second = dy[at[even]], np.flatnonzero(~even)
        if not len(second):
            break
        sums[np.cumsum(even)[second] - 1] += dy[at[second]]
        dy, ids, place = sums, ids[even], place[even] // 2
        at = np.arange(len(ids))
    dweight[ids] += sums


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
