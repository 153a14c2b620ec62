"""Three ways to know a derivative without deriving it.

Each takes `loss`, a function without arguments that returns a number, and `x`, an array that it
depends on. `x` is changed in place for each evaluation and always restored.
"""

import math
from collections.abc import Callable, Iterable

import numpy as np

STEP = 1e-5  # near the cube root of float64's epsilon, where truncation and rounding balance
DIRECTIONAL_STEP = 2e-5  # the fourth-order formula balances at a larger step
COMPLEX_STEP = 1e-30  # nothing is subtracted, so it can be as small as one likes


def centred_difference(loss: Callable, x: np.ndarray, index: tuple, step: float = STEP) -> float:
    """Measure the derivative by one element: the slope between two nearby points.

        dloss/dx_i = (loss(x_i + step) - loss(x_i - step)) / (2 step)         error of order step^2
    """
    saved = x[index]
    try:
        x[index] = saved + step
        above, high = float(loss()), x[index]
        x[index] = saved - step
        below, low = float(loss()), x[index]
    finally:
        x[index] = saved
    return (above - below) / float(high - low)  # the step that was really made, after rounding


def complex_step(loss: Callable, x: np.ndarray, index: tuple, step: float = COMPLEX_STEP) -> float:
    """Measure the derivative by one element of a complex array, exact to rounding.

        dloss/dx_i = imag(loss(x_i + 1j * step)) / step       (Squire and Trapp, 1998)

    It needs a loss that is analytic: no `abs`, no comparison of what depends on x.
    """
    saved = x[index]
    try:
        x[index] = saved + 1j * step
        return float(complex(loss()).imag) / step
    finally:
        x[index] = saved


def directional_difference(
    loss: Callable,
    xs: Iterable[np.ndarray],
    directions: Iterable[np.ndarray],
    step: float = DIRECTIONAL_STEP,
) -> float:
    """Measure the slope along a direction through all elements of all `xs` at once.

        sum_i dloss/dx_i v_i = (8 (L(h) - L(-h)) - (L(2h) - L(-2h))) / 12h,    L(h) = loss(x + h v)

    Four evaluations, whatever the size; the error is of order step^4.
    """
    xs, directions = list(xs), list(directions)
    saved = [x.copy() for x in xs]

    def at(h: float) -> float:
        for x, origin, direction in zip(xs, saved, directions, strict=True):
            x[...] = origin + h * direction
        return float(loss())

    try:
        near, far = at(step) - at(-step), at(2 * step) - at(-2 * step)
    finally:
        for x, origin in zip(xs, saved, strict=True):
            x[...] = origin
    return math.fsum((8 * near, -far)) / (12 * step)
