"""How large a step is at each time, and how large a gradient may be."""

from __future__ import annotations

import math

from minigpt.backend import get_array_module
from minigpt.tree import FlatTree


def warmup_cosine(step: int, steps: int, lr: float, min_lr: float, warmup: int) -> float:
    """The learning rate of step 0, 1, … steps - 1: a linear rise, then half a cosine down.

        lr * (step + 1) / (warmup + 1)                                      while step < warmup
        min_lr + (lr - min_lr) * (1 + cos(pi * done)) / 2                   after it

    with done = (step - warmup) / (steps - warmup), from 0 to 1 (Loshchilov and Hutter, 2017).
    """
    if step < warmup:
        return lr * (step + 1) / (warmup + 1)
    done = min(1.0, (step - warmup) / max(1, steps - warmup))
    return min_lr + (lr - min_lr) * 0.5 * (1 + math.cos(math.pi * done))


def clip_by_global_norm(grads: FlatTree, limit: float):
    """Shrink all gradients together, in place, so that their norm is at most `limit`.

        norm = sqrt(sum of g^2 over all parameters)      grads = grads * min(1, limit / norm)

    (Pascanu, Mikolov and Bengio, 2013.) A limit of 0 clips nothing.

    Returns:
        The norm before clipping, an array without dimensions.
    """
    xp = get_array_module(grads.buffer)
    norm = xp.sqrt(xp.dot(grads.buffer, grads.buffer))
    if limit > 0:
        grads.buffer *= xp.minimum(1.0, limit / (norm + 1e-6)).astype(grads.buffer.dtype)
    return norm
