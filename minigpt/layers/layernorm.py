"""Layer normalisation: each vector gets mean 0 and variance 1, then a learned scale and shift."""

from minigpt.backend import get_array_module


def layernorm(x, weight, bias=None, eps=1e-5):
    """Normalise over the last axis, then scale and shift (Ba, Kiros and Hinton, 2016).

        normalised = (x - mean(x)) / sqrt(var(x) + eps)
        y = normalised * weight + bias

    Args:
        x: (..., C).
        weight: (C,), the scale.
        bias: (C,), the shift, or None for none.
        eps: added to the variance, so that a constant vector does not divide by zero.

    Returns:
        y of the shape of x, and the cache.
    """
    xp = get_array_module(x)
    centred = x - x.mean(axis=-1, keepdims=True)
    variance = (centred * centred).mean(axis=-1, keepdims=True)
    rstd = 1 / xp.sqrt(variance + eps)  # one over the standard deviation, (..., 1)
    normalised = centred * rstd
    y = normalised * weight
    if bias is not None:
        y += bias
    return y, (normalised, rstd, weight, bias)


def layernorm_backward(dy, cache):
    """Send the gradient through the scale, the variance and the mean.

        dn = dy * weight
        dx = rstd * (dn - mean(dn) - normalised * mean(dn * normalised))

    Three terms, because x reaches y on three ways. Directly: y moves with x. Through the mean:
    raising one x lowers all others, which takes the mean of dn away. Through the variance: moving
    x along `normalised` only stretches the vector, and that is undone; so what dn has in common
    with `normalised` is taken away. What is left is orthogonal to both.
    """
    normalised, rstd, weight, bias = cache
    C = weight.shape[0]
    dn = dy * weight  # y = normalised * weight
    dx = dn - dn.mean(axis=-1, keepdims=True)  # centred = x - mean(x)
    dx -= normalised * (dn * normalised).mean(axis=-1, keepdims=True)  # rstd depends on x
    dx *= rstd  # normalised = centred * rstd
    grads = {"weight": (dy * normalised).reshape(-1, C).sum(axis=0)}
    if bias is not None:
        grads["bias"] = dy.reshape(-1, C).sum(axis=0)  # y += bias
    return dx, grads
