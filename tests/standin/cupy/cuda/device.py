"""`cupy.cuda.device`: the one GPU that there is."""

from __future__ import annotations

from cupy._state import state


class Device:
    """As a context manager it is the current one, which it always is."""

    compute_capability = "90"

    def __init__(self, device=None):
        self.id = 0 if device is None else int(device)

    def __enter__(self):
        return self

    def __exit__(self, *error):
        pass

    def use(self) -> None:
        """Make it the current one."""

    def synchronize(self) -> None:
        """Wait until all its work is done."""
        state.note_wait()

    @property
    def mem_info(self) -> tuple[int, int]:
        """Bytes that are free, and all bytes."""
        return state.limit - state.used, state.limit


def get_cublas_handle() -> int:
    """What every call of cuBLAS names."""
    return 1
