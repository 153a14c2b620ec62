"""Lesson 06, where the cache is a small graph: each step knows its neighbours on both sides."""

from minigpt.backend import get_array_module


def layernorm(x, weight, bias, eps=1e-5):
    """Centre, divide, scale: three steps, linked in both directions."""
    xp = get_array_module(x)
    centred = x - x.mean(axis=-1, keepdims=True)
    std = xp.sqrt((centred * centred).mean(axis=-1, keepdims=True) + eps)
    normalised = centred / std
    centre = {"step": "centre"}
    divide = {"step": "divide", "std": std, "result": normalised, "before": centre}
    scale = {"step": "scale", "weight": weight, "before": divide}
    centre["after"], divide["after"] = divide, scale
    return normalised * weight + bias, scale


def layernorm_backward(dy, cache):
    """From the last step to the first."""
    divide = cache["before"]
    n = divide["result"]
    axes = tuple(range(dy.ndim - 1))
    grads = {"weight": (dy * n).sum(axis=axes), "bias": dy.sum(axis=axes)}
    d = dy * divide["after"]["weight"]
    d = (d - n * (d * n).mean(axis=-1, keepdims=True)) / divide["std"]
    return d - d.mean(axis=-1, keepdims=True), grads
