"""Lesson 09: the residual as one matrix, and the block as two branches of one kind."""

from minigpt import layers
from minigpt.backend import get_array_module


def residual(x, weight):
    """x + x W = x (1 + W)."""
    xp = get_array_module(weight)
    whole = weight + xp.eye(len(weight), dtype=weight.dtype)
    return xp.matmul(x, whole), (whole, x)


def residual_backward(dy, cache):
    """The backward of a linear layer whose weight is 1 + W."""
    whole, x = cache
    xp = get_array_module(x)
    outer = xp.matmul(xp.swapaxes(x, -1, -2), dy) if x.ndim > 1 else xp.outer(x, dy)
    while outer.ndim > 2:
        outer = outer.sum(axis=0)
    return xp.matmul(dy, whole.T), {"weight": outer}


def branch(x, norm, layer, parameters):
    """x plus the layer behind a layer norm."""
    n, norm_cache = layers.layernorm(x, norm["weight"], norm["bias"])
    added, layer_cache = layer(n, **parameters)
    return x + added, (norm_cache, layer_cache)


def branch_backward(dx, cache, layer_backward):
    """The way back through the branch, and the way past it."""
    norm_cache, layer_cache = cache
    dn, dlayer = layer_backward(dx, layer_cache)
    through, dnorm = layers.layernorm_backward(dn, norm_cache)
    return through + dx, dnorm, dlayer


def block(x, ln_1, attn, ln_2, mlp, n_head):
    """Two branches."""
    middle, first = branch(x, ln_1, layers.attention, {"n_head": n_head, **attn})
    end, second = branch(middle, ln_2, layers.mlp, mlp)
    return end, {"first": first, "second": second}


def block_backward(dx, cache):
    """Two branches, the second one first."""
    dmiddle, dln_2, dmlp = branch_backward(dx, cache["second"], layers.mlp_backward)
    dstart, dln_1, dattn = branch_backward(dmiddle, cache["first"], layers.attention_backward)
    return dstart, {"mlp": dmlp, "ln_2": dln_2, "attn": dattn, "ln_1": dln_1}
