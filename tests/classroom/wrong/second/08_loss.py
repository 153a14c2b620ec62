"""Wrong answers to lesson 08, written as students write them."""

import math

from minigpt.backend import get_array_module

IGNORE = -100


class Answer01:
    """cross_entropy: the mean divides by all places, those that do not count too."""

    def cross_entropy(logits, targets):
        xp = get_array_module(logits)
        m = logits.max(-1, keepdims=True)
        logZ = m + xp.log(xp.exp(logits - m).sum(-1, keepdims=True))
        logp = logits - logZ
        y = (xp.arange(logits.shape[-1]) == targets[..., None]).astype(logits.dtype)
        loss = -xp.vdot(y, logp) / targets.size
        return loss, (logp, y, targets)

    def cross_entropy_backward(dloss, cache):
        logp, y, targets = cache
        xp = get_array_module(logp)
        real = (targets != IGNORE)[..., None]
        return (xp.exp(logp) - y) * real * (dloss / targets.size), {}


class Answer02:
    """cross_entropy: the largest logit is subtracted inside exp only, and never made up for."""

    def cross_entropy(logits, targets):
        xp = get_array_module(logits)
        V = logits.shape[-1]
        flat = logits.reshape(-1, V)
        t = targets.reshape(-1)
        keep = t != IGNORE
        safe = xp.where(keep, t, 0)
        e = xp.exp(flat - flat.max(axis=1, keepdims=True))
        Z = e.sum(axis=1)
        each = xp.log(Z) - flat[xp.arange(len(t)), safe]
        n = max(int(keep.sum()), 1)
        loss = (each * keep).sum() / n
        return loss, (e / Z[:, None], safe, keep, n, logits.shape)

    def cross_entropy_backward(dloss, cache):
        p, safe, keep, n, shape = cache
        xp = get_array_module(p)
        d = p.copy()
        d[xp.arange(len(safe)), safe] -= 1
        d *= keep[:, None]
        d *= dloss / n
        return d.reshape(shape), {}


class Answer03:
    """cross_entropy: ln(p + 1e-9) is taken, so unlikely targets get a wrong loss."""

    def cross_entropy(logits, targets):
        xp = get_array_module(logits)
        probs = xp.exp(logits - logits.max(axis=-1, keepdims=True))
        probs /= probs.sum(axis=-1, keepdims=True)
        mask = targets != -100
        idx = xp.where(mask, targets, 0)[..., None]
        picked = xp.take_along_axis(probs, idx, axis=-1)[..., 0]
        nll = -xp.log(picked + 1e-9)
        count = max(1, int(mask.sum()))
        return xp.where(mask, nll, 0).sum() / count, (probs, idx, mask, count)

    def cross_entropy_backward(dloss, cache):
        probs, idx, mask, count = cache
        xp = get_array_module(probs)
        onehot = xp.zeros_like(probs)
        xp.put_along_axis(onehot, idx, 1, axis=-1)
        grad = (probs - onehot) / count
        return xp.where(mask[..., None], grad, 0) * dloss, {}


class Answer04:
    """cross_entropy: the backward does not use dloss."""

    def cross_entropy(logits, targets):
        xp = get_array_module(logits)
        counts = targets != IGNORE
        z = logits - logits.max(axis=-1, keepdims=True)
        log_p = z - xp.log(xp.exp(z).sum(axis=-1, keepdims=True))
        where = xp.where(counts, targets, 0)
        one_hot = where[..., None] == xp.arange(z.shape[-1])
        one_hot = one_hot & counts[..., None]
        n = max(1, int(counts.sum()))
        loss = -(log_p * one_hot).sum() / n
        dlogits = (xp.exp(log_p) * counts[..., None] - one_hot) / n
        return loss, dlogits  # the gradient is ready already

    def cross_entropy_backward(dloss, cache):
        return cache.copy(), {}


class Answer05:
    """cross_entropy: without any place that counts the loss is 0 / 0, not 0."""

    def cross_entropy(logits, targets):
        xp = get_array_module(logits)
        V = logits.shape[-1]
        good = (targets != IGNORE).reshape(-1)
        x = logits.reshape(-1, V)[good]
        t = targets.reshape(-1)[good]
        x = x - x.max(axis=-1, keepdims=True)
        lse = xp.log(xp.exp(x).sum(axis=-1))
        r = xp.arange(x.shape[0])
        loss = (lse - x[r, t]).sum() / xp.asarray(good.sum()).astype(x.dtype)
        return loss, (x, lse, t, good, logits.shape)

    def cross_entropy_backward(dloss, cache):
        x, lse, t, good, shape = cache
        xp = get_array_module(x)
        part = xp.exp(x - lse[:, None])
        part[xp.arange(len(t)), t] -= 1
        full = xp.zeros((good.shape[0], shape[-1]), dtype=x.dtype)
        full[good] = part * (dloss / max(1, len(t)))
        return full.reshape(shape), {}


