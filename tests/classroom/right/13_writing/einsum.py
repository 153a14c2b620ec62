"""Lesson 13: who is likelier than whom, as a table of V x V; attention with einsum."""

import numpy as np

from minigpt.backend import get_array_module


def before_table(scores):
    """ahead[i, j]: token j stands before token i in the ranking."""
    ids = np.arange(len(scores))
    equal = scores[:, None] == scores
    return (scores > scores[:, None]) | (equal & (ids < ids[:, None]))


def top_p_ids(p, top_p):
    """A token is kept if all that stand before it have less than top_p."""
    ahead = before_table(p)
    rank = np.einsum("ij->i", ahead.astype(int))
    likelier = np.einsum("ij,j->i", ahead.astype(p.dtype), p)
    kept = np.nonzero(likelier < top_p)[0]
    return sorted(kept.tolist(), key=lambda i: rank[i])


def choose_token(logits, dart, temperature=1.0, top_k=None, top_p=None):
    """The token is hit whose piece of the line begins at or before the dart, the last such one."""
    ahead = before_table(logits)
    rank = np.einsum("ij->i", ahead.astype(int))
    if temperature == 0:
        return int(np.argmin(rank))
    alive = rank < (len(logits) if top_k is None else top_k)
    z = logits.astype(float) / temperature
    p = np.where(alive, np.exp(z - z.max()), 0)
    if top_p is not None:
        alive &= np.einsum("ij,j->i", ahead.astype(float), p / p.sum()) < top_p
        p = p * alive
    starts = np.einsum("ij,j->i", ahead.astype(float), p / p.sum())
    reached = alive & (starts <= dart)
    return int(np.argmax(np.where(reached, rank, -1)))


def attention_step(x, keys, values, c_attn, c_proj, n_head):
    """The letters are b, h, s (place of a key), d, and c for channels."""
    xp = get_array_module(x)
    B, C = x.shape
    qkv = xp.einsum("bc,ce->be", x, c_attn["weight"]) + c_attn["bias"]
    q, k, v = xp.moveaxis(qkv.reshape(B, 3, n_head, C // n_head), 1, 0)
    keys = xp.concatenate([keys, xp.expand_dims(k, 2)], axis=2)
    values = xp.concatenate([values, xp.expand_dims(v, 2)], axis=2)
    scores = xp.einsum("bhd,bhsd->bhs", q, keys) / float(C // n_head) ** 0.5
    a = xp.exp(scores - scores.max(axis=2)[:, :, None])
    heads = xp.einsum("bhs,bhsd,bh->bhd", a, values, 1 / a.sum(axis=2))
    y = xp.einsum("bc,ce->be", heads.reshape(B, C), c_proj["weight"]) + c_proj["bias"]
    return y, keys, values
