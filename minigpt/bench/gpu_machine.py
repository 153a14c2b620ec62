"""What the GPU, its driver and its libraries are called, for whoever reads the numbers."""

from __future__ import annotations

import functools
import platform
import shutil
import subprocess
from collections.abc import Callable

from minigpt.backend import gpu_memory
from minigpt.bench import torch_gpt
from minigpt.bench.gpu_turns import Plan
from minigpt.bench.measure import machine_in_words

SMI = "name,driver_version,memory.total,clocks.max.sm,power.limit"


def facts(plan: Plan) -> dict[str, Callable[[], dict]]:
    """Each fact by name: a function that gives {"told": a line}."""
    found = {
        "host": machine_in_words,
        "GPU": lambda: plan.xp.cuda.runtime.getDeviceProperties(0)["name"].decode(),
        "memory": lambda: f"{gpu_memory(plan.xp)['total'] / 2**30:.1f} GiB",
        "compute capability": lambda: plan.xp.cuda.Device().compute_capability,
        "driver": _driver,
        "CUDA": lambda: _cuda(plan.xp),
        "CuPy": lambda: f"{plan.xp.__version__}, Python {platform.python_version()}",
    }
    if plan.against:
        found["PyTorch"] = _torch
    return {name: functools.partial(_tell, fact) for name, fact in found.items()}


def _tell(fact: Callable[[], str]) -> dict:
    """A fact, or why it is not known: that does no harm to what is measured."""
    try:
        return {"told": str(fact())}
    except Exception as error:
        return {"told": f"unknown ({type(error).__name__}: {error})"}


def _driver() -> str:
    program = shutil.which("nvidia-smi")
    if program is None:
        return "unknown: there is no nvidia-smi"
    done = subprocess.run(
        [program, f"--query-gpu={SMI}", "--format=csv,noheader"],
        capture_output=True, text=True, timeout=20,
    )  # fmt: skip
    return "; ".join(done.stdout.split("\n")).strip("; ") or f"unknown: {done.stderr.strip()}"


def _cuda(xp) -> str:
    runtime = xp.cuda.runtime
    versions = {
        "driver": runtime.driverGetVersion(),
        "runtime": runtime.runtimeGetVersion(),
        "NVRTC": "{}.{}".format(*xp.cuda.nvrtc.getVersion()),
        "cuBLAS": xp.cuda.cublas.getVersion(xp.cuda.device.get_cublas_handle()),
    }
    return ", ".join(f"{name} {version}" for name, version in versions.items())


def _torch() -> str:
    torch = torch_gpt.import_torch()
    return f"{torch.__version__}, CUDA {torch.version.cuda}"