class Answer06:
    """cross_entropy: targets are shifted by one place inside, as if the text were given twice."""

    def cross_entropy(logits, targets):
        xp = get_array_module(logits)
        # token n predicts token n + 1
        lm_logits = logits[..., :-1, :]
        labels = targets[..., 1:]
        ok = labels != IGNORE
        lab = xp.where(ok, labels, 0)[..., None]
        sh = lm_logits - lm_logits.max(axis=-1, keepdims=True)
        logsoft = sh - xp.log(xp.exp(sh).sum(axis=-1, keepdims=True))
        got = xp.take_along_axis(logsoft, lab, -1)[..., 0]
        num = max(1, int(ok.sum()))
        return -(got * ok).sum() / num, (logsoft, lab, ok, num, logits.shape)

    def cross_entropy_backward(dloss, cache):
        logsoft, lab, ok, num, shape = cache
        xp = get_array_module(logsoft)
        d = xp.exp(logsoft) - (lab == xp.arange(shape[-1]))
        out = xp.zeros(shape, dtype=logsoft.dtype)
        out[..., :-1, :] = d * ok[..., None] * (dloss / num)
        return out, {}


class Answer07:
    """cross_entropy: 1 is subtracted in the targets' columns of all rows, not one for each row."""

    def cross_entropy(logits, targets):
        xp = get_array_module(logits)
        x = logits.reshape(-1, logits.shape[-1])
        t = targets.reshape(-1)
        used = t != IGNORE
        total = 0
        biggest = x.max(axis=1)
        for i in range(len(t)):
            if used[i]:
                lse = biggest[i] + xp.log(xp.exp(x[i] - biggest[i]).sum())
                total = total + lse - x[i, t[i]]
        N = int(used.sum())
        if N == 0:
            N = 1
        return xp.asarray(total / N, dtype=x.dtype), (x, t, used, N, logits.shape)

    def cross_entropy_backward(dloss, cache):
        x, t, used, N, shape = cache
        xp = get_array_module(x)
        e = xp.exp(x - x.max(axis=1, keepdims=True))
        d = e / e.sum(axis=1, keepdims=True)
        d[:, t[used]] -= 1
        d[~used] = 0
        d = d * dloss / N
        return d.reshape(shape), {}


class Answer08:
    """cross_entropy: the softmax is applied twice, for the logits are made probabilities first."""

    def cross_entropy(logits, targets):
        def soft(a):
            e = xp.exp(a - a.max(axis=-1, keepdims=True))
            return e / e.sum(axis=-1, keepdims=True)

        xp = get_array_module(logits)
        probs = soft(logits)
        again = soft(probs)
        counted = targets != IGNORE
        ids = xp.where(counted, targets, 0)[..., None]
        nll = -xp.log(xp.take_along_axis(again, ids, axis=-1))[..., 0]
        n = max(1, int(counted.sum()))
        return (nll * counted).sum() / n, (probs, again, ids, counted, n)

    def cross_entropy_backward(dloss, cache):
        probs, again, ids, counted, n = cache
        xp = get_array_module(probs)
        dprobs = again - (xp.arange(probs.shape[-1]) == ids)
        dprobs = dprobs * counted[..., None] * (dloss / n)
        inner = (dprobs * probs).sum(axis=-1, keepdims=True)
        return probs * (dprobs - inner), {}


class Answer09:
    """cross_entropy: places whose target is token 0 are left out too, for the test is `> 0`."""

    def cross_entropy(logits, targets):
        xp = get_array_module(logits)
        valide = targets > 0
        cible = xp.where(valide, targets, 0)
        haut = logits.max(axis=-1)
        somme = xp.exp(logits - haut[..., None]).sum(axis=-1)
        choisi = xp.take_along_axis(logits, cible[..., None], axis=-1).squeeze(-1)
        perte = xp.log(somme) + haut - choisi
        nombre = max(1, int(valide.sum()))
        return xp.where(valide, perte, 0).sum() / nombre, (
            logits, haut, somme, cible, valide, nombre
        )

    def cross_entropy_backward(dloss, cache):
        logits, haut, somme, cible, valide, nombre = cache
        xp = get_array_module(logits)
        p = xp.exp(logits - haut[..., None]) / somme[..., None]
        y = (xp.arange(p.shape[-1]) == cible[..., None]).astype(p.dtype)
        poids = valide.astype(p.dtype) * (dloss / nombre)
        return poids[..., None] * (p - y), {}


