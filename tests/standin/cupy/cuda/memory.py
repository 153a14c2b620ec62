"""`cupy.cuda.memory`, and memory of the host from which a GPU copies by itself."""

from __future__ import annotations

import math

import numpy as np

from cupy._state import OutOfMemoryError, state

__all__ = ["POOL", "MemoryPool", "OutOfMemoryError", "alloc_pinned_memory", "pinned"]


class MemoryPool:
    """What CuPy holds of the device's memory; here it is as much as arrays ever used."""

    def used_bytes(self) -> int:
        """Bytes of the arrays that are alive."""
        return state.used

    def total_bytes(self) -> int:
        """Bytes that CuPy holds, used or not."""
        return state.peak

    def free_bytes(self) -> int:
        """Bytes that CuPy holds for later."""
        return state.peak - state.used

    def free_all_blocks(self, stream=None) -> None:
        """Give back what is not used."""
        state.peak = state.used

    def n_free_blocks(self) -> int:
        """Pieces that are held for later."""
        return int(state.peak > state.used)

    def get_limit(self) -> int:
        """Bytes that it may hold."""
        return state.limit

    def set_limit(self, size=None, fraction=None) -> None:
        """Set how many bytes it may hold."""
        state.limit = size if fraction is None else int(fraction * state.limit)


def pinned(shape, dtype=float, order="C") -> np.ndarray:
    """Memory of the host, full of nonsense, that is copied while the host goes on."""
    shape = (shape,) if isinstance(shape, int) else tuple(shape)
    memory = np.full(math.prod(shape) * np.dtype(dtype).itemsize, 0xFF, np.uint8)
    state.note_pinned(memory)
    return memory.view(dtype).reshape(shape, order=order)


def alloc_pinned_memory(size: int) -> memoryview:
    """The same as bytes."""
    return memoryview(pinned(size, np.uint8))


POOL = MemoryPool()
