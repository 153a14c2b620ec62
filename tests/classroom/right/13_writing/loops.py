"""Lesson 13, with plain loops."""

import math

from minigpt.backend import get_array_module


def ranking(scores):
    """The places of scores, the largest first, of equal ones the first place first."""
    left = list(range(len(scores)))
    order = []
    while left:
        best = left[0]
        for i in left:
            if scores[i] > scores[best]:
                best = i
        order.append(best)
        left.remove(best)
    return order


def top_p_ids(p, top_p):
    """Take tokens until they have enough."""
    kept = []
    together = 0.0
    for i in ranking(p):
        if kept and together >= top_p:
            break
        kept.append(i)
        together += p[i]
    return kept


def choose_token(logits, dart, temperature=1.0, top_k=None, top_p=None):
    """Walk along the line until the dart is passed."""
    order = ranking(logits)
    if temperature == 0:
        return order[0]
    if top_k is not None:
        order = order[:top_k]
    weights = []
    for i in order:
        weights.append(math.exp((float(logits[i]) - float(logits[order[0]])) / temperature))
    total = sum(weights)
    p = [w / total for w in weights]
    if top_p is not None:
        kept = []
        together = 0.0
        for q in p:
            if kept and together >= top_p:
                break
            kept.append(q)
            together += q
        p = kept
    total = sum(p)
    end = 0.0
    for i, q in zip(order, p, strict=False):
        end += q
        if dart * total < end:
            return i
    return order[len(p) - 1]


def attention_step(x, keys, values, c_attn, c_proj, n_head):
    """One head of one sequence after another, one key after another."""
    xp = get_array_module(x)
    B, C = x.shape
    H = n_head
    D = C // H
    t = keys.shape[2]
    qkv = x @ c_attn["weight"] + c_attn["bias"]
    new_keys = xp.zeros((B, H, t + 1, D), dtype=x.dtype)
    new_values = xp.zeros((B, H, t + 1, D), dtype=x.dtype)
    heads = xp.zeros((B, C), dtype=x.dtype)
    for b in range(B):
        for h in range(H):
            q = qkv[b, h * D : (h + 1) * D]
            new_keys[b, h, :t] = keys[b, h]
            new_keys[b, h, t] = qkv[b, C + h * D : C + (h + 1) * D]
            new_values[b, h, :t] = values[b, h]
            new_values[b, h, t] = qkv[b, 2 * C + h * D : 2 * C + (h + 1) * D]
            scores = []
            for s in range(t + 1):
                scores.append(float((q * new_keys[b, h, s]).sum()) / math.sqrt(D))
            exps = [math.exp(score - max(scores)) for score in scores]
            for s in range(t + 1):
                heads[b, h * D : (h + 1) * D] += exps[s] / sum(exps) * new_values[b, h, s]
    y = heads @ c_proj["weight"] + c_proj["bias"]
    return y, new_keys, new_values
