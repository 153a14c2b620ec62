"""What may stand between the brackets of `x[…]` on the device."""

from __future__ import annotations

import numpy as np

from cupy._state import state


def on_host(index, shape: tuple, ndarray) -> tuple:
    """An index for NumPy: integer arrays wrap around silently, as on a GPU.

    A mask copies to the host how many places it has; a slice between device arrays, its ends.
    """
    parts = index if isinstance(index, tuple) else (index,)
    used, axis, found = sum(map(_axes, parts)), 0, []
    for part in parts:
        if part is Ellipsis:
            axis += len(shape) - used
        length = shape[axis] if axis < len(shape) else None
        found.append(_part(part, length, ndarray))
        axis += _axes(part)
    return tuple(found)


def _axes(part) -> int:
    """How many axes of the array a part of the index takes up."""
    if part is None or part is Ellipsis or isinstance(part, (bool, np.bool_)):
        return 0
    return part.ndim if getattr(part, "dtype", None) == np.bool_ else 1


def _part(part, length: int | None, ndarray):
    if isinstance(part, slice):
        return slice(*(_end(end, ndarray) for end in (part.start, part.stop, part.step)))
    if isinstance(part, ndarray):
        part = part._a
        if part.dtype == bool:
            state.note_transfer()
    elif isinstance(part, (list, tuple, np.ndarray)) and np.ndim(part):
        state.uploads += 1
        part = np.asarray(part)
    else:
        return part
    return part % length if part.dtype.kind in "iu" and length else part


def _end(end, ndarray):
    return int(end) if isinstance(end, ndarray) else end
