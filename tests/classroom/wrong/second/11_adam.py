"""Wrong answers to lesson 11, written as students write them."""

import math

from minigpt.backend import get_array_module


class Answer01:
    """adamw_step: weight decay goes into the gradient, and so through m and v (plain L2)."""

    def adamw_step(p, g, m, v, t, lr, betas=(0.9, 0.999), eps=1e-8, weight_decay=0.0):
        xp = get_array_module(p)
        b1, b2 = betas
        if weight_decay != 0:
            g = g + weight_decay * p
        m = m * b1 + g * (1 - b1)
        v = v * b2 + g**2 * (1 - b2)
        denom = xp.sqrt(v) / math.sqrt(1 - b2**t) + eps
        return p - (lr / (1 - b1**t)) * m / denom, m, v


class Answer02:
    """adamw_step: returns the corrected m_hat and v_hat as the new m and v."""

    def adamw_step(p, g, m, v, t, lr, betas=(0.9, 0.999), eps=1e-8, weight_decay=0.0):
        xp = get_array_module(p)
        m = betas[0] * m + (1 - betas[0]) * g
        v = betas[1] * v + (1 - betas[1]) * xp.square(g)
        m = m / (1 - betas[0] ** t)
        v = v / (1 - betas[1] ** t)
        p = p * (1 - lr * weight_decay) - lr * m / (xp.sqrt(v) + eps)
        return p, m, v


class Answer03:
    """adamw_step: the decay takes the p that the Adam step has changed already."""

    def adamw_step(p, g, m, v, t, lr, betas=(0.9, 0.999), eps=1e-8, weight_decay=0.0):
        xp = get_array_module(p)
        new = {}
        for name, beta, old, value in (("m", betas[0], m, g), ("v", betas[1], v, g * g)):
            new[name] = old + (1 - beta) * (value - old)
        mhat = new["m"] / (1 - math.pow(betas[0], t))
        vhat = new["v"] / (1 - math.pow(betas[1], t))
        q = p - lr * mhat / (vhat**0.5 + eps)
        q = q - lr * weight_decay * q
        return xp.asarray(q), new["m"], new["v"]


class Answer04:
    """adamw_step: eps is added before the bias correction, as in the paper's faster form."""

    def adamw_step(p, g, m, v, t, lr, betas=(0.9, 0.999), eps=1e-8, weight_decay=0.0):
        xp = get_array_module(p)
        beta1, beta2 = betas
        m_t = beta1 * m + (1.0 - beta1) * g
        v_t = beta2 * v + (1.0 - beta2) * (g * g)
        alpha_t = lr * math.sqrt(1.0 - beta2**t) / (1.0 - beta1**t)
        theta = p - lr * weight_decay * p
        theta = theta - alpha_t * m_t / (xp.sqrt(v_t) + eps)
        return theta, m_t, v_t


class Answer05:
    """adamw_step: the bias correction of v is forgotten."""

    def adamw_step(p, g, m, v, t, lr, betas=(0.9, 0.999), eps=1e-8, weight_decay=0.0):
        xp = get_array_module(p)
        impulso = betas[0] * m + (1 - betas[0]) * g
        energia = betas[1] * v + (1 - betas[1]) * g * g
        corregido = impulso / (1 - betas[0] ** t)
        paso = corregido / (xp.sqrt(energia) + eps)
        return p - lr * (paso + weight_decay * p), impulso, energia


class Answer06:
    """adamw_step: the exponent of the bias correction is t + 1, as if t began at 0."""

    def adamw_step(p, g, m, v, t, lr, betas=(0.9, 0.999), eps=1e-8, weight_decay=0.0):
        xp = get_array_module(p)

        def running(old, new, beta):
            mean = beta * old + (1 - beta) * new
            return mean, mean / (1 - beta ** (t + 1))

        m, m_hat = running(m, g, betas[0])
        v, v_hat = running(v, g * g, betas[1])
        p = p - lr * weight_decay * p - lr * m_hat / (xp.sqrt(v_hat) + eps)
        return p, m, v


class Answer07:
    """adamw_step: the step uses the old m, the new one is only returned."""

    def adamw_step(p, g, m, v, t, lr, betas=(0.9, 0.999), eps=1e-8, weight_decay=0.0):
        xp = get_array_module(p)
        beta_1, beta_2 = betas
        m_next = beta_1 * m + (1 - beta_1) * g
        v_next = beta_2 * v + (1 - beta_2) * g**2
        m_corr = m / (1 - beta_1**t)
        v_corr = v_next / (1 - beta_2**t)
        shrink = 1 - lr * weight_decay
        p_next = shrink * p - lr * m_corr / (xp.sqrt(v_corr) + eps)
        return p_next, m_next, v_next


