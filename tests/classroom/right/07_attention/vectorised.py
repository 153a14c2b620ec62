"""Lesson 07, with other formulas: log-softmax, a mask that is added, a scale within q."""

from minigpt.backend import get_array_module
from minigpt.layers import linear, linear_backward


def softmax(x):
    """y = exp(x - log(sum of exp))."""
    xp = get_array_module(x)
    shifted = x - xp.max(x, axis=-1, keepdims=True)
    log_y = shifted - xp.log(xp.sum(xp.exp(shifted), axis=-1, keepdims=True))
    return xp.exp(log_y), {"log_y": log_y}


def softmax_backward(dy, cache):
    """dx = dy y - y (sum of dy y)."""
    xp = get_array_module(dy)
    y = xp.exp(cache["log_y"])
    product = dy * y
    return product - y * product.sum(-1)[..., None], {}


def scaled_dot_product(q, k, v, mask):
    """The smallest float is so large that what it is added to vanishes."""
    xp = get_array_module(q)
    scale = q.shape[-1] ** -0.5
    kT = (k * scale).swapaxes(-2, -1)
    lowest = float(xp.finfo(q.dtype).min)
    penalty = xp.where(mask, 0.0, lowest).astype(q.dtype)
    probabilities, inner = softmax(q @ kT + penalty)
    return probabilities @ v, {
        "q": q * scale,
        "kT": kT,
        "v": v,
        "allowed": mask * 1.0,
        "p": probabilities,
        "inner": inner,
    }


def scaled_dot_product_backward(dy, cache):
    """The scale is in the cached q and k already."""
    dp = dy @ cache["v"].swapaxes(-2, -1)
    ds, _ = softmax_backward(dp, cache["inner"])
    ds = ds * cache["allowed"].astype(ds.dtype)
    dq = ds @ cache["kT"].swapaxes(-2, -1)
    dk = ds.swapaxes(-2, -1) @ cache["q"]
    dv = cache["p"].swapaxes(-2, -1) @ dy
    return (dq, dk, dv), {}


def split_heads(x, n_head):
    """Cut along the channels, then stack along a new axis."""
    xp = get_array_module(x)
    return xp.stack(xp.split(x, n_head, axis=-1), axis=1)


def merge_heads(x):
    """The heads of all tokens, side by side."""
    xp = get_array_module(x)
    return xp.concatenate([x[:, h] for h in range(x.shape[1])], axis=-1)


def attention(x, c_attn, c_proj, n_head):
    """The mask compares the places of queries and keys."""
    xp = get_array_module(x)
    B, T, C = x.shape
    place = xp.arange(T)
    sees = place[:, None] >= place[None, :]
    table, first = linear(x, **c_attn)
    # (B, T, 3 * C) -> three times (B, H, T, D)
    q, k, v = table.reshape(B, T, 3, n_head, C // n_head).transpose(2, 0, 3, 1, 4)
    heads, second = scaled_dot_product(q, k, v, sees)
    y, third = linear(merge_heads(heads), **c_proj)
    return y, (first, second, third, n_head)


def attention_backward(dy, cache):
    """Stack the gradients of q, k, v, and turn the axes back."""
    first, second, third, n_head = cache
    xp = get_array_module(dy)
    B, T, C = dy.shape
    dmerged, proj = linear_backward(dy, third)
    three, _ = scaled_dot_product_backward(split_heads(dmerged, n_head), second)
    dtable = xp.stack(three).transpose(1, 3, 0, 2, 4).reshape(B, T, 3 * C)
    dx, attn = linear_backward(dtable, first)
    return dx, {"c_proj": proj, "c_attn": attn}