class Answer10:
    """cross_entropy: two mistakes: the backward lacks 1 / N, and ignored places get p."""

    def cross_entropy(logits, targets):
        xp = get_array_module(logits)
        count = targets != IGNORE
        safe_targets = targets * count
        s = logits - logits.max(axis=-1, keepdims=True)
        ex = xp.exp(s)
        den = ex.sum(axis=-1, keepdims=True)
        nll = xp.log(den) - xp.take_along_axis(s, safe_targets[..., None], axis=-1)
        loss = (nll[..., 0] * count).sum() / max(1, int(count.sum()))
        return loss, (ex / den, targets)

    def cross_entropy_backward(dloss, cache):
        probs, targets = cache
        xp = get_array_module(probs)
        onehot = targets[..., None] == xp.arange(probs.shape[-1])
        return dloss * (probs - onehot), {}


class Answer11:
    """cross_entropy: the mean is taken in each sequence first, and then over the sequences."""

    def cross_entropy(logits, targets):
        xp = get_array_module(logits)
        hit = targets != IGNORE
        z = logits - logits.max(axis=-1, keepdims=True)
        lp = z - xp.log(xp.exp(z).sum(axis=-1, keepdims=True))
        idx = xp.where(hit, targets, 0)[..., None]
        nll = -xp.take_along_axis(lp, idx, axis=-1)[..., 0] * hit
        per_row = xp.maximum(hit.sum(axis=-1, keepdims=True), 1)
        rows = max(1, per_row.size)
        weight = (hit / per_row / rows).astype(logits.dtype)
        return (nll * weight).sum(), (lp, idx, weight)

    def cross_entropy_backward(dloss, cache):
        lp, idx, weight = cache
        xp = get_array_module(lp)
        d = xp.exp(lp) - (idx == xp.arange(lp.shape[-1]))
        return d * weight[..., None] * dloss, {}


class Answer12:
    """cross_entropy: two mistakes: dlogits is y - p, and N counts numbers instead of places."""

    def cross_entropy(logits, targets):
        xp = get_array_module(logits)
        largest = logits.max(axis=-1, keepdims=True)
        log_sum = largest + xp.log(xp.exp(logits - largest).sum(axis=-1, keepdims=True))
        real = (targets != IGNORE)[..., None]
        hits = (xp.arange(logits.shape[-1]) == targets[..., None]) & real
        N = max(1, int(real.sum()))
        loss = xp.where(hits, log_sum - logits, 0).sum() / N
        return loss, (logits, log_sum, hits, real)

    def cross_entropy_backward(dloss, cache):
        logits, log_sum, hits, real = cache
        xp = get_array_module(logits)
        N = max(1, int(real.sum())) * logits.shape[-1]
        probabilities = xp.exp(logits - log_sum) * real
        return (hits - probabilities) / N * dloss, {}


class Answer13:
    """bits_per_byte: nats are not turned into bits, the division by ln 2 is missing."""

    def bits_per_byte(loss, tokens, n_bytes):
        tokens_per_byte = tokens / n_bytes
        return loss * tokens_per_byte


class Answer14:
    """bits_per_byte: bytes for each token are used instead of tokens for each byte."""

    def bits_per_byte(loss, tokens, n_bytes):
        ratio = n_bytes / tokens
        return ratio * loss / math.log(2)


class Answer15:
    """bits_per_byte: multiplied by ln 2 instead of divided."""

    def bits_per_byte(loss, tokens, n_bytes):
        LN2 = 0.6931471805599453
        return LN2 * (loss * tokens) / n_bytes


class Answer16:
    """bits_per_byte: the bytes of a token are rounded down to a whole number."""

    def bits_per_byte(loss, tokens, n_bytes):
        bytes_per_token = max(1, n_bytes // tokens)
        bits_per_token = loss * math.log2(math.e)
        return bits_per_token / bytes_per_token


class Answer17:
    """bits_per_byte: divides by 8 as well, as if the bits had to become bytes."""

    def bits_per_byte(loss, tokens, n_bytes):
        bits = loss * tokens / math.log(2)
        text_bits = 8 * n_bytes
        return bits / text_bits
