"""Lesson 11: the means move towards the new value; the corrections are moved to the numbers."""

import math

from minigpt.backend import get_array_module


def adamw_step(p, g, m, v, t, lr, betas=(0.9, 0.999), eps=1e-8, weight_decay=0.0):
    """sqrt(v / c) + eps = (sqrt(v) + eps sqrt(c)) / sqrt(c), with c = 1 - beta2^t."""
    xp = get_array_module(g)
    first = m + (1 - betas[0]) * (g - m)
    second = v + (1 - betas[1]) * (xp.square(g) - v)
    root = math.sqrt(1 - betas[1] ** t)
    rate = lr * root / (1 - betas[0] ** t)
    shrunk = p * (1 - lr * weight_decay)
    return shrunk - rate * first / (xp.sqrt(second) + eps * root), first, second


def warmup_cosine(step, steps, lr, min_lr, warmup):
    """(1 + cos a) / 2 is the square of cos(a / 2)."""
    if step < warmup:
        return (step + 1) * (lr / (warmup + 1))
    left = max(0, steps - step)
    share = math.sin(math.pi / 2 * left / (steps - warmup)) ** 2
    return share * lr + (1 - share) * min_lr


def clip_by_norm(grads, limit):
    """The norm of the norms."""
    norms = [float(get_array_module(g).linalg.norm(g.reshape(-1))) for g in grads.values()]
    norm = math.hypot(*norms)
    if limit == 0:
        return {name: g.copy() for name, g in grads.items()}, norm
    divisor = max(1.0, (norm + 1e-6) / limit)
    return {name: g / divisor for name, g in grads.items()}, norm
