"""Lesson 11: small classes, generators and recursion."""

import itertools
import math
from dataclasses import dataclass

from minigpt.backend import get_array_module


@dataclass(frozen=True)
class Mean:
    """A running mean that started at 0."""

    beta: float
    value: object

    def add(self, new):
        """The mean with one number more."""
        return Mean(self.beta, self.beta * self.value + (1 - self.beta) * new)

    def corrected(self, t):
        """Divided by the sum of its weights, a geometric series."""
        weights = ((1 - self.beta) * self.beta**i for i in range(t))
        return self.value / math.fsum(weights)


def adamw_step(p, g, m, v, t, lr, betas=(0.9, 0.999), eps=1e-8, weight_decay=0.0):
    """Two running means."""
    first = Mean(betas[0], m).add(g)
    second = Mean(betas[1], v).add(g**2)
    root = get_array_module(p).sqrt(second.corrected(t))
    step = first.corrected(t) / (root + eps)
    return p - lr * (step + weight_decay * p), first.value, second.value


def rates(steps, lr, min_lr, warmup):
    """The learning rates of all steps, one after another, without an end."""
    for i in range(warmup):
        yield lr * (i + 1) / (warmup + 1)
    length = steps - warmup
    for i in range(length):
        yield (lr * (1 + math.cos(math.pi * i / length))
               + min_lr * (1 - math.cos(math.pi * i / length))) / 2  # fmt: skip
    yield from itertools.repeat(min_lr)


def warmup_cosine(step, steps, lr, min_lr, warmup):
    """Take the one of this step."""
    return next(itertools.islice(rates(steps, lr, min_lr, warmup), step, None))


def length(values):
    """The norm of a list of numbers, by halves."""
    if len(values) < 2:
        return abs(values[0]) if values else 0.0
    half = len(values) // 2
    return math.hypot(length(values[:half]), length(values[half:]))


def clip_by_norm(grads, limit):
    """The numbers of all gradients in one list."""
    norm = length(list(itertools.chain(*(g.reshape(-1).tolist() for g in grads.values()))))
    scale = limit / (norm + 1e-6) if 0 < limit < norm + 1e-6 else 1
    return dict(zip(grads, (g * scale for g in grads.values()), strict=True)), norm
