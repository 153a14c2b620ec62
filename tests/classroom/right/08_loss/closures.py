"""Lesson 08, place by place on rows of arrays; the cache is a function."""

import math

from minigpt.backend import get_array_module

IGNORE = -100


def softmax_and_loss(row, target):
    """The probabilities of one place, and -ln of the target's."""
    xp = get_array_module(row)
    moved = row - row.max()
    weights = xp.exp(moved)
    return weights / weights.sum(), xp.log(weights.sum()) - moved[target]


def cross_entropy(logits, targets):
    """The mean of a list of losses."""
    xp = get_array_module(logits)
    V = logits.shape[-1]
    p = {}
    losses = []
    for n, target in enumerate(targets.reshape(-1).tolist()):
        if target != IGNORE:
            p[n, target], loss = softmax_and_loss(logits.reshape(-1, V)[n], target)
            losses.append(loss)

    def back(dloss):
        d = xp.zeros((targets.size, V), dtype=logits.dtype)
        for (n, target), probabilities in p.items():
            d[n] = probabilities
            d[n, target] -= 1
        return d.reshape(logits.shape) * (float(dloss) / max(1, len(p)))

    if not losses:
        return 0.0, back
    return math.fsum(float(loss) for loss in losses) / len(losses), back


def cross_entropy_backward(dloss, cache):
    """Call the function."""
    return cache(dloss), {}


def bits_per_byte(loss, tokens, n_bytes):
    """The probability of the text is 2 to the power -bits."""
    ln_probability = -(loss * tokens)
    log2_probability = ln_probability * (1 / math.log(2))
    return -log2_probability / n_bytes
