"""Lesson 07: masked attention. Write the functions in this order, then run `minigpt check 07`.

Arrays may live on a GPU: `xp = get_array_module(x)` is numpy or cupy, so write `xp.exp`. Take
`math.sqrt` for a single number: `np.sqrt` would turn float32 arrays into float64.
"""

import math

from minigpt.backend import get_array_module
from minigpt.layers import linear, linear_backward


def softmax(x):
    """Make positive numbers that add up to 1 over the last axis.

        y_i = exp(x_i) / (sum of exp(x_j) over all j)

    Subtract the largest x of each row before exp. On paper y stays the same; without it, exp is
    infinite for large numbers and y is not a number.

    Args:
        x: (..., N).

    Returns:
        y of the shape of x, and the cache: whatever your backward needs.
    """
    xp = get_array_module(x)
    largest = x.max(axis=-1, keepdims=True)
    shifted = x - largest
    exp = xp.exp(shifted)
    total = exp.sum(axis=-1, keepdims=True)
    y = exp / total
    return y, y


def softmax_backward(dy, cache):
    """From the gradient of y to that of x, without building the Jacobian.

        dx_j = y_j * (dy_j - (sum of dy_i * y_i over all i))

    Args:
        dy: (..., N).
        cache: what the forward returned.

    Returns:
        dx of the shape of dy, and {} (there are no parameters).
    """
    y = cache
    weighted = dy * y
    average = weighted.sum(axis=-1, keepdims=True)
    difference = dy - average
    dx = y * difference
    return dx, {}


def scaled_dot_product(q, k, v, mask):
    """Average the values, weighted by how well their keys fit the query.

        scores = q @ k.T / sqrt(D)
        weights = softmax(scores, with the smallest float where the mask is False)
        y = weights @ v

    The transposed k has its last two axes exchanged. `xp.finfo(scores.dtype).min` is the smallest
    float. (With minus infinity, a query that may look nowhere would give 0 / 0. With the smallest
    float it gets the plain mean of all values.) Use your own softmax.

    Args:
        q: queries, (..., T, D).
        k, v: keys and values, (..., T, D).
        mask: boolean, of a shape that broadcasts to (..., T, T): (T, T) for one mask for all, or
            (B, 1, T, T) for one for each text. True where a query (row) may look at a key (column).

    Returns:
        y of shape (..., T, D), and the cache.
    """
    xp = get_array_module(q)
    scores = q @ k.swapaxes(-1, -2)
    scores = scores / math.sqrt(q.shape[-1])
    lowest = xp.finfo(scores.dtype).min
    scores = xp.where(mask, scores, lowest)
    weights, softmax_cache = softmax(scores)
    y = weights @ v
    return y, (q, k, v, mask, weights, softmax_cache)


def scaled_dot_product_backward(dy, cache):
    """From the gradient of y to those of q, k and v: undo the four steps, the last one first.

    A score that the mask replaces is a constant, so its gradient is 0. Use your own
    softmax_backward.

    Args:
        dy: (..., T, D).
        cache: what the forward returned.

    Returns:
        The tuple (dq, dk, dv), each (..., T, D), and {} (there are no parameters).
    """
    q, k, v, mask, weights, softmax_cache = cache
    xp = get_array_module(dy)
    dweights = dy @ v.swapaxes(-1, -2)
    dv = weights.swapaxes(-1, -2) @ dy
    dscores, _ = softmax_backward(dweights, softmax_cache)
    dscores = xp.where(mask, dscores, 0)
    dscores = dscores * (1 / math.sqrt(q.shape[-1]))
    dq = dscores @ k
    dk = dscores.swapaxes(-1, -2) @ q
    return (dq, dk, dv), {}


def split_heads(x, n_head):
    """Cut the channels of each token into heads, and give the heads an axis of their own.

    Head 0 gets the first D = C / n_head channels of every token, head 1 the next D, and so on.

    Args:
        x: (B, T, C).
        n_head: H, a divisor of C.

    Returns:
        (B, H, T, D).
    """
    B, T, C = x.shape
    D = C // n_head
    pieces = x.reshape(B, T, n_head, D)
    return pieces.swapaxes(1, 2)


def merge_heads(x):
    """Undo split_heads: put the heads of each token side by side again.

    Args:
        x: (B, H, T, D).

    Returns:
        (B, T, C) with C = H * D.
    """
    B, H, T, D = x.shape
    tokens = x.swapaxes(1, 2)
    return tokens.reshape(B, T, H * D)


def attention(x, c_attn, c_proj, n_head):
    """Causal self-attention with several heads.

        q, k, v = x @ c_attn, cut into three       each (B, T, C), in this order
        heads = scaled_dot_product(q, k, v)        each cut into heads; no place sees a later one
        y = merge_heads(heads) @ c_proj

    Here @ stands for the whole linear layer of lesson 05, `linear(x, weight, bias)`. Use it, and
    your own functions from above. A place may look at itself and at all places before it:
    `xp.tri(T, dtype=bool)`.

    Args:
        x: (B, T, C).
        c_attn: {"weight": (C, 3C), "bias": (3C,)}.
        c_proj: {"weight": (C, C), "bias": (C,)}.
        n_head: the number of heads, a divisor of C.

    Returns:
        y of shape (B, T, C), and the cache.
    """
    xp = get_array_module(x)
    causal = xp.tri(x.shape[1], dtype=bool)
    qkv, attn_cache = linear(x, **c_attn)
    q, k, v = xp.split(qkv, 3, axis=-1)
    q = split_heads(q, n_head)
    k = split_heads(k, n_head)
    v = split_heads(v, n_head)
    heads, heads_cache = scaled_dot_product(q, k, v, causal)
    merged = merge_heads(heads)
    y, proj_cache = linear(merged, **c_proj)
    return y, (n_head, attn_cache, heads_cache, proj_cache)


def attention_backward(dy, cache):
    """From the gradient of y to those of x and all parameters, from the last line to the first.

    Args:
        dy: (B, T, C).
        cache: what the forward returned.

    Returns:
        dx (B, T, C), and {"c_attn": {"weight": (C, 3C), "bias": (3C,)},
        "c_proj": {"weight": (C, C), "bias": (C,)}}.
    """
    n_head, attn_cache, heads_cache, proj_cache = cache
    xp = get_array_module(dy)
    dmerged, dc_proj = linear_backward(dy, proj_cache)
    dheads = split_heads(dmerged, n_head)
    (dq, dk, dv), _ = scaled_dot_product_backward(dheads, heads_cache)
    dqkv = [merge_heads(dq), merge_heads(dk), merge_heads(dv)]
    dqkv = xp.concatenate(dqkv, axis=-1)
    dx, dc_attn = linear_backward(dqkv, attn_cache)
    return dx, {"c_attn": dc_attn, "c_proj": dc_proj}
