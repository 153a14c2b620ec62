"""What follows the gradients of a step: their norm, whether it is finite, clipping and AdamW.

On the CPU the host looks at every norm before anything is changed. A GPU would stand still each
time the host looks, so there the same decision is taken on the GPU itself, and read later.
"""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np

from minigpt.backend import to_host
from minigpt.training.adamw import AdamW
from minigpt.training.schedule import clip_factor, global_norm
from minigpt.tree import FlatTree


class NotFinite(ArithmeticError):
    """A loss or a norm is not finite; nothing was changed."""


class HostUpdate:
    """Norm, clipping and AdamW on the CPU.

    Args:
        optimizer: moves the parameters.
        grads: the gradients, which are written there before each call.
        clip: the largest norm, see `clip_by_global_norm`.

    Attributes:
        norm: of the last step, before clipping.
    """

    def __init__(self, optimizer: AdamW, grads: FlatTree, clip: float):
        self.optimizer, self.grads, self.clip, self.norm = optimizer, grads, clip, math.nan

    def __call__(self, loss, lr: float, run_all: Callable = map) -> float:
        """One step; returns the loss. Raises NotFinite before anything is changed."""
        self.norm = global_norm(self.grads, run_all)
        if not (math.isfinite(loss) and math.isfinite(self.norm)):
            raise NotFinite
        self.optimizer.step(self.grads, lr, clip_factor(self.norm, self.clip), run_all)
        return loss

    def read(self, losses: list) -> tuple[float, float]:
        """The mean of losses, and the norm of the last step."""
        return float(np.mean(losses)) if losses else math.nan, self.norm


class DeviceUpdate:
    """The same on a GPU, which the host does not wait for.

    The norm stays on the GPU, where the kernel of AdamW reads it, clips by it, and writes nothing
    if it is not a finite number. From then on `poison` makes all norms NaN, so that the parameters
    stay as they were before the first bad step, until `read` tells the host.
    """

    def __init__(self, optimizer: AdamW, grads: FlatTree, clip: float):
        from minigpt.kernels.gpu import adamw

        self.kernel, self.xp = adamw, optimizer.xp
        self.optimizer, self.grads, self.clip = optimizer, grads, clip
        self.poison = self.xp.zeros((), "float32")
        self.norm = self.poison + math.nan

    def __call__(self, loss, lr: float, run_all: Callable = map):
        """One step; returns the loss as it is, a 0-d array on the GPU."""
        norm = self.kernel.global_norm(self.grads.buffer)
        self.poison = self.poison + 0 * (norm + loss)  # 0, or NaN from here on
        self.norm = norm + self.poison
        self.optimizer.step_on_device(self.grads, lr, self.norm, self.clip)
        return loss

    def read(self, losses: list) -> tuple[float, float]:
        """The mean of losses, and the norm of the last step, in one copy from the GPU.

        Both are NaN where there are none: before the first step that is no failure.

        Raises:
            NotFinite: when a step since the beginning was not finite.
        """
        xp = self.xp
        mean = xp.stack(losses).mean() if losses else self.norm
        mean, norm, poison = map(float, to_host(xp.stack([mean, self.norm, self.poison])))
        if math.isnan(poison):
            raise NotFinite
        return mean if losses else math.nan, norm
