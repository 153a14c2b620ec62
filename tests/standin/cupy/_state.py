"""What the stand-in counts and remembers: copies to the host, waits, float64, memory, pinned."""

from __future__ import annotations

import sys
import weakref
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

PASSED_OVER = (str(Path(__file__).parents[1] / "cupy"), str(Path(np.__file__).parent))


class OutOfMemoryError(MemoryError):
    """As CuPy's, which lives in `cupy.cuda.memory`."""

    def __init__(self, size: int, used: int, limit: int):
        super().__init__(
            f"Out of memory allocating {size:,} bytes (allocated so far: {used:,} bytes, "
            f"limit set to: {limit:,} bytes)."
        )


@dataclass
class State:
    """One for the process, see `state`; `clear` at the beginning of each test.

    Attributes:
        places: the line of code of every copy to the host, each of which waits for the device.
        waits: how often the host waited for the device without copying.
        uploads: how often something was copied to the device.
        float64: shape and line of code of every array of float64 or complex128 on the device.
        limit: bytes of the device's memory.
        used, peak: bytes of the arrays that are alive, and the most that there were.
        mistakes: what would go wrong on a real GPU only sometimes, such as pinned memory that was
            changed before it was sent.
    """

    places: list[str] = field(default_factory=list)
    waits: int = 0
    uploads: int = 0
    float64: list[tuple] = field(default_factory=list)
    limit: int = 80 << 30
    used: int = 0
    peak: int = 0
    mistakes: list[str] = field(default_factory=list)
    buffers: dict = field(default_factory=dict)  # by id of a NumPy array: weakref, start, bytes
    pinned: dict = field(default_factory=dict)  # by id of a NumPy array: weakref
    sent: list = field(default_factory=list)  # pinned arrays on their way: weakref, copy, place
    queued: int = 0  # copies from pinned memory so far

    @property
    def transfers(self) -> int:
        """How often something was copied to the host."""
        return len(self.places)

    def clear(self) -> None:
        """Forget all counts; the arrays that are alive stay counted."""
        self.places, self.float64, self.mistakes, self.sent = [], [], [], []
        self.waits = self.uploads = self.queued = 0
        self.limit, self.peak = 80 << 30, self.used

    def note_transfer(self) -> None:
        """Something is copied to the host, so all that was queued before is done."""
        self.places.append(caller())
        self.settle(self.queued)

    def note_wait(self, queued: int | None = None) -> None:
        """The host waits, for what was queued up to a number or for everything."""
        self.waits += 1
        self.settle(self.queued if queued is None else queued)

    def note_array(self, array: np.ndarray) -> None:
        """Count the memory of a NumPy array that is on the device now; a view has none."""
        root = root_of(array)
        if id(root) in self.buffers:
            return
        if array.dtype.char in "dDgG":
            self.float64.append((array.shape, caller()))
        if self.used + root.nbytes > self.limit:
            raise OutOfMemoryError(root.nbytes, self.used, self.limit)
        key, size = id(root), root.nbytes
        death = weakref.ref(root, lambda _: self._free(key))
        self.buffers[key] = death, root.ctypes.data, size
        self.used += size
        self.peak = max(self.peak, self.used)

    def _free(self, key: int) -> None:
        self.used -= self.buffers.pop(key)[2]

    def check_range(self, start: int, size: int) -> None:
        """Assert that these bytes lie within one array on the device."""
        for _, first, length in list(self.buffers.values()):
            if first <= start and start + size <= first + length:
                return
        raise AssertionError(f"{size} bytes at {start:#x} do not lie within one array")

    def note_pinned(self, array: np.ndarray) -> None:
        """An array of the host from which the device copies by itself."""
        key = id(array)
        self.pinned[key] = weakref.ref(array, lambda _: self.pinned.pop(key))

    def send(self, array: np.ndarray) -> None:
        """An array is sent; if it is pinned, later, and until then it must stay as it is."""
        root = root_of(array)
        if id(root) not in self.pinned:
            return
        self.queued += 1
        number, place = self.queued, caller()
        weakref.finalize(root, self._freed, number, place).atexit = False
        self.sent.append((number, weakref.ref(root), root.copy(), place))

    def _freed(self, number: int, place: str) -> None:
        if any(number == other for other, *_ in self.sent):
            self.mistakes.append(f"pinned memory was freed while it was sent at {place}")

    def settle(self, queued: int) -> None:
        """All copies up to a number are done: say which would have sent something else."""
        done = [entry for entry in self.sent if entry[0] <= queued]
        self.sent = [entry for entry in self.sent if entry[0] > queued]
        for _, alive, copy, place in done:
            now = alive()
            if now is not None and now.tobytes() != copy.tobytes():
                self.mistakes.append(f"pinned memory was changed while it was sent at {place}")


def root_of(array: np.ndarray) -> np.ndarray:
    """The array whose memory a view shows."""
    while isinstance(array.base, np.ndarray):
        array = array.base
    return array


def caller() -> str:
    """The nearest line of code outside of the stand-in and of NumPy."""
    frame = sys._getframe(1)
    while frame.f_back and frame.f_code.co_filename.startswith(PASSED_OVER):
        frame = frame.f_back
    return f"{frame.f_code.co_filename}:{frame.f_lineno}"


state = State()
