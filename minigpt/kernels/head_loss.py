"""The head and the loss in pieces, so that the logits of all positions never exist at once."""

import numpy as np

from minigpt import layers
from minigpt.kernels.chunks import are, row_chunks
from minigpt.kernels.embedding import unembedding, unembedding_backward
from minigpt.layers import IGNORE

PIECE = 32 << 20  # bytes of logits
TOKENS = 4096  # whose part of the weight's gradient is computed at once


def head_loss(x, weight, targets, count=None, parts=None):
    """As `layers.head_loss`: fused if the head and the cross-entropy are those of this table.

    The gradient of the logits, p - one_hot(target), takes their place in memory. Where they come in
    several pieces, dx and dweight are computed with each, since a piece is not there later.
    """
    if not _is_ours(parts):
        loss, cache = layers.head_loss(x, weight, targets, count, parts)
        return loss, (None, cache)
    return _pieces(x, weight, targets, count, gradients=True)


def head_loss_backward(dloss, cache):
    """As `layers.head_loss_backward`."""
    if len(cache) == 2:
        return layers.head_loss_backward(dloss, cache[1])
    dlogits, x, weight, dx, dweight = cache
    dloss = np.asarray(dloss, x.dtype)
    if dlogits is not None:
        dx, dweight = dlogits @ weight, dlogits.T @ x.reshape(-1, x.shape[-1])
    return (dx * dloss).reshape(x.shape), {"weight": dweight * dloss}


def head_loss_adding(cache):
    """As `head_loss_backward(1.0, cache)`, but with a function that adds dweight to an array.

    It does so in pieces: no second array of the weight's size is needed.
    """
    dlogits, x, weight, dx, dweight = cache

    def add(total) -> None:
        if dlogits is None:
            total += dweight
            return
        rows = x.reshape(-1, x.shape[-1])
        for start in range(0, len(total), TOKENS):
            total[start : start + TOKENS] += dlogits[:, start : start + TOKENS].T @ rows

    if dlogits is not None:
        dx = dlogits @ weight
    return dx.reshape(x.shape), add


def loss_only(x, weight, targets, count=None, parts=None):
    """The loss of `head_loss` without what its backward needs."""
    if not _is_ours(parts):
        return layers.head_loss(x, weight, targets, count, parts)[0]
    return _pieces(x, weight, targets, count, gradients=False)[0]


def keeps_logits(N: int, V: int, itemsize: int = 4) -> bool:
    """Whether N positions are one piece, whose gradient of the logits is kept."""
    return N * V * itemsize <= PIECE


def _pieces(x, weight, targets, count, gradients: bool):
    V, C = weight.shape
    rows, targets = x.reshape(-1, C), targets.reshape(-1)
    counted = targets != IGNORE
    targets = np.where(counted, targets, 0)
    scale = 1 / float(max(1, counted.sum()) if count is None else count)
    if keeps_logits(len(rows), V, x.itemsize):
        dlogits = rows @ weight.T
        loss = _softmax_minus_target(dlogits, targets, counted, scale)
        return np.asarray(loss * scale, x.dtype), (dlogits, x, weight, None, None)
    loss, step = 0.0, max(1, PIECE // (V * x.itemsize))
    dx, dweight = np.empty(rows.shape if gradients else 0, x.dtype), None
    for start in range(0, len(rows), step):
        some = slice(start, start + step)
        dlogits = rows[some] @ weight.T
        loss += _softmax_minus_target(dlogits, targets[some], counted[some], scale)
        if gradients:
            np.matmul(dlogits, weight, out=dx[some])
            part = dlogits.T @ rows[some]
            dweight = part if dweight is None else np.add(dweight, part, out=dweight)
    return np.asarray(loss * scale, x.dtype), (None, x, weight, dx, dweight)


def _softmax_minus_target(logits, targets, counted, scale: float):
    """Turn logits (N, V) into their gradient, in place; return the summed loss of the rows."""
    loss = 0.0
    for part in row_chunks(logits, temporaries=1):
        p, target, counts = logits[part], targets[part], counted[part]
        rows = np.arange(len(p))
        p -= p.max(axis=1, keepdims=True)
        right = p[rows, target]
        np.exp(p, out=p)
        total = p.sum(axis=1)
        loss += (np.log(total) - right).sum(where=counts).item()
        weight = counts * p.dtype.type(scale)
        p *= (weight / total)[:, None]
        p[rows, target] -= weight
    return loss


def _is_ours(parts) -> bool:
    return are(
        parts,
        unembedding=unembedding,
        unembedding_backward=unembedding_backward,
        cross_entropy=layers.cross_entropy,
        cross_entropy_backward=layers.cross_entropy_backward,
    )
