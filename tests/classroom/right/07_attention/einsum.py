"""Lesson 07, with einsum: the axes carry names instead of being moved."""

import math

from minigpt.backend import get_array_module


def softmax(x):
    """Multiply by one over the sum."""
    xp = get_array_module(x)
    e = xp.exp(x - x.max(axis=-1, keepdims=True))
    y = xp.einsum("...n,...->...n", e, 1 / xp.einsum("...n->...", e))
    return y, y


def softmax_backward(dy, cache):
    """Two terms, with three factors in the second one."""
    y = cache
    xp = get_array_module(dy)
    average = xp.einsum("...i,...i->...", dy, y)
    return dy * y - xp.einsum("...,...j->...j", average, y), {}


def scaled_dot_product(q, k, v, mask):
    """i is a query, j is a key, d is a channel."""
    xp = get_array_module(q)
    scores = xp.einsum("...id,...jd->...ij", q, k) * (1 / math.sqrt(q.shape[-1]))
    scores = xp.where(mask, scores, xp.finfo(scores.dtype).min)
    weights, _ = softmax(scores)
    return xp.einsum("...ij,...jd->...id", weights, v), (q, k, v, mask, weights)


def scaled_dot_product_backward(dy, cache):
    """Each line is a line of the forward with two of its letters exchanged."""
    q, k, v, mask, weights = cache
    xp = get_array_module(dy)
    dweights = xp.einsum("...id,...jd->...ij", dy, v)
    dv = xp.einsum("...ij,...id->...jd", weights, dy)
    dscores, _ = softmax_backward(dweights, weights)
    dscores = xp.where(mask, dscores / math.sqrt(q.shape[-1]), 0)
    dq = xp.einsum("...ij,...jd->...id", dscores, k)
    dk = xp.einsum("...ij,...id->...jd", dscores, q)
    return (dq, dk, dv), {}


def split_heads(x, n_head):
    """A table of zeros and ones sends channel c to (h, d)."""
    xp = get_array_module(x)
    C = x.shape[-1]
    table = xp.eye(C, dtype=x.dtype).reshape(C, n_head, C // n_head)
    return xp.einsum("btc,chd->bhtd", x, table)


def merge_heads(x):
    """Exchange two axes by their letters."""
    xp = get_array_module(x)
    B, H, T, D = x.shape
    return xp.einsum("bhtd->bthd", x).reshape(B, T, H * D)


def attention(x, c_attn, c_proj, n_head):
    """The weights are cut into heads, not the activations; n is 0, 1, 2 for q, k, v."""
    xp = get_array_module(x)
    B, T, C = x.shape
    D = C // n_head
    w_in = c_attn["weight"].reshape(C, 3, n_head, D)
    b_in = c_attn["bias"].reshape(3, 1, n_head, 1, D)
    w_out = c_proj["weight"].reshape(n_head, D, C)
    qkv = xp.einsum("btc,cnhd->nbhtd", x, w_in) + b_in
    causal = xp.tril(xp.ones((T, T), dtype=bool))
    heads, inner = scaled_dot_product(qkv[0], qkv[1], qkv[2], causal)
    y = xp.einsum("bhtd,hdc->btc", heads, w_out) + c_proj["bias"]
    return y, (x, w_in, w_out, heads, inner)


def attention_backward(dy, cache):
    """The gradients of the weights, in heads as well, take their own shape at the end."""
    x, w_in, w_out, heads, inner = cache
    xp = get_array_module(dy)
    C = x.shape[-1]
    dw_out = xp.einsum("bhtd,btc->hdc", heads, dy)
    dheads = xp.einsum("btc,hdc->bhtd", dy, w_out)
    three, _ = scaled_dot_product_backward(dheads, inner)
    dqkv = xp.stack(three)
    dw_in = xp.einsum("btc,nbhtd->cnhd", x, dqkv)
    dx = xp.einsum("nbhtd,cnhd->btc", dqkv, w_in)
    c_attn = {
        "weight": dw_in.reshape(C, 3 * C),
        "bias": xp.einsum("nbhtd->nhd", dqkv).reshape(3 * C),
    }
    c_proj = {"weight": dw_out.reshape(C, C), "bias": xp.einsum("btc->c", dy)}
    return dx, {"c_attn": c_attn, "c_proj": c_proj}
