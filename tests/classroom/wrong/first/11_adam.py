"""Wrong answers to lesson 11, written as students write them."""

import math

from minigpt.backend import get_array_module


class Answer01:
    """adamw_step: the bias of m and v is not corrected, t is not used."""

    def adamw_step(p, g, m, v, t, lr, betas=(0.9, 0.999), eps=1e-8, weight_decay=0.0):
        xp = get_array_module(p)
        b1, b2 = betas
        m = b1 * m + (1 - b1) * g
        v = b2 * v + (1 - b2) * g**2
        p = p - lr * (weight_decay * p + m / (xp.sqrt(v) + eps))
        return p, m, v


class Answer02:
    """adamw_step: eps stands under the root."""

    def adamw_step(p, g, m, v, t, lr, betas=(0.9, 0.999), eps=1e-8, weight_decay=0.0):
        xp = get_array_module(p)
        mt = betas[0] * m + (1 - betas[0]) * g
        vt = betas[1] * v + (1 - betas[1]) * xp.square(g)
        mh = mt / (1 - betas[0] ** t)
        vh = vt / (1 - betas[1] ** t)
        neu = p * (1 - lr * weight_decay)
        neu -= lr * mh / xp.sqrt(vh + eps)
        return neu, mt, vt


class Answer03:
    """adamw_step: the weight decay is added to the gradient and goes through m and v."""

    def adamw_step(p, g, m, v, t, lr, betas=(0.9, 0.999), eps=1e-8, weight_decay=0.0):
        xp = get_array_module(p)
        grad = g + weight_decay * p
        (b1, b2), (c1, c2) = betas, [1 - b**t for b in betas]
        first = m + (1 - b1) * (grad - m)
        second = v + (1 - b2) * (grad * grad - v)
        return p - lr * (first / c1) / (xp.sqrt(second / c2) + eps), first, second


class Answer04:
    """adamw_step: the weight decay is not multiplied by the learning rate."""

    def adamw_step(p, g, m, v, t, lr, betas=(0.9, 0.999), eps=1e-8, weight_decay=0.0):
        b1, b2 = betas
        m_new, v_new = b1 * m + (1 - b1) * g, b2 * v + (1 - b2) * g * g
        denominator = (v_new / (1 - b2**t)) ** 0.5 + eps
        update = m_new / (1 - b1**t) / denominator
        shrunk = p - weight_decay * p
        return shrunk - lr * update, m_new, v_new


class Answer05:
    """adamw_step: t is taken for a number counted from 0, the correction uses t + 1."""

    def adamw_step(p, g, m, v, t, lr, betas=(0.9, 0.999), eps=1e-8, weight_decay=0.0):
        xp = get_array_module(p)
        beta1, beta2 = betas
        t = t + 1
        m = m * beta1 + g * (1 - beta1)
        v = v * beta2 + g * g * (1 - beta2)
        direction = (m / (1 - beta1**t)) / (xp.sqrt(v / (1 - beta2**t)) + eps)
        return p - lr * direction - lr * weight_decay * p, m, v


class Answer06:
    """adamw_step: beta1 and beta2 are exchanged."""

    def adamw_step(p, g, m, v, t, lr, betas=(0.9, 0.999), eps=1e-8, weight_decay=0.0):
        xp = get_array_module(p)
        beta2, beta1 = betas
        m = beta1 * m + (1 - beta1) * g
        v = beta2 * v + (1 - beta2) * g * g
        mhat, vhat = m / (1 - beta1**t), v / (1 - beta2**t)
        return p - lr * (mhat / (xp.sqrt(vhat) + eps) + weight_decay * p), m, v


class Answer07:
    """adamw_step: v follows the square of the new m, not that of the gradient."""

    def adamw_step(p, g, m, v, t, lr, betas=(0.9, 0.999), eps=1e-8, weight_decay=0.0):
        xp = get_array_module(p)
        b1, b2 = betas
        m = (1 - b1) * g + b1 * m
        v = (1 - b2) * m * m + b2 * v
        a = m / (1 - b1**t)
        b = xp.sqrt(v / (1 - b2**t))
        return p - lr * weight_decay * p - lr * a / (b + eps), m, v


class Answer08:
    """adamw_step: the step is divided by v_hat itself, the root is forgotten."""

    def adamw_step(p, g, m, v, t, lr, betas=(0.9, 0.999), eps=1e-8, weight_decay=0.0):
        b1, b2 = betas
        moyenne = b1 * m + (1 - b1) * g
        carre = b2 * v + (1 - b2) * g * g
        pas = (moyenne / (1 - b1**t)) / (carre / (1 - b2**t) + eps)
        return p - lr * weight_decay * p - lr * pas, moyenne, carre


