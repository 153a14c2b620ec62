"""Lesson 07, in float64 inside; the results have the type of the argument."""

import math

from minigpt.backend import get_array_module
from minigpt.layers import linear, linear_backward


def softmax(x):
    """Computed in float64, returned in the type of x."""
    xp = get_array_module(x)
    wide = x.astype(xp.float64)
    wide = xp.exp(wide - wide.max(axis=-1, keepdims=True))
    wide = wide / wide.sum(axis=-1, keepdims=True)
    return wide.astype(x.dtype), wide


def softmax_backward(dy, cache):
    """Computed in float64, returned in the type of dy."""
    xp = get_array_module(dy)
    product = dy.astype(xp.float64) * cache
    dx = product - cache * product.sum(axis=-1, keepdims=True)
    return dx.astype(dy.dtype), {}


def scaled_dot_product(q, k, v, mask):
    """Computed in float64, returned in the type of q."""
    xp = get_array_module(q)
    q64, k64, v64 = (array.astype(xp.float64) for array in (q, k, v))
    scores = xp.matmul(q64, xp.swapaxes(k64, -1, -2)) / math.sqrt(q.shape[-1])
    scores = xp.where(mask, scores, xp.finfo(xp.float64).min)
    weights, inner = softmax(scores)
    return xp.matmul(weights, v64).astype(q.dtype), (q64, k64, v64, mask, inner, q.dtype)


def scaled_dot_product_backward(dy, cache):
    """Computed in float64, returned in the type of q."""
    q, k, v, mask, weights, dtype = cache
    xp = get_array_module(dy)
    d = dy.astype(xp.float64)
    dweights = xp.matmul(d, xp.swapaxes(v, -1, -2))
    dscores = xp.where(mask, softmax_backward(dweights, weights)[0], 0.0)
    dq = xp.matmul(dscores, k) / math.sqrt(q.shape[-1])
    dk = xp.matmul(xp.swapaxes(dscores, -1, -2), q) / math.sqrt(q.shape[-1])
    dv = xp.matmul(xp.swapaxes(weights, -1, -2), d)
    return (dq.astype(dtype), dk.astype(dtype), dv.astype(dtype)), {}


def split_heads(x, n_head):
    """Only axes move."""
    xp = get_array_module(x)
    return xp.moveaxis(x.reshape(*x.shape[:2], n_head, -1), 2, 1)


def merge_heads(x):
    """Only axes move."""
    xp = get_array_module(x)
    B, H, T, D = x.shape
    return xp.moveaxis(x, 1, 2).reshape(B, T, -1)


def wide(parameters):
    """The same parameters in float64."""
    return {name: array.astype("float64") for name, array in parameters.items()}


def narrow(grads, dtype):
    """The same gradients in another type."""
    return {name: array.astype(dtype) for name, array in grads.items()}


def attention(x, c_attn, c_proj, n_head):
    """Everything between the first and the last line is float64."""
    xp = get_array_module(x)
    causal = xp.tri(x.shape[1]) > 0
    qkv, first = linear(x.astype(xp.float64), **wide(c_attn))
    q, k, v = (split_heads(part, n_head) for part in xp.split(qkv, 3, axis=2))
    heads, inner = scaled_dot_product(q, k, v, causal)
    y, last = linear(merge_heads(heads), **wide(c_proj))
    return y.astype(x.dtype), (n_head, first, inner, last)


def attention_backward(dy, cache):
    """Everything between the first and the last line is float64."""
    n_head, first, inner, last = cache
    xp = get_array_module(dy)
    dmerged, c_proj = linear_backward(dy.astype(xp.float64), last)
    parts, _ = scaled_dot_product_backward(split_heads(dmerged, n_head), inner)
    dx, c_attn = linear_backward(xp.concatenate([merge_heads(p) for p in parts], axis=2), first)
    grads = {"c_attn": narrow(c_attn, dy.dtype), "c_proj": narrow(c_proj, dy.dtype)}
    return dx.astype(dy.dtype), grads
