"""The head and the loss in pieces, so that the logits of all positions never exist at once."""

from __future__ import annotations

import numpy as np

from minigpt import layers
from minigpt.backend import get_array_module
from minigpt.kernels.chunks import are
from minigpt.kernels.gpu.columns import NULL, macros, rows_of
from minigpt.kernels.gpu.embedding import unembedding, unembedding_backward
from minigpt.kernels.gpu.launch import launch
from minigpt.kernels.gpu.linear import bound, precision_for
from minigpt.kernels.gpu.matmul import factor, matmul
from minigpt.layers import IGNORE

PIECE = 256 << 20  # bytes of logits


def head_loss(x, weight, targets, count=None, parts=None, precision="fp32"):
    """As `layers.head_loss`: fused if the head and the cross-entropy are those of this table.

    The gradient of the logits, p - one_hot(target), takes their place in memory, or is written in
    bf16. Where the logits come in several pieces, dx and dweight are computed with each, since a
    piece is not there later.
    """
    if not _is_ours(parts, precision):
        loss, cache = layers.head_loss(x, weight, targets, count, parts)
        return loss, (None, cache)
    return _pieces(x, weight, targets, count, precision, gradients=True)


def head_loss_backward(dloss, cache):
    """As `layers.head_loss_backward`."""
    if len(cache) == 2:
        return layers.head_loss_backward(dloss, cache[1])
    dlogits, precision, x, weight, dx, dweight, shape = cache
    xp = get_array_module(x)
    if dlogits is not None:
        dx = matmul(xp, dlogits, weight, precision)
        dweight = matmul(xp, dlogits.T, x, precision)
        if isinstance(dloss, (int, float)) and dloss == 1:
            return dx.reshape(shape), {"weight": dweight}
    dloss = dloss.astype(np.float32) if isinstance(dloss, xp.ndarray) else float(dloss)
    return (dx * dloss).reshape(shape), {"weight": dweight * dloss}


def head_loss_adding(cache):
    """As `head_loss_backward(1.0, cache)`, but with a function that adds dweight to an array."""
    if len(cache) == 2:
        dx, grads = layers.head_loss_backward(1.0, cache[1])
        return dx, lambda total: _add(total, grads["weight"])
    dlogits, precision, x, weight, dx, dweight, shape = cache
    xp = get_array_module(x)
    if dlogits is None:
        return dx.reshape(shape).copy(), lambda total: _add(total, dweight)
    dx = matmul(xp, dlogits, weight, precision)
    return dx.reshape(shape), lambda total: matmul(xp, dlogits.T, x, precision, into=total)


def loss_only(x, weight, targets, count=None, parts=None, precision="fp32"):
    """The loss of `head_loss` without what its backward needs."""
    if not _is_ours(parts, precision):
        return layers.head_loss(x, weight, targets, count, parts)[0]
    return _pieces(x, weight, targets, count, precision, gradients=False)[0]


def _add(total, part) -> None:
    total += part


def _pieces(x, weight, targets, count, precision: str, gradients: bool):
    xp = get_array_module(x)
    rows, targets = rows_of(xp, x), _integers(xp, targets)
    N, V, precision = len(rows), len(weight), precision_for(precision, len(rows))
    rows, weight = factor(xp, rows, precision), factor(xp, weight, precision)
    scale, losses = _scale(xp, targets, count), xp.empty(N, np.float32)
    dx, dweight, step = xp.empty((N if gradients else 0, x.shape[-1]), np.float32), None, _step(V)
    for start in range(0, N, step):
        some = slice(start, start + step)
        logits = matmul(xp, rows[some], weight.T, precision)
        dlogits = _softmax_minus_target(xp, logits, targets[some], scale, losses[some], precision,
                                        gradients)  # fmt: skip
        if not gradients:
            continue
        if start + step >= N and dweight is None:  # the only piece
            return losses.sum() * scale, (dlogits, precision, rows, weight, None, None, x.shape)
        dx[some] = matmul(xp, dlogits, weight, precision)
        dweight = matmul(xp, dlogits.T, rows[some], precision, into=dweight)
    return losses.sum() * scale, (None, precision, rows, weight, dx, dweight, x.shape)


def _step(V: int) -> int:
    """How many rows of logits one piece has: a multiple of 128, as the products like it."""
    rows = max(1, PIECE // (4 * V))
    return rows if rows < 128 else rows - rows % 128


def _integers(xp, targets):
    return xp.ascontiguousarray(targets.reshape(-1).astype(np.int64, copy=False))


def _scale(xp, targets, count):
    """One over the number of counted positions, a 0-d array: the host need not know it."""
    if count is None:
        count = (targets != IGNORE).sum().clip(1)
    if isinstance(count, xp.ndarray):
        return 1 / count.astype(np.float32)
    return xp.full((), 1 / float(count), np.float32)


def _softmax_minus_target(xp, logits, targets, scale, losses, precision: str, gradients: bool):
    """Write the losses of all rows; return the gradient of the logits, or None if not asked for."""
    N, V = logits.shape
    dlogits = logits if precision != "bf16" else xp.empty(logits.shape, np.uint16)
    threads = min(1024, 32 * -(-V // 128))
    launch(xp, "rows.cu", "softmax_minus_target", N, threads, logits,
           dlogits if gradients else NULL, targets, scale, losses, np.int32(V),
           **macros(dlogits))  # fmt: skip
    return dlogits if gradients else None


def _is_ours(parts, precision: str) -> bool:
    return are(
        parts,
        unembedding=bound(unembedding, precision),
        unembedding_backward=unembedding_backward,
        cross_entropy=layers.cross_entropy,
        cross_entropy_backward=layers.cross_entropy_backward,
    )
