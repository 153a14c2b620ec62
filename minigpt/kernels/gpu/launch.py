"""Compiling the CUDA files of `source/` and starting their kernels."""

from __future__ import annotations

import functools
from pathlib import Path

SOURCE = Path(__file__).parent / "source"
BEFORE = {"attention.cu": ("attention_tiles.cuh",)}  # what a file needs besides common.cuh


def launch(xp, file: str, kernel: str, blocks, threads: int, *arguments, **macros) -> None:
    """Start one kernel of a file: `blocks` blocks, an integer or up to three, of `threads` threads.

    Args:
        xp: the module cupy.
        arguments: CuPy arrays, contiguous, and numbers of the very types that the kernel names:
            `np.int32`, `np.float32`, …
        macros: names that the file is compiled with, such as T="float" or D=64.
    """
    blocks = blocks if isinstance(blocks, tuple) else (blocks,)
    function(xp, file, kernel, tuple(macros.items()))(blocks, (threads,), arguments)


@functools.cache
def function(xp, file: str, kernel: str, macros: tuple):
    """One kernel, ready to start: to ask the module for it takes as long as to start it."""
    return compiled(xp, file, tuple(sorted(macros))).get_function(kernel)


@functools.cache
def compiled(xp, file: str, macros: tuple = ()):
    """The module of one file, compiled when it is first needed; CuPy keeps it on disk."""
    defined = [f"-D{name}={value}" for name, value in macros]
    return xp.RawModule(code=source(file), options=("-std=c++17", *defined))


def source(file: str) -> str:
    """The text that is compiled: what all files begin with, and the file."""
    names = "common.cuh", *BEFORE.get(file, ()), file
    return "".join((SOURCE / name).read_text(encoding="utf-8") for name in names)
