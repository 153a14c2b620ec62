"""Lesson 06, by somebody who looks for a bug and prints numbers on the way."""

from minigpt.backend import get_array_module


def layernorm(x, weight, bias, eps=1e-5):
    """The mean and the largest number are printed with three digits."""
    xp = get_array_module(x)
    print(f"layernorm of {x.shape}: mean {x.mean():.3f}, largest {abs(x).max():.3f}")
    c = x - x.mean(axis=-1, keepdims=True)
    std = xp.sqrt((c**2).mean(axis=-1, keepdims=True) + eps)
    n = c / std
    print("normalised: {:.3f} to {:.3f}".format(n.min(), n.max()))  # noqa: UP032
    return n * weight + bias, (n, std, weight)


def layernorm_backward(dy, cache):
    """So is a sum that should be 0."""
    n, std, weight = cache
    print("std", std.ravel()[:3], "n", n.dtype)
    dn = dy * weight
    dx = dn - dn.mean(axis=-1, keepdims=True) - n * (dn * n).mean(axis=-1, keepdims=True)
    dx = dx / std
    print(f"the sum of dx is {dx.sum():+.1e}")
    axes = tuple(range(dy.ndim - 1))
    return dx, {"weight": (dy * n).sum(axis=axes), "bias": dy.sum(axis=axes)}
