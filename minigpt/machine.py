"""What the machine has: cores and memory. Standard library only, on every platform."""

from __future__ import annotations

import ctypes
import functools
import os
import platform
import sys
from pathlib import Path

MEMINFO, CPUINFO = Path("/proc/meminfo"), Path("/proc/cpuinfo")


def processor() -> str:
    """The name of the processor, as the system tells it."""
    try:
        lines = CPUINFO.read_text(encoding="utf-8", errors="replace").splitlines()
        return next(line.partition(":")[2].strip() for line in lines if "model name" in line)
    except (OSError, StopIteration):
        return platform.processor() or platform.machine()


@functools.cache
def keep_freed_memory() -> bool:
    """Ask the C library to keep freed memory instead of returning it; True where that worked.

    A training step frees and allocates the same large arrays again and again. By default glibc
    gives blocks above 128 kB back to the system, and every new array pays for page faults: 20 to
    40 % of a small model's step. Other C libraries (macOS, Windows, musl) are left as they are.
    """
    if not sys.platform.startswith("linux"):
        return False
    try:
        libc = ctypes.CDLL("libc.so.6")
        m_trim_threshold, m_mmap_threshold, m_arena_max = -1, -3, -8
        libc.mallopt(m_arena_max, 1)  # one pool for all threads: a thread's own keeps 64 MB at most
        trimmed = libc.mallopt(m_trim_threshold, 1 << 30)
        mapped = libc.mallopt(m_mmap_threshold, 64 << 20)
        mapped = mapped or libc.mallopt(m_mmap_threshold, 32 << 20)  # the most of an older glibc
        return bool(trimmed and mapped)
    except (OSError, AttributeError):
        return False


def usable_cores() -> int:
    """Count the cores that this process may use (fewer than the machine has, in a container)."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def peak_memory_mb() -> float | None:
    """The most memory that this process ever held, in megabytes; None where it can't be known."""
    try:
        import resource
    except ImportError:  # Windows
        return _windows_peak_memory_mb()
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak / 2**20 if sys.platform == "darwin" else peak / 2**10


def _windows_peak_memory_mb() -> float | None:
    class Counters(ctypes.Structure):  # PROCESS_MEMORY_COUNTERS
        _fields_ = [("size", ctypes.c_ulong), ("page_faults", ctypes.c_ulong)] + [
            (name, ctypes.c_size_t)
            for name in ("peak", "now", "peak_paged", "paged", "peak_other", "other", "file", "top")
        ]

    try:
        counters = Counters(ctypes.sizeof(Counters))
        process = ctypes.c_void_p(ctypes.windll.kernel32.GetCurrentProcess())
        known = ctypes.windll.psapi.GetProcessMemoryInfo(
            process, ctypes.byref(counters), counters.size
        )
        return counters.peak / 2**20 if known else None
    except (AttributeError, OSError):
        return None


def memory() -> dict[str, int | None]:
    """Return total and available memory in bytes; None where the system does not tell."""
    try:
        if sys.platform == "win32":
            return _windows_memory()
        if sys.platform.startswith("linux"):
            lines = MEMINFO.read_text(encoding="ascii").splitlines()  # "MemTotal:   1234 kB"
            table = {line.split(":")[0]: int(line.split()[1]) * 1024 for line in lines}
            return {"total": table["MemTotal"], "available": table.get("MemAvailable")}
        total = os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
        return {"total": total, "available": None}
    except (OSError, ValueError, KeyError, IndexError, AttributeError):
        return {"total": None, "available": None}


def _windows_memory() -> dict:
    class MemoryStatus(ctypes.Structure):  # MEMORYSTATUSEX of the Windows API
        _fields_ = [("length", ctypes.c_uint32), ("load", ctypes.c_uint32)] + [
            (name, ctypes.c_uint64)
            for name in ("total", "available", "page_total", "page_available",
                         "virtual_total", "virtual_available", "extended_available")
        ]

    status = MemoryStatus(length=ctypes.sizeof(MemoryStatus))
    if not ctypes.WinDLL("kernel32").GlobalMemoryStatusEx(ctypes.byref(status)):
        return {"total": None, "available": None}
    return {"total": status.total, "available": status.available}
