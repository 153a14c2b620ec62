"""Lesson 02, in float64 inside; the results have the type of x."""

import math

import numpy as np

from minigpt.backend import get_array_module


def numeric_gradient(loss, x, step=1e-5):
    """Centred differences; `finally` puts an element back even where the loss fails."""
    gradient = np.empty(x.shape, dtype=np.float64)
    for index, saved in np.ndenumerate(x.copy()):
        try:
            x[index] = saved + step
            plus = float(loss())
            x[index] = saved - step
            minus = float(loss())
        finally:
            x[index] = saved
        gradient[index] = (plus - minus) / 2 / step
    return gradient


def relative_error(analytic, numeric):
    """Compare in float64."""
    a = np.asarray(analytic, dtype=np.float64)
    n = np.asarray(numeric, dtype=np.float64)
    if not (np.isfinite(a).all() and np.isfinite(n).all()):
        return math.inf
    scale = np.maximum(np.abs(a), np.abs(n)).max()
    return 0.0 if scale == 0 else (np.abs(a - n).max() / scale).item()


def swish(x, beta):
    """Computed in float64, returned in the type of x."""
    xp = get_array_module(x)
    wide = x.astype(xp.float64)
    b = beta.astype(xp.float64)
    small = xp.exp(-xp.abs(b * wide))
    s = xp.where(b * wide >= 0, 1 / (1 + small), small / (1 + small))
    return (wide * s).astype(x.dtype), (wide, b, s, x.dtype)


def swish_backward(dy, cache):
    """Computed in float64, returned in the type of x."""
    wide, b, s, dtype = cache
    xp = get_array_module(dy)
    d = dy.astype(xp.float64)
    slope = s - s * s
    dx = d * s + d * b * wide * slope
    dbeta = (d * wide**2 * slope).sum()
    return dx.astype(dtype), {"beta": dbeta.astype(dtype)}
