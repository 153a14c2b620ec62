"""GELU as one kernel each way, and the MLP, which gives it the bias of its first layer to add."""

from __future__ import annotations

import numpy as np

from minigpt import layers
from minigpt.backend import get_array_module
from minigpt.kernels.chunks import are
from minigpt.kernels.gpu.columns import NULL, macros, rows_of, strips, sum_strips
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


def gelu(x):
    """As `layers.gelu`; the cache is x."""
    xp = get_array_module(x)
    rows = rows_of(xp, x)
    return _gelu(xp, rows, None).reshape(x.shape), rows


def gelu_backward(dy, x):
    """As `layers.gelu_backward`."""
    xp = get_array_module(dy)
    dx = xp.empty(x.shape, np.float32)
    _gelu_backward(xp, rows_of(xp, dy), x, None, dx)
    return dx.reshape(dy.shape), {}


def _gelu(xp, hidden, bias):
    """gelu(hidden + bias) for hidden (N, C), float32 or bf16, and the same of y."""
    (N, C), y = hidden.shape, xp.empty_like(hidden)
    blocks, threads, rows = strips(N, C)
    launch(xp, "elementwise.cu", "gelu", blocks, threads, hidden, NULL if bias is None else bias,
           y, np.int32(N), np.int32(C), rows, **macros(hidden))  # fmt: skip
    return y


def _gelu_backward(xp, dy, hidden, bias, dhidden):
    """Write the gradient of `_gelu` into dhidden, which may be dy; return the bias's, or None."""
    N, C = hidden.shape
    blocks, threads, rows = strips(N, C)
    partial = NULL if bias is None else xp.empty((blocks[1], C), np.float32)
    launch(xp, "elementwise.cu", "gelu_backward", blocks, threads, dy, hidden,
           NULL if bias is None else bias, dhidden, partial, np.int32(N), np.int32(C), rows,
           **macros(hidden))  # fmt: skip
    return None if bias is None else sum_strips(xp, partial)


def mlp(x, c_fc, c_proj, activation="gelu", parts=None, precision="fp32"):
    """As `layers.mlp`: fused if linear and GELU are those of this table.

    The hidden values are kept without their bias, and in bf16 if that is the precision.
    """
    if activation != "gelu" or not _is_ours(parts, precision):
        y, cache = layers.mlp(x, c_fc, c_proj, activation, parts or layers)
        return y, (None, cache)
    xp = get_array_module(x)
    rows, weight, bias = rows_of(xp, x), c_fc["weight"], c_fc.get("bias")
    precision = precision_for(precision, len(rows))
    rows, weight = factor(xp, rows, precision), factor(xp, weight, precision)
    hidden = matmul(xp, rows, weight, precision, bf16_result=precision == "bf16")
    active = _gelu(xp, hidden, bias)
    y, proj_cache = linear_rows(xp, active, c_proj["weight"], c_proj.get("bias"), precision)
    fc_cache = precision, rows, weight, bias is not None
    return y.reshape(*x.shape[:-1], y.shape[1]), (fc_cache, hidden, bias, proj_cache)


def mlp_backward(dy, cache):
    """As `layers.mlp_backward`."""
    if cache[0] is None:
        return layers.mlp_backward(dy, cache[1])
    fc_cache, hidden, bias, proj_cache = cache
    xp, shape, (precision, _, _, has_bias) = get_array_module(dy), dy.shape, proj_cache
    dy, dbias = factor_and_dbias(xp, rows_of(xp, dy), precision, has_bias)
    dhidden, dweight = products(xp, dy, proj_cache, bf16_result=precision == "bf16")
    dc_proj = {"weight": dweight, "bias": dbias} if has_bias else {"weight": dweight}
    dbias = _gelu_backward(xp, dhidden, hidden, bias, dhidden)
    dx, dweight = products(xp, dhidden, fc_cache)
    dc_fc = {"weight": dweight} if bias is None else {"weight": dweight, "bias": dbias}
    return dx.reshape(*shape[:-1], dx.shape[1]), {"c_fc": dc_fc, "c_proj": dc_proj}


def _is_ours(parts, precision: str) -> bool:
    return are(
        parts,
        linear=bound(linear, precision),
        linear_backward=linear_backward,
        gelu=gelu,
        gelu_backward=gelu_backward,
    )
