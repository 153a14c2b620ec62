"""AdamW by hand, over one flat buffer."""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np

from minigpt.backend import get_array_module
from minigpt.errors import UserError
from minigpt.tree import FlatTree, items

CHUNK = 65536  # elements updated at a time, so that a chunk's six arrays stay in the L2 cache

SHARES = 8  # into which the chunks are divided, for threads


class AdamW:
    """Adam with decoupled weight decay (Kingma and Ba, 2015; Loshchilov and Hutter, 2019).

        m = beta1 m + (1 - beta1) g            the gradient's running mean
        v = beta2 v + (1 - beta2) g^2          and its running square
        p = p - lr * weight_decay * p          matrices only, not biases and scales
        p = p - lr * (m / (1 - beta1^t)) / (sqrt(v / (1 - beta2^t)) + eps)

    m and v start at 0; dividing by 1 - beta^t takes out that start's weight after t steps.

    Args:
        params: a `FlatTree`, such as `model.params`; `step` writes into it.
        lr: learning rate, unless `step` is given another one.
        betas: beta1 and beta2.
        eps: keeps the last division finite.
        weight_decay: share of each matrix that a step at learning rate 1 would take away.
    """

    def __init__(self, params: FlatTree, lr=1e-3, betas=(0.9, 0.999), eps=1e-8, weight_decay=0.01):
        if not isinstance(params, FlatTree):
            raise UserError("AdamW needs a FlatTree, such as model.params or FlatTree(my_tree).")
        self.params, self.lr, self.betas, self.eps = params, lr, betas, eps
        self.weight_decay = weight_decay
        self.xp = get_array_module(params.buffer)
        self.m = self.xp.zeros_like(params.buffer)
        self.v = self.xp.zeros_like(params.buffer)
        self.t = 0

    def step(
        self, grads: dict, lr: float | None = None, scale: float = 1.0, run_all: Callable = map
    ) -> None:
        """Move the parameters by one step against `scale * grads`, a tree of the same shape.

        Args:
            run_all: a `map` that may share out the work over threads; the bits are the same.
        """
        if not isinstance(grads, FlatTree) or _paths(grads) != _paths(self.params):
            named, grads = grads, self.params.zeros_like()
            grads.assign(named)  # by name: the keys may come in another order
        lr = self.lr if lr is None else lr
        if self.xp is not np and self.m.dtype == np.float32:
            if scale != 1:
                unscaled, grads = grads, self.params.zeros_like()
                self.xp.multiply(unscaled.buffer, scale, out=grads.buffer)
            return self.step_on_device(grads, lr, self.xp.zeros((), np.float32), 0.0)
        self.t += 1
        matrices, size = self.params.matrix_size, self.params.buffer.size
        ranges = ((0, matrices, self.weight_decay), (matrices, size, 0.0))
        chunks = [
            (slice(i, min(i + CHUNK, stop)), decay)
            for start, stop, decay in ranges
            for i in range(start, stop, CHUNK)
        ]

        def update(chunks):
            for part, decay in chunks:
                p, g = self.params.buffer[part], grads.buffer[part]
                adamw_update(p, g, self.m[part], self.v[part], self.t, lr, self.betas,
                             self.eps, decay, scale)  # fmt: skip

        share = -(-len(chunks) // SHARES)
        list(run_all(update, [chunks[i : i + share] for i in range(0, len(chunks), share)]))


    def step_on_device(self, grads: FlatTree, lr: float, norm, clip: float) -> None:
        """One step on a GPU, clipped there: the host learns nothing of it and does not wait.

        Args:
            grads: a tree with the layout of the parameters.
            norm: of the gradients, a 0-d array; where it is not finite, nothing is changed.
            clip: the largest norm; 0 for no limit.
        """
        from minigpt.kernels.gpu.adamw import adamw_step

        self.t += 1
        adamw_step(self.params, grads, self.m, self.v, self.t, lr, self.betas, self.eps,
                   self.weight_decay, norm, clip)  # fmt: skip


def _paths(tree: dict) -> list[str]:
    return [path for path, _ in items(tree)]


def adamw_update(p, g, m, v, t, lr, betas, eps, weight_decay, scale=1.0) -> None:
    """Update the arrays p, m and v in place by the gradient scale * g, at step t = 1, 2, …"""
    xp = get_array_module(p)
    beta1, beta2 = betas
    m *= beta1
    m += ((1 - beta1) * scale) * g
    squares = g * g
    squares *= (1 - beta2) * scale * scale
    v *= beta2
    v += squares
    if weight_decay:
        p *= 1 - lr * weight_decay
    denominator = xp.sqrt(v, out=squares)
    denominator *= 1 / math.sqrt(1 - beta2**t)
    denominator += eps
    xp.divide(m, denominator, out=denominator)
    denominator *= lr / (1 - beta1**t)
    p -= denominator
