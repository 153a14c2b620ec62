"""Lesson 13, in float64 inside; the results have the dtype of the arguments."""

import bisect
import itertools

import numpy as np

from minigpt.backend import get_array_module
from minigpt.layers import linear, softmax


def top_p_ids(p, top_p):
    """Look for top_p among the ends of the pieces."""
    wide = p.astype(np.float64)
    order = np.argsort(wide[::-1], kind="stable")[::-1]
    order = len(p) - 1 - order
    ends = list(itertools.accumulate(wide[order].tolist()))
    return order[: bisect.bisect_left(ends, top_p) + 1]


def choose_token(logits, dart, temperature=1.0, top_k=None, top_p=None):
    """The softmax by the logarithm of its sum."""
    z = np.array(logits, dtype=np.float64)
    order = sorted(range(len(z)), key=lambda i: (-z[i], i))
    if temperature == 0:
        return order[0]
    order = order[: len(z) if top_k is None else top_k]
    z = z[order] / temperature
    p = np.exp(z - np.logaddexp.reduce(z))
    if top_p is not None:
        kept = top_p_ids(p, top_p)
        p = p[kept]
        order = [order[i] for i in kept]
    p = p / p.sum()
    ends = np.append(np.cumsum(p)[:-1], np.inf)
    return order[bisect.bisect_right(ends.tolist(), dart)]


def attention_step(x, keys, values, c_attn, c_proj, n_head):
    """The longer keys and values have the dtype of x; the weights are computed in float64."""
    xp = get_array_module(x)
    B, C = x.shape
    D = C // n_head
    wide = {name: part.astype(xp.float64) for name, part in c_attn.items()}
    qkv, _ = linear(x.astype(xp.float64), **wide)
    q, k, v = (part.reshape(B, n_head, 1, D) for part in xp.split(qkv, 3, axis=1))
    keys = xp.concatenate([keys.astype(xp.float64), k], axis=2)
    values = xp.concatenate([values.astype(xp.float64), v], axis=2)
    weights, _ = softmax(q @ keys.transpose(0, 1, 3, 2) / D**0.5)
    wide = {name: part.astype(xp.float64) for name, part in c_proj.items()}
    y, _ = linear((weights @ values).reshape(B, C), **wide)
    return tuple(result.astype(x.dtype) for result in (y, keys, values))
