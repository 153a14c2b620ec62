"""Lesson 05, with another form of GELU: y = x * sigmoid(2 u)."""

from math import pi, sqrt

from minigpt.backend import get_array_module

A = 2 * sqrt(2 / pi)
B = A * 0.044715


def linear(x, weight, bias):
    """As one large table; the transposed weight is what the backward needs."""
    C_in, C_out = weight.shape
    table = x.reshape(-1, C_in)
    y = bias + table.dot(weight)
    return y.reshape(*x.shape[:-1], C_out), {"table": table, "wT": weight.T, "shape": x.shape}


def linear_backward(dy, cache):
    """dweight as the transposed of dy.T @ x."""
    dtable = dy.reshape(-1, dy.shape[-1])
    dx = dtable.dot(cache["wT"]).reshape(cache["shape"])
    dweight = dtable.T.dot(cache["table"]).T
    return dx, {"bias": dtable.sum(0), "weight": dweight}


def gelu(x):
    """With the derivative computed at once: y' = s + x * s * (1 - s) * (A + 3 B x^2)."""
    xp = get_array_module(x)
    square = x * x
    # 1 / (1 + exp(-z)), where exp never sees a large positive number
    z = x * (A + B * square)
    small = xp.exp(-abs(z))
    s = xp.where(z < 0, small, 1) / (1 + small)
    y = x * s
    slope = s + y * (1 - s) * (A + 3 * B * square)
    return y, slope


def gelu_backward(dy, cache):
    """The derivative is in the cache."""
    return dy * cache, {}


def mlp(x, c_fc, c_proj):
    """Name the steps by numbers."""
    a, one = linear(x, **c_fc)
    b, two = gelu(a)
    c, three = linear(b, **c_proj)
    return c, {"one": one, "two": two, "three": three}


def mlp_backward(dy, cache):
    """Three, two, one."""
    db, proj = linear_backward(dy, cache["three"])
    da, _ = gelu_backward(db, cache["two"])
    dx, fc = linear_backward(da, cache["one"])
    return dx, {"c_proj": proj, "c_fc": fc}
