"""Lesson 06, in float64 inside; the results have the type of the argument."""

from minigpt.backend import get_array_module


def layernorm(x, weight, bias, eps=1e-5):
    """Computed in float64, returned in the type of x."""
    xp = get_array_module(x)
    wide = x.astype(xp.float64)
    centred = wide - wide.mean(axis=-1, keepdims=True)
    rstd = (xp.square(centred).mean(axis=-1, keepdims=True) + eps) ** -0.5
    normalised = centred * rstd
    y = normalised * weight.astype(xp.float64) + bias.astype(xp.float64)
    return y.astype(x.dtype), (normalised, rstd, weight)


def layernorm_backward(dy, cache):
    """Computed in float64, returned in the type of dy."""
    normalised, rstd, weight = cache
    xp = get_array_module(dy)
    d = dy.astype(xp.float64)
    dn = d * weight.astype(xp.float64)
    mean = dn.mean(axis=-1, keepdims=True)
    along = (dn * normalised).mean(axis=-1, keepdims=True)
    dx = rstd * (dn - mean - normalised * along)
    axes = tuple(range(dy.ndim - 1))
    return dx.astype(dy.dtype), {
        "weight": (d * normalised).sum(axis=axes).astype(weight.dtype),
        "bias": d.sum(axis=axes).astype(weight.dtype),
    }
