"""CUDA files compiled with g++ and run on the CPU: a RawModule whose kernels take NumPy arrays."""

import ctypes
import functools
import hashlib
import re
import shutil
import subprocess
import tempfile
from pathlib import Path

import numpy as np

HEADER = Path(__file__).parent / "cuda_on_cpu.h"
COMPILER = shutil.which("g++")
KERNEL = re.compile(r"__global__\s+void\s+(?:__launch_bounds__\s*\([^)]*\)\s*)?(\w+)\s*\(")
NUMBERS = (np.int32, np.int64, np.uint32, np.uint64, np.float32)


class RawModule:
    """As `cupy.RawModule(code=…, options=…)`, on the CPU."""

    def __init__(self, *, code: str, options: tuple[str, ...] = ()):
        self.library, self.names = _library(code, tuple(options)), KERNEL.findall(code)

    def get_function(self, name: str):
        """The kernel of this name, called as `kernel(blocks, threads, arguments)`."""
        assert name in self.names, f"no kernel {name}, only {self.names}"
        return functools.partial(_launch, getattr(self.library, f"launch_{name}"), name)


def _launch(function, name: str, blocks: tuple, threads: tuple, arguments: tuple) -> None:
    """Run one kernel: pointers for arrays, values for numbers, each of the kernel's own type."""
    blocks = tuple(map(int, blocks)) + (1,) * (3 - len(blocks))
    (threads,) = threads
    assert 0 < threads <= 1024 and threads % 32 == 0, f"{name}: {threads} threads"
    assert 0 < blocks[0] < 2**31 and all(0 < n < 65536 for n in blocks[1:]), f"{name}: {blocks}"
    values, sizes = [], []
    for argument in arguments:
        if isinstance(argument, NUMBERS):
            value = np.ctypeslib.as_ctypes_type(argument.dtype)(argument.item())
        else:
            assert hasattr(argument, "flags"), f"{name}: {argument!r} of type {type(argument)}"
            assert argument.flags.c_contiguous, f"{name}: an array that is not contiguous"
            value = ctypes.c_void_p(_pointer(argument))
        values.append(value)
        sizes.append(ctypes.sizeof(value))
    pointers = (ctypes.c_void_p * len(values))(*(ctypes.addressof(value) for value in values))
    failure = function(
        (ctypes.c_int * 3)(*blocks), threads, pointers, (ctypes.c_int * len(sizes))(*sizes),
        len(values),
    )  # fmt: skip
    assert failure is None, f"{name}: {failure.decode()}"


def _pointer(array) -> int:
    return array.data.ptr if hasattr(array.data, "ptr") else array.ctypes.data


@functools.cache
def _library(code: str, options: tuple[str, ...]) -> ctypes.CDLL:
    """Compile the code, with one C function for each kernel that starts it."""
    starts = [
        f'extern "C" const char* launch_{name}(const int* grid, int threads, void** arguments,\n'
        f"    const int* sizes, int count) {{\n"
        f"    return emulator::launch({name}, grid, threads, arguments, sizes, count);\n}}\n"
        for name in KERNEL.findall(code)
    ]
    whole = "\n".join([f'#include "{HEADER}"', code, *starts])
    folder = Path(tempfile.gettempdir()) / "minigpt-cuda-on-cpu"
    folder.mkdir(exist_ok=True)
    key = hashlib.sha256((whole + HEADER.read_text(encoding="utf-8") + str(options)).encode())
    built = folder / f"{key.hexdigest()[:24]}.so"
    if not built.exists():
        with tempfile.TemporaryDirectory(dir=folder) as work:
            text, fresh = Path(work) / "kernels.cpp", Path(work) / "kernels.so"
            text.write_text(whole, encoding="utf-8")
            command = [COMPILER, "-std=c++17", "-O2", "-fPIC", "-shared", "-w", *options]
            done = subprocess.run([*command, text, "-o", fresh], capture_output=True, text=True)
            assert done.returncode == 0, done.stderr[:4000]
            fresh.replace(built)
    library = ctypes.CDLL(str(built))
    for name in KERNEL.findall(code):
        getattr(library, f"launch_{name}").restype = ctypes.c_char_p
    return library
