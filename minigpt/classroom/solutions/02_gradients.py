"""Lesson 02: measure a gradient, compare two, and derive one. Then run `minigpt check 02`.

The first two functions are a gradient checker, on arrays of NumPy in float64. The third one is a
layer: there `xp = get_array_module(x)` is numpy or cupy, so write `xp.exp`.
"""

import math

import numpy as np

from minigpt.backend import get_array_module


def numeric_gradient(loss, x, step=1e-5):
    """Measure the gradient of loss by x with centred differences, one element after another.

        gradient_i = (loss with x_i + step - loss with x_i - step) / (2 step)

    Args:
        loss: a function without arguments that returns a number. It looks at the array x, so
            change the elements of x itself, not of a copy.
        x: an array of any shape, float64. It must be as before when you return.
        step: how far each element is moved.

    Returns:
        An array of the shape of x.
    """
    gradient = np.zeros(x.shape)
    for index in np.ndindex(x.shape):
        saved = x[index]
        x[index] = saved + step
        above = loss()
        x[index] = saved - step
        below = loss()
        x[index] = saved
        gradient[index] = (above - below) / (2 * step)
    return gradient


def relative_error(analytic, numeric):
    """How far two gradients are apart, compared with the size of the larger one.

        max |analytic - numeric| / max(max |analytic|, max |numeric|)

    Args:
        analytic: the gradient that a backward pass returned.
        numeric: the measured gradient, of the same shape.

    Returns:
        A float. It is 0.0 where both are all zeros, and math.inf where anything is NaN.
    """
    difference = np.abs(analytic - numeric).max()
    size = max(np.abs(analytic).max(), np.abs(numeric).max())
    if not math.isfinite(difference):
        return math.inf
    if size == 0:
        return 0.0
    return float(difference / size)


def swish(x, beta):
    """x times a soft switch between 0 and 1.

        y = x * s        s = 1 / (1 + exp(-u))        u = beta * x

    Args:
        x: of any shape.
        beta: of shape (), one number for all elements of x.

    Returns:
        y of the shape of x, and the cache: whatever your backward needs.
    """
    xp = get_array_module(x)
    u = beta * x
    s = 1 / (1 + xp.exp(-u))
    y = x * s
    return y, (x, beta, s)


def swish_backward(dy, cache):
    """From the gradient of y to those of x and beta.

    Args:
        dy: of the shape of x.
        cache: what the forward returned.

    Returns:
        dx of the shape of x, and {"beta": the gradient of beta, of shape ()}.
    """
    x, beta, s = cache
    ds = dy * x
    du = ds * s * (1 - s)
    dx = dy * s
    dx = dx + du * beta
    dbeta = (du * x).sum()
    return dx, {"beta": dbeta}
