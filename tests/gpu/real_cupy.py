"""What the real CuPy has and how it answers: the content of `../standin/manifest.json`."""

from __future__ import annotations

import importlib
import inspect
import re

import cases

# What the stand-in offers besides the names of `cupy` itself and of its arrays.
OTHERS = """
cupy.RawModule.get_function cupy.linalg.norm cupyx.empty_pinned cupyx.zeros_pinned
cupy.cuda.Device.id cupy.cuda.Device.use cupy.cuda.Device.synchronize cupy.cuda.Device.mem_info
cupy.cuda.Device.compute_capability cupy.cuda.device.get_cublas_handle
cupy.cuda.Event.__init__ cupy.cuda.Event.record cupy.cuda.Event.synchronize cupy.cuda.Event.done
cupy.cuda.Stream.__init__ cupy.cuda.Stream.null cupy.cuda.Stream.use cupy.cuda.Stream.record
cupy.cuda.Stream.wait_event cupy.cuda.Stream.synchronize cupy.cuda.Stream.done
cupy.cuda.Stream.is_non_blocking cupy.cuda.get_current_stream cupy.cuda.get_elapsed_time
cupy.cuda.stream.get_current_stream
cupy.cuda.MemoryPool.used_bytes cupy.cuda.MemoryPool.total_bytes cupy.cuda.MemoryPool.free_bytes
cupy.cuda.MemoryPool.free_all_blocks cupy.cuda.MemoryPool.n_free_blocks
cupy.cuda.MemoryPool.get_limit cupy.cuda.MemoryPool.set_limit
cupy.cuda.memory.OutOfMemoryError cupy.cuda.memory.MemoryPool cupy.cuda.alloc_pinned_memory
cupy.cuda.runtime.getDeviceCount cupy.cuda.runtime.getDeviceProperties
cupy.cuda.runtime.deviceSynchronize cupy.cuda.runtime.memGetInfo
cupy.cuda.runtime.CUDARuntimeError
cupy_backends.cuda.libs.cublas.gemmEx cupy_backends.cuda.libs.cublas.gemmStridedBatchedEx
cupy_backends.cuda.libs.cublas.CUBLASError
""".split()


def manifest(cupy) -> dict:
    """All of it, of the real CuPy on the hollow GPU."""
    cupy.cuda.set_allocator(None)  # memory straight from CUDA, where it is all zeros
    public = [name for name in dir(cupy) if not name.startswith("_")]
    parts = [name for name in dir(cupy.ndarray) if not re.match("_[^_]", name)]
    parts = {name: getattr(cupy.ndarray, name) for name in parts if not hasattr(object, name)}
    outcomes = {line: outcome(line, cupy) for line in cases.lines()}
    cupy.cuda.set_allocator(cupy.get_default_memory_pool().malloc)
    return {
        "cupy": cupy.__version__,
        "names": {name: signature(getattr(cupy, name), cupy) for name in public},
        "ndarray": {
            name: "" if name.startswith("__") else signature(part, cupy)
            for name, part in parts.items()
        },
        "others": {path: signature(find(path), cupy) for path in OTHERS},
        "outcomes": outcomes,
    }


def signature(thing, cupy) -> str:
    """The parameters, as "(a, axis=, dtype=)"; "ufunc", "class", or "" for what can't be called."""
    if isinstance(thing, cupy.ufunc):
        return "ufunc"
    if inspect.isclass(thing):
        return "class"
    if not callable(thing):
        return ""
    try:
        return _of_python(inspect.signature(thing))
    except (TypeError, ValueError):
        return _of_docstring(thing.__doc__ or "")


def _of_python(found: inspect.Signature) -> str:
    """From "(a, axis: int = None)" to "(a, axis=)"."""
    plain = [
        p.replace(annotation=p.empty, default=p.default if p.default is p.empty else None)
        for name, p in found.parameters.items()
        if name != "self"
    ]
    return str(inspect.Signature(plain)).replace("=None", "=")


def _of_docstring(text: str) -> str:
    """From "_ndarray_base.sort(self, int axis=-1, kind=None)" to "(axis=, kind=)"."""
    if not (found := re.match(r"[\w.]+\((.*)\)(?: ->.*)?$", text.strip().partition("\n")[0])):
        return "(*args, **kwargs)"
    parts = [part.partition("=") for part in re.sub(r"'[^']*'", "''", found[1]).split(", ")]
    plain = [before.split()[-1] + equals for before, equals, _ in parts if before.split()]
    return f"({', '.join(part for part in plain if part != 'self')})"


def find(path: str):
    """The thing with a dotted name, in the deepest module that there is."""
    parts = path.split(".")
    for n in range(len(parts), 0, -1):
        try:
            thing = importlib.import_module(".".join(parts[:n]))
        except ModuleNotFoundError:
            continue
        for name in parts[n:]:
            thing = getattr(thing, name)
        return thing
    raise ModuleNotFoundError(path)


def copies_to_host() -> int:
    """How many there were on the hollow GPU so far."""
    import hollow_gpu

    return sum(event[0] == "to host" for event in hollow_gpu.log)


def outcome(line: str, cupy) -> str:
    """How the real CuPy answers a line of `cases.py`."""
    return cases.outcome(line, cases.things(cupy), copies_to_host)
