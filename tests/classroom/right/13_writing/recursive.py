"""Lesson 13: a heap, recursion, exact fractions, and a softmax that grows key by key."""

import heapq
import math
from fractions import Fraction

from minigpt.backend import get_array_module
from minigpt.layers import linear


def enough(heap, missing):
    """Take the likeliest token; while something is missing, take on."""
    minus_p, token = heapq.heappop(heap)
    missing += minus_p
    if missing <= 0 or not heap:
        return [token]
    return [token, *enough(heap, missing)]


def top_p_ids(p, top_p):
    """A heap of (-p, token) gives the likeliest first, of equal ones the smaller id."""
    heap = [(-q, token) for token, q in enumerate(p.tolist())]
    heapq.heapify(heap)
    return enough(heap, top_p)


def hit(pieces, dart):
    """Does the dart hit the first piece? If not, move the dart and look at the others."""
    (token, width), *others = pieces
    if dart < width or not others:
        return token
    return hit(others, dart - width)


def choose_token(logits, dart, temperature=1.0, top_k=None, top_p=None):
    """Widths are fractions, so that no rounding moves a border."""
    scores = logits.tolist()
    if temperature == 0:
        return scores.index(max(scores))
    ranked = heapq.nsmallest(top_k or len(scores), ((-z, i) for i, z in enumerate(scores)))
    top = -ranked[0][0]
    pieces = [(i, Fraction(math.exp((-z - top) / temperature))) for z, i in ranked]
    if top_p is not None:
        missing = Fraction(top_p) * sum(width for _, width in pieces)
        kept = []
        while pieces and (missing > 0 or not kept):
            kept.append(pieces.pop(0))
            missing -= kept[-1][1]
        pieces = kept
    return hit(pieces, Fraction(dart) * sum(width for _, width in pieces))


def attention_step(x, keys, values, c_attn, c_proj, n_head):
    """Look at one key after another; a larger score than all before shrinks what is there."""
    xp = get_array_module(x)
    B, C = x.shape
    D = C // n_head
    qkv, _ = linear(x, **c_attn)
    q = qkv[:, :C].reshape(B, n_head, D)
    k = qkv[:, C : 2 * C].reshape(B, n_head, 1, D)
    v = qkv[:, 2 * C :].reshape(B, n_head, 1, D)
    keys = xp.concatenate([keys, k], axis=2)
    values = xp.concatenate([values, v], axis=2)
    largest = (q * keys[:, :, 0]).sum(axis=-1, keepdims=True) / math.sqrt(D)
    total = xp.ones_like(largest)
    mixed = values[:, :, 0]
    for s in range(1, keys.shape[2]):
        score = (q * keys[:, :, s]).sum(axis=-1, keepdims=True) / math.sqrt(D)
        now = xp.maximum(largest, score)
        shrink, weight = xp.exp(largest - now), xp.exp(score - now)
        total = total * shrink + weight
        mixed = mixed * shrink + weight * values[:, :, s]
        largest = now
    y, _ = linear((mixed / total).reshape(B, C), **c_proj)
    return y, keys, values
