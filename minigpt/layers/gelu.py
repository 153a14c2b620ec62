"""GELU, the smooth switch between the two linear layers of the MLP.

    gelu(x) = x * P(Z <= x)   for a standard normal Z     (Hendrycks and Gimpel, 2016)

GPT-2 uses the tanh approximation, here `gelu`; the exact form is `gelu_exact`.
"""

import math

from minigpt.backend import get_array_module
from minigpt.layers.erf import erf

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
    slope = SQRT_2_OVER_PI * (1 + 3 * 0.044715 * (x * x))  # u = sqrt(2/pi) * (x + 0.044715 x^3)
    return dy * (0.5 * (1 + tanh) + 0.5 * x * (1 - tanh * tanh) * slope), {}


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
