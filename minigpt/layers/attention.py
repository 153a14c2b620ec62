"""Masked multi-head attention: each position gathers what it needs from the positions before it.

Vaswani et al., "Attention is all you need" (2017), section 3.2; the names of the parameters are
GPT-2's.
"""

import math
from types import SimpleNamespace

from minigpt.backend import get_array_module
from minigpt.layers.linear import linear, linear_backward
from minigpt.layers.softmax import softmax, softmax_backward


def causal_mask(T_query, T_key, xp, window=None):
    """Boolean (T_query, T_key): True where a query may look, at keys not later than itself.

    The last query stands at the last key; with a KV cache there are more keys than queries. With a
    `window`, a query looks at its own place and the window - 1 before it: a band of the triangle.
    """
    mask = xp.tri(T_query, T_key, T_key - T_query, dtype=bool)
    if window is not None:
        mask &= ~xp.tri(T_query, T_key, T_key - T_query - window, dtype=bool)
    return mask


PARTS = SimpleNamespace(
    **{"linear": linear, "linear_backward": linear_backward},
    **{"softmax": softmax, "softmax_backward": softmax_backward},
)  # what attention is made of; a student's table replaces any of them


def scaled_dot_product(q, k, v, mask, dropout_mask=None, parts=PARTS):
    """Average the values, weighted by how well their keys fit the query.

        scores = q @ k.T / sqrt(D)      weights = softmax(scores where mask)      y = weights @ v

    The dot product of two random vectors of D numbers grows as sqrt(D); divided by it, the scores
    keep to a range where softmax still has a slope.

    Args:
        q: queries, (B, H, T_query, D).
        k, v: keys and values, (B, H, T_key, D).
        mask: boolean, broadcasts to (B, H, T_query, T_key); True where a query may look. A query
            that may look nowhere (in left padding) gets the plain mean of all values.
        dropout_mask: for the weights, or None.
        parts: the table that `softmax` is taken from.

    Returns:
        y of shape (B, H, T_query, D), and the cache.
    """
    xp = get_array_module(q)
    scores = q @ k.swapaxes(-1, -2)
    scores *= 1 / math.sqrt(q.shape[-1])
    scores = xp.where(mask, scores, xp.finfo(scores.dtype).min)
    weights, softmax_cache = parts.softmax(scores)
    kept = weights if dropout_mask is None else weights * dropout_mask
    return kept @ v, (parts, q, k, v, mask, softmax_cache, dropout_mask, kept)


def scaled_dot_product_backward(dy, cache):
    """From dy (B, H, T_query, D) to the tuple (dq, dk, dv).

    dweights = dy @ v.T                         dv = weights.T @ dy
    dscores = softmax_backward(dweights)        and 0 where the mask forbids to look
    dq = dscores @ k / sqrt(D)                  dk = dscores.T @ q / sqrt(D)
    """
    parts, q, k, v, mask, softmax_cache, dropout_mask, kept = cache
    xp = get_array_module(dy)
    dkept = dy @ v.swapaxes(-1, -2)  # y = kept @ v
    dv = kept.swapaxes(-1, -2) @ dy  # y = kept @ v
    dweights = dkept if dropout_mask is None else dkept * dropout_mask
    dscores, _ = parts.softmax_backward(dweights, softmax_cache)
    dscores = xp.where(mask, dscores, 0)  # scores = where(mask, scores, min)
    dscores *= 1 / math.sqrt(q.shape[-1])
    dq = dscores @ k  # scores = q @ k.T
    dk = dscores.swapaxes(-1, -2) @ q  # scores = q @ k.T
    return (dq, dk, dv), {}


def split_heads(x, n_head):
    """(B, T, H * D) -> (B, H, T, D)."""
    B, T, C = x.shape
    return x.reshape(B, T, n_head, C // n_head).swapaxes(1, 2)


def merge_heads(x):
    """(B, H, T, D) -> (B, T, H * D)."""
    B, H, T, D = x.shape
    return x.swapaxes(1, 2).reshape(B, T, H * D)


PARTS.scaled_dot_product = scaled_dot_product
PARTS.scaled_dot_product_backward = scaled_dot_product_backward


def attention(
    x, c_attn, c_proj, n_head, mask=None, dropout_mask=None, parts=PARTS, window=None
):
    """Masked multi-head self-attention.

        q, k, v = split(x @ c_attn)      y = merge(scaled_dot_product(q, k, v)) @ c_proj

    Args:
        x: (B, T, C).
        c_attn: {"weight": (C, 3C), "bias": (3C,)}; queries, keys and values side by side.
        c_proj: {"weight": (C, C), "bias": (C,)}; the biases may be left out.
        n_head: H, a divisor of C; each head works on D = C / H of the channels.
        mask: boolean, broadcasts to (B, H, T, T), True where a query may look, as well as causal:
            for padding, (B, 1, 1, T). None: only causal.
        dropout_mask: (B, H, T, T), for the attention weights, or None.
        parts: the table that `linear`, `softmax` and `scaled_dot_product` are taken from.
        window: how many places a query sees, its own included (banded attention; Child et al.,
            2019), or None for all before it.

    Returns:
        y (B, T, C), and the cache.
    """
    xp = get_array_module(x)
    T = x.shape[1]
    causal = causal_mask(T, T, xp, window)
    mask = causal if mask is None else causal & mask
    qkv, qkv_cache = parts.linear(x, **c_attn)
    q, k, v = (split_heads(part, n_head) for part in xp.split(qkv, 3, axis=-1))
    heads, heads_cache = parts.scaled_dot_product(q, k, v, mask, dropout_mask, parts=parts)
    y, proj_cache = parts.linear(merge_heads(heads), **c_proj)
    return y, (parts, n_head, qkv_cache, heads_cache, proj_cache)


def attention_backward(dy, cache):
    """From dy (B, T, C) to dx (B, T, C) and the gradients of `c_attn` and `c_proj`.

    dheads = split(dy @ c_proj.T)        dx = merge(dq, dk, dv) @ c_attn.T
    """
    parts, n_head, qkv_cache, heads_cache, proj_cache = cache
    xp = get_array_module(dy)
    dmerged, dc_proj = parts.linear_backward(dy, proj_cache)
    dheads = split_heads(dmerged, n_head)  # undoes merge_heads
    dqkv, _ = parts.scaled_dot_product_backward(dheads, heads_cache)
    dqkv = xp.concatenate([merge_heads(d) for d in dqkv], axis=-1)  # undoes split and split_heads
    dx, dc_attn = parts.linear_backward(dqkv, qkv_cache)
    return dx, {"c_attn": dc_attn, "c_proj": dc_proj}
