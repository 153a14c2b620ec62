"""Layer norm: a warp has a row; the backward computes the normalised values again."""

from __future__ import annotations

import numpy as np

from minigpt.backend import get_array_module
from minigpt.kernels.gpu.columns import NULL, rows_of, strips, sum_strips
from minigpt.kernels.gpu.launch import launch

THREADS = 256  # of a block, 8 warps


def layernorm(x, weight, bias=None, eps=1e-5):
    """As `layers.layernorm`; the cache holds x itself and two numbers for each row."""
    xp = get_array_module(x)
    rows = rows_of(xp, x)
    (N, C), y = rows.shape, xp.empty(rows.shape, np.float32)
    stats = xp.empty((2, N), np.float32)  # mean and 1 / standard deviation of each row
    launch(xp, "rows.cu", "layernorm", _blocks(N), THREADS, rows, weight,
           NULL if bias is None else bias, y, stats, np.int32(N), np.int32(C),
           np.float32(eps))  # fmt: skip
    return y.reshape(x.shape), (rows, stats, weight, bias is not None)


def layernorm_backward(dy, cache):
    """As `layers.layernorm_backward`: dx by rows; dweight and dbias by columns, in one reading."""
    x, stats, weight, has_bias = cache
    xp = get_array_module(dy)
    rows, (N, C) = rows_of(xp, dy), x.shape
    dx, sizes = xp.empty(x.shape, np.float32), (np.int32(N), np.int32(C))
    launch(xp, "rows.cu", "layernorm_backward", _blocks(N), THREADS, rows, x, stats, weight, dx,
           *sizes)  # fmt: skip
    blocks, threads, strip = strips(N, C)
    partial = xp.empty((blocks[1], 2 * C), np.float32)
    launch(xp, "rows.cu", "layernorm_strips", blocks, threads, rows, x, stats, partial, *sizes,
           strip)  # fmt: skip
    sums = sum_strips(xp, partial)
    grads = {"weight": sums[:C]}
    if has_bias:
        grads["bias"] = sums[C:]
    return dx.reshape(dy.shape), grads


def _blocks(N: int) -> int:
    return -(-N * 32 // THREADS)
