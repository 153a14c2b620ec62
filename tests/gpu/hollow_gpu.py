"""A GPU made of Python functions, so that the real CuPy runs on a machine that has none.

Memory, copies, streams and events work; kernels and cuBLAS are started and do nothing. So
everything that CuPy itself decides on the host can be seen: which arguments it takes, which it
refuses, the shape and dtype of each result, what it copies and when it waits. Numbers can not.

    import hollow_gpu
    cupy = hollow_gpu.install()           # before anything else imports cupy
    (cupy.ones(3) + 1).dtype, hollow_gpu.log

How: CuPy's compiled modules carry CUDA's runtime within them. The first bytes of each of its
functions are overwritten, in this process, with a jump to a Python function; the driver, which
CuPy opens by name, is an object of ours. Linux on x86-64 only. The process is good for nothing
else afterwards: run it in one of its own.
"""

from __future__ import annotations

import atexit
import ctypes
import importlib.util
import itertools
import os
import platform
import re
import struct
import sys
from ctypes import c_float, c_int, c_size_t, c_void_p
from pathlib import Path

MEMORY = 80 << 30
HOST_TO_DEVICE, DEVICE_TO_HOST = 1, 2
OUT_OF_MEMORY = 2
ATTRIBUTES = {1: 1024, 8: 49152, 10: 32, 16: 132, 75: 9, 76: 0, 97: 232448}  # of an H100
MODULES = "cupy_backends.cuda.api.runtime cupy.cuda.cub cupy.cuda.thrust cupy.random._generator_api"

log: list[tuple] = []  # ("launch", kernel's name), ("to host", bytes), ("wait",), …
failing: dict[str, int] = {}  # CUDA's functions that shall fail, and the status that they return
compile_for_real = None  # CuPy's own function, see `install`
_libc = None
_sizes: dict[int, int] = {}  # of what cudaMalloc has given out
_names: dict[int, str] = {}  # of kernels, by handle
_handles = itertools.count(1000)
_text = ctypes.create_string_buffer(b"an error of the hollow GPU")


def _put(place: int, value, kind=c_int) -> None:
    kind.from_address(place).value = value


def _new_handle(place: int, *_) -> None:
    _put(place, next(_handles), c_void_p)


