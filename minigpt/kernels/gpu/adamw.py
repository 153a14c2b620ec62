"""AdamW over the flat buffer as one kernel, which also clips; the host waits for nothing."""

from __future__ import annotations

import functools
import math
from types import SimpleNamespace

import numpy as np

from minigpt.backend import get_array_module
from minigpt.kernels.gpu.launch import launch
from minigpt.kernels.gpu.matmul import THREADS, blocks_for
from minigpt.kernels.gpu.probe import why_not

SUMS = 1024  # blocks that sum the squares


def adamw_step(params, grads, m, v, t, lr, betas, eps, weight_decay, norm, clip) -> None:
    """One step of `minigpt.training.AdamW`, in place, or none where the norm is not finite.

    Args:
        params, grads: a `FlatTree` each, of the same layout.
        m, v: the running means, of the buffer's shape.
        t: the step's number, 1, 2, …
        norm: of the gradients, a 0-d float32 array on the GPU.
        clip: the largest norm, see `clip_by_global_norm`; 0 for no limit.
    """
    step = adamw_plain if why_not_kernel(get_array_module(m)) else adamw_kernel
    step(params, grads, m, v, t, lr, betas, eps, weight_decay, norm, clip)


def adamw_kernel(params, grads, m, v, t, lr, betas, eps, weight_decay, norm, clip) -> None:
    """`adamw_step` as one kernel."""
    xp, (beta1, beta2), size = get_array_module(m), betas, m.size
    assert all(a.dtype == np.float32 for a in (params.buffer, grads.buffer, m, v, norm))
    rate, root = lr / (1 - beta1**t), 1 / math.sqrt(1 - beta2**t)
    numbers = clip, beta1, 1 - beta1, beta2, 1 - beta2, rate, root, eps, 1 - lr * weight_decay
    launch(xp, "elementwise.cu", "adamw", blocks_for(-(-size // 4)), THREADS, params.buffer,
           grads.buffer, m, v, np.int64(size), np.int64(params.matrix_size), norm,
           *map(np.float32, numbers))  # fmt: skip


def adamw_plain(params, grads, m, v, t, lr, betas, eps, weight_decay, norm, clip) -> None:
    """`adamw_step` in plain CuPy, for a GPU that does not run the kernel."""
    xp, (beta1, beta2), size = get_array_module(m), betas, params.matrix_size
    finite = xp.isfinite(norm)
    g = grads.buffer * xp.minimum(1, clip / (norm + 1e-6)) if clip > 0 else grads.buffer
    new_m = beta1 * m + (1 - beta1) * g
    new_v = beta2 * v + (1 - beta2) * (g * g)
    new_p = params.buffer.copy()
    new_p[:size] *= 1 - lr * weight_decay
    denominator = xp.sqrt(new_v) * (1 / math.sqrt(1 - beta2**t)) + eps
    new_p -= new_m / denominator * (lr / (1 - beta1**t))
    for old, new in ((params.buffer, new_p), (m, new_m), (v, new_v)):
        old[...] = xp.where(finite, new, old)


def global_norm(buffer):
    """sqrt(sum of g^2), a 0-d array on the GPU, summed in an order that never changes."""
    plain = why_not_kernel(get_array_module(buffer))
    return norm_plain(buffer) if plain else norm_kernel(buffer)


@functools.cache
def why_not_kernel(xp) -> str | None:
    """Why a GPU does not run the kernels, or None if it does; tried once."""
    fast = SimpleNamespace(adamw_step=adamw_kernel, global_norm=norm_kernel)
    clear = SimpleNamespace(adamw_step=adamw_plain, global_norm=norm_plain)
    return why_not(xp, "adamw", fast, clear, tolerance=1e-5)


def norm_kernel(buffer):
    """`global_norm` in two kernels."""
    xp = get_array_module(buffer)
    assert buffer.dtype == np.float32
    blocks = min(SUMS, blocks_for(-(-buffer.size // 4)))
    partial, norm = xp.empty(blocks, np.float32), xp.empty((), np.float32)
    launch(xp, "elementwise.cu", "square_sums", blocks, THREADS, buffer, partial,
           np.int64(buffer.size))  # fmt: skip
    launch(xp, "elementwise.cu", "norm_of_sums", 1, THREADS, partial, norm, np.int32(blocks))
    return norm


def norm_plain(buffer):
    """`global_norm` in plain CuPy."""
    xp = get_array_module(buffer)
    return xp.sqrt((buffer * buffer).sum())
