"""cuBLAS's matrix products, computed by NumPy from the addresses that they are given."""

from __future__ import annotations

import ctypes

import numpy as np
from cupy._state import state

R_32F, R_16BF = 0, 14
COMPUTE_32F, COMPUTE_32F_FAST_TF32 = 68, 77
INVALID_VALUE, NOT_SUPPORTED = 7, 15


class CUBLASError(RuntimeError):
    """As CuPy's: the number that cuBLAS returned is in `.status`."""

    def __init__(self, status: int, why: str):
        self.status = status
        super().__init__(f"CUBLAS_STATUS {status}: {why}")


def gemmEx(  # noqa: N802, CuPy's own name
    handle, transa, transb, m, n, k, alpha, A, Atype, lda, B, Btype, ldb, beta, C, Ctype, ldc,
    computeType, algo,
):  # fmt: skip
    """C = alpha * op(A) @ op(B) + beta * C, all counted along columns first.

    op(A) is m x k and op(B) is k x n; op transposes where `trans` is 1. Sums are in float32.
    """
    gemmStridedBatchedEx(
        handle, transa, transb, m, n, k, alpha, A, Atype, lda, 0, B, Btype, ldb, 0, beta, C, Ctype,
        ldc, 0, 1, computeType, algo,
    )  # fmt: skip


def gemmStridedBatchedEx(  # noqa: N802
    handle, transa, transb, m, n, k, alpha, A, Atype, lda, strideA, B, Btype, ldb, strideB, beta,
    C, Ctype, ldc, strideC, batchCount, computeType, algo,
):  # fmt: skip
    """As `gemmEx`, for products whose operands lie so many elements apart."""
    _check_types(Atype, Btype, Ctype, computeType)
    if transa not in (0, 1) or transb not in (0, 1) or min(m, n, k, batchCount) < 0:
        raise CUBLASError(INVALID_VALUE, f"{transa=} {transb=} {m=} {n=} {k=} {batchCount=}")
    scale, keep = (ctypes.c_float.from_address(place).value for place in (alpha, beta))
    for i in range(batchCount):
        a = _factor(A, i * strideA, Atype, lda, (m, k), transa, computeType)
        b = _factor(B, i * strideB, Btype, ldb, (k, n), transb, computeType)
        c = _view(C, i * strideC, Ctype, ldc, m, n)
        with np.errstate(all="ignore"):
            y = np.float32(scale) * (a @ b)
        if keep:  # else C is not read: it may hold anything
            y += np.float32(keep) * _as_float(c)
        c[...] = _as_bf16(y) if Ctype == R_16BF else y


def _check_types(Atype, Btype, Ctype, computeType) -> None:
    known = {(R_32F, R_32F, R_32F), (R_16BF, R_16BF, R_16BF), (R_16BF, R_16BF, R_32F)}
    tf32 = computeType == COMPUTE_32F_FAST_TF32 and Atype == R_32F
    if (Atype, Btype, Ctype) not in known or not (tf32 or computeType == COMPUTE_32F):
        raise CUBLASError(NOT_SUPPORTED, f"{Atype=} {Btype=} {Ctype=} {computeType=}")


def _factor(address, offset, kind, ld, shape, flipped, computeType) -> np.ndarray:
    """op(A) in float32, with the precision that the tensor core gives it."""
    rows, columns = reversed(shape) if flipped else shape
    x = _as_float(_view(address, offset, kind, ld, rows, columns))
    x = x.T if flipped else x
    return _as_tf32(x) if computeType == COMPUTE_32F_FAST_TF32 else x


def _view(address: int, offset: int, kind: int, ld: int, rows: int, columns: int) -> np.ndarray:
    """The matrix at an address, whose columns lie `ld` elements apart."""
    if ld < max(1, rows):
        raise CUBLASError(INVALID_VALUE, f"a leading dimension of {ld} for {rows} rows")
    dtype = np.dtype(np.uint16 if kind == R_16BF else np.float32)
    if rows == 0 or columns == 0:
        return np.empty((rows, columns), dtype)
    address += offset * dtype.itemsize
    count = ld * (columns - 1) + rows
    state.check_range(address, count * dtype.itemsize)
    memory = (ctypes.c_char * (count * dtype.itemsize)).from_address(address)
    flat = np.frombuffer(memory, dtype)
    strides = (dtype.itemsize, ld * dtype.itemsize)
    return np.lib.stride_tricks.as_strided(flat, (rows, columns), strides, writeable=True)


def _as_float(x: np.ndarray) -> np.ndarray:
    return (x.astype(np.uint32) << 16).view(np.float32) if x.dtype == np.uint16 else x


def _as_bf16(x: np.ndarray) -> np.ndarray:
    """Rounded to the nearest, ties to the even one, as the upper halves."""
    bits = np.ascontiguousarray(x, np.float32).view(np.uint32)
    rounded = (bits + 0x7FFF + ((bits >> 16) & 1)) >> 16
    return np.where(np.isnan(x), 0x7FFF, rounded).astype(np.uint16)


def _as_tf32(x: np.ndarray) -> np.ndarray:
    """Cut to 11 bits of precision, rounded to the nearest, ties away from 0."""
    bits = np.ascontiguousarray(x, np.float32).view(np.uint32)
    cut = ((bits + 0x1000) & np.uint32(0xFFFFE000)).view(np.float32)
    return np.where(np.isfinite(x), cut, x)
