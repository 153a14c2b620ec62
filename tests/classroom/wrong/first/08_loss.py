"""Wrong answers to lesson 08, written as students write them."""

import math

from minigpt.backend import get_array_module

IGNORE = -100


def _logp(logits):
    xp = get_array_module(logits)
    z = logits - logits.max(axis=-1, keepdims=True)
    return z - xp.log(xp.exp(z).sum(axis=-1, keepdims=True))


def _hot(targets, V, like):
    """One-hot rows; a place with IGNORE gets a row of zeros, since no id is -100."""
    xp = get_array_module(like)
    return (targets[..., None] == xp.arange(V)).astype(like.dtype)


class Answer01:
    """cross_entropy: the sum is divided by all places, those with IGNORE included."""

    def cross_entropy(logits, targets):
        V = logits.shape[-1]
        logp = _logp(logits)
        hot = _hot(targets, V, logits)
        places = max(1, targets.size)
        loss = -(logp * hot).sum() / places
        return loss, (logp, hot, places)

    def cross_entropy_backward(dloss, cache):
        logp, hot, places = cache
        xp = get_array_module(logp)
        valid = hot.sum(axis=-1, keepdims=True)
        return dloss * valid * (xp.exp(logp) - hot) / places, {}


class Answer02:
    """cross_entropy: the backward is not divided by N."""

    def cross_entropy(logits, targets):
        xp = get_array_module(logits)
        ok = targets != IGNORE
        n = max(1, int(ok.sum()))
        logp = _logp(logits)
        t = xp.where(ok, targets, 0)[..., None]
        picked = xp.take_along_axis(logp, t, axis=-1)[..., 0]
        loss = -xp.where(ok, picked, 0).sum() / n
        return loss, {"logp": logp, "t": t, "ok": ok}

    def cross_entropy_backward(dloss, cache):
        logp, t, ok = cache["logp"], cache["t"], cache["ok"]
        xp = get_array_module(logp)
        d = xp.exp(logp)
        d = d - (xp.arange(d.shape[-1]) == t)
        return d * ok[..., None] * dloss, {}


class Answer03:
    """cross_entropy: in the backward the places with IGNORE get p instead of zeros."""

    def cross_entropy(logits, targets):
        logp = _logp(logits)
        hot = _hot(targets, logits.shape[-1], logits)
        N = max(1, int((targets != IGNORE).sum()))
        return -(hot * logp).sum() / N, (logp, hot, N)

    def cross_entropy_backward(dloss, cache):
        logp, hot, N = cache
        xp = get_array_module(logp)
        p = xp.exp(logp)
        return (p - hot) / N * dloss, {}


class Answer04:
    """cross_entropy: the largest logit is not subtracted, so large logits overflow."""

    def cross_entropy(logits, targets):
        xp = get_array_module(logits)
        e = xp.exp(logits)
        Z = e.sum(axis=-1)
        mask = targets != IGNORE
        n = max(1, int(mask.sum()))
        hot = _hot(targets, logits.shape[-1], logits)
        nll = xp.log(Z) - (logits * hot).sum(axis=-1)
        loss = xp.where(mask, nll, 0).sum() / n
        return loss, (e, Z, hot, mask, n)

    def cross_entropy_backward(dloss, cache):
        e, Z, hot, mask, n = cache
        xp = get_array_module(e)
        g = e / Z[..., None] - hot
        return xp.where(mask[..., None], g, 0) * (dloss / n), {}


class Answer05:
    """cross_entropy: first softmax and then the logarithm of p, infinite where p becomes 0."""

    def cross_entropy(logits, targets):
        xp = get_array_module(logits)
        e = xp.exp(logits - logits.max(axis=-1, keepdims=True))
        p = e / e.sum(axis=-1, keepdims=True)
        counted = targets != IGNORE
        idx = xp.where(counted, targets, 0)
        pt = xp.take_along_axis(p, idx[..., None], axis=-1).reshape(targets.shape)
        pt = xp.where(counted, pt, 1)
        N = max(1, int(counted.sum()))
        return -xp.log(pt).sum() / N, (p, idx, counted, N)

    def cross_entropy_backward(dloss, cache):
        p, idx, counted, N = cache
        d = (p - _hot(idx, p.shape[-1], p)) * counted[..., None]
        return d / N * dloss, {}


