"""GELU, the smooth switch between the two linear layers of the MLP.

    gelu(x) = x * P(Z <= x)   for a standard normal Z     (Hendrycks and Gimpel, 2016)

GPT-2 uses the tanh approximation, here `gelu`; the exact form is `gelu_exact`.
"""

import functools
import math

from minigpt.backend import get_array_module

SQRT_2_OVER_PI = math.sqrt(2 / math.pi)


def gelu(x):
    """The tanh form, as GPT-2 computes it ("gelu_new" in its config).

        y = x/2 * (1 + tanh(u))        u = sqrt(2/pi) * (x + 0.044715 x^3)

    Args:
        x: any shape.

    Returns:
        y of the shape of x, and the cache.
    """
    xp = get_array_module(x)
    tanh = xp.tanh(SQRT_2_OVER_PI * (x + 0.044715 * (x * x * x)))
    return 0.5 * x * (1 + tanh), (x, tanh)


def gelu_backward(dy, cache):
    """The product rule, with d tanh(u) / du = 1 - tanh(u)^2.

    dx = dy * (1/2 * (1 + tanh) + x/2 * (1 - tanh^2) * sqrt(2/pi) * (1 + 3 * 0.044715 x^2))
    """
    x, tanh = cache
    du = SQRT_2_OVER_PI * (1 + 3 * 0.044715 * (x * x))  # u = sqrt(2/pi) * (x + 0.044715 x^3)
    return dy * (0.5 * (1 + tanh) + 0.5 * x * (1 - tanh * tanh) * du), {}


def gelu_exact(x):
    """The exact form, with the cumulative distribution of the normal law.

        y = x * cdf        cdf = 1/2 * (1 + erf(x / sqrt(2)))

    Args:
        x: any shape.

    Returns:
        y of the shape of x, and the cache.
    """
    cdf = 0.5 * (1 + erf(x * math.sqrt(0.5)))
    return x * cdf, (x, cdf)


def gelu_exact_backward(dy, cache):
    """The product rule; the derivative of the cdf is the bell curve.

    dx = dy * (cdf + x * exp(-x^2 / 2) / sqrt(2 pi))
    """
    x, cdf = cache
    xp = get_array_module(x)
    bell = xp.exp(-0.5 * (x * x)) * (1 / math.sqrt(2 * math.pi))
    return dy * (cdf + x * bell), {}


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
