"""Lesson 06, where the cache is a function, and the Jacobian of each row is built."""

from minigpt.backend import get_array_module


def layernorm(x, weight, bias, eps=1e-5):
    """The mean in two steps: the mean of what the first mean has left is taken away too."""
    xp = get_array_module(x)
    C = x.shape[-1]
    d = x - xp.average(x, axis=-1)[..., None]
    d = d - xp.average(d, axis=-1)[..., None]
    length = xp.sqrt(xp.linalg.norm(d, axis=-1, keepdims=True) ** 2 + C * eps)
    unit = d / length
    scale = weight * C**0.5

    def back(dy):
        # dy_i / dx_j of one row, without weight: identity - 1/C - unit_i * unit_j
        jacobian = xp.eye(C, dtype=x.dtype) - 1 / C - unit[..., :, None] * unit[..., None, :]
        dunit = (dy * scale)[..., None, :]
        dx = (dunit @ jacobian)[..., 0, :] / length
        axes = tuple(range(x.ndim - 1))
        return dx, {
            "weight": (dy * unit).sum(axis=axes) * C**0.5,
            "bias": xp.add.reduce(dy, axis=axes),
        }

    return unit * scale + bias, back


def layernorm_backward(dy, cache):
    """Call what the forward has left."""
    return cache(dy)
