"""The error function, which NumPy lacks; the exact GELU needs it."""

import functools
import math

from minigpt.backend import get_array_module

ERF_STEP, ERF_END = 1 / 64, 6.0  # beyond 6, erf is 1 to the last bit of a float64


def erf(x):
    """The error function, 2/sqrt(pi) * (integral of exp(-t^2) from 0 to x), which NumPy lacks.

    A table holds erf at every 1/64; from the nearest entry, at distance d <= 1/128, six terms of
    the Taylor series leave an error below 1e-15. (All derivatives of erf are a polynomial times
    exp(-x^2).) Works for complex x near the real axis, as the complex step needs.
    """
    xp = get_array_module(x)
    real = xp.nan_to_num(x.real).clip(-ERF_END, ERF_END)
    index = xp.rint(real * (1 / ERF_STEP)).astype(xp.int32)
    a = index.astype(real.dtype) * ERF_STEP  # the nearest entry
    d = xp.where(xp.abs(x.real) > ERF_END, 0, x - a)  # NaN stays NaN
    slope = (2 / math.sqrt(math.pi)) * xp.exp(-(a * a))
    a2 = a * a
    series = 1 + d * (  # sum of H_n(a) (-d)^n / (n+1)!, with the Hermite polynomials H_n
        -a
        + d
        * (
            (4 * a2 - 2) / 6
            + d
            * (
                -(8 * a2 - 12) * a / 24
                + d
                * (
                    ((16 * a2 - 48) * a2 + 12) / 120
                    + d * (-((32 * a2 - 160) * a2 + 120) * a / 720)
                )
            )
        )
    )
    table = xp.asarray(_erf_table(), dtype=real.dtype)
    return table[index + round(ERF_END / ERF_STEP)] + slope * d * series


@functools.cache
def _erf_table() -> tuple:
    """Erf at -6, -6 + 1/64, …, 6, from the standard library."""
    n = round(ERF_END / ERF_STEP)
    return tuple(math.erf(i * ERF_STEP) for i in range(-n, n + 1))
