"""Wrong answers to lesson 07, written as students write them."""

import math

from minigpt.backend import get_array_module
from minigpt.layers import linear, linear_backward


def _softmax(x):
    xp = get_array_module(x)
    e = xp.exp(x - x.max(axis=-1, keepdims=True))
    return e / e.sum(axis=-1, keepdims=True)


def _softmax_backward(dy, y):
    return y * (dy - (dy * y).sum(axis=-1, keepdims=True))


def _t(a):
    return a.swapaxes(-1, -2)


def _sdp(q, k, v, mask):
    xp = get_array_module(q)
    s = q @ _t(k) / math.sqrt(q.shape[-1])
    w = _softmax(xp.where(mask, s, xp.finfo(s.dtype).min))
    return w @ v, (q, k, v, mask, w)


def _sdp_backward(dy, cache):
    q, k, v, mask, w = cache
    xp = get_array_module(dy)
    ds = xp.where(mask, _softmax_backward(dy @ _t(v), w), 0) / math.sqrt(q.shape[-1])
    return ds @ k, _t(ds) @ q, _t(w) @ dy


def _split(x, n_head):
    B, T, C = x.shape
    return x.reshape(B, T, n_head, C // n_head).swapaxes(1, 2)


def _merge(x):
    B, H, T, D = x.shape
    return x.swapaxes(1, 2).reshape(B, T, H * D)


def _thirds(a):
    C = a.shape[-1] // 3
    return a[..., :C], a[..., C : 2 * C], a[..., 2 * C :]


class Answer01:
    """softmax: the largest number is not subtracted, so large numbers overflow."""

    def softmax(x):
        xp = get_array_module(x)
        e = xp.exp(x)
        p = e / xp.sum(e, axis=-1, keepdims=True)
        return p, {"p": p}

    def softmax_backward(dy, cache):
        p = cache["p"]
        s = (p * dy).sum(-1, keepdims=True)
        return p * dy - p * s, {}


class Answer02:
    """softmax: the largest number of the whole array is subtracted, not that of each row."""

    def softmax(x):
        xp = get_array_module(x)
        zaehler = xp.exp(x - x.max())
        nenner = zaehler.sum(axis=-1)[..., None]
        return zaehler / nenner, (zaehler, nenner)

    def softmax_backward(dy, cache):
        zaehler, nenner = cache
        y = zaehler / nenner
        return (dy - (y * dy).sum(axis=-1)[..., None]) * y, {}


class Answer03:
    """softmax: the sum runs over the first axis instead of the last."""

    def softmax(x):
        xp = get_array_module(x)
        ex = xp.exp(x - x.max(axis=0, keepdims=True))
        return ex / ex.sum(axis=0, keepdims=True), ex / ex.sum(axis=0, keepdims=True)

    def softmax_backward(dy, cache):
        out = cache
        return out * (dy - (dy * out).sum(axis=0, keepdims=True)), {}


class Answer04:
    """softmax: the backward uses only the diagonal of the Jacobian, y * (1 - y)."""

    def softmax(x):
        xp = get_array_module(x)
        z = x - xp.max(x, axis=-1, keepdims=True)
        num = xp.exp(z)
        y = num / num.sum(axis=-1, keepdims=True)
        return y, y

    def softmax_backward(dy, cache):
        y = cache
        dx = dy * y * (1 - y)
        return dx, {}


class Answer05:
    """softmax: the backward subtracts the mean of dy * y, not the sum."""

    def softmax(x):
        xp = get_array_module(x)
        x = x - x.max(axis=-1, keepdims=True)
        xp.exp(x, out=x)
        x /= x.sum(axis=-1, keepdims=True)
        return x, x

    def softmax_backward(dy, cache):
        p = cache
        g = dy * p
        return g - p * g.mean(axis=-1, keepdims=True), {}


class Answer06:
    """softmax: the backward forgets the factor y in front of the bracket."""

    def softmax(x):
        xp = get_array_module(x)
        shift = x - x.max(axis=-1, keepdims=True)
        log_sum = xp.log(xp.exp(shift).sum(axis=-1, keepdims=True))
        probs = xp.exp(shift - log_sum)
        return probs, (probs,)

    def softmax_backward(dy, cache):
        (probs,) = cache
        xp = get_array_module(dy)
        dot = xp.einsum("...i,...i->...", dy, probs)
        return dy - dot[..., None], {}


class Answer07:
    """softmax: the sum in the backward is added instead of subtracted."""

    def softmax(x):
        xp = get_array_module(x)
        m = x.max(axis=-1, keepdims=True)
        a = xp.exp(x - m)
        return a / a.sum(axis=-1, keepdims=True), (a, a.sum(axis=-1, keepdims=True))

    def softmax_backward(dy, cache):
        a, total = cache
        da = dy / total
        dtotal = (dy * a / total**2).sum(axis=-1, keepdims=True)
        return (da + dtotal) * a, {}


class Answer08:
    """softmax: the backward subtracts the sum of dy alone, y is missing inside of the sum."""

    def softmax(x):
        xp = get_array_module(x)
        e = xp.exp(x - xp.amax(x, axis=-1, keepdims=True))
        y = e / e.sum(-1, keepdims=True)
        return y, y

    def softmax_backward(dy, cache):
        total = dy.sum(axis=-1, keepdims=True)
        return cache * (dy - total), {}


class Answer09:
    """softmax: the mean of each row is subtracted instead of its maximum."""

    def softmax(x):
        xp = get_array_module(x)
        centred = x - x.mean(axis=-1, keepdims=True)
        exp = xp.exp(centred)
        y = exp / exp.sum(axis=-1, keepdims=True)
        return y, y

    def softmax_backward(dy, cache):
        y = cache
        dx = dy * y
        dx -= y * dx.sum(axis=-1, keepdims=True)
        return dx, {}


class Answer10:
    """softmax: exp is divided by the sum over the whole array, so all rows together give 1."""

    def softmax(x):
        xp = get_array_module(x)
        e = xp.exp(x - x.max(axis=-1, keepdims=True))
        y = e / e.sum()
        return y, y

    def softmax_backward(dy, cache):
        y = cache
        return y * (dy - (dy * y).sum(axis=-1, keepdims=True)), {}


class Answer11:
    """softmax: a small number is added to the sum, as if it could be 0."""

    def softmax(x):
        xp = get_array_module(x)
        e = xp.exp(x - x.max(axis=-1, keepdims=True))
        y = e / (e.sum(axis=-1, keepdims=True) + 1e-5)
        return y, y

    def softmax_backward(dy, cache):
        y = cache
        return y * (dy - (dy * y).sum(axis=-1, keepdims=True)), {}


class Answer12:
    """softmax: the backward sums dy * y over all rows together."""

    def softmax(x):
        xp = get_array_module(x)
        e = xp.exp(x - x.max(axis=-1, keepdims=True))
        y = e / e.sum(axis=-1, keepdims=True)
        return y, y

    def softmax_backward(dy, cache):
        y = cache
        xp = get_array_module(dy)
        return y * (dy - xp.sum(dy * y)), {}


class Answer13:
    """scaled_dot_product: the scores are not divided by sqrt(D), neither forward nor backward."""

    def scaled_dot_product(q, k, v, mask):
        xp = get_array_module(q)
        scores = xp.einsum("...td,...sd->...ts", q, k)
        w = _softmax(xp.where(mask, scores, xp.finfo(scores.dtype).min))
        return xp.einsum("...ts,...sd->...td", w, v), (q, k, v, mask, w)

    def scaled_dot_product_backward(dy, cache):
        q, k, v, mask, w = cache
        xp = get_array_module(dy)
        dw = xp.einsum("...td,...sd->...ts", dy, v)
        dv = xp.einsum("...ts,...td->...sd", w, dy)
        ds = xp.where(mask, _softmax_backward(dw, w), 0)
        dq = xp.einsum("...ts,...sd->...td", ds, k)
        dk = xp.einsum("...ts,...td->...sd", ds, q)
        return (dq, dk, dv), {}


class Answer14:
    """scaled_dot_product: the scores are divided by D, not by its root."""

    def scaled_dot_product(q, k, v, mask):
        xp = get_array_module(q)
        scale = 1 / q.shape[-1]
        s = (q @ _t(k)) * scale
        s = xp.where(mask, s, xp.finfo(s.dtype).min)
        w = _softmax(s)
        return w @ v, dict(q=q, k=k, v=v, w=w, mask=mask, scale=scale)

    def scaled_dot_product_backward(dy, cache):
        w, scale = cache["w"], cache["scale"]
        ds = _softmax_backward(dy @ _t(cache["v"]), w) * cache["mask"] * scale
        return (ds @ cache["k"], _t(ds) @ cache["q"], _t(w) @ dy), {}


class Answer15:
    """scaled_dot_product: the mask is applied behind the softmax, the rest of a row keeps its size.
    """

    def scaled_dot_product(q, k, v, mask):
        s = q @ _t(k) / q.shape[-1] ** 0.5
        p = _softmax(s)
        a = p * mask
        return a @ v, (q, k, v, mask, p, a)

    def scaled_dot_product_backward(dy, cache):
        q, k, v, mask, p, a = cache
        da = dy @ _t(v)
        dp = da * mask
        ds = _softmax_backward(dp, p) / q.shape[-1] ** 0.5
        return (ds @ k, _t(ds) @ q, _t(a) @ dy), {}


class Answer16:
    """scaled_dot_product: the mask is read the wrong way round, True is hidden."""

    def scaled_dot_product(q, k, v, mask):
        xp = get_array_module(q)
        s = q @ _t(k) / math.sqrt(q.shape[-1])
        s = xp.where(mask, xp.finfo(s.dtype).min, s)
        att = _softmax(s)
        return att @ v, (q, k, v, mask, att)

    def scaled_dot_product_backward(dy, cache):
        q, k, v, mask, att = cache
        xp = get_array_module(dy)
        datt = dy @ _t(v)
        ds = _softmax_backward(datt, att)
        ds = xp.where(mask, 0, ds) / math.sqrt(q.shape[-1])
        return (ds @ k, _t(ds) @ q, _t(att) @ dy), {}


class Answer17:
    """scaled_dot_product: masked scores become 0, which is a score like any other for softmax."""

    def scaled_dot_product(q, k, v, mask):
        scores = q @ _t(k)
        scores /= math.sqrt(k.shape[-1])
        scores *= mask
        weights = _softmax(scores)
        return weights @ v, (q, k, v, mask, weights)

    def scaled_dot_product_backward(dy, cache):
        q, k, v, mask, weights = cache
        dscores = _softmax_backward(dy @ _t(v), weights)
        dscores = dscores * mask / math.sqrt(k.shape[-1])
        return (dscores @ k, _t(dscores) @ q, _t(weights) @ dy), {}


class Answer18:
    """scaled_dot_product: minus infinity hides the scores, a query that sees nothing gives NaN."""

    def scaled_dot_product(q, k, v, mask):
        xp = get_array_module(q)
        s = q @ _t(k) * (1 / math.sqrt(q.shape[-1]))
        s = xp.where(mask, s, -math.inf)
        w = _softmax(s)
        return w @ v, (q, k, v, w)

    def scaled_dot_product_backward(dy, cache):
        q, k, v, w = cache
        dw, dv = dy @ _t(v), _t(w) @ dy
        ds = w * (dw - (w * dw).sum(axis=-1, keepdims=True))
        ds = ds * (1 / math.sqrt(q.shape[-1]))
        return (ds @ k, _t(ds) @ q, dv), {}


class Answer19:
    """scaled_dot_product: the backward forgets the division by sqrt(D)."""

    def scaled_dot_product(q, k, v, mask):
        return _sdp(q, k, v, mask)

    def scaled_dot_product_backward(dy, cache):
        q, k, v, mask, w = cache
        dv = _t(w) @ dy
        ds = _softmax_backward(dy @ _t(v), w) * mask
        dq, dk = ds @ k, _t(ds) @ q
        return (dq, dk, dv), {}


class Answer20:
    """scaled_dot_product: the backward lets gradients through to scores that the mask replaced."""

    def scaled_dot_product(q, k, v, mask):
        xp = get_array_module(q)
        racine = math.sqrt(q.shape[-1])
        notes = q @ k.swapaxes(-1, -2) / racine
        notes = xp.where(mask, notes, xp.finfo(notes.dtype).min)
        poids = _softmax(notes)
        return poids @ v, (q, k, v, poids, racine)

    def scaled_dot_product_backward(dy, cache):
        q, k, v, poids, racine = cache
        dpoids = dy @ v.swapaxes(-1, -2)
        dnotes = _softmax_backward(dpoids, poids) / racine
        dq = dnotes @ k
        dk = dnotes.swapaxes(-1, -2) @ q
        dv = poids.swapaxes(-1, -2) @ dy
        return (dq, dk, dv), {}


class Answer21:
    """scaled_dot_product: dk is dscores @ q, without transposing dscores."""

    def scaled_dot_product(q, k, v, mask):
        xp = get_array_module(q)
        sc = q @ xp.swapaxes(k, -1, -2) / math.sqrt(q.shape[-1])
        sc[~xp.broadcast_to(mask, sc.shape)] = xp.finfo(sc.dtype).min
        w = _softmax(sc)
        return w @ v, (q, k, v, mask, w)

    def scaled_dot_product_backward(dy, cache):
        q, k, v, mask, w = cache
        d = _softmax_backward(dy @ _t(v), w) / math.sqrt(q.shape[-1]) * mask
        return (d @ k, d @ q, _t(w) @ dy), {}


class Answer22:
    """scaled_dot_product: dv is weights @ dy, without transposing the weights."""

    def scaled_dot_product(q, k, v, mask):
        y, (_, _, _, _, w) = _sdp(q, k, v, mask)
        return y, [w, v, k, q, mask]

    def scaled_dot_product_backward(dy, cache):
        w, v, k, q, mask = cache
        grad_v = w @ dy
        grad_scores = _softmax_backward(dy @ _t(v), w)
        grad_scores = grad_scores * mask
        grad_scores /= math.sqrt(q.shape[-1])
        return (grad_scores @ k, _t(grad_scores) @ q, grad_v), {}


class Answer23:
    """scaled_dot_product: the backward leaves out the step through softmax."""

    def scaled_dot_product(q, k, v, mask):
        y, cache = _sdp(q, k, v, mask)
        return y, cache

    def scaled_dot_product_backward(dy, cache):
        q, k, v, mask, w = cache
        xp = get_array_module(dy)
        dw = xp.matmul(dy, xp.swapaxes(v, -2, -1))
        ds = xp.where(mask, dw, 0) / math.sqrt(q.shape[-1])
        return (
            xp.matmul(ds, k),
            xp.matmul(xp.swapaxes(ds, -2, -1), q),
            xp.matmul(xp.swapaxes(w, -2, -1), dy),
        ), {}


class Answer24:
    """scaled_dot_product: softmax runs over the queries, the columns of the table, not the rows."""

    def scaled_dot_product(q, k, v, mask):
        xp = get_array_module(q)
        s = q @ _t(k) / math.sqrt(q.shape[-1])
        s = xp.where(mask, s, xp.finfo(s.dtype).min)
        e = xp.exp(s - s.max(axis=-2, keepdims=True))
        w = e / e.sum(axis=-2, keepdims=True)
        return w @ v, (q, k, v, mask, w)

    def scaled_dot_product_backward(dy, cache):
        q, k, v, mask, w = cache
        dw = dy @ _t(v)
        ds = w * (dw - (dw * w).sum(axis=-2, keepdims=True)) * mask
        ds = ds / math.sqrt(q.shape[-1])
        return (ds @ k, _t(ds) @ q, _t(w) @ dy), {}


class Answer25:
    """scaled_dot_product: q is scaled before the product, and dk is scaled a second time."""

    def scaled_dot_product(q, k, v, mask):
        xp = get_array_module(q)
        q = q / math.sqrt(q.shape[-1])
        s = q @ _t(k)
        w = _softmax(xp.where(mask, s, xp.finfo(s.dtype).min))
        return w @ v, (q, k, v, mask, w)

    def scaled_dot_product_backward(dy, cache):
        q, k, v, mask, w = cache
        ds = _softmax_backward(dy @ _t(v), w) * mask
        ds = ds / math.sqrt(q.shape[-1])
        dq = ds @ k
        dk = _t(ds) @ q
        dv = _t(w) @ dy
        return (dq, dk, dv), {}


class Answer26:
    """scaled_dot_product: the mask is added to the scores as numbers, 1 for True and 0 for False.
    """

    def scaled_dot_product(q, k, v, mask):
        scores = (q @ _t(k)) / math.sqrt(q.shape[-1]) + mask
        w = _softmax(scores)
        return w @ v, (q, k, v, w)

    def scaled_dot_product_backward(dy, cache):
        q, k, v, w = cache
        ds = _softmax_backward(dy @ _t(v), w) / math.sqrt(q.shape[-1])
        return (ds @ k, _t(ds) @ q, _t(w) @ dy), {}


class Answer27:
    """scaled_dot_product: the scores are divided by the root of the number of tokens, sqrt(T)."""

    def scaled_dot_product(q, k, v, mask):
        xp = get_array_module(q)
        n = math.sqrt(q.shape[-2])
        s = q @ _t(k) / n
        w = _softmax(xp.where(mask, s, xp.finfo(s.dtype).min))
        return w @ v, (q, k, v, mask, w, n)

    def scaled_dot_product_backward(dy, cache):
        q, k, v, mask, w, n = cache
        ds = _softmax_backward(dy @ _t(v), w) * mask / n
        return (ds @ k, _t(ds) @ q, _t(w) @ dy), {}


class Answer28:
    """scaled_dot_product: the gradients come in the order dk, dq, dv."""

    def scaled_dot_product(q, k, v, mask):
        return _sdp(q, k, v, mask)

    def scaled_dot_product_backward(dy, cache):
        dq, dk, dv = _sdp_backward(dy, cache)
        return (dk, dq, dv), {}


class Answer29:
    """scaled_dot_product: two mistakes, no sqrt(D) in the forward, and masked scores become -10."""

    def scaled_dot_product(q, k, v, mask):
        xp = get_array_module(q)
        s = q @ _t(k)
        w = _softmax(xp.where(mask, s, -10.0))
        return w @ v, (q, k, v, mask, w)

    def scaled_dot_product_backward(dy, cache):
        q, k, v, mask, w = cache
        ds = _softmax_backward(dy @ _t(v), w) * mask
        return (ds @ k, _t(ds) @ q, _t(w) @ dy), {}


class Answer30:
    """split_heads: reshape goes straight to (B, H, T, D), without exchanging the axes."""

    def split_heads(x, n_head):
        B, T, C = x.shape
        return x.reshape(B, n_head, T, C // n_head)


class Answer31:
    """split_heads: head h gets the channels h, h + H, h + 2 H and so on."""

    def split_heads(x, n_head):
        B, T, C = x.shape
        y = x.reshape(B, T, C // n_head, n_head)
        return y.transpose(0, 3, 1, 2)


class Answer32:
    """split_heads: the heads stay behind the tokens, the result is (B, T, H, D)."""

    def split_heads(x, n_head):
        *rest, C = x.shape
        return x.reshape(*rest, n_head, C // n_head).copy()


class Answer33:
    """split_heads: n_head is used as the size of a head."""

    def split_heads(x, n_head):
        xp = get_array_module(x)
        B, T, C = x.shape
        D = n_head
        H = C // D
        return xp.stack([x[:, :, h * D : (h + 1) * D] for h in range(H)], axis=1)


class Answer34:
    """split_heads: the heads are numbered from the back, head 0 gets the last channels."""

    def split_heads(x, n_head):
        xp = get_array_module(x)
        D = x.shape[2] // n_head
        heads = []
        rest = x
        for _ in range(n_head):
            heads.append(rest[:, :, -D:])
            rest = rest[:, :, :-D]
        return xp.stack(heads, axis=1)


class Answer35:
    """merge_heads: reshape comes without exchanging heads and tokens first."""

    def merge_heads(x):
        B, H, T, D = x.shape
        return x.reshape(B, T, H * D)


class Answer36:
    """merge_heads: the channels of the heads are mixed, all first channels come first."""

    def merge_heads(x):
        xp = get_array_module(x)
        B, H, T, D = x.shape
        return xp.transpose(x, (0, 2, 3, 1)).reshape(B, T, D * H)


class Answer37:
    """merge_heads: the heads are added up instead of being put side by side."""

    def merge_heads(x):
        xp = get_array_module(x)
        total = x.sum(axis=1)
        return xp.concatenate([total] * x.shape[1], axis=-1)


class Answer38:
    """merge_heads: the heads are put side by side from the last one to the first."""

    def merge_heads(x):
        xp = get_array_module(x)
        parts = [x[:, h] for h in range(x.shape[1])]
        return xp.concatenate(parts[::-1], axis=2)


class Answer39:
    """attention: c_attn's outputs are read in the order key, query, value."""

    def attention(x, c_attn, c_proj, n_head):
        xp = get_array_module(x)
        qkv, c1 = linear(x, **c_attn)
        k, q, v = (_split(a, n_head) for a in _thirds(qkv))
        heads, c2 = _sdp(q, k, v, xp.tri(x.shape[1], dtype=bool))
        y, c3 = linear(_merge(heads), **c_proj)
        return y, (c1, c2, c3, n_head)

    def attention_backward(dy, cache):
        c1, c2, c3, n_head = cache
        xp = get_array_module(dy)
        dmerged, dproj = linear_backward(dy, c3)
        dq, dk, dv = _sdp_backward(_split(dmerged, n_head), c2)
        dqkv = xp.concatenate([_merge(dk), _merge(dq), _merge(dv)], axis=2)
        dx, dattn = linear_backward(dqkv, c1)
        return dx, {"c_attn": dattn, "c_proj": dproj}


class Answer40:
    """attention: q, k and v are reshaped to (B, H, T, D) directly, tokens and heads are mixed."""

    def attention(x, c_attn, c_proj, n_head):
        xp = get_array_module(x)
        B, T, C = x.shape
        shape = (B, n_head, T, C // n_head)
        a, c1 = linear(x, **c_attn)
        q, k, v = [t.reshape(shape) for t in xp.split(a, 3, axis=-1)]
        o, c2 = _sdp(q, k, v, xp.tri(T, dtype=bool))
        y, c3 = linear(o.reshape(B, T, C), **c_proj)
        return y, (c1, c2, c3, shape)

    def attention_backward(dy, cache):
        c1, c2, c3, shape = cache
        xp = get_array_module(dy)
        do, g_proj = linear_backward(dy, c3)
        grads = _sdp_backward(do.reshape(shape), c2)
        dqkv = xp.concatenate([g.reshape(dy.shape) for g in grads], axis=-1)
        dx, g_attn = linear_backward(dqkv, c1)
        return dx, {"c_attn": g_attn, "c_proj": g_proj}


class Answer41:
    """attention: the heads' results are merged by reshape alone, without exchanging the axes."""

    def attention(x, c_attn, c_proj, n_head):
        xp = get_array_module(x)
        B, T, C = x.shape
        qkv, c1 = linear(x, **c_attn)
        q, k, v = (_split(a, n_head) for a in _thirds(qkv))
        heads, c2 = _sdp(q, k, v, xp.tri(T, dtype=bool))
        y, c3 = linear(heads.reshape(B, T, C), **c_proj)
        return y, (c1, c2, c3, heads.shape)

    def attention_backward(dy, cache):
        c1, c2, c3, shape = cache
        xp = get_array_module(dy)
        dmerged, dproj = linear_backward(dy, c3)
        grads = _sdp_backward(dmerged.reshape(shape), c2)
        dx, dattn = linear_backward(xp.concatenate([_merge(g) for g in grads], -1), c1)
        return dx, {"c_attn": dattn, "c_proj": dproj}


class Answer42:
    """attention: there is no causal mask, each place sees the later ones as well."""

    def attention(x, c_attn, c_proj, n_head):
        xp = get_array_module(x)
        B, T, C = x.shape
        D = C // n_head
        qkv = x @ c_attn["weight"] + c_attn["bias"]
        q, k, v = qkv.reshape(B, T, 3, n_head, D).transpose(2, 0, 3, 1, 4)
        w = _softmax(xp.einsum("bhtd,bhsd->bhts", q, k) / math.sqrt(D))
        o = xp.einsum("bhts,bhsd->bthd", w, v).reshape(B, T, C)
        y = o @ c_proj["weight"] + c_proj["bias"]
        return y, (x, q, k, v, w, o, c_attn["weight"], c_proj["weight"])

    def attention_backward(dy, cache):
        x, q, k, v, w, o, wa, wp = cache
        xp = get_array_module(dy)
        B, H, T, D = q.shape
        dproj = {"weight": xp.einsum("bti,btj->ij", o, dy), "bias": dy.sum(axis=(0, 1))}
        do = (dy @ wp.T).reshape(B, T, H, D).swapaxes(1, 2)
        dv = w.swapaxes(2, 3) @ do
        ds = _softmax_backward(do @ v.swapaxes(2, 3), w) / math.sqrt(D)
        dq, dk = ds @ k, ds.swapaxes(2, 3) @ q
        dqkv = xp.stack([dq, dk, dv], axis=2)  # (B, H, 3, T, D)
        dqkv = dqkv.transpose(0, 3, 2, 1, 4).reshape(B, T, 3 * H * D)
        dattn = {"weight": xp.einsum("bti,btj->ij", x, dqkv), "bias": dqkv.sum(axis=(0, 1))}
        return dqkv @ wa.T, {"c_attn": dattn, "c_proj": dproj}


class Answer43:
    """attention: the mask leaves out the place itself, it sees only those before it."""

    def attention(x, c_attn, c_proj, n_head):
        xp = get_array_module(x)
        pos = xp.arange(x.shape[1])
        mask = pos[None, :] < pos[:, None]
        qkv, c1 = linear(x, **c_attn)
        q, k, v = (_split(a, n_head) for a in _thirds(qkv))
        heads, c2 = _sdp(q, k, v, mask)
        y, c3 = linear(_merge(heads), **c_proj)
        return y, (c1, c2, c3, n_head)

    def attention_backward(dy, cache):
        c1, c2, c3, n_head = cache
        xp = get_array_module(dy)
        dmerged, dproj = linear_backward(dy, c3)
        grads = _sdp_backward(_split(dmerged, n_head), c2)
        dx, dattn = linear_backward(xp.concatenate([_merge(g) for g in grads], -1), c1)
        return dx, {"c_attn": dattn, "c_proj": dproj}


class Answer44:
    """attention: the mask is one place too wide, each place sees the next one."""

    def attention(x, c_attn, c_proj, n_head):
        xp = get_array_module(x)
        T = x.shape[1]
        mask = xp.tri(T, k=1, dtype=bool)
        qkv, lin1 = linear(x, c_attn["weight"], c_attn["bias"])
        q, k, v = xp.split(qkv, 3, axis=2)
        att, core = _sdp(_split(q, n_head), _split(k, n_head), _split(v, n_head), mask)
        out, lin2 = linear(_merge(att), c_proj["weight"], c_proj["bias"])
        return out, {"lin1": lin1, "core": core, "lin2": lin2, "H": n_head}

    def attention_backward(dy, cache):
        xp = get_array_module(dy)
        datt, gproj = linear_backward(dy, cache["lin2"])
        dq, dk, dv = _sdp_backward(_split(datt, cache["H"]), cache["core"])
        dqkv = xp.concatenate((_merge(dq), _merge(dk), _merge(dv)), axis=2)
        dx, gattn = linear_backward(dqkv, cache["lin1"])
        return dx, {"c_attn": gattn, "c_proj": gproj}


class Answer45:
    """attention: the mask is transposed, each place sees itself and the later ones."""

    def attention(x, c_attn, c_proj, n_head):
        xp = get_array_module(x)
        T = x.shape[1]
        triangle = xp.triu(xp.ones((T, T), dtype=bool))
        projected, c1 = linear(x, **c_attn)
        q, k, v = (_split(a, n_head) for a in _thirds(projected))
        gathered, c2 = _sdp(q, k, v, triangle)
        y, c3 = linear(_merge(gathered), **c_proj)
        return y, (n_head, c1, c2, c3)

    def attention_backward(dy, cache):
        n_head, c1, c2, c3 = cache
        xp = get_array_module(dy)
        d, dproj = linear_backward(dy, c3)
        parts = [_merge(g) for g in _sdp_backward(_split(d, n_head), c2)]
        dx, dattn = linear_backward(xp.concatenate(parts, axis=-1), c1)
        return dx, {"c_attn": dattn, "c_proj": dproj}


class Answer46:
    """attention: the scores are divided by sqrt(C), the width of all heads together."""

    def attention(x, c_attn, c_proj, n_head):
        xp = get_array_module(x)
        B, T, C = x.shape
        root = math.sqrt(C)
        qkv, c1 = linear(x, **c_attn)
        q, k, v = (_split(a, n_head) for a in _thirds(qkv))
        s = q @ _t(k) / root
        mask = xp.tri(T, dtype=bool)
        w = _softmax(xp.where(mask, s, xp.finfo(s.dtype).min))
        y, c3 = linear(_merge(w @ v), **c_proj)
        return y, (c1, c3, q, k, v, w, mask, root)

    def attention_backward(dy, cache):
        c1, c3, q, k, v, w, mask, root = cache
        xp = get_array_module(dy)
        d, dproj = linear_backward(dy, c3)
        d = _split(d, q.shape[1])
        ds = _softmax_backward(d @ _t(v), w) * mask / root
        grads = [ds @ k, _t(ds) @ q, _t(w) @ d]
        dx, dattn = linear_backward(xp.concatenate([_merge(g) for g in grads], -1), c1)
        return dx, {"c_attn": dattn, "c_proj": dproj}


class Answer47:
    """attention: the backward puts the gradients together in the order value, key, query."""

    def attention(x, c_attn, c_proj, n_head):
        xp = get_array_module(x)
        qkv, c1 = linear(x, **c_attn)
        q, k, v = (_split(a, n_head) for a in _thirds(qkv))
        z, c2 = _sdp(q, k, v, xp.tri(x.shape[1], dtype=bool))
        y, c3 = linear(_merge(z), **c_proj)
        return y, [n_head, c1, c2, c3]

    def attention_backward(dy, cache):
        n_head, c1, c2, c3 = cache
        xp = get_array_module(dy)
        dz, gp = linear_backward(dy, c3)
        dq, dk, dv = _sdp_backward(_split(dz, n_head), c2)
        ga = xp.concatenate([_merge(dv), _merge(dk), _merge(dq)], axis=-1)
        dx, gw = linear_backward(ga, c1)
        return dx, {"c_attn": gw, "c_proj": gp}


class Answer48:
    """attention: dx counts only the way through the queries, not those through keys and values."""

    def attention(x, c_attn, c_proj, n_head):
        xp = get_array_module(x)
        qkv, c1 = linear(x, **c_attn)
        q, k, v = (_split(a, n_head) for a in _thirds(qkv))
        z, c2 = _sdp(q, k, v, xp.tri(x.shape[1], dtype=bool))
        y, c3 = linear(_merge(z), **c_proj)
        return y, (n_head, x, c_attn["weight"], c2, c3)

    def attention_backward(dy, cache):
        n_head, x, W, c2, c3 = cache
        xp = get_array_module(dy)
        C = x.shape[-1]
        dz, dproj = linear_backward(dy, c3)
        dq, dk, dv = [_merge(g) for g in _sdp_backward(_split(dz, n_head), c2)]
        rows = x.reshape(-1, C)
        dW = [rows.T @ g.reshape(-1, C) for g in (dq, dk, dv)]
        db = [g.reshape(-1, C).sum(axis=0) for g in (dq, dk, dv)]
        dattn = {"weight": xp.concatenate(dW, axis=1), "bias": xp.concatenate(db)}
        dx = dq @ W[:, :C].T
        return dx, {"c_attn": dattn, "c_proj": dproj}


class Answer49:
    """attention: the heads are cut so that head h gets every H-th channel."""

    def attention(x, c_attn, c_proj, n_head):
        xp = get_array_module(x)
        B, T, C = x.shape
        D = C // n_head
        qkv, c1 = linear(x, **c_attn)
        q, k, v = [a.reshape(B, T, D, n_head).transpose(0, 3, 1, 2) for a in _thirds(qkv)]
        z, c2 = _sdp(q, k, v, xp.tri(T, dtype=bool))
        y, c3 = linear(z.transpose(0, 2, 3, 1).reshape(B, T, C), **c_proj)
        return y, (n_head, c1, c2, c3)

    def attention_backward(dy, cache):
        n_head, c1, c2, c3 = cache
        xp = get_array_module(dy)
        B, T, C = dy.shape
        dz, dproj = linear_backward(dy, c3)
        dz = dz.reshape(B, T, C // n_head, n_head).transpose(0, 3, 1, 2)
        grads = [g.transpose(0, 2, 3, 1).reshape(B, T, C) for g in _sdp_backward(dz, c2)]
        dx, dattn = linear_backward(xp.concatenate(grads, axis=-1), c1)
        return dx, {"c_attn": dattn, "c_proj": dproj}


class Answer50:
    """attention: c_attn's outputs are cut by heads first, q, k and v of a head side by side."""

    def attention(x, c_attn, c_proj, n_head):
        xp = get_array_module(x)
        B, T, C = x.shape
        qkv, c1 = linear(x, **c_attn)
        qkv = qkv.reshape(B, T, n_head, 3, C // n_head).transpose(3, 0, 2, 1, 4)
        z, c2 = _sdp(qkv[0], qkv[1], qkv[2], xp.tri(T, dtype=bool))
        y, c3 = linear(_merge(z), **c_proj)
        return y, (n_head, c1, c2, c3)

    def attention_backward(dy, cache):
        n_head, c1, c2, c3 = cache
        xp = get_array_module(dy)
        B, T, C = dy.shape
        dz, dproj = linear_backward(dy, c3)
        grads = xp.stack(_sdp_backward(_split(dz, n_head), c2))
        dqkv = grads.transpose(1, 3, 2, 0, 4).reshape(B, T, 3 * C)
        dx, dattn = linear_backward(dqkv, c1)
        return dx, {"c_attn": dattn, "c_proj": dproj}


class Answer51:
    """attention: two mistakes, there is no causal mask and no division by sqrt(D)."""

    def attention(x, c_attn, c_proj, n_head):
        qkv, c1 = linear(x, **c_attn)
        q, k, v = (_split(a, n_head) for a in _thirds(qkv))
        w = _softmax(q @ _t(k))
        y, c3 = linear(_merge(w @ v), **c_proj)
        return y, (c1, q, k, v, w, c3)

    def attention_backward(dy, cache):
        c1, q, k, v, w, c3 = cache
        xp = get_array_module(dy)
        d, dproj = linear_backward(dy, c3)
        d = _split(d, q.shape[1])
        ds = _softmax_backward(d @ _t(v), w)
        grads = ds @ k, _t(ds) @ q, _t(w) @ d
        dx, dattn = linear_backward(xp.concatenate([_merge(g) for g in grads], -1), c1)
        return dx, {"c_attn": dattn, "c_proj": dproj}


class Answer52:
    """softmax: two mistakes, the maximum is not subtracted, and the backward adds the sum."""

    def softmax(x):
        xp = get_array_module(x)
        e = xp.exp(x)
        y = e / e.sum(axis=-1, keepdims=True)
        return y, y

    def softmax_backward(dy, cache):
        return cache * dy + cache * (cache * dy).sum(axis=-1, keepdims=True), {}


class Answer53:
    """scaled_dot_product: two mistakes, dv lacks the transpose and dscores the 1 / sqrt(D)."""

    def scaled_dot_product(q, k, v, mask):
        return _sdp(q, k, v, mask)

    def scaled_dot_product_backward(dy, cache):
        q, k, v, mask, w = cache
        ds = _softmax_backward(dy @ _t(v), w) * mask
        return (ds @ k, _t(ds) @ q, w @ dy), {}


class Answer54:
    """attention: two mistakes, the order is key, query, value, and the mask shows the next place.
    """

    def attention(x, c_attn, c_proj, n_head):
        xp = get_array_module(x)
        T = x.shape[1]
        qkv, c1 = linear(x, **c_attn)
        k, q, v = (_split(a, n_head) for a in _thirds(qkv))
        z, c2 = _sdp(q, k, v, xp.tri(T, T, 1, dtype=bool))
        y, c3 = linear(_merge(z), **c_proj)
        return y, (n_head, c1, c2, c3)

    def attention_backward(dy, cache):
        n_head, c1, c2, c3 = cache
        xp = get_array_module(dy)
        dz, dproj = linear_backward(dy, c3)
        dq, dk, dv = (_merge(g) for g in _sdp_backward(_split(dz, n_head), c2))
        dx, dattn = linear_backward(xp.concatenate([dk, dq, dv], axis=-1), c1)
        return dx, {"c_attn": dattn, "c_proj": dproj}
