"""Lesson 13: short, with in-place work on fresh arrays, and itertools."""

from itertools import accumulate, takewhile

import numpy as np

from minigpt.backend import get_array_module


def top_p_ids(p, top_p):
    """Take pairs of (what is before, token) while there is too little before."""
    order = sorted(range(len(p)), key=lambda i: -p[i])
    before = accumulate((p[i] for i in order), initial=0)
    pairs = zip(before, order, strict=False)
    return [i for _, i in takewhile(lambda pair: pair[0] < top_p, pairs)]


def choose_token(logits, dart, temperature=1.0, top_k=None, top_p=None):
    """One array of weights, worked on in place."""
    if not temperature:
        return int(np.argmax(logits))
    ids = np.argsort(logits[::-1], kind="stable")[::-1][: top_k or None]
    w = logits[::-1][ids].astype(np.float64)
    w -= w[0]
    w /= temperature
    np.exp(w, out=w)
    w /= w.sum()
    if top_p is not None:
        w = w[: len(top_p_ids(w, top_p))]
    np.cumsum(w, out=w)
    w /= w[-1]
    return len(logits) - 1 - int(ids[min((w <= dart).sum(), len(w) - 1)])


def attention_step(x, keys, values, c_attn, c_proj, n_head):
    """Fresh arrays of the right size, filled; then the softmax in place."""
    xp = get_array_module(x)
    B, C = x.shape
    t, D = keys.shape[2:]
    qkv = (x @ c_attn["weight"] + c_attn["bias"]).reshape(B, 3, n_head, D)
    longer = xp.empty((2, B, n_head, t + 1, D), dtype=x.dtype)
    longer[0, :, :, :t] = keys
    longer[1, :, :, :t] = values
    longer[:, :, :, t] = qkv[:, 1:].swapaxes(0, 1)
    w = (longer[0] * qkv[:, 0, :, None]).sum(axis=-1)
    w *= D**-0.5
    w -= w.max(axis=-1, keepdims=True)
    xp.exp(w, out=w)
    w /= w.sum(axis=-1, keepdims=True)
    heads = (w[..., None, :] @ longer[1]).reshape(B, C)
    return heads @ c_proj["weight"] + c_proj["bias"], longer[0], longer[1]
