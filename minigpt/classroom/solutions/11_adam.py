"""Lesson 11: AdamW, its learning rate, and clipping. Write them, then run `minigpt check 11`.

Arrays may live on a GPU: `xp = get_array_module(p)` is numpy or cupy, so write `xp.sqrt`.
"""

import math

from minigpt.backend import get_array_module


def adamw_step(p, g, m, v, t, lr, betas=(0.9, 0.999), eps=1e-8, weight_decay=0.0):
    """One step of AdamW; what it is given does not change.

        m = beta1 m + (1 - beta1) g                m_hat = m / (1 - beta1^t)
        v = beta2 v + (1 - beta2) g^2              v_hat = v / (1 - beta2^t)
        p = p - lr weight_decay p - lr m_hat / (sqrt(v_hat) + eps)

    On the right of the last line, p is the old one in both places.

    Args:
        p, g: a parameter and its gradient, arrays of the same shape.
        m, v: the running means of the gradient and of its square, as the last step returned them.
        t: the number of this step, counted from 1.
        lr: the learning rate.
        betas: (beta1, beta2).
        eps: avoids a division by 0.
        weight_decay: how strongly p shrinks, beside Adam and not through its m and v.

    Returns:
        The new p, m and v, fresh arrays.
    """
    xp = get_array_module(p)
    beta1, beta2 = betas
    new_m = beta1 * m + (1 - beta1) * g
    new_v = beta2 * v + (1 - beta2) * g * g
    m_hat = new_m / (1 - beta1**t)
    v_hat = new_v / (1 - beta2**t)
    size = xp.sqrt(v_hat) + eps
    step = lr * m_hat / size
    decay = lr * weight_decay * p
    new_p = p - decay - step
    return new_p, new_m, new_v


def warmup_cosine(step, steps, lr, min_lr, warmup):
    """The learning rate of a step: a straight line up, then half a cosine down.

        lr (step + 1) / (warmup + 1)                                  while step < warmup
        min_lr + (lr - min_lr) (1 + cos(pi done)) / 2                 after it

    with done = (step - warmup) / (steps - warmup), from 0 at the end of the warm-up to 1 at the
    end of the training. It stays 1, so that the result stays min_lr, for a step after the end.

    Args:
        step: counted from 0.
        steps: of the whole training, warm-up included; more than `warmup`.
        lr: the largest learning rate.
        min_lr: the last one.
        warmup: the steps of the warm-up; 0 for none.

    Returns:
        A float.
    """
    if step < warmup:
        return lr * (step + 1) / (warmup + 1)
    done = (step - warmup) / (steps - warmup)
    done = min(1.0, done)
    wave = (1 + math.cos(math.pi * done)) / 2
    return min_lr + (lr - min_lr) * wave


def clip_by_norm(grads, limit):
    """Shrink all gradients together, by one factor, if their common norm is above a limit.

        norm = sqrt(sum of g^2 over all elements of all gradients)
        factor = min(1, limit / (norm + 1e-6))

    Args:
        grads: a dict of arrays, by the names of the parameters.
        limit: the largest norm; 0 for no limit, then nothing is clipped.

    Returns:
        A new dict with the same names, whose arrays are fresh, and the norm before the clipping,
        a number.
    """
    total = 0.0
    for g in grads.values():
        total = total + float((g * g).sum())
    norm = math.sqrt(total)
    factor = 1.0
    if limit > 0:
        factor = min(1.0, limit / (norm + 1e-6))
    clipped = {name: g * factor for name, g in grads.items()}
    return clipped, norm
