"""Lesson 09: the whole block by hand, with einsum; nothing of minigpt.layers is used."""

import math

from minigpt.backend import get_array_module

K = math.sqrt(2 / math.pi)


def residual(x, weight):
    """One sum over channels, added to x."""
    xp = get_array_module(x)
    return xp.einsum("...i,ij->...j", x, weight) + x, (x, weight)


def residual_backward(dy, cache):
    """The same sums, over another letter."""
    x, weight = cache
    xp = get_array_module(dy)
    C = len(weight)
    dweight = xp.einsum("ni,nj->ij", x.reshape(-1, C), dy.reshape(-1, C))
    return dy + xp.einsum("...j,ij->...i", dy, weight), {"weight": dweight}


def norm(x, weight, bias):
    """Layer norm."""
    xp = get_array_module(x)
    C = x.shape[-1]
    centred = x - xp.einsum("btc->bt", x)[..., None] / C
    std = xp.sqrt(xp.einsum("btc,btc->bt", centred, centred) / C + 1e-5)
    n = centred / std[..., None]
    return xp.einsum("btc,c->btc", n, weight) + bias, (n, std, weight)


def norm_backward(dy, cache):
    """Take away the mean of dn and what lies along n."""
    n, std, weight = cache
    xp = get_array_module(dy)
    C = len(weight)
    dn = xp.einsum("btc,c->btc", dy, weight)
    along = xp.einsum("btc,btc->bt", dn, n) / C
    mean = xp.einsum("btc->bt", dn) / C
    dx = (dn - mean[..., None] - xp.einsum("btc,bt->btc", n, along)) / std[..., None]
    return dx, {"weight": xp.einsum("btc,btc->c", dy, n), "bias": xp.einsum("btc->c", dy)}


def dense(x, layer):
    """A linear layer."""
    xp = get_array_module(x)
    return xp.einsum("bti,ij->btj", x, layer["weight"]) + layer["bias"]


def dense_backward(dy, x, layer):
    """dx, and the gradients of a linear layer."""
    xp = get_array_module(x)
    dx = xp.einsum("btj,ij->bti", dy, layer["weight"])
    dweight = xp.einsum("bti,btj->ij", x, dy)
    return dx, {"weight": dweight, "bias": xp.einsum("btj->j", dy)}


def attend(x, c_attn, c_proj, H):
    """Masked attention with the letters b, t (query), s (key), h, d."""
    xp = get_array_module(x)
    B, T, C = x.shape
    q, k, v = xp.moveaxis(dense(x, c_attn).reshape(B, T, 3, H, C // H), 2, 0)
    scores = xp.einsum("bthd,bshd->bhts", q, k) / math.sqrt(C // H)
    past = xp.arange(T)[:, None] >= xp.arange(T)
    scores = xp.where(past, scores, -xp.inf)
    a = xp.exp(scores - scores.max(axis=-1, keepdims=True))
    a = a / xp.einsum("bhts->bht", a)[..., None]
    heads = xp.einsum("bhts,bshd->bthd", a, v).reshape(B, T, C)
    return dense(heads, c_proj), (x, q, k, v, a, heads, c_attn, c_proj)


def attend_backward(dy, cache):
    """All sums once more, each time over other letters."""
    x, q, k, v, a, heads, c_attn, c_proj = cache
    xp = get_array_module(dy)
    B, T, H, D = q.shape
    dheads, dc_proj = dense_backward(dy, heads, c_proj)
    dheads = dheads.reshape(B, T, H, D)
    dv = xp.einsum("bhts,bthd->bshd", a, dheads)
    da = xp.einsum("bthd,bshd->bhts", dheads, v)
    ds = a * (da - xp.einsum("bhts,bhts->bht", a, da)[..., None]) / math.sqrt(D)
    dq = xp.einsum("bhts,bshd->bthd", ds, k)
    dk = xp.einsum("bhts,bthd->bshd", ds, q)
    dqkv = xp.stack([dq, dk, dv], axis=2).reshape(B, T, 3 * H * D)
    dx, dc_attn = dense_backward(dqkv, x, c_attn)
    return dx, {"c_attn": dc_attn, "c_proj": dc_proj}


def feed(x, c_fc, c_proj):
    """The MLP."""
    xp = get_array_module(x)
    z = dense(x, c_fc)
    tanh = xp.tanh(K * (z + 0.044715 * z**3))
    active = z * (1 + tanh) / 2
    return dense(active, c_proj), (x, z, tanh, active, c_fc, c_proj)


def feed_backward(dy, cache):
    """Back through the MLP."""
    x, z, tanh, active, c_fc, c_proj = cache
    dactive, dc_proj = dense_backward(dy, active, c_proj)
    slope = (1 + tanh) / 2 + z / 2 * (1 - tanh**2) * K * (1 + 3 * 0.044715 * z**2)
    dx, dc_fc = dense_backward(dactive * slope, x, c_fc)
    return dx, {"c_fc": dc_fc, "c_proj": dc_proj}


def block(x, ln_1, attn, ln_2, mlp, n_head):
    """Two residuals."""
    n, one = norm(x, **ln_1)
    a, two = attend(n, **attn, H=n_head)
    y = x + a
    n, three = norm(y, **ln_2)
    m, four = feed(n, **mlp)
    return y + m, (one, two, three, four)


def block_backward(dx, cache):
    """Back through two residuals."""
    one, two, three, four = cache
    grads = {}
    d, grads["mlp"] = feed_backward(dx, four)
    d, grads["ln_2"] = norm_backward(d, three)
    dy = dx + d
    d, grads["attn"] = attend_backward(dy, two)
    d, grads["ln_1"] = norm_backward(d, one)
    return dy + d, grads
