"""Lesson 07, with the mask from a grid of places, by xp.ogrid."""

from minigpt.backend import get_array_module
from minigpt.layers import linear, linear_backward


def softmax(x):
    """Three steps in one array."""
    xp = get_array_module(x)
    y = x - x.max(axis=-1, keepdims=True)
    xp.exp(y, out=y)
    y /= y.sum(axis=-1, keepdims=True)
    return y, x


def softmax_backward(dy, cache):
    """Compute y once more from x, and turn it into dx."""
    y, _ = softmax(cache)
    dx = dy - (dy * y).sum(axis=-1, keepdims=True)
    dx *= y
    return dx, {}


def look(q, k, mask):
    """The weights: scores become them in place."""
    xp = get_array_module(q)
    scores = q @ k.swapaxes(-1, -2)
    scores *= q.shape[-1] ** -0.5
    lowest = scores.dtype.type(xp.finfo(scores.dtype).min)
    return softmax(xp.where(mask, scores, lowest))[0]


def scaled_dot_product(q, k, v, mask):
    """Keep only what was given."""
    return look(q, k, mask) @ v, (q, k, v, mask)


def scaled_dot_product_backward(dy, cache):
    """The average of a row, the sum of dweights * weights, is also that of dy * y."""
    q, k, v, mask = cache
    weights = look(q, k, mask)
    y = weights @ v
    d = dy @ v.swapaxes(-1, -2)
    d -= (dy * y).sum(axis=-1, keepdims=True)
    d *= weights
    d *= mask
    d *= q.shape[-1] ** -0.5
    return (d @ k, d.swapaxes(-1, -2) @ q, weights.swapaxes(-1, -2) @ dy), {}


def split_heads(x, n_head):
    """One line."""
    return x.reshape(x.shape[0], x.shape[1], n_head, -1).transpose(0, 2, 1, 3)


def merge_heads(x):
    """One line."""
    return x.transpose(0, 2, 1, 3).reshape(x.shape[0], x.shape[2], -1)


def first_half(x, c_attn, n_head):
    """From x to the heads, and what was passed on the way."""
    xp = get_array_module(x)
    qkv, cache = linear(x, **c_attn)
    q, k, v = (split_heads(part, n_head) for part in xp.array_split(qkv, 3, axis=-1))
    query, key = xp.ogrid[: x.shape[1], : x.shape[1]]
    mask = key <= query
    heads, inner = scaled_dot_product(q, k, v, mask)
    return merge_heads(heads), cache, inner


def attention(x, c_attn, c_proj, n_head):
    """Keep only what was given."""
    merged, _, _ = first_half(x, c_attn, n_head)
    return linear(merged, **c_proj)[0], (x, c_attn, c_proj, n_head)


def attention_backward(dy, cache):
    """Run the first half again, then go back."""
    x, c_attn, c_proj, n_head = cache
    xp = get_array_module(dy)
    merged, attn_cache, inner = first_half(x, c_attn, n_head)
    dmerged, dproj = linear_backward(dy, linear(merged, **c_proj)[1])
    parts = scaled_dot_product_backward(split_heads(dmerged, n_head), inner)[0]
    dx, dattn = linear_backward(xp.concatenate([*map(merge_heads, parts)], axis=-1), attn_cache)
    return dx, {"c_attn": dattn, "c_proj": dproj}
