"""Lesson 11: in-place work on fresh arrays, one-liners, all gradients in one buffer."""

import math

from minigpt.backend import get_array_module


def adamw_step(p, g, m, v, t, lr, betas=(0.9, 0.999), eps=1e-8, weight_decay=0.0):
    """Two fresh arrays for m and v, two for the work."""
    xp = get_array_module(p)
    new_m = m * betas[0]
    new_v = v * betas[1]
    work = g * (1 - betas[0])
    new_m += work
    xp.multiply(g, g, out=work)
    work *= 1 - betas[1]
    new_v += work
    xp.divide(new_v, 1 - betas[1] ** t, out=work)
    xp.sqrt(work, out=work)
    work += eps
    xp.divide(new_m, work, out=work)
    work *= lr / (1 - betas[0] ** t)
    new_p = p.copy()
    new_p *= 1 - lr * weight_decay
    new_p -= work
    return new_p, new_m, new_v


def warmup_cosine(step, steps, lr, min_lr, warmup):
    """One expression."""
    return (
        lr * (step + 1) / (warmup + 1)
        if step < warmup
        else min_lr
        + (lr - min_lr)
        * (0.5 + 0.5 * math.cos(math.pi * min(1, (step - warmup) / (steps - warmup))))
    )


def clip_by_norm(grads, limit):
    """One buffer with all gradients behind one another; the result is views of it."""
    if not grads:
        return {}, 0.0
    xp = get_array_module(next(iter(grads.values())))
    flat = xp.concatenate([g.reshape(-1) for g in grads.values()])
    norm = xp.sqrt(flat.dot(flat))
    if limit > 0:
        flat *= xp.minimum(1, limit / (norm + 1e-6))
    clipped, start = {}, 0
    for name, g in grads.items():
        clipped[name] = flat[start : start + g.size].reshape(g.shape)
        start += g.size
    return clipped, norm