class Answer09:
    """adamw_step: the corrected m_hat and v_hat are returned as m and v."""

    def adamw_step(p, g, m, v, t, lr, betas=(0.9, 0.999), eps=1e-8, weight_decay=0.0):
        xp = get_array_module(p)
        b1, b2 = betas
        m = b1 * m + (1 - b1) * g
        m = m / (1 - b1**t)
        v = b2 * v + (1 - b2) * g**2
        v = v / (1 - b2**t)
        p = p - lr * weight_decay * p - lr * m / (xp.sqrt(v) + eps)
        return p, m, v


class Answer10:
    """adamw_step: the step goes uphill, it is added to p."""

    def adamw_step(p, g, m, v, t, lr, betas=(0.9, 0.999), eps=1e-8, weight_decay=0.0):
        xp = get_array_module(p)
        b1, b2 = betas
        m1 = b1 * m + (1 - b1) * g
        v1 = b2 * v + (1 - b2) * g * g
        alpha = lr / (1 - b1**t)
        root = xp.sqrt(v1 / (1 - b2**t)) + eps
        return p + alpha * m1 / root - lr * weight_decay * p, m1, v1


class Answer11:
    """adamw_step: the decay is taken from the p that the step has already changed."""

    def adamw_step(p, g, m, v, t, lr, betas=(0.9, 0.999), eps=1e-8, weight_decay=0.0):
        xp = get_array_module(p)
        b1, b2 = betas
        m = b1 * m + (1 - b1) * g
        v = b2 * v + (1 - b2) * g * g
        p = p - lr * (m / (1 - b1**t)) / (xp.sqrt(v / (1 - b2**t)) + eps)
        p = p - lr * weight_decay * p
        return p, m, v


class Answer12:
    """adamw_step: the gradient is added to m whole, without the factor 1 - beta1."""

    def adamw_step(p, g, m, v, t, lr, betas=(0.9, 0.999), eps=1e-8, weight_decay=0.0):
        xp = get_array_module(p)
        b1, b2 = betas
        nm = b1 * m + g
        nv = b2 * v + (1 - b2) * g * g
        step = nm / (1 - b1**t) / (xp.sqrt(nv / (1 - b2**t)) + eps)
        return p * (1 - lr * weight_decay) - lr * step, nm, nv


class Answer13:
    """adamw_step: the correction multiplies beta by t, it should be the power."""

    def adamw_step(p, g, m, v, t, lr, betas=(0.9, 0.999), eps=1e-8, weight_decay=0.0):
        xp = get_array_module(p)
        b1, b2 = betas
        m = b1 * m + (1 - b1) * g
        v = b2 * v + (1 - b2) * g * g
        mh = m / (1 - b1 * t)
        vh = v / (1 - b2 * t)
        return p - lr * weight_decay * p - lr * mh / (xp.sqrt(vh) + eps), m, v


class Answer14:
    """adamw_step: v is corrected behind the root, sqrt(v) / (1 - beta2^t)."""

    def adamw_step(p, g, m, v, t, lr, betas=(0.9, 0.999), eps=1e-8, weight_decay=0.0):
        xp = get_array_module(p)
        b1, b2 = betas
        m = b1 * m + (1 - b1) * g
        v = b2 * v + (1 - b2) * xp.power(g, 2)
        std = xp.sqrt(v) / (1 - b2**t)
        p = p - lr * ((m / (1 - b1**t)) / (std + eps) + weight_decay * p)
        return p, m, v


class Answer15:
    """adamw_step: eps is added before the root is corrected, as in the short form of the paper."""

    def adamw_step(p, g, m, v, t, lr, betas=(0.9, 0.999), eps=1e-8, weight_decay=0.0):
        xp = get_array_module(p)
        b1, b2 = betas
        m = b1 * m + (1 - b1) * g
        v = b2 * v + (1 - b2) * g * g
        lr_t = lr * math.sqrt(1 - b2**t) / (1 - b1**t)
        return p - lr * weight_decay * p - lr_t * m / (xp.sqrt(v) + eps), m, v


class Answer16:
    """adamw_step: v may never become smaller, the larger of the old and the new one is kept."""

    def adamw_step(p, g, m, v, t, lr, betas=(0.9, 0.999), eps=1e-8, weight_decay=0.0):
        xp = get_array_module(p)
        b1, b2 = betas
        m = b1 * m + (1 - b1) * g
        v = xp.maximum(v, b2 * v + (1 - b2) * g * g)
        p = p - lr * weight_decay * p
        return p - lr * m / (1 - b1**t) / (xp.sqrt(v / (1 - b2**t)) + eps), m, v


