"""Lesson 06: layer norm. Write both functions, then run `minigpt check 06`.

Arrays may live on a GPU: `xp = get_array_module(x)` is numpy or cupy, so write `xp.sqrt`.
"""

from minigpt.backend import get_array_module


def layernorm(x, weight, bias, eps=1e-5):
    """Normalise each vector to mean 0 and variance 1, then scale and shift it.

        normalised = (x - mean(x)) / sqrt(var(x) + eps)        over the last axis
        y = normalised * weight + bias

    Args:
        x: (..., C).
        weight: (C,), the scale.
        bias: (C,), the shift.
        eps: added to the variance, inside of the root.

    Returns:
        y of the shape of x, and the cache: whatever your backward needs.
    """
    xp = get_array_module(x)
    mean = x.mean(axis=-1, keepdims=True)
    centred = x - mean
    squares = centred * centred
    variance = squares.mean(axis=-1, keepdims=True)
    rstd = 1 / xp.sqrt(variance + eps)
    normalised = centred * rstd
    scaled = normalised * weight
    y = scaled + bias
    return y, (normalised, rstd, weight)


def layernorm_backward(dy, cache):
    """From the gradient of y to those of x, weight and bias.

    Args:
        dy: (..., C).
        cache: what the forward returned.

    Returns:
        dx of the shape of x, and {"weight": (C,), "bias": (C,)}.
    """
    normalised, rstd, weight = cache
    C = weight.shape[0]
    dn = dy * weight
    level = dn.mean(axis=-1, keepdims=True)
    products = dn * normalised
    along = products.mean(axis=-1, keepdims=True)
    dx = dn - level
    dx = dx - normalised * along
    dx = dx * rstd
    shares = dy * normalised
    dweight = shares.reshape(-1, C).sum(axis=0)
    dbias = dy.reshape(-1, C).sum(axis=0)
    return dx, {"weight": dweight, "bias": dbias}