class Answer08:
    """adamw_step: v never falls, the larger of old and new is kept (AMSGrad)."""

    def adamw_step(p, g, m, v, t, lr, betas=(0.9, 0.999), eps=1e-8, weight_decay=0.0):
        xp = get_array_module(p)
        exp_avg = m * betas[0] + (1 - betas[0]) * g
        exp_avg_sq = v * betas[1] + (1 - betas[1]) * g * g
        exp_avg_sq = xp.maximum(exp_avg_sq, v)
        bias_correction1 = 1 - betas[0] ** t
        bias_correction2 = 1 - betas[1] ** t
        denom = xp.sqrt(exp_avg_sq / bias_correction2) + eps
        param = p * (1 - lr * weight_decay)
        param = param - lr / bias_correction1 * exp_avg / denom
        return param, exp_avg, exp_avg_sq


class Answer09:
    """adamw_step: two mistakes: eps stands inside the root, and the decay lacks lr."""

    def adamw_step(p, g, m, v, t, lr, betas=(0.9, 0.999), eps=1e-8, weight_decay=0.0):
        xp = get_array_module(p)
        (a, b) = betas
        m = a * m + (1 - a) * g
        v = b * v + (1 - b) * g * g
        direction = (m / (1 - a**t)) / xp.sqrt(v / (1 - b**t) + eps)
        return p - lr * direction - weight_decay * p, m, v


class Answer10:
    """adamw_step: v averages the square of the new m, not that of the gradient."""

    def adamw_step(p, g, m, v, t, lr, betas=(0.9, 0.999), eps=1e-8, weight_decay=0.0):
        xp = get_array_module(p)
        beta1, beta2 = betas
        new_m = m.copy()
        new_m *= beta1
        new_m += (1 - beta1) * g
        new_v = v.copy()
        new_v *= beta2
        new_v += (1 - beta2) * new_m * new_m
        mh, vh = new_m / (1 - beta1**t), new_v / (1 - beta2**t)
        new_p = p - lr * (mh / (xp.sqrt(vh) + eps) + weight_decay * p)
        return new_p, new_m, new_v


class Answer11:
    """adamw_step: two mistakes: the betas are exchanged, and eps is under the root."""

    def adamw_step(p, g, m, v, t, lr, betas=(0.9, 0.999), eps=1e-8, weight_decay=0.0):
        xp = get_array_module(p)
        beta2, beta1 = betas
        first = beta1 * m + (1 - beta1) * g
        second = beta2 * v + (1 - beta2) * g * g
        c1 = 1 / (1 - beta1**t)
        c2 = 1 / (1 - beta2**t)
        move = c1 * first / xp.sqrt(c2 * second + eps)
        return (1 - lr * weight_decay) * p - lr * move, first, second


class Answer12:
    """warmup_cosine: the warm-up is lr step / warmup, so it starts from 0."""

    def warmup_cosine(step, steps, lr, min_lr, warmup):
        if step < warmup:
            return lr * step / warmup
        if step > steps:
            return min_lr
        decay_ratio = (step - warmup) / (steps - warmup)
        coeff = 0.5 * (1.0 + math.cos(math.pi * decay_ratio))
        return min_lr + coeff * (lr - min_lr)


class Answer13:
    """warmup_cosine: done counts from step 0, not from the end of the warm-up."""

    def warmup_cosine(step, steps, lr, min_lr, warmup):
        up = (step + 1) / (warmup + 1)
        if up < 1:
            return up * lr
        progress = min(step / steps, 1.0)
        return min_lr + (lr - min_lr) * math.cos(progress * math.pi / 2) ** 2


class Answer14:
    """warmup_cosine: the cosine of a quarter turn, which falls slowly first and then fast."""

    def warmup_cosine(step, steps, lr, min_lr, warmup):
        if step >= steps:
            return float(min_lr)
        if step < warmup:
            return lr / (warmup + 1) * (step + 1)
        fertig = (step - warmup) / (steps - warmup)
        return min_lr + (lr - min_lr) * math.cos(0.5 * math.pi * fertig)


