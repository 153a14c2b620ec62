"""Attention on a GPU: one fused kernel forward, two backward, and cuBLAS for the linear layers.

`source/attention.cu` says how the kernels work. They read queries, keys and values where the first
linear layer has written them, and write where the second reads: between two products nothing is
copied, and nothing of the size of the scores is stored.
"""

from __future__ import annotations

import math

import numpy as np

from minigpt import layers
from minigpt.backend import get_array_module
from minigpt.kernels.chunks import are
from minigpt.kernels.gpu.columns import column_sums, rows_of, strips
from minigpt.kernels.gpu.dropout import HashedMask
from minigpt.kernels.gpu.launch import launch
from minigpt.kernels.gpu.linear import (
    bound,
    factor_and_dbias,
    linear,
    linear_backward,
    linear_rows,
    precision_for,
    products,
)
from minigpt.kernels.gpu.matmul import factor, matmul

ROWS, THREADS = 64, 128  # of a block, as in attention.cu
LARGEST_HEAD = 128  # beyond, a thread's registers do not hold its rows
MOST_BLOCKS = 65535  # along the second and third axis of a grid
MMA = {"fp32": 0, "tf32": 1, "bf16": 2}

# What attention.cu is compiled with in CI: the head size of GPT-2 with everything, the largest, and
# one that takes no packs of 16 bytes.
VARIANTS = [
    {"D": D, "MMA": mma, "DROP": drop}
    for D, mmas, drops in ((64, (0, 1, 2), (0, 1)), (128, (1, 2), (0,)), (25, (0, 2), (1,)))
    for mma in mmas
    for drop in drops
]


def attention(
    x, c_attn, c_proj, n_head, mask=None, dropout_mask=None, parts=None, window=None, *, precision
):
    """As `layers.attention`: fused, unless a mask, a window or a foreign part asks for more.

    Kept for the backward are q, k and v, the merged heads (both in bf16 if that is the precision),
    and one number for each row of scores.
    """
    xp, (B, T, C) = get_array_module(x), x.shape
    shape = B, T, n_head, C // n_head
    fused = mask is None and window is None and _can_fuse(shape, dropout_mask, parts, precision)
    if not fused:
        if isinstance(dropout_mask, HashedMask):
            dropout_mask = dropout_mask.array(xp, x.dtype)
        given = c_attn, c_proj, n_head, mask, dropout_mask, parts or layers, window
        y, cache = layers.attention(x, *given)
        return y, (None, cache)
    rows, bias, precision = rows_of(xp, x), c_attn.get("bias"), precision_for(precision, B * T)
    rows, weight = factor(xp, rows, precision), factor(xp, c_attn["weight"], precision)
    qkv = matmul(xp, rows, weight, precision, bf16_result=precision == "bf16")
    merged, logsumexp = heads(xp, qkv, bias, shape, precision, dropout_mask)
    y, proj_cache = linear_rows(xp, merged, c_proj["weight"], c_proj.get("bias"), precision)
    attn_cache = precision, rows, weight, bias is not None
    return y.reshape(x.shape), (attn_cache, qkv, logsumexp, shape, dropout_mask, proj_cache)


def attention_backward(dy, cache):
    """As `layers.attention_backward`."""
    if cache[0] is None:
        return layers.attention_backward(dy, cache[1])
    attn_cache, qkv, logsumexp, shape, dropout_mask, proj_cache = cache
    xp, (precision, merged, _, has_bias) = get_array_module(dy), proj_cache
    rows, dbias = factor_and_dbias(xp, rows_of(xp, dy), precision, has_bias)
    dmerged, dweight = products(xp, rows, proj_cache, bf16_result=precision == "bf16")
    dc_proj = {"weight": dweight, "bias": dbias} if has_bias else {"weight": dweight}
    dqkv = heads_backward(xp, dmerged, qkv, merged, logsumexp, shape, precision, dropout_mask)
    dx, dweight = products(xp, dqkv, attn_cache)
    dc_attn = {"weight": dweight}
    if attn_cache[-1]:
        dc_attn["bias"] = column_sums(xp, dqkv)
    return dx.reshape(dy.shape), {"c_attn": dc_attn, "c_proj": dc_proj}


def heads(xp, qkv, bias, shape, precision: str, dropout_mask=None):
    """All heads, from qkv (B T, 3 H D), to which the bias (3 H D), unless None, is added in place.

    Args:
        shape: (B, T, H, D).
        precision: "bf16" if qkv is of bf16.
        dropout_mask: a `HashedMask` of shape (B, H, T, T), or None.

    Returns:
        The merged heads (B T, H D), of the type of qkv, and the logsumexp of each row of scores
        (B, H, T) float32, to base 2.
    """
    B, T, H, D = shape
    if bias is not None:
        blocks, threads, strip = strips(*qkv.shape)
        launch(xp, "attention.cu", "add_bias", blocks, threads, qkv, xp.ascontiguousarray(bias),
               *map(np.int32, qkv.shape), strip, **_macros(D, precision, dropout_mask))  # fmt: skip
    merged, logsumexp = xp.empty((B * T, H * D), qkv.dtype), xp.empty((B, H, T), np.float32)
    _start(xp, "forward", shape, precision, dropout_mask, qkv, merged, logsumexp)
    return merged, logsumexp


def heads_backward(xp, dmerged, qkv, merged, logsumexp, shape, precision, dropout_mask=None):
    """From dmerged (B T, H D) to dqkv (B T, 3 H D), both of the type of qkv; see `heads`."""
    B, T, H, D = shape
    along, dqkv = xp.empty_like(logsumexp), xp.empty_like(qkv)
    launch(xp, "attention.cu", "along", -(-B * T * H * 32 // THREADS), THREADS, dmerged, merged,
           along, *map(np.int32, (B, T, H)), **_macros(D, precision, dropout_mask))  # fmt: skip
    for kernel in ("backward_keys", "backward_queries"):
        given = qkv, dmerged, logsumexp, along, dqkv
        _start(xp, kernel, shape, precision, dropout_mask, *given)
    return dqkv


def _start(xp, kernel: str, shape, precision: str, dropout_mask, *arrays) -> None:
    """Start a kernel with a block for each tile of rows of each head."""
    B, T, H, D = shape
    dropout = np.uint64(0), np.uint32(0), np.float32(1)
    if dropout_mask is not None:
        dropout = dropout_mask.seed, dropout_mask.threshold, dropout_mask.scale
    scale = np.float32(math.log2(math.e) / math.sqrt(D))
    launch(xp, "attention.cu", kernel, (-(-T // ROWS), H, B), THREADS, *arrays, np.int32(T), scale,
           *dropout, **_macros(D, precision, dropout_mask))  # fmt: skip


def _macros(D: int, precision: str, dropout_mask) -> dict[str, int]:
    return {"D": D, "MMA": MMA[precision], "DROP": int(dropout_mask is not None)}


def _can_fuse(shape, dropout_mask, parts, precision: str) -> bool:
    B, T, H, D = shape
    hashed = isinstance(dropout_mask, HashedMask) and dropout_mask.shape == (B, H, T, T)
    return (
        (dropout_mask is None or hashed)
        and D <= LARGEST_HEAD
        and max(B, H) <= MOST_BLOCKS
        and are(
            parts,
            linear=bound(linear, precision),
            linear_backward=linear_backward,
            scaled_dot_product=layers.scaled_dot_product,
            scaled_dot_product_backward=layers.scaled_dot_product_backward,
            softmax=layers.softmax,
            softmax_backward=layers.softmax_backward,
        )
    )
