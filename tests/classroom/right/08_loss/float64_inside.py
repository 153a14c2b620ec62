"""Lesson 08, in float64 inside; the results have the dtype of the logits."""

import numpy as np

from minigpt.backend import get_array_module

IGNORE = -100


def cross_entropy(logits, targets):
    """The loss is ln(sum) - logit, place by place."""
    xp = get_array_module(logits)
    z = logits.astype(xp.float64)
    mask = (targets != IGNORE).astype(xp.float64)
    index = xp.where(targets == IGNORE, 0, targets)[..., None]
    top = xp.amax(z, axis=-1, keepdims=True)
    lse = top + xp.log(xp.sum(xp.exp(z - top), axis=-1, keepdims=True))
    nats = (lse - xp.take_along_axis(z, index, axis=-1))[..., 0]
    N = float(xp.sum(mask)) or 1.0
    loss = xp.sum(nats * mask) / N
    return loss.astype(logits.dtype), (logits, lse, index, mask / N)


def cross_entropy_backward(dloss, cache):
    """p = exp(logit - ln(sum)), and each place has its weight."""
    logits, lse, index, weights = cache
    xp = get_array_module(logits)
    d = xp.exp(logits.astype(xp.float64) - lse)
    xp.put_along_axis(d, index, xp.take_along_axis(d, index, axis=-1) - 1.0, axis=-1)
    d *= weights[..., None]
    d *= float(dloss)
    return d.astype(logits.dtype), {}


def bits_per_byte(loss, tokens, n_bytes):
    """With numbers of NumPy."""
    return np.float64(loss) * np.float64(tokens) / (np.float64(n_bytes) * np.log(2.0))
