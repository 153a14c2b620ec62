"""The linear layer; its bias's gradient by a product with ones, which BLAS sums faster."""

import numpy as np

from minigpt.layers import linear

__all__ = ["column_sums", "linear", "linear_backward"]


def linear_backward(dy, cache):
    """As `layers.linear_backward`."""
    x, weight, bias = cache
    C_in, C_out = weight.shape
    dy = dy.reshape(-1, C_out)
    dx = (dy @ weight.T).reshape(x.shape)
    grads = {"weight": x.reshape(-1, C_in).T @ dy}
    if bias is not None:
        grads["bias"] = column_sums(dy)
    return dx, grads


def column_sums(x):
    """The sum over all rows of x (N, C)."""
    return np.ones(len(x), x.dtype) @ x
