"""`minigpt doctor`: what this machine has, how fast it multiplies, and what to repair.

It reports instead of failing, so every part is looked at on its own, and packages that may be
missing or broken are imported only where they are needed.
"""

from __future__ import annotations

import argparse
import importlib.metadata
import json
import os
import platform
import shutil
import sys
import time
from pathlib import Path

from minigpt.machine import memory

CORE = ("numpy", "regex", "matplotlib", "safetensors", "tqdm", "threadpoolctl")
OPTIONAL = {
    "torch": ("torch",),
    "transformers": ("transformers",),
    "tokenizers": ("tokenizers",),
    "tiktoken": ("tiktoken",),
    "cupy": ("cupy-cuda13x", "cupy-cuda12x", "cupy"),
    "mpi4py": ("mpi4py",),
}
ENOUGH_MEMORY = 500e6  # bytes: a small model with its optimizer and a batch
ENOUGH_DISK = 200e6  # bytes: some checkpoints
SLOW = 2.0  # GFLOP/s; a matrix product without a BLAS library is below it
UNKNOWN = "unknown"


def add_parser(subparsers: argparse._SubParsersAction) -> argparse.ArgumentParser:
    """Add the command `doctor` to the command line."""
    parser = subparsers.add_parser(
        "doctor",
        help="report what this machine has and what to repair",
        description="Report versions, cores, memory, GPU, disk and speed; takes 2 seconds.",
    )
    parser.add_argument("--json", action="store_true", help="print the report as JSON")
    parser.set_defaults(run=run)
    return parser


def run(args: argparse.Namespace) -> int:
    """Print the report, as text or as JSON, and return 0."""
    report = examine()
    print(json.dumps(report, indent=2) if args.json else as_text(report))
    return 0


def examine(seconds: float = 1.0) -> dict:
    """Look at everything, multiplying matrices for `seconds`; sizes are in bytes, None = unknown.

    Keys: minigpt python executable platform core_packages blas cores memory gpu cache data
    working_folder optional_packages matmul_gflops ready verdict.
    """
    threads = _blas()
    report = {
        "minigpt": _version("minigpt"),
        "python": platform.python_version(),
        "executable": sys.executable,
        "platform": platform.platform(),
        "core_packages": {name: _version(name) for name in CORE},
        "blas": threads,
        "cores": _cores(),
        "memory": memory(),
        "gpu": _gpu(),
        "cache": _cache(),
        "data": os.environ.get("MINIGPT_DATA"),
        "working_folder": _folder(Path.cwd()),
        "optional_packages": {name: _version(*names) for name, names in OPTIONAL.items()},
        "matmul_gflops": _matmul_speed(seconds, can_limit=bool(threads and threads[0]["threads"])),
    }
    repairs = find_repairs(report)
    report["ready"] = not repairs
    report["verdict"] = "Repair first: " + "; ".join(repairs) + "." if repairs else _ready(report)
    return report


def find_repairs(report: dict) -> list[str]:
    """List what is wrong in a report, each with what to do about it."""
    found = []
    if tuple(map(int, report["python"].split(".")[:2])) < (3, 10):
        found.append(f"Python is {report['python']}, install 3.10 or newer")
    missing = [name for name, version in report["core_packages"].items() if version is None]
    if missing:
        found.append(f"missing packages, run: pip install {' '.join(missing)}")
    numpy = report["core_packages"]["numpy"]
    if numpy and int(numpy.split(".")[0]) < 2:
        found.append(f'NumPy is {numpy}, run: pip install "numpy>=2.0"')
    speed = report["matmul_gflops"]["all_threads"]
    if speed is None and numpy:
        found.append("NumPy is broken, run: pip install --force-reinstall numpy")
    elif speed is not None and speed < SLOW:
        found.append(
            f"matrix products run at {speed:.1f} GFLOP/s, so NumPy has no fast BLAS or other "
            "programs use the cores; stop them, or run: pip install --force-reinstall numpy"
        )
    available = report["memory"]["available"]
    if available is not None and available < ENOUGH_MEMORY:
        found.append(f"only {_size(available)} of memory is free, close other programs")
    if not report["cache"]["writable"]:
        found.append("the cache folder cannot be written, set MINIGPT_CACHE to one that can")
    free = report["working_folder"]["free"]
    if free is not None and free < ENOUGH_DISK:
        found.append(f"only {_size(free)} of disk is free in this folder, work in another one")
    data = os.path.expanduser(report["data"] or "")  # noqa: PTH111 (never raises)
    if data and not os.path.isdir(data):  # noqa: PTH112 (never raises)
        found.append(f"MINIGPT_DATA names {report['data']}, which is not a folder, correct it")
    return found


def as_text(report: dict) -> str:
    """Lay the report out for reading, one line a fact, the verdict last."""
    cores, memory, speed = report["cores"], report["memory"], report["matmul_gflops"]
    cache, here = report["cache"], report["working_folder"]
    access = "writable" if cache["writable"] else "NOT writable"
    blas = [
        f"{one['name']} {one['version'] or ''}".strip() + f", {one['threads'] or UNKNOWN} threads"
        for one in report["blas"]
    ]
    lines = [
        ("minigpt", report["minigpt"] or "not installed (run: pip install -e .)"),
        ("Python", f"{report['python']} ({report['executable']})"),
        ("platform", report["platform"]),
        *_package_lines(report["core_packages"], "MISSING"),
        ("BLAS", "; ".join(blas) or UNKNOWN),
        ("cores", f"{cores['logical'] or UNKNOWN}, usable here: {cores['usable'] or UNKNOWN}"),
        ("memory", f"{_size(memory['total'])}, available: {_size(memory['available'])}"),
        ("GPU", ("usable: " if report["gpu"]["usable"] else "none: ") + report["gpu"]["status"]),
        *(("GPU kernels", sentence) for sentence in report["gpu"].get("kernels", [])),
        ("cache", f"{cache['path']} ({access}, {_size(cache['free'])} free)"),
        ("MINIGPT_DATA", report["data"] or "not set"),
        ("this folder", f"{here['path']} ({_size(here['free'])} free)"),
        *_package_lines(report["optional_packages"], "not installed (optional)"),
        ("matmul", f"1 thread: {_speed(speed['one_thread'])}, "
                   f"all threads: {_speed(speed['all_threads'])} (float32)"),
    ]
    width = max(len(label) for label, _ in lines)
    body = "\n".join(f"{label:<{width}}  {value}" for label, value in lines)
    return f"{body}\n\n{report['verdict']}"


