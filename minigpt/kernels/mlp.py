"""GELU with its slope in one visit to each chunk, and the MLP around it."""

import numpy as np

from minigpt import layers
from minigpt.kernels.chunks import are, row_chunks
from minigpt.kernels.linear import column_sums, linear, linear_backward
from minigpt.layers.gelu import SQRT_2_OVER_PI as K


def gelu(x):
    """As `layers.gelu`; the cache is the slope, so that the backward is one multiplication."""
    rows = x.reshape(-1, x.shape[-1])
    y, slope = np.empty(rows.shape, rows.dtype), np.empty(rows.shape, rows.dtype)
    for part in row_chunks(rows):
        _gelu(rows[part], y[part], slope[part])
    return y.reshape(x.shape), slope.reshape(x.shape)


def gelu_backward(dy, slope):
    """As `layers.gelu_backward`."""
    return dy * slope, {}


def _gelu(x, y, slope) -> None:
    """Write gelu(x) into y and its derivative into slope, which may be x itself.

    s = K (1 + 0.044715 x^2)       p = (1 + tanh(s x)) / 2       y = x p
    dy/dx = p + 2 x p (1 - p) (3 s - 2 K)                        since 1 - tanh^2 = 4 p (1 - p)
    """
    s = x * x
    s *= 0.044715 * K
    s += K
    p = s * x
    np.tanh(p, out=p)
    p += 1
    p *= 0.5
    np.multiply(x, p, out=y)
    s *= 6
    s -= 4 * K
    np.subtract(1, p, out=slope)
    slope *= s
    slope *= y
    slope += p


def mlp(x, c_fc, c_proj, activation="gelu", parts=None):
    """As `layers.mlp`: fused if linear and GELU are those of this table."""
    ours = {"linear": linear, "linear_backward": linear_backward}
    ours |= {"gelu": gelu, "gelu_backward": gelu_backward}
    if activation != "gelu" or not are(parts, **ours):
        y, cache = layers.mlp(x, c_fc, c_proj, activation, parts or layers)
        return y, (None, cache)
    weight, bias = c_fc["weight"], c_fc.get("bias")
    rows = x.reshape(-1, x.shape[-1])
    slope = rows @ weight  # the hidden values, until the slope takes their place
    active = np.empty(slope.shape, slope.dtype)
    for part in row_chunks(slope):
        hidden = slope[part]
        if bias is not None:
            hidden += bias
        _gelu(hidden, active[part], hidden)
    y, proj_cache = linear(active, **c_proj)
    return y.reshape(*x.shape[:-1], y.shape[-1]), (slope, x, weight, bias, proj_cache)


def mlp_backward(dy, cache):
    """As `layers.mlp_backward`."""
    if cache[0] is None:
        return layers.mlp_backward(dy, cache[1])
    slope, x, weight, bias, proj_cache = cache
    dhidden, dc_proj = linear_backward(dy.reshape(-1, dy.shape[-1]), proj_cache)
    dhidden *= slope
    dx = (dhidden @ weight.T).reshape(x.shape)
    dc_fc = {"weight": x.reshape(-1, x.shape[-1]).T @ dhidden}
    if bias is not None:
        dc_fc["bias"] = column_sums(dhidden)
    return dx, {"c_fc": dc_fc, "c_proj": dc_proj}
