"""`cupy.cuda`, as far as minigpt could need it."""

from __future__ import annotations

from cupy.cuda import device, memory, runtime, stream
from cupy.cuda.device import Device
from cupy.cuda.memory import MemoryPool, alloc_pinned_memory
from cupy.cuda.stream import Event, Stream, get_current_stream, get_elapsed_time

__all__ = [
    "Device",
    "Event",
    "MemoryPool",
    "Stream",
    "alloc_pinned_memory",
    "device",
    "get_current_stream",
    "get_elapsed_time",
    "memory",
    "runtime",
    "stream",
]