def _package_lines(packages: dict, absent: str) -> list[tuple[str, str]]:
    return [(name, version or absent) for name, version in packages.items()]


def _ready(report: dict) -> str:
    threads = next((one["threads"] for one in report["blas"] if one["threads"]), None)
    on = f" with {threads} thread{'s' if threads > 1 else ''}" if threads else ""
    gpu = report["gpu"]
    other = f", and the GPU is usable ({gpu['status']})" if gpu["usable"] else ""
    speed = _speed(report["matmul_gflops"]["all_threads"])
    return f"Ready: the CPU multiplies matrices at {speed}{on}{other}."


def _version(*names: str) -> str | None:
    """Return the version of the first of these packages that is installed, without importing it."""
    for name in names:
        try:
            return importlib.metadata.version(name)
        except importlib.metadata.PackageNotFoundError:
            continue
    return None


def _blas() -> list[dict]:
    """List the libraries that multiply NumPy's matrices; threads is None where it is not told."""
    try:
        import numpy
        import threadpoolctl

        loaded = [one for one in threadpoolctl.threadpool_info() if one["user_api"] == "blas"]
        if loaded:
            return [
                {"name": one["internal_api"], "version": one["version"],
                 "threads": one["num_threads"]}
                for one in loaded
            ]
        built = numpy.show_config(mode="dicts")["Build Dependencies"]["blas"]  # macOS: Accelerate
        return [{"name": built["name"], "version": built.get("version"), "threads": None}]
    except Exception:  # a broken NumPy raises anything; it is reported as unknown, not as a crash
        return []


def _cores() -> dict:
    affinity = getattr(os, "sched_getaffinity", None)  # absent on macOS and Windows
    logical = os.cpu_count()
    return {"logical": logical, "usable": len(affinity(0)) if affinity else logical}


def _gpu() -> dict:
    try:
        from minigpt.backend import gpu_status

        usable, sentence = gpu_status()
    except Exception as error:  # a broken driver or NumPy must not end the report
        usable, sentence = False, f"looking for one failed ({type(error).__name__}: {error})"
    found = {"usable": bool(usable), "status": " ".join(sentence.split())}
    return {**found, "kernels": _gpu_kernels()} if usable else found


def _gpu_kernels() -> list[str]:
    """Which of the fast functions this GPU can't use, each with its reason."""
    try:
        import cupy

        from minigpt.kernels.gpu.table import usable

        found = {precision: usable(cupy, precision) for precision in ("fp32", "tf32", "bf16")}
        reasons = [f"{name}: {why}" for name, each in found.items() for why in each.values()]
    except Exception as error:
        return [f"trying them failed ({type(error).__name__}: {error})"]
    return reasons or ["all of them work, in fp32, tf32 and bf16"]


def _cache() -> dict:
    from minigpt.corpus.download import cache_dir

    folder = cache_dir()
    existing = _nearest_folder(folder)
    return {**_folder(folder), "writable": existing.is_dir() and os.access(existing, os.W_OK)}


def _folder(folder: Path) -> dict:
    try:
        free = shutil.disk_usage(_nearest_folder(folder)).free
    except OSError:
        free = None
    return {"path": str(folder), "free": free}


def _nearest_folder(folder: Path) -> Path:
    """Return `folder`, or what stands above it where it does not exist yet."""
    return next((path for path in (folder, *folder.absolute().parents) if path.exists()), folder)


def _matmul_speed(seconds: float, can_limit: bool, size: int = 768) -> dict:
    """Multiply float32 matrices for `seconds`, half of it on one thread; the best, in GFLOP/s."""
    result: dict = {"one_thread": None, "all_threads": None}
    try:
        import numpy as np
        import threadpoolctl

        matrix = np.random.default_rng(0).standard_normal((size, size), dtype=np.float32)
        result["all_threads"] = _best_speed(matrix, seconds / 2)
        if can_limit:
            with threadpoolctl.threadpool_limits(limits=1, user_api="blas"):
                result["one_thread"] = _best_speed(matrix, seconds / 2)
    except Exception:  # told as "unknown", and by `find_repairs`
        pass
    return result


def _best_speed(matrix, seconds: float) -> float:
    """Return the GFLOP/s of the fastest product within `seconds`, at least two (one to warm up)."""
    best, rounds, end = float("inf"), 0, time.perf_counter() + seconds
    while rounds < 2 or time.perf_counter() < end:
        start = time.perf_counter()
        matrix @ matrix
        best, rounds = min(best, time.perf_counter() - start), rounds + 1
    return round(2 * len(matrix) ** 3 / best / 1e9, 1)


def _size(count: int | None) -> str:
    return UNKNOWN if count is None else f"{count / 1e9:.1f} GB"


def _speed(gflops: float | None) -> str:
    return UNKNOWN if gflops is None else f"{gflops:.0f} GFLOP/s"
