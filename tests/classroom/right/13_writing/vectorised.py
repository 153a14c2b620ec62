"""Lesson 13: probabilities without dividing by their sum, keys as columns."""

import numpy as np

from minigpt.backend import get_array_module
from minigpt.layers import linear


def top_p_ids(p, top_p):
    """How many are needed: those whose end is below top_p, and one more."""
    ids = np.lexsort((np.arange(len(p)), -p))
    ends = p[ids].cumsum()
    needed = np.count_nonzero(ends < top_p) + 1
    return ids[:needed]


def choose_token(logits, dart, temperature=1.0, top_k=None, top_p=None):
    """All thresholds are multiplied by the sum of the weights, instead of a division by it."""
    if temperature == 0:
        return int(np.flatnonzero(logits == logits.max())[0])
    ids = np.lexsort((np.arange(len(logits)), -logits))
    if top_k is not None:
        ids = ids[:top_k]
    scores = np.asarray(logits, dtype=np.float64)[ids]
    ends = np.cumsum(np.exp((scores - scores[0]) / temperature))
    if top_p is not None:
        ends = ends[: np.count_nonzero(ends < top_p * ends[-1]) + 1]
    place = np.count_nonzero(ends <= dart * ends[-1])
    return int(ids[: len(ends)][: place + 1][-1])


def attention_step(x, keys, values, c_attn, c_proj, n_head):
    """The query is scaled before the product, and the sum of the weights divides at the end."""
    xp = get_array_module(x)
    B, C = x.shape
    qkv = linear(x, **c_attn)[0].reshape(B, 3, n_head, 1, C // n_head)
    query = qkv[:, 0] * (C // n_head) ** -0.5
    keys = xp.concatenate((keys, qkv[:, 1]), axis=-2)
    values = xp.concatenate((values, qkv[:, 2]), axis=-2)
    scores = xp.matmul(keys, xp.swapaxes(query, 2, 3))
    weights = xp.exp(scores - xp.max(scores, axis=2, keepdims=True))
    mixed = xp.sum(weights * values, axis=2) / xp.sum(weights, axis=2)
    return linear(mixed.reshape(B, C), **c_proj)[0], keys, values