def _zeroed(size: int) -> int:
    place = _libc.aligned_alloc(512, max(512, -(-size // 512) * 512))
    ctypes.memset(place, 0, size)
    return place


def _malloc(place, size):
    if used() + size > MEMORY:
        return OUT_OF_MEMORY
    start = _zeroed(size)
    _sizes[start] = size
    _put(place, start, c_void_p)


def used() -> int:
    """Bytes of the memory that are given out."""
    return sum(_sizes.values())


def _free(start):
    if start:
        del _sizes[start]
        _libc.free(start)


def _copy(to, start, size, kind, *_):
    ctypes.memmove(to, start, size)
    if kind in (HOST_TO_DEVICE, DEVICE_TO_HOST):
        log.append(("to device" if kind == HOST_TO_DEVICE else "to host", size))


def _copy_and_wait(*given):
    _copy(*given)
    _wait()


def _wait(*_):
    log.append(("wait",))


def _memory(free, total):
    _put(free, MEMORY - used(), c_size_t)
    _put(total, MEMORY, c_size_t)


def _function_attributes(place, _):
    ctypes.memset(place, 0, 64)
    _put(place + 24, 1024)  # threads in a block
    _put(place + 32, 90)  # version of PTX, and of the binary
    _put(place + 36, 90)


def _get_function(place, module, name):
    handle = next(_handles)
    _names[handle] = ctypes.string_at(name).decode()
    _put(place, handle, c_void_p)


def _matrix_product(*arguments):
    log.append(("cublas",))


# name: (number of arguments, function); what is not here does nothing and succeeds.
RUNTIME = {
    "cudaGetDevice": (1, lambda p: _put(p, 0)),
    "cudaGetDeviceCount": (1, lambda p: _put(p, 1)),
    "cudaDriverGetVersion": (1, lambda p: _put(p, 13000)),
    "cudaRuntimeGetVersion": (1, lambda p: _put(p, 13000)),
    "cudaDeviceGetAttribute": (3, lambda p, what, _: _put(p, ATTRIBUTES.get(what & 0xFFFF, 1))),
    "cudaGetDeviceProperties": (2, lambda p, _: ctypes.memmove(p, b"Hollow GPU\0", 11) and 0),
    "cudaMalloc": (2, _malloc),
    "cudaFree": (1, _free),
    "cudaHostAlloc": (3, lambda p, size, _: _put(p, _zeroed(size), c_void_p)),
    "cudaFreeHost": (1, lambda p: _libc.free(p) and 0),
    "cudaMemcpy": (4, _copy_and_wait),
    "cudaMemcpyAsync": (5, _copy),
    "cudaMemset": (3, lambda p, value, size: ctypes.memset(p, value & 255, size) and 0),
    "cudaMemsetAsync": (4, lambda p, value, size, _: ctypes.memset(p, value & 255, size) and 0),
    "cudaMemGetInfo": (2, _memory),
    "cudaStreamCreate": (1, _new_handle),
    "cudaStreamCreateWithFlags": (2, _new_handle),
    "cudaStreamCreateWithPriority": (3, _new_handle),
    "cudaStreamIsCapturing": (2, lambda _, p: _put(p, 0)),
    "cudaStreamSynchronize": (1, _wait),
    "cudaDeviceSynchronize": (0, _wait),
    "cudaEventCreate": (1, _new_handle),
    "cudaEventCreateWithFlags": (2, _new_handle),
    "cudaEventSynchronize": (1, lambda _: log.append(("wait for event",))),
    "cudaEventElapsedTime": (3, lambda p, start, end: _put(p, 1.0, c_float)),
    "cudaFuncGetAttributes": (2, _function_attributes),
    "cudaOccupancyMaxActiveBlocksPerMultiprocessor": (4, lambda p, *_: _put(p, 2)),
    "cudaOccupancyMaxActiveBlocksPerMultiprocessorWithFlags": (5, lambda p, *_: _put(p, 2)),
    "cudaGetErrorName": (1, lambda _: ctypes.addressof(_text)),
    "cudaGetErrorString": (1, lambda _: ctypes.addressof(_text)),
}
DRIVER = {
    "cuModuleLoadData": (2, _new_handle),
    "cuModuleGetFunction": (3, _get_function),
    "cuLaunchKernel": (11, lambda kernel, *_: log.append(("launch", _names[kernel]))),
    "cuCtxGetCurrent": (1, _new_handle),
    "cuFuncGetAttribute": (3, lambda p, *_: _put(p, 32)),
    "cuOccupancyMaxActiveBlocksPerMultiprocessor": (4, lambda p, *_: _put(p, 2)),
    "cuGetErrorName": (2, lambda _, p: _put(p, ctypes.addressof(_text), c_void_p)),
    "cuGetErrorString": (2, lambda _, p: _put(p, ctypes.addressof(_text), c_void_p)),
}
CUBLAS = {
    "cublasCreate_v2": (1, _new_handle),
    "cublasGetVersion_v2": (2, lambda _, p: _put(p, 130000)),
    "cublasGemmEx": (19, _matrix_product),
    "cublasGemmStridedBatchedEx": (23, _matrix_product),
    "cublasSgemm_v2": (14, _matrix_product),
    "cublasDgemm_v2": (14, _matrix_product),
}


def _as_c(name: str, count: int, function):
    """A C function that calls a Python function and returns its result, None as 0."""
    kind = c_void_p if name.startswith("cudaGetError") else c_int

    def run(*given):
        return failing.get(name) or function(*given) or 0

    return ctypes.CFUNCTYPE(kind, *[c_size_t] * count)(run)


FUNCTIONS = {
    name: _as_c(name, *entry) for name, entry in {**RUNTIME, **DRIVER, **CUBLAS}.items()
}
NOTHING = b"\x31\xc0\xc3"  # xor eax, eax; ret
SLOT = 16  # bytes of a jump
_places: dict[str, int] = {}  # of jumps to FUNCTIONS
_nothing = 0  # the place of NOTHING


def _make_slots() -> None:
    """Write machine code that jumps to each of FUNCTIONS, and some that does nothing."""
    global _nothing
    _nothing = _libc.mmap(None, 4096, 7, 0x22, -1, 0)  # readable, writable and executable
    _turn_off()
    atexit.register(_turn_off)
    for i, (name, function) in enumerate(FUNCTIONS.items(), start=1):
        _places[name] = _nothing + SLOT * i
        code = _jump_to(ctypes.cast(function, c_void_p).value)
        ctypes.memmove(_places[name], code, len(code))


def _jump_to(address: int) -> bytes:
    return b"\x48\xb8" + struct.pack("<Q", address) + b"\xff\xe0"  # mov rax, address; jmp rax


def _turn_off() -> None:
    """Let all of them do nothing: CuPy still calls CUDA when Python's functions are gone."""
    ctypes.memmove(_nothing, NOTHING.ljust(SLOT, b"\0") * (4096 // SLOT), 4096)


def _open_libc() -> ctypes.CDLL:
    libc = ctypes.CDLL(None)
    libc.aligned_alloc.restype = libc.mmap.restype = c_void_p
    libc.aligned_alloc.argtypes = [c_size_t, c_size_t]
    libc.free.argtypes = [c_void_p]
    libc.mprotect.argtypes = [c_size_t, c_size_t, c_int]
    libc.mmap.argtypes = [c_void_p, c_size_t, c_int, c_int, c_int, c_size_t]
    return libc


class _Driver:
    """What CuPy takes for the opened libcuda."""

    def __getattr__(self, name: str):
        if not name.startswith("cu"):
            raise AttributeError(name)
        return c_void_p(_places.get(name, _nothing))


class _Opened(ctypes.CDLL):
    """`ctypes.CDLL`, which gives our driver for libcuda."""

    def __new__(cls, name=None, *_, **__):
        return _Driver() if "libcuda.so" in str(name) else super().__new__(cls)


def why_not() -> str | None:
    """Why this can't be done here, or None."""
    if sys.platform != "linux" or platform.machine() != "x86_64":
        return "the hollow GPU needs Linux on x86-64"
    if importlib.util.find_spec("cupy") is None:
        return "CuPy is not installed"
    return "there is a real driver here" if Path("/dev/nvidiactl").exists() else None


def install():
    """Import the real CuPy on a hollow GPU; return the module."""
    global _libc, compile_for_real
    assert why_not() is None and "cupy" not in sys.modules, why_not() or "cupy is imported already"
    _libc = _open_libc()
    _make_slots()
    os.environ.update(CUPY_CACHE_IN_MEMORY="1", CUPY_ACCELERATORS="")
    ctypes.CDLL = _Opened
    import cupy
    from cupy.cuda import compiler
    from cupy_backends.cuda.libs import cublas  # noqa: F401, it loads libcublas

    for name in MODULES.split():
        _overwrite(importlib.import_module(name).__file__, "cuda[A-Z]")
    _overwrite(_loaded("libcublas.so"), "cublas[A-Z]")
    compile_for_real = compiler._compile_using_nvrtc_no_warning
    compiler._compile_using_nvrtc_no_warning = _compile_nothing
    return cupy


def _compile_nothing(source, options, arch, filename, name_expressions=None, *_):
    return b"", {name: name for name in name_expressions or ()}


def _overwrite(path: str, pattern: str) -> None:
    """Make each function of a loaded library whose name matches jump to ours, or return 0."""
    base = int(_maps(path)[0].partition("-")[0], 16)
    places = {value: name for name, value in _symbols(path) if re.match(pattern, name)}
    assert places, f"{path} has no functions {pattern}"
    for value, name in places.items():
        plain = re.sub(r"_v\d+$|_pt[ds]s?z?$", "", name)
        ours = _places.get(name) or _places.get(plain)
        code, start = _jump_to(ours) if ours else NOTHING, base + value
        assert _libc.mprotect(start // 4096 * 4096, 8192, 7) == 0, "memory can't be made writable"
        ctypes.memmove(start, code, len(code))


def _maps(path: str) -> list[str]:
    lines = Path("/proc/self/maps").read_text(encoding="utf-8").splitlines()
    return [line for line in lines if path in line]


def _loaded(name: str) -> str:
    """The path of a library of this process."""
    return _maps(name)[0].split()[-1]


def _symbols(path: str):
    """Yield (name, offset) of every function in an ELF file of 64 bits."""
    data = Path(path).read_bytes()
    (start,), (size, count) = struct.unpack("<Q", data[40:48]), struct.unpack("<HH", data[58:62])
    sections = [struct.unpack_from("<IIQQQQIIQQ", data, start + i * size) for i in range(count)]
    for _, kind, _, _, offset, length, link, *_ in sections:
        if kind not in (2, 11):  # symbols, or those that others may use
            continue
        names = sections[link][4]
        for at in range(offset, offset + length, 24):
            name, info, _, section, value, _ = struct.unpack_from("<IBBHQQ", data, at)
            if info & 15 == 2 and section:
                end = data.index(b"\0", names + name)
                yield data[names + name : end].decode(), value
