"""Lesson 11: means as products with (beta, 1 - beta), sums of squares with einsum and vdot."""

import cmath
import math

from minigpt.backend import get_array_module


def adamw_step(p, g, m, v, t, lr, betas=(0.9, 0.999), eps=1e-8, weight_decay=0.0):
    """Both means in one contraction."""
    xp = get_array_module(p)
    mix = xp.array([[betas[0], 1 - betas[0]], [betas[1], 1 - betas[1]]], dtype=p.dtype)
    pairs = xp.stack([xp.stack([m, g]), xp.stack([v, g * g])])
    means = xp.einsum("ij,ij...->i...", mix, pairs)
    m_hat, v_hat = means[0] / (1 - betas[0] ** t), means[1] / (1 - betas[1] ** t)
    direction = m_hat / (xp.sqrt(v_hat) + eps) + weight_decay * p
    return p - lr * direction, means[0].copy(), means[1].copy()


def warmup_cosine(step, steps, lr, min_lr, warmup):
    """The cosine is the real part of a number on the unit circle."""
    if step < warmup:
        return lr * (1 - (warmup - step) / (warmup + 1))
    turn = cmath.exp(1j * math.pi * min(step - warmup, steps - warmup) / (steps - warmup))
    return (lr + min_lr) / 2 + (lr - min_lr) / 2 * turn.real


def clip_by_norm(grads, limit):
    """A dot product of each gradient with itself."""
    squares = 0.0
    for g in grads.values():
        xp = get_array_module(g)
        flat = g.reshape(-1)
        squares += float(xp.einsum("i,i->", flat, flat))
    norm = squares**0.5
    factor = min(1.0, limit / (norm + 1e-6)) if limit else 1.0
    return {name: factor * g for name, g in grads.items()}, norm
