"""Work along the columns of (N, C): biases, and sums over all rows with reproducible bits."""

from __future__ import annotations

import functools

import numpy as np

from minigpt.kernels.gpu.launch import launch

NULL = np.uint64(0)  # a kernel's pointer to nothing
STRIPS = 512  # at most
ROWS = 8  # of a strip, at least


@functools.lru_cache(maxsize=256)
def strips(N: int, C: int) -> tuple[tuple[int, int], int, np.int32]:
    """How kernels with `for_columns` share out their work: (blocks, threads, rows of a strip).

    It depends on the sizes alone, never on the GPU, so that sums have the same bits everywhere.
    """
    threads = min(256, 32 * -(-C // 128))
    rows = max(ROWS, -(-N // STRIPS))
    return (-(-C // (4 * threads)), -(-N // rows)), threads, np.int32(rows)


def macros(x) -> dict[str, str]:
    """What a file is compiled with for hidden values like x: its type T."""
    return {"T": "bf16"} if x.dtype == np.uint16 else {}


def rows_of(xp, x):
    """x (..., C) as contiguous rows (N, C)."""
    assert x.dtype == np.float32, f"the kernels know float32, not {x.dtype}"
    return xp.ascontiguousarray(x).reshape(-1, x.shape[-1])


def column_sums(xp, x):
    """The sum over all rows of x (N, C), float32 or bf16; (C,) float32."""
    N, C = x.shape
    blocks, threads, rows = strips(N, C)
    partial = xp.empty((blocks[1], C), np.float32)
    launch(xp, "rows.cu", "column_strips", blocks, threads, x, partial, np.int32(N), np.int32(C),
           rows, **macros(x))  # fmt: skip
    return sum_strips(xp, partial)


def factor_and_sums(xp, x, precision: str):
    """x (N, C) as a factor of products, see `factor`, and its column sums, in one reading."""
    if precision != "bf16" or x.dtype == np.uint16:
        return x, column_sums(xp, x)
    N, C = x.shape
    blocks, threads, rows = strips(N, C)
    partial, y = xp.empty((blocks[1], C), np.float32), xp.empty(x.shape, np.uint16)
    launch(xp, "rows.cu", "cast_strips", blocks, threads, x, y, partial, np.int32(N), np.int32(C),
           rows)  # fmt: skip
    return y, sum_strips(xp, partial)


def sum_strips(xp, partial):
    """The sum over the strips of partial (strips, C), in their order."""
    strips, C = partial.shape
    sums = xp.empty(C, np.float32)
    launch(xp, "rows.cu", "sum_strips", -(-C // 8), 256, partial, sums, np.int32(strips),
           np.int32(C))  # fmt: skip
    return sums


def add_bias(xp, y, bias) -> None:
    """Add bias (C,) to each row of y (N, C) float32, in place."""
    N, C = y.shape
    blocks, threads, rows = strips(N, C)
    launch(xp, "elementwise.cu", "add_bias", blocks, threads, y, xp.ascontiguousarray(bias),
           np.int32(N), np.int32(C), rows)  # fmt: skip
