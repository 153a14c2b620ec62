"""The MLP: two linear layers with a GELU between them, at each position by itself."""

from minigpt.layers.gelu import gelu, gelu_backward
from minigpt.layers.linear import linear, linear_backward


def mlp(x, c_fc, c_proj, activation=(gelu, gelu_backward)):
    """Widen, bend, narrow.

        y = gelu(x @ c_fc) @ c_proj

    Args:
        x: (..., C).
        c_fc: {"weight": (C, 4C), "bias": (4C,)}.
        c_proj: {"weight": (4C, C), "bias": (C,)}; the biases may be left out.
        activation: a pair of a function and its backward.

    Returns:
        y of the shape of x, and the cache.
    """
    forward, backward = activation
    hidden, fc_cache = linear(x, **c_fc)
    active, activation_cache = forward(hidden)
    y, proj_cache = linear(active, **c_proj)
    return y, (fc_cache, backward, activation_cache, proj_cache)


def mlp_backward(dy, cache):
    """Undo the three steps in the opposite order."""
    fc_cache, backward, activation_cache, proj_cache = cache
    dactive, dc_proj = linear_backward(dy, proj_cache)
    dhidden, _ = backward(dactive, activation_cache)
    dx, dc_fc = linear_backward(dhidden, fc_cache)
    return dx, {"c_fc": dc_fc, "c_proj": dc_proj}
