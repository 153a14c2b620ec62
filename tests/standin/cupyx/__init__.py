"""`cupyx`, as far as minigpt could need it."""

from __future__ import annotations

from cupy.cuda.memory import pinned


def empty_pinned(shape, dtype=float, order="C"):
    """A NumPy array in memory that is copied to the device while the host goes on."""
    return pinned(shape, dtype, order)


def zeros_pinned(shape, dtype=float, order="C"):
    """The same, of zeros."""
    array = pinned(shape, dtype, order)
    array[...] = 0
    return array
