"""Lesson 05, in float64 inside; the results have the type of the argument."""

import numpy as np

from minigpt.backend import get_array_module

K = np.sqrt(2 / np.pi)  # a float64 of NumPy: it is only used among float64 arrays


def wide(*arrays):
    """Copies in float64."""
    return [array.astype("float64") for array in arrays]


def linear(x, weight, bias):
    """Computed in float64, returned in the type of x."""
    x64, w64, b64 = wide(x, weight, bias)
    return (x64 @ w64 + b64).astype(x.dtype), (x64, w64)


def linear_backward(dy, cache):
    """Computed in float64, returned in the type of dy."""
    x, weight = cache
    (d,) = wide(dy)
    drows = d.reshape(-1, weight.shape[1])
    dweight = x.reshape(-1, weight.shape[0]).T @ drows
    dbias = drows.sum(axis=0)
    dx = d @ weight.T
    return dx.astype(dy.dtype), {
        "weight": dweight.astype(dy.dtype),
        "bias": dbias.astype(dy.dtype),
    }


def gelu(x):
    """Computed in float64, returned in the type of x."""
    xp = get_array_module(x)
    (v,) = wide(x)
    half = (1 + xp.tanh(float(K) * (v + 0.044715 * v**3))) / 2
    return (v * half).astype(x.dtype), (v, half)


def gelu_backward(dy, cache):
    """(1 - tanh^2) / 2 is 2 * half * (1 - half)."""
    v, half = cache
    (d,) = wide(dy)
    slope = half + v * 2 * half * (1 - half) * float(K) * (1 + 0.134145 * v**2)
    return (d * slope).astype(dy.dtype), {}


def mlp(x, c_fc, c_proj):
    """Each step rounds once."""
    hidden, first = linear(x, **c_fc)
    active, second = gelu(hidden)
    y, third = linear(active, **c_proj)
    return y, [first, second, third]


def mlp_backward(dy, cache):
    """Each step rounds once."""
    first, second, third = cache
    dactive, dproj = linear_backward(dy, third)
    dfc = linear_backward(gelu_backward(dactive, second)[0], first)
    return dfc[0], {"c_fc": dfc[1], "c_proj": dproj}
