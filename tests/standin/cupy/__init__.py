"""A strict stand-in for CuPy on NumPy: its names, its refusals, and what it costs.

What the real one has and how it answers is in `../manifest.json`; `state` counts. Stricter than
the real one in two ways: fresh memory is filled with nonsense, and random numbers can't be drawn
(they are drawn on the host, so that all machines see the same).
"""

from __future__ import annotations

import importlib

from emulate import RawModule

from cupy import _functions
from cupy._array import ndarray
from cupy._functions import (
    array,
    asarray,
    ascontiguousarray,
    asnumpy,
    copyto,
    empty,
    empty_like,
    full,
    get_array_module,
    nonzero,
    ones_like,
    ufunc,
    where,
    zeros_like,
)
from cupy._manifest import MANIFEST
from cupy._state import state

__version__ = MANIFEST["cupy"]
__all__ = [
    "RawModule",
    "array",
    "asarray",
    "ascontiguousarray",
    "asnumpy",
    "copyto",
    "empty",
    "empty_like",
    "full",
    "get_array_module",
    "get_default_memory_pool",
    "ndarray",
    "nonzero",
    "ones_like",
    "state",
    "ufunc",
    "where",
    "zeros_like",
]


def get_default_memory_pool():
    """The pool that all arrays take their memory from."""
    return cuda.memory.POOL


def __getattr__(name: str):
    if name.startswith("_"):
        raise AttributeError(name)
    globals()[name] = found = _functions.named(name)
    return found


cuda = importlib.import_module("cupy.cuda")
linalg = importlib.import_module("cupy.linalg")
