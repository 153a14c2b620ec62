"""Lesson 09: loops over rows and channels, and one sequence of the batch after another."""

from minigpt import layers
from minigpt.backend import get_array_module


def residual(x, weight):
    """Each output is its own input, plus a weighted sum of all."""
    xp = get_array_module(x)
    C = x.shape[-1]
    rows = x.reshape(-1, C)
    y = xp.zeros_like(rows)
    for r in range(len(rows)):
        for j in range(C):
            total = float(rows[r, j])
            for i in range(C):
                total += float(rows[r, i]) * float(weight[i, j])
            y[r, j] = total
    return y.reshape(x.shape), (x, weight)


def residual_backward(dy, cache):
    """Each input is in its own output once, and in all outputs through the weight."""
    x, weight = cache
    xp = get_array_module(x)
    C = x.shape[-1]
    rows = x.reshape(-1, C)
    drows = dy.reshape(-1, C)
    dx = xp.zeros_like(rows)
    dweight = xp.zeros_like(weight)
    for i in range(C):
        for r in range(len(rows)):
            total = float(drows[r, i])
            for j in range(C):
                total += float(drows[r, j]) * float(weight[i, j])
            dx[r, i] = total
        for j in range(C):
            total = 0.0
            for r in range(len(rows)):
                total += float(rows[r, i]) * float(drows[r, j])
            dweight[i, j] = total
    return dx.reshape(x.shape), {"weight": dweight}


def block(x, ln_1, attn, ln_2, mlp, n_head):
    """Sequences do not see each other, so each one can go through the block alone."""
    xp = get_array_module(x)
    out = xp.zeros_like(x)
    caches = []
    for b in range(len(x)):
        one = x[b : b + 1]
        n, c1 = layers.layernorm(one, **ln_1)
        a, c2 = layers.attention(n, **attn, n_head=n_head)
        one = one + a
        n, c3 = layers.layernorm(one, **ln_2)
        m, c4 = layers.mlp(n, **mlp)
        out[b] = (one + m)[0]
        caches.append([c1, c2, c3, c4])
    return out, caches


def add_trees(a, b):
    """The sum of two gradients of the same parameters."""
    if isinstance(a, dict):
        return {key: add_trees(a[key], b[key]) for key in a}
    return a + b


def block_backward(dx, cache):
    """The gradients of the parameters are the sums over the sequences."""
    xp = get_array_module(dx)
    out = xp.zeros_like(dx)
    grads = None
    for b in range(len(dx)):
        c1, c2, c3, c4 = cache[b]
        d = dx[b : b + 1]
        dn, dmlp = layers.mlp_backward(d, c4)
        dn, dln_2 = layers.layernorm_backward(dn, c3)
        d = d + dn
        dn, dattn = layers.attention_backward(d, c2)
        dn, dln_1 = layers.layernorm_backward(dn, c1)
        out[b] = (d + dn)[0]
        one = {"ln_1": dln_1, "attn": dattn, "ln_2": dln_2, "mlp": dmlp}
        grads = one if grads is None else add_trees(grads, one)
    return out, grads
