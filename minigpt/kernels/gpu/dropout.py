"""Dropout whose mask is a hash of the position: nothing is drawn on the GPU, and nothing stored."""

from __future__ import annotations

import math

import numpy as np

from minigpt import layers
from minigpt.backend import get_array_module
from minigpt.kernels.gpu.launch import launch
from minigpt.kernels.gpu.matmul import THREADS, blocks_for


class HashedMask:
    """The mask of `layers.dropout_mask`, computed where it is needed instead of being stored.

    Element i of the flat mask is kept if the upper 32 bits of splitmix64(seed, i) reach the
    threshold p 2^32, see `kept` in common.cuh. `x * mask` works as with an array.

    Attributes:
        seed: `numpy.uint64`.
        threshold: `numpy.uint32`.
        scale: `numpy.float32`, 1 / (1 - p), by which what is kept is multiplied.
        shape: of the mask.
    """

    __array_ufunc__ = None  # then x * mask asks __rmul__

    def __init__(self, seed: int, shape: tuple[int, ...], p: float):
        self.seed, self.shape = np.uint64(seed), tuple(shape)
        self.threshold = np.uint32(min(round(p * 2**32), 2**32 - 1))
        self.scale = np.float32(1 / (1 - p))

    def array(self, xp, dtype=np.float32):
        """The mask as numbers: 0 or the scale."""
        z = xp.arange(1, math.prod(self.shape) + 1, dtype=np.uint64)
        z = z * np.uint64(0x9E3779B97F4A7C15) + self.seed
        z = (z ^ (z >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
        z = (z ^ (z >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
        keep = (z ^ (z >> np.uint64(31))) >> np.uint64(32) >= self.threshold.astype(np.uint64)
        return keep.reshape(self.shape).astype(dtype) * np.dtype(dtype).type(self.scale)

    def __rmul__(self, x):
        return x * self.array(get_array_module(x), x.dtype)

    __mul__ = __rmul__


def dropout_mask(rng, shape, p, like):
    """As `layers.dropout_mask`, of which only a seed is drawn; the mask is a `HashedMask`."""
    return None if p == 0 else HashedMask(rng.integers(2**63), shape, p)


def dropout(x, mask=None):
    """As `layers.dropout`; the mask may be a `HashedMask`."""
    mask = _fitting(mask, x)
    return (_dropped(x, mask) if isinstance(mask, HashedMask) else layers.dropout(x, mask)[0]), mask


def dropout_backward(dy, mask):
    """As `layers.dropout_backward`."""
    if isinstance(mask, HashedMask):
        return _dropped(dy, mask), {}
    return layers.dropout_backward(dy, mask)


def _fitting(mask, x):
    """The mask as it is, or as numbers if it is hashed and has to be broadcast."""
    broadcast = isinstance(mask, HashedMask) and mask.shape != x.shape
    return mask.array(get_array_module(x), x.dtype) if broadcast else mask


def _dropped(x, mask: HashedMask):
    xp = get_array_module(x)
    assert x.dtype == np.float32, f"the kernels know float32, not {x.dtype}"
    y = xp.empty(x.shape, np.float32)
    launch(xp, "elementwise.cu", "dropout", blocks_for(x.size), THREADS, xp.ascontiguousarray(x),
           y, mask.seed, mask.threshold, mask.scale, np.int64(x.size))  # fmt: skip
    return y
