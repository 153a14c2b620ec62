"""Lesson 13: choose the next token, and attend with a cache. Then run `minigpt check 13`.

The first two functions work on arrays of NumPy. In the third one arrays may live on a GPU:
`xp = get_array_module(x)` is numpy or cupy, so write `xp.concatenate`.
"""

import math

import numpy as np

from minigpt.backend import get_array_module
from minigpt.layers import linear, softmax


def top_p_ids(p, top_p):
    """The fewest of the likeliest tokens that together have at least the probability top_p.

    So a token is kept if all likelier tokens together have less than top_p. The likeliest token is
    always kept.

    Args:
        p: (V,), probabilities that sum to 1.
        top_p: above 0, at most 1.

    Returns:
        The ids of the tokens that are kept, likeliest first; of equally likely ones the smaller id
        comes first. A list of int or an array.
    """
    order = np.argsort(-p, kind="stable")
    ranked = p[order]
    before = np.cumsum(ranked) - ranked
    kept = order[before < top_p]
    return kept


def choose_token(logits, dart, temperature=1.0, top_k=None, top_p=None):
    """Choose one token by a dart.

    1. With temperature 0 the result is the likeliest token, of equals the one with the smaller id,
       whatever the rest says.
    2. Rank the tokens, likeliest first, of equals the smaller id first, and keep the first top_k.
    3. Their probabilities are softmax(logits / temperature), among those that are kept.
    4. Keep the fewest that together have top_p, as `top_p_ids` does.
    5. Lay the probabilities that are left behind one another, likeliest first, and stretch them so
       that they fill the line from 0 to 1. The token that the dart hits is chosen. A dart on the
       very border of two tokens hits the second one; a dart at 1 hits the last token.

    Args:
        logits: (V,), the scores of all tokens.
        dart: a number from 0 to 1.
        temperature: 0 or larger.
        top_k: an int, or None to keep all.
        top_p: a number above 0, or None to keep all.

    Returns:
        The id of a token, an int.
    """
    if temperature == 0:
        return int(logits.argmax())
    ids = np.argsort(-logits, kind="stable")
    ids = ids[:top_k]
    z = logits[ids].astype(np.float64)
    z = z / temperature
    q = np.exp(z - z.max())
    q = q / q.sum()
    if top_p is not None:
        places = top_p_ids(q, top_p)
        ids = ids[places]
        q = q[places]
    ends = np.cumsum(q)
    mark = dart * ends[-1]
    place = np.searchsorted(ends, mark, side="right")
    place = min(place, len(ids) - 1)
    return int(ids[place])


def attention_step(x, keys, values, c_attn, c_proj, n_head):
    """Masked attention for one new position, whose past is kept in keys and values.

    For each head, with the key and the value of the new position put behind those of the past:

        output = softmax(query @ keys^T / sqrt(D)) @ values

    The heads' outputs are put side by side again, (B, C), and go through the layer c_proj.

    Args:
        x: (B, C), the new position.
        keys, values: (B, H, t, D), those of the t positions before; t may be 0.
        c_attn: {"weight": (C, 3 C), "bias": (3 C,)}: a linear layer whose outputs are the query,
            the key and the value, in this order, C numbers each: D for each of the H heads.
        c_proj: {"weight": (C, C), "bias": (C,)}.
        n_head: H; D is C / H.

    Returns:
        y (B, C), and the longer keys and values, (B, H, t + 1, D).
    """
    xp = get_array_module(x)
    B, C = x.shape
    D = C // n_head
    qkv, _ = linear(x, **c_attn)
    q, k, v = xp.split(qkv, 3, axis=-1)
    q = q.reshape(B, n_head, 1, D)
    k = k.reshape(B, n_head, 1, D)
    v = v.reshape(B, n_head, 1, D)
    keys = xp.concatenate([keys, k], axis=2)
    values = xp.concatenate([values, v], axis=2)
    scores = q @ keys.swapaxes(-1, -2)
    scores = scores / math.sqrt(D)
    weights, _ = softmax(scores)
    heads = weights @ values
    heads = heads.reshape(B, C)
    y, _ = linear(heads, **c_proj)
    return y, keys, values
