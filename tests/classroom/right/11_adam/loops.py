"""Lesson 11, with plain loops over the elements."""

import math

from minigpt.backend import get_array_module


def adamw_step(p, g, m, v, t, lr, betas=(0.9, 0.999), eps=1e-8, weight_decay=0.0):
    """One element after another."""
    xp = get_array_module(p)
    flat_p, flat_g = p.reshape(-1), g.reshape(-1)
    flat_m, flat_v = m.reshape(-1), v.reshape(-1)
    new_p = xp.zeros_like(flat_p)
    new_m = xp.zeros_like(flat_m)
    new_v = xp.zeros_like(flat_v)
    for i in range(flat_p.size):
        g_i = float(flat_g[i])
        m_i = betas[0] * float(flat_m[i]) + (1 - betas[0]) * g_i
        v_i = betas[1] * float(flat_v[i]) + (1 - betas[1]) * g_i**2
        m_hat = m_i / (1 - betas[0] ** t)
        v_hat = v_i / (1 - betas[1] ** t)
        old = float(flat_p[i])
        new_p[i] = old - lr * weight_decay * old - lr * m_hat / (math.sqrt(v_hat) + eps)
        new_m[i] = m_i
        new_v[i] = v_i
    return new_p.reshape(p.shape), new_m.reshape(p.shape), new_v.reshape(p.shape)


def warmup_cosine(step, steps, lr, min_lr, warmup):
    """Three cases."""
    if step < warmup:
        rate = lr / (warmup + 1)
        for _ in range(step):
            rate += lr / (warmup + 1)
        return rate
    elif step >= steps:
        return float(min_lr)
    else:
        angle = math.pi * (step - warmup) / (steps - warmup)
        return min_lr + (lr - min_lr) * (1 + math.cos(angle)) / 2


def clip_by_norm(grads, limit):
    """One element after another."""
    total = 0.0
    for name in grads:
        for element in grads[name].reshape(-1):
            total += float(element) ** 2
    norm = math.sqrt(total)
    clipped = {}
    for name in grads:
        clipped[name] = grads[name].copy()
        if limit > 0 and limit / (norm + 1e-6) < 1:
            clipped[name] *= limit / (norm + 1e-6)
    return clipped, norm
