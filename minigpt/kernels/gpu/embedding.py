"""Embeddings: gradients by runs of equal ids, with reproducible bits; scores as one product."""

from __future__ import annotations

import numpy as np

from minigpt.backend import get_array_module
from minigpt.kernels.gpu.columns import rows_of, strips
from minigpt.kernels.gpu.launch import launch
from minigpt.kernels.gpu.linear import precision_for
from minigpt.kernels.gpu.matmul import factor, matmul

FEW = 256  # ids
PIECE = 1 << 16  # positions sorted at once: it takes PIECE^2 comparisons
WINDOW = 32  # sorted positions that a block sums; as in embedding.cu


def embedding_backward(dy, cache):
    """As `layers.embedding_backward`."""
    ids, weight = cache
    dweight = get_array_module(dy).zeros(weight.shape, np.float32)
    add_rows(dweight, ids, dy)
    return None, {"weight": dweight}


def add_rows(dweight, ids, dy) -> None:
    """Add dy[i] to dweight[ids[i]], also where an id occurs several times.

    With few ids, as a product with their one-hot rows, in float32; else by runs of equal ids, which
    are brought together first.
    """
    xp = get_array_module(dy)
    ids, dy = ids.reshape(-1), rows_of(xp, dy.reshape(-1, dweight.shape[1]))
    if len(dweight) <= FEW:
        one_hot = xp.arange(len(dweight))[:, None] == ids
        dweight += matmul(xp, one_hot.astype(np.float32), dy, "fp32")
        return
    ids = xp.ascontiguousarray(ids.astype(np.int32))
    for start in range(0, len(ids), PIECE):
        some = slice(start, start + PIECE)
        _add_runs(xp, dweight, ids[some], dy[some])


def _add_runs(xp, dweight, ids, dy) -> None:
    """Add rows by runs of equal ids, see embedding.cu."""
    N, C = dy.shape
    sizes = np.int32(N), np.int32(C)
    in_order, order = xp.empty(N, np.int32), xp.empty(N, np.int32)
    launch(xp, "embedding.cu", "sort_ids", -(-N // 256), 256, ids, in_order, order, sizes[0])
    (columns, _), threads, _ = strips(N, C)
    windows = -(-N // WINDOW)
    carry = xp.empty((windows, C), np.float32)
    launch(xp, "embedding.cu", "add_windows", (columns, windows), threads, in_order, order, dy,
           dweight, carry, *sizes)  # fmt: skip
    if windows > 1:
        launch(xp, "embedding.cu", "add_carries", (columns, windows - 1), threads, in_order, carry,
               dweight, *sizes)  # fmt: skip


def unembedding(x, weight, precision="fp32"):
    """As `layers.unembedding`; the cache holds both factors as they were multiplied."""
    xp = get_array_module(x)
    rows = rows_of(xp, x)
    precision = precision_for(precision, len(rows))
    rows, weight = factor(xp, rows, precision), factor(xp, weight, precision)
    y = matmul(xp, rows, weight.T, precision)
    return y.reshape(*x.shape[:-1], y.shape[1]), (precision, rows, weight)


def unembedding_backward(dy, cache):
    """As `layers.unembedding_backward`."""
    precision, x, weight = cache
    xp = get_array_module(dy)
    rows = factor(xp, rows_of(xp, dy), precision)
    dx = matmul(xp, rows, weight, precision)
    dweight = matmul(xp, rows.T, x, precision)
    return dx.reshape(*dy.shape[:-1], dx.shape[1]), {"weight": dweight}
