"""How large a step is at each time, and how large a gradient may be."""

from __future__ import annotations

import math
from collections.abc import Callable

from minigpt.backend import get_array_module
from minigpt.tree import FlatTree

NORM_PARTS = 8


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


def global_norm(grads: FlatTree, run_all: Callable = map) -> float:
    """The length of all gradients together, sqrt(sum of g^2); `run_all` may share out the work."""
    xp, buffer = get_array_module(grads.buffer), grads.buffer
    size = -(-buffer.size // NORM_PARTS)  # always as many parts, so always the same bits
    parts = [buffer[i : i + size] for i in range(0, buffer.size, size)]
    return math.sqrt(sum(map(float, run_all(lambda part: xp.dot(part, part), parts))))


def clip_by_global_norm(grads: FlatTree, limit: float):
    """Shrink all gradients together, in place, so that their norm is at most `limit`.

        norm = sqrt(sum of g^2 over all parameters)      grads = grads * min(1, limit / norm)

    (Pascanu, Mikolov and Bengio, 2013.) A limit of 0 clips nothing.

    Returns:
        The norm before clipping.
    """
    norm = global_norm(grads)
    grads.buffer *= clip_factor(norm, limit)
    return norm


def clip_factor(norm: float, limit: float) -> float:
    """What `clip_by_global_norm` multiplies the gradients with; 1 without a limit."""
    return min(1.0, limit / (norm + 1e-6)) if limit > 0 else 1.0
