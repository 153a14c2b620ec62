"""Lesson 11, in float64 inside; the results have the dtype of the arguments."""

import numpy as np

from minigpt.backend import get_array_module


def adamw_step(p, g, m, v, t, lr, betas=(0.9, 0.999), eps=1e-8, weight_decay=0.0):
    """The four arrays in float64."""
    xp = get_array_module(p)
    b1, b2 = betas
    wide_p, wide_g, wide_m, wide_v = (a.astype(xp.float64) for a in (p, g, m, v))
    wide_m = b1 * wide_m + (1 - b1) * wide_g
    wide_v = b2 * wide_v + (1 - b2) * wide_g**2
    adam = (wide_m / (1 - b1**t)) / (xp.sqrt(wide_v / (1 - b2**t)) + eps)
    wide_p = (1 - lr * weight_decay) * wide_p - lr * adam
    return wide_p.astype(p.dtype), wide_m.astype(m.dtype), wide_v.astype(v.dtype)


def warmup_cosine(step, steps, lr, min_lr, warmup):
    """With functions of NumPy; the result is a float of NumPy."""
    if step < warmup:
        return np.interp(step, [-1, warmup], [0, lr])
    done = np.clip((step - warmup) / (steps - warmup), 0, 1)
    return np.float64(min_lr) + (lr - min_lr) * 0.5 * (1 + np.cos(np.pi * done))


def clip_by_norm(grads, limit):
    """The norm is an array without axes, in float64."""
    total = sum((g.astype("float64") ** 2).sum() for g in grads.values())
    norm = total**0.5
    factor = 1.0
    if limit > 0:
        factor = min(1.0, limit / (float(norm) + 1e-6))
    return {k: (g.astype("float64") * factor).astype(g.dtype) for k, g in grads.items()}, norm