class Answer15:
    """warmup_cosine: min_lr is a floor below a cosine that falls to 0, not its end."""

    def warmup_cosine(step, steps, lr, min_lr, warmup):
        if step < warmup:
            return lr * (step + 1) / (warmup + 1)
        done = min(1, (step - warmup) / (steps - warmup))
        return max(min_lr, lr * (1 + math.cos(math.pi * done)) / 2)


class Answer16:
    """warmup_cosine: after the end of the training the wave goes up again."""

    def warmup_cosine(step, steps, lr, min_lr, warmup):
        ramp = lr * (step + 1) / (warmup + 1)
        angle = math.pi * (step - warmup) / (steps - warmup)
        middle, half = (lr + min_lr) / 2, (lr - min_lr) / 2
        wave = middle + half * math.cos(angle)
        return ramp if step < warmup else wave


class Answer17:
    """warmup_cosine: the last step is taken to be steps - 1, so the wave ends one step early."""

    def warmup_cosine(step, steps, lr, min_lr, warmup):
        if step < warmup:
            return (step + 1) * lr / (warmup + 1)
        length = max(1, steps - 1 - warmup)
        x = min(1.0, (step - warmup) / length)
        return min_lr + 0.5 * (lr - min_lr) * (1 + math.cos(x * math.pi))


class Answer18:
    """warmup_cosine: two mistakes: the wave lacks the / 2, and min_lr is not taken from lr."""

    def warmup_cosine(step, steps, lr, min_lr, warmup):
        if step < warmup:
            factor = (step + 1) / (warmup + 1)
            return factor * lr
        t = min(1.0, (step - warmup) / (steps - warmup))
        return min_lr + lr * (1 + math.cos(t * math.pi))


class Answer19:
    """clip_by_norm: each gradient is clipped by its own norm."""

    def clip_by_norm(grads, limit):
        out = {}
        squares = []
        for key in grads:
            g = grads[key]
            square = float((g**2).sum())
            squares.append(square)
            own = math.sqrt(square)
            out[key] = g * min(1.0, limit / (own + 1e-6)) if limit > 0 else g.copy()
        return out, math.sqrt(sum(squares))


class Answer20:
    """clip_by_norm: small gradients are made larger, for the factor may be above 1."""

    def clip_by_norm(grads, limit):
        norm = sum(float((g * g).sum()) for g in grads.values()) ** 0.5
        if limit == 0:
            return {k: g.copy() for k, g in grads.items()}, norm
        return {k: g * (limit / (norm + 1e-6)) for k, g in grads.items()}, norm


class Answer21:
    """clip_by_norm: the norms of the gradients are added up, not their squares."""

    def clip_by_norm(grads, limit):
        norms = []
        for gradient in grads.values():
            xp = get_array_module(gradient)
            norms.append(float(xp.linalg.norm(gradient.reshape(-1))))
        total_norm = sum(norms)
        coef = 1.0
        if limit and total_norm + 1e-6 > limit:
            coef = limit / (total_norm + 1e-6)
        return {name: coef * gradient for name, gradient in grads.items()}, total_norm


class Answer22:
    """clip_by_norm: a limit of 0 makes all gradients 0."""

    def clip_by_norm(grads, limit):
        flat = [g.reshape(-1) for g in grads.values()]
        norm = math.sqrt(math.fsum(float(f @ f) for f in flat))
        scale = min(limit / (norm + 1e-6), 1.0)
        return dict((n, g * scale) for n, g in grads.items()), norm


class Answer23:
    """clip_by_norm: the norm is divided by the root of the number of elements."""

    def clip_by_norm(grads, limit):
        square, count = 0.0, 0
        for g in grads.values():
            square += float((g * g).sum())
            count += g.size
        rms = math.sqrt(square / max(1, count))
        shrink = limit / (rms + 1e-6)
        if limit <= 0 or shrink > 1:
            shrink = 1.0
        return {n: shrink * g for n, g in grads.items()}, rms


class Answer24:
    """clip_by_norm: two mistakes: the root is missing, and the norm is that after clipping."""

    def clip_by_norm(grads, limit):
        size = sum(float((g * g).sum()) for g in grads.values())
        if limit > 0 and size > limit:
            ratio = limit / (size + 1e-6)
        else:
            ratio = 1.0
        new = {}
        for name, g in grads.items():
            new[name] = g * ratio
        return new, size * ratio
