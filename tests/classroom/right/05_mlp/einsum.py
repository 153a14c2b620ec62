"""Lesson 05, with einsum and tensordot."""

import math

from minigpt.backend import get_array_module

K = math.sqrt(2 / math.pi)


def linear(x, weight, bias):
    """Sum over the letter i."""
    xp = get_array_module(x)
    return xp.einsum("...i,ij->...j", x, weight) + bias, (x, weight)


def linear_backward(dy, cache):
    """Sum over j for x, over all places for weight and bias."""
    x, weight = cache
    xp = get_array_module(dy)
    places = list(range(dy.ndim - 1))
    return xp.einsum("...j,ij->...i", dy, weight), {
        "weight": xp.tensordot(x, dy, axes=(places, places)),
        "bias": xp.einsum("nj->j", dy.reshape(-1, dy.shape[-1])),
    }


def gelu(x):
    """x^3 and the last product as einsum."""
    xp = get_array_module(x)
    cube = xp.einsum("...,...,...->...", x, x, x)
    tanh = xp.tanh(K * x + K * 0.044715 * cube)
    return xp.einsum("...,...->...", 0.5 * x, 1 + tanh), (x, tanh)


def gelu_backward(dy, cache):
    """The second term is a product of four."""
    x, tanh = cache
    xp = get_array_module(dy)
    du = K + 3 * K * 0.044715 * xp.einsum("...,...->...", x, x)
    second = xp.einsum("...,...,...,...->...", x, 1 - tanh, 1 + tanh, du)
    return xp.einsum("...,...->...", 0.5 * dy, 1 + tanh + second), {}


def mlp(x, c_fc, c_proj):
    """Written out, with one cache."""
    xp = get_array_module(x)
    hidden = xp.einsum("...c,ch->...h", x, c_fc["weight"]) + c_fc["bias"]
    active, inner = gelu(hidden)
    y = xp.einsum("...h,hc->...c", active, c_proj["weight"]) + c_proj["bias"]
    return y, (x, c_fc["weight"], inner, active, c_proj["weight"])


def mlp_backward(dy, cache):
    """Written out as well."""
    x, w_fc, inner, active, w_proj = cache
    xp = get_array_module(dy)
    places = list(range(dy.ndim - 1))
    dactive = xp.einsum("...c,hc->...h", dy, w_proj)
    dhidden, _ = gelu_backward(dactive, inner)
    dx = xp.einsum("...h,ch->...c", dhidden, w_fc)
    c_fc = {
        "weight": xp.tensordot(x, dhidden, axes=(places, places)),
        "bias": dhidden.sum(axis=tuple(places)),
    }
    c_proj = {
        "weight": xp.tensordot(active, dy, axes=(places, places)),
        "bias": dy.sum(axis=tuple(places)),
    }
    return dx, {"c_fc": c_fc, "c_proj": c_proj}