class Answer17:
    """adamw_step: two mistakes, the decay makes p larger and v is not corrected."""

    def adamw_step(p, g, m, v, t, lr, betas=(0.9, 0.999), eps=1e-8, weight_decay=0.0):
        xp = get_array_module(p)
        b1, b2 = betas
        m = b1 * m + (1 - b1) * g
        v = b2 * v + (1 - b2) * g * g
        decayed = p * (1 + lr * weight_decay)
        return decayed - lr * (m / (1 - b1**t)) / (xp.sqrt(v) + eps), m, v


class Answer18:
    """adamw_step: the step is made with the m and v of the last step, before they are renewed."""

    def adamw_step(p, g, m, v, t, lr, betas=(0.9, 0.999), eps=1e-8, weight_decay=0.0):
        xp = get_array_module(p)
        b1, b2 = betas
        mh, vh = m / (1 - b1**t), v / (1 - b2**t)
        p = p - lr * mh / (xp.sqrt(vh) + eps) - lr * weight_decay * p
        return p, b1 * m + (1 - b1) * g, b2 * v + (1 - b2) * g * g


class Answer19:
    """warmup_cosine: the line of the warm-up is step / warmup, so the first rate is 0."""

    def warmup_cosine(step, steps, lr, min_lr, warmup):
        if step < warmup:
            return lr * step / warmup
        done = min(1.0, (step - warmup) / (steps - warmup))
        return min_lr + 0.5 * (lr - min_lr) * (1 + math.cos(math.pi * done))


class Answer20:
    """warmup_cosine: done is step / steps, the warm-up is not taken away."""

    def warmup_cosine(step, steps, lr, min_lr, warmup):
        if warmup > step:
            return (step + 1) / (warmup + 1) * lr
        progress = step / steps
        if progress > 1:
            progress = 1.0
        return min_lr + (lr - min_lr) / 2 * (math.cos(progress * math.pi) + 1)


class Answer21:
    """warmup_cosine: min_lr is added to the whole cosine, lr is not lowered by min_lr before."""

    def warmup_cosine(step, steps, lr, min_lr, warmup):
        if step < warmup:
            fraction = (1 + step) / (1 + warmup)
            return fraction * lr
        left = max(0.0, (steps - step) / (steps - warmup))
        return min_lr + lr * (1 - math.cos(math.pi * left)) / 2


class Answer22:
    """warmup_cosine: done is not stopped at 1, behind the end the rate rises again."""

    def warmup_cosine(step, steps, lr, min_lr, warmup):
        if step < warmup:
            return lr * (step + 1) / (warmup + 1)
        angle = math.pi * (step - warmup) / (steps - warmup)
        high, low = lr, min_lr
        return (high + low) / 2 + (high - low) / 2 * math.cos(angle)


class Answer23:
    """warmup_cosine: the cosine runs over a quarter of its circle, pi / 2, not over a half."""

    def warmup_cosine(step, steps, lr, min_lr, warmup):
        if step < warmup:
            return lr * (step + 1) / (warmup + 1)
        done = min(1.0, (step - warmup) / (steps - warmup))
        return min_lr + (lr - min_lr) * math.cos(math.pi / 2 * done)


class Answer24:
    """warmup_cosine: min_lr is used as a floor, max(min_lr, lr times the wave)."""

    def warmup_cosine(step, steps, lr, min_lr, warmup):
        def wave(x):
            return (1 + math.cos(math.pi * x)) / 2

        if step < warmup:
            return lr * (step + 1) / (warmup + 1)
        if step >= steps:
            return float(min_lr)
        return max(min_lr, lr * wave((step - warmup) / (steps - warmup)))


class Answer25:
    """warmup_cosine: the warm-up rises from min_lr instead of from 0."""

    def warmup_cosine(step, steps, lr, min_lr, warmup):
        if step < warmup:
            a = (step + 1) / (warmup + 1)
            return (1 - a) * min_lr + a * lr
        b = min((step - warmup) / (steps - warmup), 1)
        b = (1 + math.cos(b * math.pi)) / 2
        return (1 - b) * min_lr + b * lr


class Answer26:
    """clip_by_norm: each array is clipped by its own norm, not all together by one factor."""

    def clip_by_norm(grads, limit):
        result, squares = {}, 0.0
        for name in grads:
            g = grads[name]
            square = float((g * g).sum())
            squares += square
            f = min(1.0, limit / (math.sqrt(square) + 1e-6)) if limit > 0 else 1.0
            result[name] = g * f
        return result, math.sqrt(squares)


class Answer27:
    """clip_by_norm: every number is clipped by itself to the range from -limit to limit."""

    def clip_by_norm(grads, limit):
        norm = math.sqrt(sum(float((g**2).sum()) for g in grads.values()))
        if not limit:
            return {k: g.copy() for k, g in grads.items()}, norm
        return {k: g.clip(-limit, limit) for k, g in grads.items()}, norm


