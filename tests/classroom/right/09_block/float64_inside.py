"""Lesson 09, in float64 inside; the results are cast back to the dtype of the arguments."""

from minigpt import layers


def to(tree, dtype):
    """The same parameters in another dtype."""
    if isinstance(tree, dict):
        return {name: to(value, dtype) for name, value in tree.items()}
    return tree.astype(dtype)


def residual(x, weight):
    """The branch and the sum in float64."""
    wide = x.astype("float64")
    y = wide @ weight.astype("float64") + wide
    return y.astype(x.dtype), (wide, weight, x.dtype)


def residual_backward(dy, cache):
    """The branch first, then the way past it."""
    x, weight, dtype = cache
    C = x.shape[-1]
    d = dy.astype("float64")
    dx = d @ weight.astype("float64").T
    dx += d
    dweight = x.reshape(-1, C).T @ d.reshape(-1, C)
    return dx.astype(dtype), {"weight": dweight.astype(weight.dtype)}


def block(x, ln_1, attn, ln_2, mlp, n_head):
    """The four layers in float64."""
    wide = x.astype("float64")
    n, a = layers.layernorm(wide, **to(ln_1, "float64"))
    branch, b = layers.attention(n, n_head=n_head, **to(attn, "float64"))
    wide = wide + branch
    n, c = layers.layernorm(wide, **to(ln_2, "float64"))
    branch, d = layers.mlp(n, **to(mlp, "float64"))
    wide = wide + branch
    return wide.astype(x.dtype), (a, b, c, d, str(x.dtype))


def block_backward(dx, cache):
    """Back in float64."""
    a, b, c, d, dtype = cache
    wide = dx.astype("float64")
    dn, dmlp = layers.mlp_backward(wide, d)
    dn, dln_2 = layers.layernorm_backward(dn, c)
    wide = wide + dn
    dn, dattn = layers.attention_backward(wide, b)
    dn, dln_1 = layers.layernorm_backward(dn, a)
    wide = wide + dn
    grads = {"ln_1": dln_1, "attn": dattn, "ln_2": dln_2, "mlp": dmlp}
    return wide.astype(dtype), to(grads, dtype)
