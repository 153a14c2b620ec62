"""`cupy.cuda.runtime`: what CUDA itself says."""

from __future__ import annotations

from cupy._state import state


class CUDARuntimeError(RuntimeError):
    """What CUDA returned is in `.status`."""

    def __init__(self, status: int):
        self.status = status
        super().__init__(f"cudaError {status}")


def getDeviceCount() -> int:  # noqa: N802, CuPy's own names here and below
    """How many GPUs there are."""
    return 1


def getDeviceProperties(device: int) -> dict:  # noqa: N802
    """Some of what CUDA knows of a GPU."""
    known = {"name": b"Stand-in", "major": 9, "minor": 0, "multiProcessorCount": 132}
    return {**known, "totalGlobalMem": state.limit, "sharedMemPerBlockOptin": 232448}


def deviceSynchronize() -> None:  # noqa: N802
    """Wait until all work is done."""
    state.note_wait()


def memGetInfo() -> tuple[int, int]:  # noqa: N802
    """Bytes that are free, and all bytes."""
    return state.limit - state.used, state.limit
