"""Arrays on two machines: NumPy on the CPU, CuPy on a GPU. Only this file knows the difference.

A function of `layers/` asks `get_array_module(x)` for the library that made its argument and then
writes `xp.tanh(x)`; the same line runs on both. CuPy is imported when a GPU is asked for, never
before.
"""

from __future__ import annotations

import functools
import sys
from types import ModuleType

import numpy as np

from minigpt.errors import UserError

DEVICES = ("auto", "cpu", "cuda")


def get_array_module(x) -> ModuleType:
    """Return the module that made the array `x`: `numpy`, or `cupy` if it lives on a GPU."""
    package = type(x).__module__.partition(".")[0]
    return np if package == "builtins" else sys.modules[package]


def to_host(x) -> np.ndarray:
    """Copy an array from a GPU to NumPy; a NumPy array is returned as it is."""
    return x.get() if hasattr(x, "get") and not isinstance(x, np.ndarray) else np.asarray(x)


def gpu_memory(xp: ModuleType) -> dict[str, int]:
    """Bytes of a GPU's memory: "total", "free", and "peak", the most that this process held."""
    free, total = xp.cuda.Device().mem_info
    pool = xp.get_default_memory_pool()
    return {"total": total, "free": free + pool.free_bytes(), "peak": pool.total_bytes()}


def is_out_of_memory(error: BaseException) -> bool:
    """Whether CuPy, or CUDA below it, says that the GPU's memory is full."""
    return type(error).__name__ == "OutOfMemoryError" or (
        type(error).__name__ == "CUDARuntimeError" and getattr(error, "status", None) == 2
    )


@functools.cache
def gpu_status() -> tuple[bool, str]:
    """Say whether a GPU can be used, and in one sentence which, or why not and what to do.

    The probe multiplies two matrices and runs one elementwise kernel, because importing CuPy
    succeeds on machines without a GPU, a driver or the CUDA libraries.
    """
    try:
        import cupy
    except ImportError:
        return False, (
            "CuPy is not installed; on a machine with an NVIDIA GPU: "
            'pip install "cupy-cuda13x[ctk]" (or cupy-cuda12x[ctk], for an older driver)'
        )
    try:
        x = cupy.ones((4, 4), dtype=cupy.float32)
        worked = float(cupy.tanh(x @ x).sum()) > 15
        name = cupy.cuda.runtime.getDeviceProperties(0)["name"].decode()
    except Exception as error:  # CuPy raises many types here, some of them its own
        return False, _why_no_gpu(error)
    return (True, name) if worked else (False, "the GPU computed a wrong matrix product")


def _why_no_gpu(error: Exception) -> str:
    """Turn what CuPy raised in the probe into one sentence with the repair."""
    status = getattr(error, "status", None)
    if status == 35:
        return "the NVIDIA driver is missing or too old for this CuPy; install a newer driver"
    if status == 100:
        return "CuPy is installed, but this machine shows no NVIDIA GPU"
    if status == 2 or type(error).__name__ == "OutOfMemoryError":
        return "the GPU's memory is full; stop the other program that uses it"
    if isinstance(error, (ImportError, OSError, RuntimeError)) and status is None:
        return (
            "CuPy can't load the CUDA libraries; install them with "
            'pip install "cupy-cuda13x[ctk]" (or cupy-cuda12x[ctk])'
        )
    first_line = str(error).partition("\n")[0]
    return f"CuPy can't use the GPU ({type(error).__name__}: {first_line})"


def select_device(device: str = "auto") -> tuple[ModuleType, str]:
    """Choose the array module for `device`, "auto", "cpu" or "cuda".

    Returns:
        `(xp, why)`: the module, and a line that says what was chosen and why.

    Raises:
        UserError: for another name, or for "cuda" where no GPU can be used.
    """
    if device not in DEVICES:
        raise UserError(f"Unknown device {device!r}; use one of: {', '.join(DEVICES)}.")
    if device == "cpu":
        return np, "CPU (as asked)"
    usable, sentence = gpu_status()
    if usable:
        import cupy

        return cupy, f"GPU ({sentence})"
    if device == "cuda":
        raise UserError(f"--device cuda can't be used: {sentence}.")
    return np, f"CPU, because {sentence}"
