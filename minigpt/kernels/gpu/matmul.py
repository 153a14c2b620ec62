"""Matrix products on a GPU. How precise they are is an argument, not a mode of the process.

cuBLAS counts along columns first, so an array (M, N) of ours is (N, M) to it: we ask it for
y.T = b.T @ a.T. Transposed views are taken as they lie in memory, nothing is copied.
"""

from __future__ import annotations

import numpy as np

from minigpt.kernels.gpu.launch import launch

PRECISIONS = ("fp32", "tf32", "bf16")
THREADS = 256
# Names of NVIDIA's headers library_types.h and cublas_api.h.
CUDA_R_32F, CUDA_R_16BF = 0, 14
CUBLAS_COMPUTE_32F, CUBLAS_COMPUTE_32F_FAST_TF32, CUBLAS_GEMM_DEFAULT = 68, 77, -1
_ONE_AND_ZERO = np.array([1, 0], np.float32)  # alpha and beta, read by cuBLAS on the host


def matmul(xp, a, b, precision: str, bf16_result: bool = False, into=None):
    """y = a @ b for a (M, K) and b (K, N), with sums in float32.

    Args:
        xp: the module cupy.
        a, b: both float32, or both bf16 as `factor` makes them; contiguous or transposed views.
        precision: "tf32" lets tensor cores cut float32 factors to 11 bits; see `factor` for "bf16".
        bf16_result: y in bf16 instead of float32.
        into: a contiguous float32 array (M, N) that the product is added to, and returned.
    """
    from cupy_backends.cuda.libs import cublas

    (M, K), N = a.shape, b.shape[1]
    y = xp.empty((M, N), np.uint16 if bf16_result else np.float32) if into is None else into
    assert y.shape == (M, N) and y.flags.c_contiguous
    (flip_a, row_a), (flip_b, row_b) = _layout(a), _layout(b)
    compute = CUBLAS_COMPUTE_32F_FAST_TF32 if precision == "tf32" else CUBLAS_COMPUTE_32F
    one = _ONE_AND_ZERO.ctypes.data
    beta = one + 4 if into is None else one
    cublas.gemmEx(
        xp.cuda.device.get_cublas_handle(), flip_b, flip_a, N, M, K,
        one, b.data.ptr, _type(b), row_b, a.data.ptr, _type(a), row_a,
        beta, y.data.ptr, _type(y), N, compute, CUBLAS_GEMM_DEFAULT,
    )  # fmt: skip
    return y


def _layout(x) -> tuple[int, int]:
    """(whether x is a transposed view, the length of a row as it lies in memory)."""
    if x.flags.c_contiguous:
        return 0, x.shape[1]
    assert x.T.flags.c_contiguous, x.strides
    return 1, x.shape[0]


def _type(x) -> int:
    return CUDA_R_16BF if x.dtype == np.uint16 else CUDA_R_32F


def factor(xp, x, precision: str):
    """x as a factor of products: itself, or cut to bf16 (as uint16) if that is the precision."""
    if precision != "bf16" or x.dtype == np.uint16:
        return x
    if not x.flags.c_contiguous:
        return factor(xp, x.T, precision).T
    y = xp.empty(x.shape, np.uint16)
    launch(xp, "elementwise.cu", "to_bf16", blocks_for(x.size), THREADS, x, y, np.int64(x.size))
    return y


def blocks_for(size: int, threads: int = THREADS) -> int:
    """Blocks for one thread an element; kernels loop, so there are never too many."""
    return max(1, min(-(-size // threads), 1 << 20))
