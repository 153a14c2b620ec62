"""Lesson 09: the cache has only the arguments, and the backward runs the forward again."""

from minigpt import layers


def residual(x, weight):
    """Add to the fresh product."""
    y = x @ weight
    y += x
    return y, (x, weight)


def residual_backward(dy, cache):
    """Add to a fresh copy of dy."""
    x, weight = cache
    dx = dy.copy()
    dx += dy @ weight.swapaxes(0, 1)
    return dx, {"weight": x.reshape(-1, len(weight)).T @ dy.reshape(-1, len(weight))}


def block(x, ln_1, attn, ln_2, mlp, n_head):
    """Each branch in one line; x is added to its fresh result."""
    y = layers.attention(layers.layernorm(x, **ln_1)[0], **attn, n_head=n_head)[0]
    y += x
    z = layers.mlp(layers.layernorm(y, **ln_2)[0], **mlp)[0]
    z += y
    return z, (x, ln_1, attn, ln_2, mlp, n_head)


def block_backward(dx, cache):
    """Run each branch once more, for the caches of its parts."""
    x, ln_1, attn, ln_2, mlp, n_head = cache
    n, ln_1_cache = layers.layernorm(x, **ln_1)
    y, attn_cache = layers.attention(n, **attn, n_head=n_head)
    n, ln_2_cache = layers.layernorm(x + y, **ln_2)
    _, mlp_cache = layers.mlp(n, **mlp)
    dn, dmlp = layers.mlp_backward(dx, mlp_cache)
    dy, dln_2 = layers.layernorm_backward(dn, ln_2_cache)
    dy += dx
    dn, dattn = layers.attention_backward(dy, attn_cache)
    out, dln_1 = layers.layernorm_backward(dn, ln_1_cache)
    out += dy
    return out, {"ln_1": dln_1, "attn": dattn, "ln_2": dln_2, "mlp": dmlp}