class Answer06:
    """cross_entropy: the logarithm is taken to base 2, the loss is in bits."""

    def cross_entropy(logits, targets):
        logp = _logp(logits)
        hot = _hot(targets, logits.shape[-1], logits)
        N = max(1, int(hot.sum()))
        bits = logp / math.log(2)
        return -(bits * hot).sum() / N, (logp, hot, N)

    def cross_entropy_backward(dloss, cache):
        logp, hot, N = cache
        xp = get_array_module(logp)
        d = xp.exp(logp) * hot.sum(axis=-1, keepdims=True) - hot
        return d * (dloss / (N * math.log(2))), {}


class Answer07:
    """cross_entropy: the backward takes dloss for 1 and does not multiply by it."""

    def cross_entropy(logits, targets):
        xp = get_array_module(logits)
        m = logits.max(axis=-1, keepdims=True)
        lse = m + xp.log(xp.exp(logits - m).sum(axis=-1, keepdims=True))
        hot = _hot(targets, logits.shape[-1], logits)
        cnt = hot.sum(axis=-1, keepdims=True)
        n = max(1, int(cnt.sum()))
        total = (lse * cnt).sum() - (logits * hot).sum()
        return total / n, (logits - lse, hot, cnt, n)

    def cross_entropy_backward(dloss, cache):
        logp, hot, cnt, n = cache
        xp = get_array_module(logp)
        return (xp.exp(logp) * cnt - hot) / n, {}


class Answer08:
    """cross_entropy: the gradient has the wrong sign, y - p."""

    def cross_entropy(logits, targets):
        logp = _logp(logits)
        hot = _hot(targets, logits.shape[-1], logits)
        N = max(1, int((targets != IGNORE).sum()))
        return -(hot * logp).sum() / N, (logp, hot, targets != IGNORE, N)

    def cross_entropy_backward(dloss, cache):
        logp, hot, mask, N = cache
        xp = get_array_module(logp)
        diff = hot - xp.exp(logp)
        diff = diff * mask[..., None]
        return diff * (dloss / N), {}


class Answer09:
    """cross_entropy: a place with IGNORE counts as if its target were token 0."""

    def cross_entropy(logits, targets):
        xp = get_array_module(logits)
        tgt = xp.maximum(targets, 0)
        n = max(1, int((targets != IGNORE).sum()))
        hot = _hot(tgt, logits.shape[-1], logits)
        logp = _logp(logits)
        return -xp.sum(hot * logp) / n, (logp, hot, n)

    def cross_entropy_backward(dloss, cache):
        logp, hot, n = cache
        xp = get_array_module(logp)
        return (dloss / n) * (xp.exp(logp) - hot), {}


class Answer10:
    """cross_entropy: the loss is the sum over the places, not divided by N, forward and backward.
    """

    def cross_entropy(logits, targets):
        xp = get_array_module(logits)
        counted = (targets != IGNORE).astype(logits.dtype)
        shifted = logits - logits.max(axis=-1, keepdims=True)
        ex = xp.exp(shifted)
        hot = _hot(targets, logits.shape[-1], logits)
        loss = (xp.log(ex.sum(axis=-1)) * counted).sum() - (hot * shifted).sum()
        return loss, (ex / ex.sum(axis=-1, keepdims=True), hot, counted)

    def cross_entropy_backward(dloss, cache):
        p, hot, counted = cache
        return (p * counted[..., None] - hot) * dloss, {}