class Answer28:
    """clip_by_norm: the root is forgotten, the norm is the sum of the squares."""

    def clip_by_norm(grads, limit):
        xp = get_array_module(next(iter(grads.values())))
        norm = float(sum(xp.vdot(g, g) for g in grads.values()))
        factor = 1.0 if limit == 0 else min(1.0, limit / (norm + 1e-6))
        return {k: factor * g for k, g in grads.items()}, norm


class Answer29:
    """clip_by_norm: small gradients are stretched up to the limit, min(1, ...) is missing."""

    def clip_by_norm(grads, limit):
        summe = 0.0
        for g in grads.values():
            summe += float((g * g).sum())
        norm = summe**0.5
        faktor = limit / (norm + 1e-6) if limit > 0 else 1
        return {name: g * faktor for name, g in grads.items()}, norm


class Answer30:
    """clip_by_norm: the norm after the clipping is returned, not the one before."""

    def clip_by_norm(grads, limit):
        norm = math.sqrt(sum(float((g * g).sum()) for g in grads.values()))
        factor = min(1.0, limit / (norm + 1e-6)) if limit else 1.0
        clipped = {k: g * factor for k, g in grads.items()}
        norm = math.sqrt(sum(float((g * g).sum()) for g in clipped.values()))
        return clipped, norm


class Answer31:
    """clip_by_norm: a limit of 0 is not treated by itself and turns all gradients into zeros."""

    def clip_by_norm(grads, limit):
        xp = get_array_module(next(iter(grads.values())))
        flat = xp.concatenate([g.reshape(-1) for g in grads.values()])
        norm = float(xp.sqrt((flat * flat).sum()))
        factor = min(1.0, limit / (norm + 1e-6))
        return dict((k, g * factor) for k, g in grads.items()), norm


class Answer32:
    """clip_by_norm: the norms of the arrays are added up, their squares should be added."""

    def clip_by_norm(grads, limit):
        norms = [math.sqrt(float((g * g).sum())) for g in grads.values()]
        total = sum(norms)
        f = 1.0
        if limit > 0 and total + 1e-6 > limit:
            f = limit / (total + 1e-6)
        return {k: g * f for k, g in grads.items()}, total


class Answer33:
    """clip_by_norm: two mistakes, squares are averaged in each array, and 1e-6 is left out."""

    def clip_by_norm(grads, limit):
        s = sum(float((g * g).mean()) for g in grads.values())
        norm = math.sqrt(s)
        f = limit / norm if 0 < limit < norm else 1.0
        return {k: g * f for k, g in grads.items()}, norm


class Answer34:
    """adamw_step: two mistakes, the betas are exchanged and eps stands under the root."""

    def adamw_step(p, g, m, v, t, lr, betas=(0.9, 0.999), eps=1e-8, weight_decay=0.0):
        xp = get_array_module(p)
        b2, b1 = betas
        m = b1 * m + (1 - b1) * g
        v = b2 * v + (1 - b2) * g * g
        p = p - lr * (weight_decay * p + m / (1 - b1**t) / xp.sqrt(v / (1 - b2**t) + eps))
        return p, m, v


class Answer35:
    """adamw_step: two mistakes, the decay lacks lr, and m_hat and v_hat are returned."""

    def adamw_step(p, g, m, v, t, lr, betas=(0.9, 0.999), eps=1e-8, weight_decay=0.0):
        xp = get_array_module(p)
        b1, b2 = betas
        mhat = (b1 * m + (1 - b1) * g) / (1 - b1**t)
        vhat = (b2 * v + (1 - b2) * g * g) / (1 - b2**t)
        return p - weight_decay * p - lr * mhat / (xp.sqrt(vhat) + eps), mhat, vhat


class Answer36:
    """warmup_cosine: two mistakes, the warm-up is step / warmup, and done is step / steps."""

    def warmup_cosine(step, steps, lr, min_lr, warmup):
        if step < warmup:
            return lr * step / warmup
        done = min(step, steps) / steps
        return min_lr + (lr - min_lr) * (0.5 + 0.5 * math.cos(math.pi * done))


class Answer37:
    """clip_by_norm: two mistakes, no root, and the norm after the clipping is returned."""

    def clip_by_norm(grads, limit):
        def size(arrays):
            return sum(float((a * a).sum()) for a in arrays)

        f = min(1.0, limit / (size(grads.values()) + 1e-6)) if limit > 0 else 1.0
        clipped = {name: g * f for name, g in grads.items()}
        return clipped, size(clipped.values())
