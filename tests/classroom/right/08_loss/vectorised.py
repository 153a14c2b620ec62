"""Lesson 08: only the places that count are taken out, then there is nothing to mask."""

import math

from minigpt.backend import get_array_module

IGNORE = -100


def cross_entropy(logits, targets):
    """The cache keeps the logarithms of the probabilities."""
    xp = get_array_module(logits)
    V = logits.shape[-1]
    flat_targets = targets.reshape(-1)
    places = xp.nonzero(flat_targets != IGNORE)[0]
    z = logits.reshape(-1, V)[places]
    answers = flat_targets[places]
    count = len(places)
    z = z - xp.max(z, axis=1)[:, None]
    log_p = z - xp.log(xp.sum(xp.exp(z), axis=1))[:, None]
    loss = -xp.sum(log_p[xp.arange(count), answers]) / max(count, 1)
    return loss, (log_p, answers, places, logits.shape)


def cross_entropy_backward(dloss, cache):
    """Put the rows of the places that count into an array of zeros."""
    log_p, answers, places, shape = cache
    xp = get_array_module(log_p)
    count = len(places)
    d = xp.exp(log_p)
    d[xp.arange(count), answers] -= 1
    d = d / max(count, 1) * dloss
    result = xp.zeros((math.prod(shape[:-1]), shape[-1]), dtype=log_p.dtype)
    result[places] = d
    return result.reshape(shape), {}


def bits_per_byte(loss, tokens, n_bytes):
    """Bits for each token, divided by bytes for each token."""
    bits_per_token = loss * math.log2(math.e)
    bytes_per_token = n_bytes / tokens
    return bits_per_token / bytes_per_token
