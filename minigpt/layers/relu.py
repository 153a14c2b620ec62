"""ReLU, the plainest switch: what is below 0 does not pass (Nair and Hinton, 2010)."""

from minigpt.backend import get_array_module


def relu(x):
    """y = max(x, 0), for x of any shape.

    Returns:
        y of the shape of x, and the cache.
    """
    return get_array_module(x).maximum(x, 0), x


def relu_backward(dy, cache):
    """dx = dy where x > 0, and 0 elsewhere (at 0 itself, where there is no derivative, too)."""
    return dy * (cache > 0), {}
