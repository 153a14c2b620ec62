"""Lesson 05, where functions are objects that can be called: partials, methods, decorated ones."""

import functools
import math

from minigpt.backend import get_array_module


def pair(function):
    """A decorator: the result as a tuple of two."""

    @functools.wraps(function)
    def call(*args, **kwargs):
        first, second = function(*args, **kwargs)
        return first, second

    return call


@pair
def linear(x, weight, bias):
    """The decorator makes a tuple of the two."""
    return [x @ weight + bias, [x, weight]]


@pair
def linear_backward(dy, cache):
    """As in the formula."""
    x, weight = cache
    rows = dy.reshape(-1, dy.shape[-1])
    grads = {"weight": x.reshape(-1, x.shape[-1]).T @ rows, "bias": rows.sum(0)}
    return [dy @ weight.T, grads]


class Gelu:
    """A layer with a constant of its own; to call it is to go forward."""

    def __init__(self, k):
        self.k = k

    def __call__(self, x):
        xp = get_array_module(x)
        tanh = xp.tanh(self.k * (x + 0.044715 * x**3))
        return 0.5 * x * (1 + tanh), (x, tanh)

    def backward(self, dy, cache):
        """The derivative of the above."""
        x, tanh = cache
        du = self.k * (1 + 3 * 0.044715 * x**2)
        return dy * (0.5 * (1 + tanh) + 0.5 * x * (1 - tanh**2) * du), {}


gelu = Gelu(math.sqrt(2 / math.pi))
gelu_backward = gelu.backward


def steps(first, second, third, x, c_fc, c_proj):
    """Forward through three functions."""
    hidden, one = first(x, **c_fc)
    active, two = second(hidden)
    y, three = third(active, **c_proj)
    return y, (one, two, three)


mlp = functools.partial(steps, linear, gelu, linear)


def mlp_backward(dy, cache):
    """Backward through three functions."""
    one, two, three = cache
    dactive, dproj = linear_backward(dy, three)
    dhidden, _ = gelu_backward(dactive, two)
    dx, dfc = linear_backward(dhidden, one)
    return dx, {"c_fc": dfc, "c_proj": dproj}
