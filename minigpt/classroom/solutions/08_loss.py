"""Lesson 08: the loss. Write the functions, then run `minigpt check 08`.

Arrays may live on a GPU: `xp = get_array_module(x)` is numpy or cupy, so write `xp.log`.
"""

import math

from minigpt.backend import get_array_module

IGNORE = -100  # the target of a place that does not count


def cross_entropy(logits, targets):
    """The mean of -ln p(target) over all places that count, with p = softmax(logits).

        loss = sum of (ln(sum of exp(logits)) - logits[target]) / N

    The inner sum runs over the V logits of a place, the outer one over the N places whose target
    is not IGNORE. All others add nothing. If no place counts, the loss is 0.

    Large logits must not overflow: subtract the largest logit of each place first. And never take
    the logarithm of p: it is infinite when p is too small for the computer.

    Args:
        logits: (..., V).
        targets: integers of shape (...), each from 0 to V - 1, or IGNORE.

    Returns:
        The loss, one number (an array without axes), and the cache: whatever your backward needs.
    """
    xp = get_array_module(logits)
    counted = targets != IGNORE
    right = xp.where(counted, targets, 0)
    right = right[..., None]
    largest = logits.max(axis=-1, keepdims=True)
    shifted = logits - largest
    exp = xp.exp(shifted)
    total = exp.sum(axis=-1, keepdims=True)
    log_total = xp.log(total)
    of_target = xp.take_along_axis(shifted, right, axis=-1)
    losses = log_total - of_target
    losses = losses[..., 0]
    losses = xp.where(counted, losses, 0)
    N = max(1, int(counted.sum()))
    loss = losses.sum() / N
    p = exp / total
    return loss, (p, right, counted, N)


def cross_entropy_backward(dloss, cache):
    """From the gradient of the loss to that of the logits.

        dlogits = dloss * (p - y) / N          y is 1 at the target and 0 elsewhere

    At a place whose target is IGNORE, all dlogits are 0.

    Args:
        dloss: the gradient of the loss by itself, one number; in a training it is 1.
        cache: what the forward returned.

    Returns:
        dlogits of the shape of the logits, and {} (there are no parameters).
    """
    p, right, counted, N = cache
    xp = get_array_module(p)
    one_hot = xp.arange(p.shape[-1]) == right
    dlogits = p - one_hot
    dlogits = dlogits * counted[..., None]
    dlogits = dlogits / N
    dlogits = dlogits * dloss
    return dlogits, {}


def bits_per_byte(loss, tokens, n_bytes):
    """The loss in a unit that does not depend on the tokens: bits for each byte of the text.

    A loss counts nats for each token. One bit is ln 2 nats.

    Args:
        loss: the mean loss of a token, in nats.
        tokens: how many tokens the text has.
        n_bytes: how many bytes the text has.

    Returns:
        A number of bits. For a loss of 2 ln 2, 100 tokens and 400 bytes it is 0.5.
    """
    nats = loss * tokens
    bits = nats / math.log(2)
    of_a_byte = bits / n_bytes
    return of_a_byte