class Answer11:
    """cross_entropy: the 1 at the target is forgotten, the gradient is only p."""

    def cross_entropy(logits, targets):
        xp = get_array_module(logits)
        logp = _logp(logits)
        V = logits.shape[-1]
        flat, t = logp.reshape(-1, V), targets.reshape(-1)
        keep = t != IGNORE
        n = max(1, int(keep.sum()))
        chosen = flat[xp.arange(len(t)), xp.where(keep, t, 0)]
        return -(chosen * keep).sum() / n, (logp, keep.reshape(targets.shape), n)

    def cross_entropy_backward(dloss, cache):
        logp, keep, n = cache
        xp = get_array_module(logp)
        return xp.exp(logp) * keep[..., None] * (dloss / n), {}


class Answer12:
    """cross_entropy: softmax is applied twice, the loss reads probabilities as logits."""

    def cross_entropy(logits, targets):
        xp = get_array_module(logits)
        p = xp.exp(_logp(logits))
        logq = _logp(p)
        hot = _hot(targets, p.shape[-1], p)
        n = max(1, int((targets != IGNORE).sum()))
        return -(hot * logq).sum() / n, (p, logq, hot, targets != IGNORE, n)

    def cross_entropy_backward(dloss, cache):
        p, logq, hot, keep, n = cache
        xp = get_array_module(p)
        dp = (xp.exp(logq) - hot) * keep[..., None] * (dloss / n)
        return p * (dp - (dp * p).sum(axis=-1, keepdims=True)), {}


class Answer13:
    """cross_entropy: if no place counts, it divides by 0 and returns NaN."""

    def cross_entropy(logits, targets):
        xp = get_array_module(logits)
        mask = xp.where(targets == IGNORE, 0, 1).astype(logits.dtype)
        logp = _logp(logits)
        hot = _hot(targets, logits.shape[-1], logits)
        count = mask.sum()
        loss = -(hot * logp).sum() / count
        return loss, (logp, hot, mask, count)

    def cross_entropy_backward(dloss, cache):
        logp, hot, mask, count = cache
        xp = get_array_module(logp)
        return (xp.exp(logp) * mask[..., None] - hot) * dloss / count, {}


class Answer14:
    """cross_entropy: the mean is taken over the whole table, so it is divided by V as well."""

    def cross_entropy(logits, targets):
        logp = _logp(logits)
        V = logits.shape[-1]
        hot = _hot(targets, V, logits)
        N = max(1, int((targets != IGNORE).sum()))
        loss = -(hot * logp).sum() / (N * V)
        return loss, (logp, hot, N)

    def cross_entropy_backward(dloss, cache):
        logp, hot, N = cache
        xp = get_array_module(logp)
        g = xp.exp(logp) - hot
        g[hot.sum(axis=-1) == 0] = 0
        return g * (dloss / N), {}


class Answer15:
    """cross_entropy: each text gets its own mean, and then the mean of these is taken."""

    def cross_entropy(logits, targets):
        V = logits.shape[-1]
        T = targets.shape[-1] if targets.ndim else 1
        z, t = logits.reshape(-1, T, V), targets.reshape(-1, T)
        logp, hot = _logp(z), _hot(t, V, logits)
        n = hot.sum(axis=(1, 2))
        n = n + (n == 0)
        share = hot / (n * len(t))[:, None, None]
        return -(logp * share).sum(), (logp, share, logits.shape)

    def cross_entropy_backward(dloss, cache):
        logp, share, shape = cache
        xp = get_array_module(logp)
        d = xp.exp(logp) * share.sum(axis=-1, keepdims=True) - share
        return (d * dloss).reshape(shape), {}


class Answer16:
    """cross_entropy: the maximum of all logits is subtracted everywhere, not that of each place."""

    def cross_entropy(logits, targets):
        xp = get_array_module(logits)
        z = logits - logits.max()
        ez = xp.exp(z)
        s = ez.sum(axis=-1, keepdims=True)
        ok = targets != IGNORE
        N = max(1, int(ok.sum()))
        hot = _hot(targets, z.shape[-1], z)
        nll = xp.log(s)[..., 0] - (z * hot).sum(axis=-1)
        return xp.where(ok, nll, 0).sum() / N, (ez / s, hot, ok, N)

    def cross_entropy_backward(dloss, cache):
        p, hot, ok, N = cache
        return (p - hot) * ok[..., None] * (dloss / N), {}


