"""Lesson 07, with plain loops over texts, heads, queries and keys."""

import itertools
import math

from minigpt.backend import get_array_module
from minigpt.layers import linear, linear_backward


def softmax(x):
    """One row after another."""
    xp = get_array_module(x)
    rows = x.reshape(-1, x.shape[-1])
    y = xp.zeros(rows.shape, dtype=x.dtype)
    for r in range(len(rows)):
        row = [float(value) for value in rows[r]]
        largest = max(row)
        exps = [math.exp(value - largest) for value in row]
        total = sum(exps)
        for i in range(len(row)):
            y[r, i] = exps[i] / total
    y = y.reshape(x.shape)
    return y, y


def softmax_backward(dy, cache):
    """The average first, then each element of a row."""
    y = cache
    xp = get_array_module(y)
    N = y.shape[-1]
    rows = y.reshape(-1, N)
    drows = dy.reshape(-1, N)
    dx = xp.zeros(rows.shape, dtype=y.dtype)
    for r in range(len(rows)):
        average = 0.0
        for i in range(N):
            average += float(drows[r, i]) * float(rows[r, i])
        for i in range(N):
            dx[r, i] = float(rows[r, i]) * (float(drows[r, i]) - average)
    return dx.reshape(y.shape), {}


def scaled_dot_product(q, k, v, mask):
    """One head after another, one query after another."""
    xp = get_array_module(q)
    T, D = q.shape[-2:]
    mask = xp.broadcast_to(mask, q.shape[:-1] + (T,))
    scores = xp.zeros(mask.shape, dtype=q.dtype)
    for head in itertools.product(*[range(n) for n in q.shape[:-2]]):
        for i in range(T):
            for j in range(T):
                if bool(mask[head][i, j]):
                    dot = (q[head][i] * k[head][j]).sum()
                    scores[head + (i, j)] = dot / math.sqrt(D)
                else:
                    scores[head + (i, j)] = float(xp.finfo(scores.dtype).min)
    weights, softmax_cache = softmax(scores)
    y = xp.zeros(v.shape, dtype=v.dtype)
    for head in itertools.product(*[range(n) for n in q.shape[:-2]]):
        for i in range(T):
            for j in range(T):
                y[head + (i,)] += weights[head + (i, j)] * v[head][j]
    return y, (q, k, v, mask, weights, softmax_cache)


def scaled_dot_product_backward(dy, cache):
    """The same loops, in the opposite order."""
    q, k, v, mask, weights, softmax_cache = cache
    xp = get_array_module(q)
    T, D = q.shape[-2:]
    dq = xp.zeros(q.shape, dtype=q.dtype)
    dk = xp.zeros(k.shape, dtype=k.dtype)
    dv = xp.zeros(v.shape, dtype=v.dtype)
    dweights = xp.zeros(weights.shape, dtype=weights.dtype)
    for head in itertools.product(*[range(n) for n in q.shape[:-2]]):
        for i in range(T):
            for j in range(T):
                dweights[head + (i, j)] = (dy[head][i] * v[head][j]).sum()
                dv[head + (j,)] += weights[head + (i, j)] * dy[head][i]
    dscores, _ = softmax_backward(dweights, softmax_cache)
    for head in itertools.product(*[range(n) for n in q.shape[:-2]]):
        for i in range(T):
            for j in range(T):
                if bool(mask[head][i, j]):
                    d = dscores[head + (i, j)] / math.sqrt(D)
                    dq[head + (i,)] += d * k[head][j]
                    dk[head + (j,)] += d * q[head][i]
    return (dq, dk, dv), {}


def split_heads(x, n_head):
    """Channel h * D + d of a token is channel d of head h."""
    xp = get_array_module(x)
    B, T, C = x.shape
    D = C // n_head
    heads = xp.zeros((B, n_head, T, D), dtype=x.dtype)
    for b in range(B):
        for h in range(n_head):
            for t in range(T):
                for d in range(D):
                    heads[b, h, t, d] = x[b, t, h * D + d]
    return heads


def merge_heads(x):
    """The same, with both sides exchanged."""
    xp = get_array_module(x)
    B, H, T, D = x.shape
    tokens = xp.zeros((B, T, H * D), dtype=x.dtype)
    for b in range(B):
        for h in range(H):
            for t in range(T):
                for d in range(D):
                    tokens[b, t, h * D + d] = x[b, h, t, d]
    return tokens


def attention(x, c_attn, c_proj, n_head):
    """The mask is filled in row by row."""
    xp = get_array_module(x)
    B, T, C = x.shape
    mask = xp.zeros((T, T), dtype=bool)
    for i in range(T):
        for j in range(i + 1):
            mask[i, j] = True
    qkv, attn_cache = linear(x, c_attn["weight"], c_attn["bias"])
    q = split_heads(qkv[:, :, 0:C], n_head)
    k = split_heads(qkv[:, :, C : 2 * C], n_head)
    v = split_heads(qkv[:, :, 2 * C : 3 * C], n_head)
    heads, heads_cache = scaled_dot_product(q, k, v, mask)
    y, proj_cache = linear(merge_heads(heads), c_proj["weight"], c_proj["bias"])
    return y, (n_head, attn_cache, heads_cache, proj_cache)


def attention_backward(dy, cache):
    """Put the three gradients side by side into one array."""
    n_head, attn_cache, heads_cache, proj_cache = cache
    xp = get_array_module(dy)
    B, T, C = dy.shape
    grads = {}
    dmerged, grads["c_proj"] = linear_backward(dy, proj_cache)
    dheads = split_heads(dmerged, n_head)
    (dq, dk, dv), _ = scaled_dot_product_backward(dheads, heads_cache)
    dqkv = xp.zeros((B, T, 3 * C), dtype=dy.dtype)
    dqkv[:, :, 0:C] = merge_heads(dq)
    dqkv[:, :, C : 2 * C] = merge_heads(dk)
    dqkv[:, :, 2 * C : 3 * C] = merge_heads(dv)
    dx, grads["c_attn"] = linear_backward(dqkv, attn_cache)
    return dx, grads
