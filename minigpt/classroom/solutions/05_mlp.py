"""Lesson 05: the linear layer, GELU and the MLP. Write the six functions; `minigpt check 05`.

Arrays may live on a GPU: `xp = get_array_module(x)` is numpy or cupy, so write `xp.tanh`.
"""

import math

from minigpt.backend import get_array_module

K = math.sqrt(2 / math.pi)  # a number of Python, so that float32 stays float32


def linear(x, weight, bias):
    """Multiply by a matrix and add a bias, for each vector of x alike.

        y = x @ weight + bias

    Args:
        x: (..., C_in), usually (B, T, C_in).
        weight: (C_in, C_out).
        bias: (C_out,).

    Returns:
        y of shape (..., C_out), and the cache: whatever your backward needs.
    """
    y = x @ weight
    y = y + bias
    return y, (x, weight)


def linear_backward(dy, cache):
    """From the gradient of y to those of x, weight and bias.

        dx = dy @ weight.T
        dweight = x.T @ dy              for x and dy as tables with one row a token
        dbias = sum of dy               over all axes but the last

    Args:
        dy: (..., C_out).
        cache: what the forward returned.

    Returns:
        dx of the shape of x, and {"weight": (C_in, C_out), "bias": (C_out,)}.
    """
    x, weight = cache
    C_in, C_out = weight.shape
    rows = x.reshape(-1, C_in)
    drows = dy.reshape(-1, C_out)
    dx = dy @ weight.T
    dweight = rows.T @ drows
    dbias = drows.sum(axis=0)
    return dx, {"weight": dweight, "bias": dbias}


def gelu(x):
    """The activation function of GPT-2: ReLU with a rounded corner, element by element.

        y = x/2 * (1 + tanh(u))        u = K * (x + 0.044715 x^3)        K = sqrt(2 / pi)

    Args:
        x: any shape.

    Returns:
        y of the shape of x, and the cache: whatever your backward needs.
    """
    xp = get_array_module(x)
    cube = x * x * x
    inner = x + 0.044715 * cube
    u = K * inner
    tanh = xp.tanh(u)
    y = 0.5 * x * (1 + tanh)
    return y, (x, tanh)


def gelu_backward(dy, cache):
    """Multiply dy by the derivative of gelu at x, element by element.

        dx = dy * dgelu/dx        by the product rule, with d tanh(u) / du = 1 - tanh(u)^2

    Args:
        dy: of the shape of x.
        cache: what the forward returned.

    Returns:
        dx of the shape of x, and {}: there are no parameters.
    """
    x, tanh = cache
    first = 0.5 * (1 + tanh)
    dtanh = 1 - tanh * tanh
    dcube = 3 * (x * x)
    dinner = 1 + 0.044715 * dcube
    du = K * dinner
    half = 0.5 * x
    second = half * dtanh * du
    slope = first + second
    dx = dy * slope
    return dx, {}


def mlp(x, c_fc, c_proj):
    """Widen, bend, narrow: two linear layers with GELU between them. Use your own functions.

        hidden = linear(x, **c_fc)        active = gelu(hidden)        y = linear(active, **c_proj)

    Args:
        x: (..., C).
        c_fc: {"weight": (C, 4C), "bias": (4C,)}, parameters of the first linear layer.
        c_proj: {"weight": (4C, C), "bias": (C,)}, parameters of the second one.

    Returns:
        y of the shape of x, and the cache: whatever your backward needs.
    """
    hidden, fc_cache = linear(x, **c_fc)
    active, gelu_cache = gelu(hidden)
    y, proj_cache = linear(active, **c_proj)
    return y, (fc_cache, gelu_cache, proj_cache)


def mlp_backward(dy, cache):
    """Undo the three steps in the opposite order, each with its own backward.

    Args:
        dy: (..., C).
        cache: what the forward returned.

    Returns:
        dx of the shape of x, and the gradients of all parameters under the same names:
        {"c_fc": {"weight": …, "bias": …}, "c_proj": {"weight": …, "bias": …}}.
    """
    fc_cache, gelu_cache, proj_cache = cache
    dactive, dc_proj = linear_backward(dy, proj_cache)
    dhidden, _ = gelu_backward(dactive, gelu_cache)
    dx, dc_fc = linear_backward(dhidden, fc_cache)
    return dx, {"c_fc": dc_fc, "c_proj": dc_proj}
