"""The MLP: two linear layers with a bend between them, at each position by itself."""

from types import SimpleNamespace

from minigpt.layers.gelu import gelu, gelu_backward, gelu_exact, gelu_exact_backward
from minigpt.layers.linear import linear, linear_backward
from minigpt.layers.relu import relu, relu_backward

PARTS = SimpleNamespace(
    **{"linear": linear, "linear_backward": linear_backward},
    **{"gelu": gelu, "gelu_backward": gelu_backward},
    **{"gelu_exact": gelu_exact, "gelu_exact_backward": gelu_exact_backward},
    **{"relu": relu, "relu_backward": relu_backward},
)  # what the MLP is made of; a student's table replaces any of them


def mlp(x, c_fc, c_proj, activation="gelu", parts=PARTS):
    """Widen, bend, narrow.

        y = gelu(x @ c_fc) @ c_proj

    Args:
        x: (..., C).
        c_fc: {"weight": (C, 4C), "bias": (4C,)}.
        c_proj: {"weight": (4C, C), "bias": (C,)}; the biases may be left out.
        activation: the name of a function in `parts`: "gelu", "gelu_exact" or "relu".
        parts: the table that `linear` and the activation are taken from.

    Returns:
        y of the shape of x, and the cache.
    """
    hidden, fc_cache = parts.linear(x, **c_fc)
    active, activation_cache = getattr(parts, activation)(hidden)
    y, proj_cache = parts.linear(active, **c_proj)
    return y, (parts, activation, fc_cache, activation_cache, proj_cache)


def mlp_backward(dy, cache):
    """Undo the three steps in the opposite order.

    dactive = dy @ c_proj.T        dhidden = gelu_backward(dactive)        dx = dhidden @ c_fc.T
    """
    parts, activation, fc_cache, activation_cache, proj_cache = cache
    dactive, dc_proj = parts.linear_backward(dy, proj_cache)
    dhidden, _ = getattr(parts, f"{activation}_backward")(dactive, activation_cache)
    dx, dc_fc = parts.linear_backward(dhidden, fc_cache)
    return dx, {"c_fc": dc_fc, "c_proj": dc_proj}
