"""Lesson 08, with plain loops over places and tokens."""

import math

from minigpt.backend import get_array_module

IGNORE = -100


def cross_entropy(logits, targets):
    """One place after another."""
    V = logits.shape[-1]
    rows = logits.reshape(-1, V)
    right = targets.reshape(-1)
    total = 0.0
    count = 0
    for n in range(len(rows)):
        target = int(right[n])
        if target == IGNORE:
            continue
        row = [float(rows[n, j]) for j in range(V)]
        largest = max(row)
        below = 0.0
        for z in row:
            below += math.exp(z - largest)
        total += math.log(below) - (row[target] - largest)
        count += 1
    loss = total / count if count > 0 else 0.0
    return loss, (logits, targets)


def cross_entropy_backward(dloss, cache):
    """Everything again, because the cache has only the arguments."""
    logits, targets = cache
    xp = get_array_module(logits)
    V = logits.shape[-1]
    rows = logits.reshape(-1, V)
    right = [int(t) for t in targets.reshape(-1)]
    N = 0
    for target in right:
        if target != IGNORE:
            N += 1
    dlogits = xp.zeros(rows.shape, dtype=logits.dtype)
    for n, target in enumerate(right):
        if target == IGNORE:
            continue
        row = [float(rows[n, j]) for j in range(V)]
        largest = max(row)
        exps = [math.exp(z - largest) for z in row]
        for j in range(V):
            d = exps[j] / sum(exps)
            if j == target:
                d -= 1
            dlogits[n, j] = float(dloss) * d / N
    return dlogits.reshape(logits.shape), {}


def bits_per_byte(loss, tokens, n_bytes):
    """Add up the bits of the tokens."""
    bits = 0.0
    for _ in range(int(tokens)):
        bits += loss / math.log(2)
    return bits / n_bytes
