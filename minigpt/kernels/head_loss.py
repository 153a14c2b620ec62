"""The head and the loss in pieces, so that the logits of all positions never exist at once."""

import numpy as np

from minigpt import layers
from minigpt.kernels.chunks import are, row_chunks
from minigpt.kernels.embedding import unembedding, unembedding_backward
from minigpt.layers import IGNORE

PIECE = 32 << 20  # bytes of logits


def head_loss(x, weight, targets, count=None, parts=None):
    """As `layers.head_loss`: fused if the head and the cross-entropy are those of this table.

    The gradients are computed while the logits are at hand: p - one_hot(target), as in
    `cross_entropy_backward`, takes their place in memory.
    """
    if not _is_ours(parts):
        loss, cache = layers.head_loss(x, weight, targets, count, parts)
        return loss, (None, cache)
    return _pieces(x, weight, targets, count, gradients=True)


def head_loss_backward(dloss, cache):
    """As `layers.head_loss_backward`."""
    if cache[0] is None:
        return layers.head_loss_backward(dloss, cache[1])
    dx, dweight = cache
    dloss = np.asarray(dloss, dx.dtype)
    return dx * dloss, {"weight": dweight if dloss == 1 else dweight * dloss}


def loss_only(x, weight, targets, count=None, parts=None):
    """The loss of `head_loss` without what its backward needs."""
    if not _is_ours(parts):
        return layers.head_loss(x, weight, targets, count, parts)[0]
    return _pieces(x, weight, targets, count, gradients=False)[0]


def _pieces(x, weight, targets, count, gradients: bool):
    (V, C), shape = weight.shape, x.shape
    x, targets = x.reshape(-1, C), targets.reshape(-1)
    counted = targets != IGNORE
    targets = np.where(counted, targets, 0)
    scale = 1 / float(max(1, counted.sum()) if count is None else count)
    loss, step = 0.0, max(1, PIECE // (V * x.itemsize))
    dx, dweight = np.empty(x.shape if gradients else 0, x.dtype), None
    for start in range(0, len(x), step):
        rows = slice(start, start + step)
        p = x[rows] @ weight.T
        loss += _softmax_minus_target(p, targets[rows], counted[rows], scale)
        if gradients:
            np.matmul(p, weight, out=dx[rows])
            part = p.T @ x[rows]
            dweight = part if dweight is None else np.add(dweight, part, out=dweight)
    loss = np.asarray(loss * scale, x.dtype)
    return loss, (dx.reshape(shape), dweight) if gradients else None


def _softmax_minus_target(logits, targets, counted, scale: float):
    """Turn logits (N, V) into their gradient, in place; return the summed loss of the rows."""
    loss = 0.0
    for part in row_chunks(logits):
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
