"""Softmax: from scores to probabilities."""

from minigpt.backend import get_array_module


def softmax(x):
    """Make positive numbers that sum to 1 over the last axis.

        y_i = exp(x_i) / sum_j exp(x_j)

    The largest score is subtracted first: y stays the same, and exp can't overflow.

    Args:
        x: (..., N).

    Returns:
        y of the shape of x, and the cache.
    """
    xp = get_array_module(x)
    y = xp.exp(x - x.max(axis=-1, keepdims=True))
    y /= y.sum(axis=-1, keepdims=True)
    return y, y


def softmax_backward(dy, y):
    """Multiply by the Jacobian dy_i/dx_j = y_i * (delta_ij - y_j) without building it.

    dx = y * (dy - sum_j dy_j y_j)
    """
    return y * (dy - (dy * y).sum(axis=-1, keepdims=True)), {}
