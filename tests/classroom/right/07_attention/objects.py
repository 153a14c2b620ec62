"""Lesson 07, where a cache is a function or an object; one head after another in attention.

Here the mask works by multiplication: a hidden key gets the weight 0 after exp. A query that may
look nowhere is treated on its own.
"""

import math

from minigpt.backend import get_array_module
from minigpt.layers import linear, linear_backward


def softmax(x):
    """One over the sum of exp(x_j - x_i), clipped so that exp stays a number."""
    xp = get_array_module(x)
    limit = 80.0 if x.dtype == xp.float32 else 700.0
    difference = xp.minimum(x[..., None, :] - x[..., :, None], limit)
    y = 1 / xp.exp(difference).sum(axis=-1)

    def back(dy):
        jacobian = y[..., :, None] * (xp.eye(x.shape[-1], dtype=x.dtype) - y[..., None, :])
        return xp.matmul(dy[..., None, :], jacobian)[..., 0, :]

    return y, back


def softmax_backward(dy, cache):
    """Call what the forward has left."""
    return cache(dy), {}


class Looks:
    """The weights of all queries over all keys, and the way back through them."""

    def __init__(self, q, k, v, mask):
        xp = get_array_module(q)
        self.q, self.k, self.v = q, k, v
        self.scale = 1 / math.sqrt(q.shape[-1])
        scores = (q * self.scale) @ k.swapaxes(-1, -2)
        self.seen = xp.broadcast_to(mask, scores.shape)
        self.blind = ~self.seen.any(axis=-1, keepdims=True)
        seen = self.seen.astype(q.dtype)
        lowest = float(xp.finfo(q.dtype).min)
        largest = xp.where(self.seen, scores, lowest).max(axis=-1, keepdims=True)
        exp = xp.exp(xp.where(self.seen, scores - largest, 0)) * seen
        exp = exp + self.blind
        self.weights = exp.astype(q.dtype) / exp.sum(axis=-1, keepdims=True).astype(q.dtype)

    def backward(self, dy):
        """dq, dk, dv; a hidden key's weight is 0 already, and so is its gradient."""
        xp = get_array_module(dy)
        dweights = dy @ self.v.swapaxes(-1, -2)
        middle = (dweights * self.weights).sum(axis=-1, keepdims=True)
        dscores = xp.where(self.blind, 0, self.weights * (dweights - middle))
        dq = self.scale * (dscores @ self.k)
        dk = self.scale * (dscores.swapaxes(-1, -2) @ self.q)
        return dq, dk, self.weights.swapaxes(-1, -2) @ dy


def scaled_dot_product(q, k, v, mask):
    """The cache is an object."""
    looks = Looks(q, k, v, mask)
    return looks.weights @ v, looks


def scaled_dot_product_backward(dy, cache):
    """Ask the object."""
    return cache.backward(dy), {}


def split_heads(x, n_head):
    """Slices of D channels, one a head."""
    xp = get_array_module(x)
    D = x.shape[2] // n_head
    heads = [x[:, None, :, start : start + D] for start in range(0, x.shape[2], D)]
    return xp.concatenate(heads, axis=1)


def merge_heads(x):
    """Write each head into its slice."""
    xp = get_array_module(x)
    B, H, T, D = x.shape
    merged = xp.empty((B, T, H * D), dtype=x.dtype)
    for h in range(H):
        merged[..., h * D : (h + 1) * D] = x[:, h]
    return merged


def attention(x, c_attn, c_proj, n_head):
    """Each head is computed by itself, from its own slices of q, k and v."""
    xp = get_array_module(x)
    B, T, C = x.shape
    D = C // n_head
    causal = xp.tri(T, T, dtype=bool)
    qkv, attn_cache = linear(x, **c_attn)
    outputs, caches = [], []
    for h in range(n_head):
        q, k, v = (qkv[..., n * C + h * D : n * C + (h + 1) * D] for n in range(3))
        head, cache = scaled_dot_product(q, k, v, causal)
        outputs.append(head)
        caches.append(cache)
    y, proj_cache = linear(xp.concatenate(outputs, axis=-1), **c_proj)
    return y, {"attn": attn_cache, "heads": caches, "proj": proj_cache}


def attention_backward(dy, cache):
    """Each head gives three slices of dqkv."""
    xp = get_array_module(dy)
    B, T, C = dy.shape
    caches = cache["heads"]
    D = C // len(caches)
    dmerged, dproj = linear_backward(dy, cache["proj"])
    dqkv = xp.zeros((B, T, 3, C), dtype=dy.dtype)
    for h, inner in enumerate(caches):
        here = slice(h * D, (h + 1) * D)
        three, _ = scaled_dot_product_backward(dmerged[..., here], inner)
        for n, d in enumerate(three):
            dqkv[:, :, n, here] += d
    dx, dattn = linear_backward(dqkv.reshape(B, T, 3 * C), cache["attn"])
    return dx, {"c_attn": dattn, "c_proj": dproj}