class Answer17:
    """cross_entropy: two mistakes, dloss is forgotten and the backward divides by all places."""

    def cross_entropy(logits, targets):
        logp = _logp(logits)
        hot = _hot(targets, logits.shape[-1], logits)
        N = max(1, int(hot.sum()))
        return -(hot * logp).sum() / N, (logp, hot, targets)

    def cross_entropy_backward(dloss, cache):
        logp, hot, targets = cache
        xp = get_array_module(logp)
        d = xp.exp(logp) - hot
        d = d * (targets != IGNORE)[..., None]
        return d / targets.size, {}


class Answer18:
    """cross_entropy: 1e-3 is added to p inside the logarithm, against an infinite loss."""

    def cross_entropy(logits, targets):
        xp = get_array_module(logits)
        p = xp.exp(_logp(logits))
        hot = _hot(targets, logits.shape[-1], logits)
        N = max(1, int(hot.sum()))
        return -(hot * xp.log(p + 1e-3)).sum() / N, (p, hot, N)

    def cross_entropy_backward(dloss, cache):
        p, hot, N = cache
        counted = hot.sum(axis=-1, keepdims=True)
        return (p - hot) * counted * (dloss / N), {}


class Answer19:
    """bits_per_byte: the nats are not turned into bits, the division by ln 2 is missing."""

    def bits_per_byte(loss, tokens, n_bytes):
        return loss * tokens / n_bytes


class Answer20:
    """bits_per_byte: it multiplies by ln 2 instead of dividing."""

    def bits_per_byte(loss, tokens, n_bytes):
        bits_per_token = loss * math.log(2)
        tokens_per_byte = tokens / n_bytes
        return bits_per_token * tokens_per_byte


class Answer21:
    """bits_per_byte: tokens and bytes are exchanged."""

    def bits_per_byte(loss, tokens, n_bytes):
        laenge = n_bytes / tokens  # bytes of a token
        return loss * laenge / math.log(2)


class Answer22:
    """bits_per_byte: the loss is taken for that of the whole text, not multiplied by tokens."""

    def bits_per_byte(loss, tokens, n_bytes):
        total_bits = loss / math.log(2)
        return total_bits / n_bytes


class Answer23:
    """bits_per_byte: the result is divided by 8, because a byte has eight bits."""

    def bits_per_byte(loss, tokens, n_bytes):
        total = tokens * loss * math.log2(math.e)
        n_bits = 8 * n_bytes
        return total / n_bits


class Answer24:
    """bits_per_byte: the loss becomes a perplexity first, exp(loss) in the place of the loss."""

    def bits_per_byte(loss, tokens, n_bytes):
        perplexity = math.exp(loss)
        return perplexity * tokens / math.log(2) / n_bytes


class Answer25:
    """cross_entropy: two mistakes, the backward lacks 1 / N, and ignored places get p."""

    def cross_entropy(logits, targets):
        xp = get_array_module(logits)
        counted = targets != IGNORE
        logp = _logp(logits)
        hot = _hot(targets, logits.shape[-1], logits)
        n = max(1, int(counted.sum()))
        return -xp.vdot(hot, logp) / n, (logp, hot)

    def cross_entropy_backward(dloss, cache):
        logp, hot = cache
        xp = get_array_module(logp)
        return dloss * (xp.exp(logp) - hot), {}


class Answer26:
    """bits_per_byte: two mistakes, tokens and bytes are exchanged and ln 2 is multiplied."""

    def bits_per_byte(loss, tokens, n_bytes):
        return math.log(2) * loss * n_bytes / tokens
