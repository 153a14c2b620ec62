"""Dropout: in training, forget a random part of what passes (Srivastava et al., 2014)."""

from minigpt.backend import get_array_module


def dropout_mask(rng, shape, p, like):
    """Draw a mask: 0 with probability p, else 1/(1 - p), so that the mean stays the same.

    Args:
        rng: a `numpy.random.Generator`; the draw is made on the host, so CPU and GPU agree.
        shape: of the mask.
        p: the share that is dropped, 0 <= p < 1.
        like: an array; the mask gets its dtype and lives where it lives.

    Returns:
        The mask, or None for p == 0.
    """
    if p == 0:
        return None
    keep = rng.random(shape, dtype="float32") >= p
    return get_array_module(like).asarray(keep, dtype=like.dtype) * (1 / (1 - p))


def dropout(x, mask=None):
    """Multiply by the mask; without one (outside training), pass a copy of x on.

        y = x * mask

    Args:
        x: any shape.
        mask: from `dropout_mask`, of a shape that broadcasts to x's, or None.

    Returns:
        y of the shape of x, and the cache.
    """
    return (x.copy() if mask is None else x * mask), mask


def dropout_backward(dy, mask):
    """dx = dy * mask: what was dropped gets no gradient."""
    return (dy.copy() if mask is None else dy * mask), {}
