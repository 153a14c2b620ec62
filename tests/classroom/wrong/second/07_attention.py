"""Wrong answers to lesson 07, written as students write them."""

import math

import numpy as np

from minigpt.backend import get_array_module
from minigpt.layers import linear, linear_backward


def _prob(x):
    xp = get_array_module(x)
    e = xp.exp(x - x.max(-1, keepdims=True))
    return e / e.sum(-1, keepdims=True)


def _prob_grad(g, p):
    inner = (g * p).sum(-1, keepdims=True)
    return p * g - p * inner


def _cut(x, H):
    B, T, C = x.shape
    return x.reshape(B, T, H, C // H).transpose(0, 2, 1, 3)


def _glue(x):
    B, H, T, D = x.shape
    return x.transpose(0, 2, 1, 3).reshape(B, T, H * D)


def _look(q, k, v, allowed, scale):
    xp = get_array_module(q)
    s = q @ k.swapaxes(-1, -2) * scale
    p = _prob(xp.where(allowed, s, xp.finfo(s.dtype).min))
    return p @ v, p


def _look_grad(g, q, k, v, allowed, scale, p):
    xp = get_array_module(g)
    ds = _prob_grad(g @ v.swapaxes(-1, -2), p)
    ds = xp.where(allowed, ds, 0) * scale
    return ds @ k, ds.swapaxes(-1, -2) @ q, p.swapaxes(-1, -2) @ g


class Answer01:
    """softmax: the backward keeps only the diagonal y (1 - y), as for a sigmoid."""

    def softmax(x):
        xp = get_array_module(x)
        e = xp.exp(x - xp.max(x, -1, keepdims=True))
        s = e / xp.sum(e, -1, keepdims=True)
        derivative = s * (1 - s)
        return s, derivative

    def softmax_backward(dy, derivative):
        return dy * derivative, {}


class Answer02:
    """softmax: the outer product is added to the diagonal of the Jacobian, not subtracted."""

    def softmax(x):
        xp = get_array_module(x)
        shifted = x - xp.amax(x, axis=-1)[..., None]
        boltzmann = xp.exp(shifted)
        Z = xp.einsum("...i->...", boltzmann)
        prob = boltzmann / Z[..., None]
        return prob, {"prob": prob}

    def softmax_backward(dy, cache):
        xp = get_array_module(dy)
        p = cache["prob"]
        delta = xp.eye(p.shape[-1], dtype=p.dtype)
        jacobian = xp.einsum("...i,ij->...ij", p, delta) + xp.einsum("...i,...j->...ij", p, p)
        return xp.einsum("...i,...ij->...j", dy, jacobian), {}


class Answer03:
    """softmax: the largest number of the whole array is subtracted, not that of each row."""

    def softmax(x):
        xp = get_array_module(x)
        biggest = float(x.max())
        n = x.shape[-1]
        rows = x.reshape(-1, n)
        out = xp.zeros_like(rows)
        for r in range(rows.shape[0]):
            e = xp.exp(rows[r] - biggest)
            out[r] = e / e.sum()
        out = out.reshape(x.shape)
        return out, (out,)

    def softmax_backward(dy, cache):
        (y,) = cache
        weighted = dy * y
        return weighted - y * weighted.sum(axis=-1, keepdims=True), {}


class Answer04:
    """softmax: the sum in the backward runs over all rows together, for it has no axis."""

    def softmax(x):
        xp = get_array_module(x)
        z = x - x.max(axis=-1, keepdims=True)
        log_y = z - xp.log(xp.exp(z).sum(axis=-1, keepdims=True))
        return xp.exp(log_y), log_y

    def softmax_backward(dy, log_y):
        xp = get_array_module(dy)
        y = xp.exp(log_y)
        dot = xp.sum(dy * y)
        dx = y * (dy - dot)
        return dx, {}


class Answer05:
    """softmax: the backward is that of log-softmax, dy - y times the sum of dy."""

    def softmax(input):
        xp = get_array_module(input)
        output = xp.exp(input - input.max(-1, keepdims=True))
        output /= output.sum(-1, keepdims=True)
        return output, output

    def softmax_backward(grad_output, output):
        # as in torch: grad_input = grad - softmax * grad.sum
        total = grad_output.sum(-1, keepdims=True)
        grad_input = grad_output - output * total
        return grad_input, {}


class Answer06:
    """softmax: the backward subtracts the plain sum of dy, not the sum of dy times y."""

    def softmax(x):
        xp = get_array_module(x)
        oben = xp.exp(x - x.max(axis=-1, keepdims=True))
        unten = oben.sum(axis=-1, keepdims=True)
        return oben / unten, (oben, unten)

    def softmax_backward(dy, cache):
        oben, unten = cache
        y = oben / unten
        summe = dy.sum(axis=-1, keepdims=True)
        return y * (dy - summe), {}


class Answer07:
    """softmax: nothing is subtracted before exp, so large numbers overflow."""

    def softmax(x):
        xp = get_array_module(x)
        up = xp.exp(x)
        y = up / up.sum(axis=-1)[..., None]
        return y, y

    def softmax_backward(dy, y):
        xp = get_array_module(y)
        s = xp.einsum("...n,...n->...", dy, y)
        return (dy - s[..., None]) * y, {}


class Answer08:
    """softmax: a small number, 1e-6, is added to the sum below the fraction line."""

    def softmax(x):
        xp = get_array_module(x)
        top = xp.exp(x - x.max(axis=-1, keepdims=True))
        bottom = top.sum(axis=-1, keepdims=True) + 1e-6  # never divide by zero
        y = top / bottom
        return y, [y]

    def softmax_backward(dy, cache):
        y = cache[0]
        dx = dy - (y * dy).sum(axis=-1, keepdims=True)
        dx *= y
        return dx, {}


class Answer09:
    """softmax: two mistakes: the backward takes a mean for the sum, and its sign is reversed."""

    def softmax(x):
        xp = get_array_module(x)
        y = xp.exp(x - x.max(axis=-1, keepdims=True))
        y = y / xp.sum(y, axis=-1, keepdims=True)
        return y, y

    def softmax_backward(dy, cache):
        xp = get_array_module(dy)
        average = xp.mean(cache * dy, axis=-1, keepdims=True)
        return cache * (average - dy), {}


class Answer10:
    """scaled_dot_product: the scores are divided by D, not by its root, there and back."""

    def scaled_dot_product(q, k, v, mask):
        xp = get_array_module(q)
        d = q.shape[-1]
        score = xp.einsum("...id,...jd->...ij", q, k) / d
        score = xp.where(mask, score, xp.finfo(score.dtype).min)
        P = _prob(score)
        return xp.einsum("...ij,...jd->...id", P, v), (q, k, v, mask, P, d)

    def scaled_dot_product_backward(dy, cache):
        q, k, v, mask, P, d = cache
        xp = get_array_module(dy)
        dP = xp.einsum("...id,...jd->...ij", dy, v)
        dS = _prob_grad(dP, P) * mask / d
        dq = xp.einsum("...ij,...jd->...id", dS, k)
        dk = xp.einsum("...ij,...id->...jd", dS, q)
        dv = xp.einsum("...ij,...id->...jd", P, dy)
        return (dq, dk, dv), {}


class Answer11:
    """scaled_dot_product: q is scaled before the product, and its backward forgets that factor."""

    def scaled_dot_product(q, k, v, mask):
        xp = get_array_module(q)
        q = q * q.shape[-1] ** -0.5
        att = q @ k.swapaxes(-2, -1)
        att = xp.where(mask, att, xp.finfo(att.dtype).min)
        att = _prob(att)
        return att @ v, {"q": q, "k": k, "v": v, "att": att, "mask": mask}

    def scaled_dot_product_backward(dy, cache):
        xp = get_array_module(dy)
        q, k, v, att = cache["q"], cache["k"], cache["v"], cache["att"]
        dv = att.swapaxes(-2, -1) @ dy
        datt = dy @ v.swapaxes(-2, -1)
        datt = xp.where(cache["mask"], _prob_grad(datt, att), 0)
        dq = datt @ k
        dk = datt.swapaxes(-2, -1) @ q
        return (dq, dk, dv), {}


class Answer12:
    """scaled_dot_product: the mask comes after the softmax, so a row no longer adds up to 1."""

    def scaled_dot_product(q, k, v, mask):
        raw = q @ k.swapaxes(-1, -2) / math.sqrt(q.shape[-1])
        full = _prob(raw)
        weights = full * mask
        return weights @ v, (q, k, v, mask, full, weights)

    def scaled_dot_product_backward(dy, cache):
        q, k, v, mask, full, weights = cache
        dweights = dy @ v.swapaxes(-1, -2)
        dfull = dweights * mask
        draw = _prob_grad(dfull, full) / math.sqrt(q.shape[-1])
        return (draw @ k, draw.swapaxes(-1, -2) @ q, weights.swapaxes(-1, -2) @ dy), {}


class Answer13:
    """scaled_dot_product: masked scores become 0 instead of the smallest float."""

    def scaled_dot_product(q, k, v, mask):
        k_transposed = k.swapaxes(-1, -2)
        scores = (q @ k_transposed) * mask / math.sqrt(k.shape[-1])
        weights = _prob(scores)
        y = weights @ v
        return y, (weights, q, k, v, mask)

    def scaled_dot_product_backward(dy, cache):
        weights, q, k, v, mask = cache
        w_grad = dy @ v.swapaxes(-1, -2)
        s_grad = _prob_grad(w_grad, weights)
        s_grad = s_grad * mask / math.sqrt(k.shape[-1])
        q_grad = s_grad @ k
        k_grad = (q.swapaxes(-1, -2) @ s_grad).swapaxes(-1, -2)
        v_grad = (dy.swapaxes(-1, -2) @ weights).swapaxes(-1, -2)
        return (q_grad, k_grad, v_grad), {}


class Answer14:
    """scaled_dot_product: a query that may look nowhere gets zeros, not the mean of all values."""

    def scaled_dot_product(q, k, v, mask):
        xp = get_array_module(q)
        s = q @ k.swapaxes(-1, -2) / math.sqrt(q.shape[-1])
        s = xp.where(mask, s, -xp.inf)
        top = s.max(axis=-1, keepdims=True)
        top = xp.where(xp.isfinite(top), top, 0)
        e = xp.exp(s - top)
        total = e.sum(axis=-1, keepdims=True)
        w = e / xp.where(total == 0, 1, total)
        return w @ v, (q, k, v, w)

    def scaled_dot_product_backward(dy, cache):
        q, k, v, w = cache
        dw = dy @ v.swapaxes(-1, -2)
        # w is 0 where the mask is False, so this is 0 there too
        ds = w * (dw - (w * dw).sum(axis=-1, keepdims=True)) / math.sqrt(q.shape[-1])
        return (ds @ k, ds.swapaxes(-1, -2) @ q, w.swapaxes(-1, -2) @ dy), {}


class Answer15:
    """scaled_dot_product: the gradient of the scores is not transposed for dk."""

    def scaled_dot_product(q, k, v, mask):
        xp = get_array_module(q)
        escala = 1.0 / math.sqrt(q.shape[-1])
        puntajes = xp.matmul(q, xp.swapaxes(k, -1, -2)) * escala
        puntajes = xp.where(mask, puntajes, xp.finfo(puntajes.dtype).min)
        pesos = _prob(puntajes)
        return xp.matmul(pesos, v), (escala, q, k, v, mask, pesos)

    def scaled_dot_product_backward(dy, cache):
        escala, q, k, v, mask, pesos = cache
        xp = get_array_module(dy)
        dpesos = xp.matmul(dy, xp.swapaxes(v, -1, -2))
        dpuntajes = xp.where(mask, _prob_grad(dpesos, pesos), 0) * escala
        dq = xp.matmul(dpuntajes, k)
        dk = xp.matmul(dpuntajes, q)
        dv = xp.matmul(xp.swapaxes(pesos, -1, -2), dy)
        return (dq, dk, dv), {}


class Answer16:
    """scaled_dot_product: the size below the root is shape[1], which is D only without a batch."""

    def scaled_dot_product(q, k, v, mask):
        xp = get_array_module(q)
        dk_size = k.shape[1]
        s = q @ k.swapaxes(-1, -2)
        s /= math.sqrt(dk_size)
        s[xp.broadcast_to(~mask, s.shape)] = xp.finfo(s.dtype).min
        w = _prob(s)
        return w @ v, (q, k, v, w, mask, dk_size)

    def scaled_dot_product_backward(dy, cache):
        q, k, v, w, mask, dk_size = cache
        xp = get_array_module(dy)
        dv = w.swapaxes(-1, -2) @ dy
        dw = dy @ v.swapaxes(-1, -2)
        ds = _prob_grad(dw, w)
        ds[xp.broadcast_to(~mask, ds.shape)] = 0
        ds /= math.sqrt(dk_size)
        return (ds @ k, ds.swapaxes(-1, -2) @ q, dv), {}


class Answer17:
    """scaled_dot_product: the softmax runs over the queries (columns), not over the keys."""

    def scaled_dot_product(q, k, v, mask):
        xp = get_array_module(q)
        scores = q @ k.swapaxes(-1, -2) / math.sqrt(q.shape[-1])
        scores = xp.where(mask, scores, xp.finfo(scores.dtype).min)
        e = xp.exp(scores - scores.max(axis=-2, keepdims=True))
        weights = e / e.sum(axis=-2, keepdims=True)
        return weights @ v, (q, k, v, mask, weights)

    def scaled_dot_product_backward(dy, cache):
        q, k, v, mask, weights = cache
        dweights = dy @ v.swapaxes(-1, -2)
        dot = (dweights * weights).sum(axis=-2, keepdims=True)
        dscores = weights * (dweights - dot) * mask / math.sqrt(q.shape[-1])
        dq = dscores @ k
        dk = dscores.swapaxes(-1, -2) @ q
        dv = weights.swapaxes(-1, -2) @ dy
        return (dq, dk, dv), {}


class Answer18:
    """scaled_dot_product: two mistakes: dv lacks the transpose, dq and dk lack the 1 / sqrt(D)."""

    def scaled_dot_product(q, k, v, mask):
        y, weights = _look(q, k, v, mask, 1 / math.sqrt(q.shape[-1]))
        return y, (q, k, v, mask, weights)

    def scaled_dot_product_backward(dy, cache):
        q, k, v, mask, weights = cache
        dv = weights @ dy
        dweights = dy @ v.swapaxes(-1, -2)
        dscores = _prob_grad(dweights, weights) * mask
        dq = dscores @ k
        dk = dscores.swapaxes(-1, -2) @ q
        return (dq, dk, dv), {}


class Answer19:
    """scaled_dot_product: -1e9 is added to masked scores, so a wholly masked row is no mean."""

    def scaled_dot_product(q, k, v, mask):
        xp = get_array_module(q)
        root = math.sqrt(q.shape[-1])
        attn_bias = xp.where(mask, 0.0, -1e9).astype(q.dtype)
        logits = q @ k.swapaxes(-1, -2) / root + attn_bias
        attn = _prob(logits)
        return attn @ v, (q, k, v, attn, root)

    def scaled_dot_product_backward(dy, cache):
        q, k, v, attn, root = cache
        dattn = dy @ v.swapaxes(-1, -2)
        dlogits = _prob_grad(dattn, attn)  # the added bias is a constant
        dlogits = dlogits / root
        return (dlogits @ k, dlogits.swapaxes(-1, -2) @ q, attn.swapaxes(-1, -2) @ dy), {}


class Answer20:
    """split_heads: reshapes straight to (B, H, T, D), without exchanging axes."""

    def split_heads(x, n_head):
        batch, length, width = x.shape
        assert width % n_head == 0
        return x.reshape((batch, n_head, length, width // n_head))


class Answer21:
    """split_heads: the channels of a head are every H-th one, not neighbours."""

    def split_heads(x, n_head):
        xp = get_array_module(x)
        heads = []
        for h in range(n_head):
            heads.append(x[:, :, h::n_head])
        return xp.stack(heads, axis=1)


class Answer22:
    """split_heads: the heads' axis comes before the batch."""

    def split_heads(x, n_head):
        xp = get_array_module(x)
        return xp.array(xp.split(x, n_head, axis=2))


class Answer23:
    """split_heads: places and channels are exchanged, (B, H, D, T), as for the keys of GPT-1."""

    def split_heads(x, n_head):
        new_shape = x.shape[:-1] + (n_head, x.shape[-1] // n_head)
        return x.reshape(new_shape).transpose(0, 2, 3, 1)


class Answer24:
    """split_heads: head h starts at channel h, not at channel h D, so that heads overlap."""

    def split_heads(x, n_head):
        xp = get_array_module(x)
        B, T, C = x.shape
        D = C // n_head
        out = xp.zeros((B, n_head, T, D), dtype=x.dtype)
        for h in range(n_head):
            for d in range(D):
                out[:, h, :, d] = x[:, :, h + d]
        return out


class Answer25:
    """merge_heads: reshapes without exchanging heads and places."""

    def merge_heads(x):
        return x.reshape(x.shape[0], x.shape[2], -1)


class Answer26:
    """merge_heads: the heads' channels are shuffled into one another, D before H."""

    def merge_heads(x):
        xp = get_array_module(x)
        z = xp.einsum("bhtd->btdh", x)
        return z.reshape(z.shape[0], z.shape[1], z.shape[2] * z.shape[3])


class Answer27:
    """merge_heads: the heads are put one below the other, along the places."""

    def merge_heads(x):
        xp = get_array_module(x)
        tetes = [x[:, i] for i in range(x.shape[1])]
        return xp.concatenate(tetes, axis=1)


class Answer28:
    """merge_heads: the loop stops one head too early, and the last head's channels stay 0."""

    def merge_heads(x):
        xp = get_array_module(x)
        B, H, T, D = x.shape
        out = xp.zeros((B, T, H * D), dtype=x.dtype)
        i = 1
        while i < H:
            out[:, :, (i - 1) * D : i * D] = x[:, i - 1]
            i += 1
        return out


class Answer29:
    """attention: the three parts are taken in the order k, q, v."""

    def attention(x, c_attn, c_proj, n_head):
        xp = get_array_module(x)
        T = x.shape[1]
        h, c1 = linear(x, **c_attn)
        k, q, v = (_cut(a, n_head) for a in xp.split(h, 3, axis=2))
        m = xp.tri(T, dtype=bool)
        s = 1 / math.sqrt(q.shape[-1])
        o, p = _look(q, k, v, m, s)
        y, c2 = linear(_glue(o), **c_proj)
        return y, (q, k, v, m, s, p, c1, c2, n_head)

    def attention_backward(dy, cache):
        q, k, v, m, s, p, c1, c2, n_head = cache
        xp = get_array_module(dy)
        do, g2 = linear_backward(dy, c2)
        dq, dk, dv = _look_grad(_cut(do, n_head), q, k, v, m, s, p)
        dh = xp.concatenate([_glue(dk), _glue(dq), _glue(dv)], axis=2)
        dx, g1 = linear_backward(dh, c1)
        return dx, {"c_attn": g1, "c_proj": g2}


class Answer30:
    """attention: a place sees only those before it, not itself."""

    def attention(x, c_attn, c_proj, n_head):
        xp = get_array_module(x)
        C = x.shape[-1]
        places = xp.arange(x.shape[1])
        may_see = places[:, None] > places[None, :]
        qkv, cache_in = linear(x, c_attn["weight"], c_attn["bias"])
        q = _cut(qkv[..., :C], n_head)
        k = _cut(qkv[..., C : 2 * C], n_head)
        v = _cut(qkv[..., 2 * C :], n_head)
        z, w = _look(q, k, v, may_see, 1 / math.sqrt(C // n_head))
        y, cache_out = linear(_glue(z), c_proj["weight"], c_proj["bias"])
        return y, dict(q=q, k=k, v=v, see=may_see, w=w, i=cache_in, o=cache_out)

    def attention_backward(dy, cache):
        xp = get_array_module(dy)
        q, k, v, w = (cache[name] for name in "qkvw")
        dz, d_out = linear_backward(dy, cache["o"])
        scale = 1 / math.sqrt(q.shape[-1])
        parts = _look_grad(_cut(dz, q.shape[1]), q, k, v, cache["see"], scale, w)
        dx, d_in = linear_backward(xp.concatenate([_glue(a) for a in parts], -1), cache["i"])
        return dx, {"c_attn": d_in, "c_proj": d_out}


class Answer31:
    """attention: the triangle is the upper one, so a place sees itself and all later ones."""

    def attention(x, c_attn, c_proj, n_head):
        xp = get_array_module(x)
        B, T, C = x.shape
        Wq, Wk, Wv = xp.split(c_attn["weight"], 3, axis=1)
        bq, bk, bv = xp.split(c_attn["bias"], 3)
        q, k, v = _cut(x @ Wq + bq, n_head), _cut(x @ Wk + bk, n_head), _cut(x @ Wv + bv, n_head)
        mask = xp.triu(xp.ones((T, T), dtype=bool))
        y, p = _look(q, k, v, mask, 1 / math.sqrt(C / n_head))
        y = _glue(y)
        return y @ c_proj["weight"] + c_proj["bias"], (
            x, y, q, k, v, mask, p, c_attn["weight"], c_proj["weight"], n_head
        )

    def attention_backward(dy, cache):
        x, y, q, k, v, mask, p, W, Wo, n_head = cache
        xp = get_array_module(dy)
        C = x.shape[-1]
        dWo = xp.einsum("bti,btj->ij", y, dy)
        dbo = dy.sum((0, 1))
        dheads = _cut(dy @ Wo.T, n_head)
        dq, dk, dv = _look_grad(dheads, q, k, v, mask, 1 / math.sqrt(C / n_head), p)
        dqkv = xp.concatenate([_glue(dq), _glue(dk), _glue(dv)], axis=2)
        dW = xp.einsum("bti,btj->ij", x, dqkv)
        return dqkv @ W.T, {
            "c_attn": {"weight": dW, "bias": dqkv.sum((0, 1))},
            "c_proj": {"weight": dWo, "bias": dbo},
        }


class Answer32:
    """attention: q, k and v of a head are taken as neighbours, (H, 3, D), not (3, H, D)."""

    def attention(x, c_attn, c_proj, n_head):
        xp = get_array_module(x)
        b, t, c = x.shape
        qkv, tape_1 = linear(x, **c_attn)
        qkv = qkv.reshape(b, t, n_head, 3, c // n_head)
        q, k, v = xp.einsum("bthcd->cbhtd", qkv)
        causal = xp.tri(t, dtype=bool)
        y, p = _look(q, k, v, causal, (c // n_head) ** -0.5)
        y, tape_2 = linear(_glue(y), **c_proj)
        return y, (tape_1, tape_2, q, k, v, causal, p)

    def attention_backward(dy, cache):
        tape_1, tape_2, q, k, v, causal, p = cache
        xp = get_array_module(dy)
        b, h, t, d = q.shape
        dy, grad_proj = linear_backward(dy, tape_2)
        dq, dk, dv = _look_grad(_cut(dy, h), q, k, v, causal, d**-0.5, p)
        dqkv = xp.einsum("cbhtd->bthcd", xp.stack([dq, dk, dv])).reshape(b, t, 3 * h * d)
        dx, grad_attn = linear_backward(dqkv, tape_1)
        return dx, {"c_attn": grad_attn, "c_proj": grad_proj}


class Answer33:
    """attention: the scores are divided by the root of C, the whole width, not of D."""

    def attention(x, c_attn, c_proj, n_head):
        xp = get_array_module(x)
        B, T, n_embd = x.shape
        qkv, lin1 = linear(x, **c_attn)
        q, k, v = qkv[:, :, :n_embd], qkv[:, :, n_embd:-n_embd], qkv[:, :, -n_embd:]
        q, k, v = _cut(q, n_head), _cut(k, n_head), _cut(v, n_head)
        att = xp.einsum("bhid,bhjd->bhij", q, k) / math.sqrt(n_embd)
        future = xp.arange(T)[None, :] > xp.arange(T)[:, None]
        att = xp.where(future, xp.finfo(att.dtype).min, att)
        att = _prob(att)
        out, lin2 = linear(_glue(att @ v), **c_proj)
        return out, (lin1, lin2, q, k, v, att, n_embd)

    def attention_backward(dout, cache):
        lin1, lin2, q, k, v, att, n_embd = cache
        xp = get_array_module(dout)
        dout, g_proj = linear_backward(dout, lin2)
        dout = _cut(dout, q.shape[1])
        datt = _prob_grad(xp.einsum("bhid,bhjd->bhij", dout, v), att) / math.sqrt(n_embd)
        dq = xp.einsum("bhij,bhjd->bhid", datt, k)
        dk = xp.einsum("bhij,bhid->bhjd", datt, q)
        dv = xp.einsum("bhij,bhid->bhjd", att, dout)
        dqkv = xp.concatenate((_glue(dq), _glue(dk), _glue(dv)), axis=-1)
        dx, g_attn = linear_backward(dqkv, lin1)
        return dx, {"c_attn": g_attn, "c_proj": g_proj}


class Answer34:
    """attention: dx adds the ways through q and k, and forgets the one through v."""

    def attention(x, c_attn, c_proj, n_head):
        xp = get_array_module(x)
        C = x.shape[2]
        W, b = c_attn["weight"], c_attn["bias"]
        q, k, v = [
            _cut(x @ W[:, i * C : (i + 1) * C] + b[i * C : (i + 1) * C], n_head) for i in range(3)
        ]
        mask = xp.tri(x.shape[1], dtype=bool)
        heads, p = _look(q, k, v, mask, math.sqrt(n_head / C))
        y, proj = linear(_glue(heads), **c_proj)
        return y, (x, W, q, k, v, mask, p, proj)

    def attention_backward(dy, cache):
        x, W, q, k, v, mask, p, proj = cache
        xp = get_array_module(dy)
        C = x.shape[2]
        H = q.shape[1]
        dm, g_proj = linear_backward(dy, proj)
        dq, dk, dv = _look_grad(_cut(dm, H), q, k, v, mask, math.sqrt(H / C), p)
        dq, dk, dv = _glue(dq), _glue(dk), _glue(dv)
        dx = dq @ W[:, :C].T + dk @ W[:, C : 2 * C].T
        flat = x.reshape(-1, C).T
        dW = xp.hstack([flat @ d.reshape(-1, C) for d in (dq, dk, dv)])
        db = xp.hstack([d.sum((0, 1)) for d in (dq, dk, dv)])
        return dx, {"c_attn": {"weight": dW, "bias": db}, "c_proj": g_proj}


class Answer35:
    """attention: the backward cuts dmerged into heads by a reshape, without exchanging axes."""

    def attention(x, c_attn, c_proj, n_head):
        xp = get_array_module(x)
        B, T, C = x.shape
        D = C // n_head
        qkv, memory_a = linear(x, **c_attn)
        q, k, v = qkv.reshape(B, T, 3, n_head, D).transpose(2, 0, 3, 1, 4)
        mask = xp.tri(T, dtype=bool)
        heads, weights = _look(q, k, v, mask, D**-0.5)
        merged = heads.transpose(0, 2, 1, 3).reshape(B, T, C)
        y, memory_p = linear(merged, **c_proj)
        return y, (q, k, v, mask, weights, memory_a, memory_p)

    def attention_backward(dy, cache):
        q, k, v, mask, weights, memory_a, memory_p = cache
        xp = get_array_module(dy)
        B, H, T, D = q.shape
        dmerged, dproj = linear_backward(dy, memory_p)
        dheads = dmerged.reshape(B, H, T, D)
        d3 = xp.stack(_look_grad(dheads, q, k, v, mask, D**-0.5, weights))
        dqkv = d3.transpose(1, 3, 0, 2, 4).reshape(B, T, 3 * H * D)
        dx, dattn = linear_backward(dqkv, memory_a)
        return dx, {"c_attn": dattn, "c_proj": dproj}


class Answer36:
    """attention: heads are cut and put together by a reshape alone, which mixes the places."""

    def attention(x, c_attn, c_proj, n_head):
        xp = get_array_module(x)
        B, T, C = x.shape
        shape = (B, n_head, T, C // n_head)
        qkv, c1 = linear(x, **c_attn)
        q, k, v = [a.reshape(shape) for a in xp.split(qkv, 3, axis=-1)]
        tri = xp.tri(T, dtype=bool)
        out, p = _look(q, k, v, tri, 1 / math.sqrt(shape[-1]))
        y, c2 = linear(out.reshape(x.shape), **c_proj)
        return y, (c1, c2, q, k, v, tri, p)

    def attention_backward(dy, cache):
        c1, c2, q, k, v, tri, p = cache
        xp = get_array_module(dy)
        dout, dproj = linear_backward(dy, c2)
        three = _look_grad(dout.reshape(q.shape), q, k, v, tri, 1 / math.sqrt(q.shape[-1]), p)
        dx, dattn = linear_backward(xp.concatenate([a.reshape(dy.shape) for a in three], 2), c1)
        return dx, {"c_attn": dattn, "c_proj": dproj}


class Answer37:
    """attention: two mistakes: one later place is seen, and dbias of c_proj is a mean."""

    def attention(x, c_attn, c_proj, n_head):
        xp = get_array_module(x)
        T, C = x.shape[1:]
        mask = xp.tri(T, T, 1, dtype=bool)
        qkv, back = linear(x, **c_attn)
        q, k, v = (_cut(piece, n_head) for piece in xp.split(qkv, [C, 2 * C], axis=-1))
        heads, w = _look(q, k, v, mask, 1 / math.sqrt(C // n_head))
        z = _glue(heads)
        y = xp.einsum("btc,cd->btd", z, c_proj["weight"]) + c_proj["bias"]
        return y, (z, q, k, v, mask, w, c_proj["weight"], back)

    def attention_backward(dy, cache):
        z, q, k, v, mask, w, W, back = cache
        xp = get_array_module(dy)
        grads = {"weight": xp.einsum("btc,btd->cd", z, dy), "bias": dy.mean(axis=(0, 1))}
        dz = xp.einsum("btd,cd->btc", dy, W)
        ds = _look_grad(_cut(dz, q.shape[1]), q, k, v, mask, 1 / math.sqrt(q.shape[-1]), w)
        dx, dc_attn = linear_backward(xp.concatenate([_glue(d) for d in ds], axis=-1), back)
        return dx, {"c_attn": dc_attn, "c_proj": grads}


class Answer38:
    """attention: dweight of c_attn is built with the merged heads instead of x."""

    def attention(x, c_attn, c_proj, n_head):
        xp = get_array_module(x)
        n = x.shape[1]
        qkv = x @ c_attn["weight"] + c_attn["bias"]
        q, k, v = [_cut(part, n_head) for part in xp.split(qkv, 3, axis=-1)]
        below = xp.asarray(np.tril(np.ones((n, n), dtype=bool)))
        x, w = _look(q, k, v, below, 1 / math.sqrt(q.shape[3]))
        x = _glue(x)
        y = x @ c_proj["weight"] + c_proj["bias"]
        return y, (x, q, k, v, below, w, c_attn["weight"], c_proj["weight"])

    def attention_backward(dy, cache):
        x, q, k, v, below, w, W1, W2 = cache
        xp = get_array_module(dy)
        c = x.shape[-1]
        rows, drows = x.reshape(-1, c), dy.reshape(-1, c)
        dproj = {"weight": rows.T @ drows, "bias": drows.sum(0)}
        d = _cut(dy @ W2.T, q.shape[1])
        d = _look_grad(d, q, k, v, below, 1 / math.sqrt(q.shape[3]), w)
        d = xp.concatenate([_glue(one) for one in d], axis=-1)
        dattn = {"weight": rows.T @ d.reshape(-1, 3 * c), "bias": d.sum(axis=(0, 1))}
        return d @ W1.T, {"c_attn": dattn, "c_proj": dproj}
