"""The training loop: a batch, its gradients, one step of AdamW; again."""

from __future__ import annotations

import functools
import itertools
import math
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor, wait
from contextlib import contextmanager
from numbers import Real

import numpy as np
from threadpoolctl import ThreadpoolController

from minigpt.corpus.batches import WindowBatches
from minigpt.errors import UserError
from minigpt.layers import IGNORE
from minigpt.machine import keep_freed_memory, usable_cores
from minigpt.training.adamw import AdamW
from minigpt.training.gradients import GradientSum
from minigpt.training.schedule import clip_factor, global_norm, warmup_cosine


class Diverged(UserError):
    """The loss or the gradient is no longer a finite number."""


class Trainer:
    """Train a model on tokens.

    Args:
        model: a `GPT`; its parameters are changed in place.
        tokens: a 1-D integer array, cut into windows; or batches of one's own: an object with
            `next() -> (ids, targets)`, and `state()` and `restore(state)` for checkpoints.
        batch_size: sequences in a step.
        steps: steps in the whole training; the schedule of the learning rate spans them.
        lr, min_lr, warmup: see `warmup_cosine`.
        betas, weight_decay: see `AdamW`.
        clip: largest norm of the gradient; 0 for no limit.
        accumulate: batches whose gradients are added up for one step.
        threads: the batch is cut into this many shards, one thread each; None chooses. Equal
            numbers of threads give equal bits.
        seed: of the order of the batches and the dropout masks.

    Attributes:
        step_number: steps done.
        tokens_seen: targets that the model was trained on so far, padding not counted.
        grad_norm: the gradient's norm at the last step, before clipping.

    Raises:
        UserError: for numbers that make no training.
    """

    def __init__(
        self,
        model,
        tokens,
        batch_size: int = 12,
        steps: int = 2000,
        lr: float = 1e-3,
        min_lr: float = 1e-4,
        warmup: int = 100,
        betas: tuple[float, float] = (0.9, 0.99),
        weight_decay: float = 0.1,
        clip: float = 1.0,
        accumulate: int = 1,
        threads: int | None = None,
        seed: int = 0,
    ):
        _check_numbers(batch_size, steps, lr, min_lr, warmup, betas, weight_decay, clip, accumulate)
        self.model, self.batch_size, self.steps = model, batch_size, steps
        self.lr, self.min_lr, self.warmup, self.clip = lr, min_lr, warmup, clip
        self.accumulate, self.seed = accumulate, seed
        block_size = model.config.block_size
        own = hasattr(tokens, "next")
        self.batches = tokens if own else WindowBatches(tokens, batch_size, block_size, seed)
        self.optimizer = AdamW(model.params, lr, betas, weight_decay=weight_decay)
        self.grads = model.params.zeros_like()
        self.threads = _choose_threads(model, threads, batch_size)
        self.step_number = self.tokens_seen = 0
        self.grad_norm = math.nan
        keep_freed_memory()

    @property
    def current_lr(self) -> float:
        """The learning rate of the next step."""
        return warmup_cosine(self.step_number, self.steps, self.lr, self.min_lr, self.warmup)

    def step(self) -> float:
        """Do one step of the optimizer; return the loss that the batch had before it.

        Raises:
            Diverged: when the loss or the gradient is not finite; the parameters are then as they
                were before the step.
        """
        loss = 0.0
        batches = [self.batches.next() for _ in range(self.accumulate)]
        count = max(1, sum(int((targets != IGNORE).sum()) for _, targets in batches))
        with shared_out(self.threads) as run_all:
            for number, (ids, targets) in enumerate(batches):
                loss += self._add_gradients(ids, targets, count, number, run_all)
            self.grad_norm = global_norm(self.grads, run_all)
            if not (math.isfinite(loss) and math.isfinite(self.grad_norm)):
                raise Diverged(self.why_diverged(loss))
            scale = clip_factor(self.grad_norm, self.clip)
            self.optimizer.step(self.grads, self.current_lr, scale, run_all)
        self.step_number += 1
        self.tokens_seen += count
        return loss

    def fit(
        self,
        after_step: Callable[[Trainer, float], None] | None = None,
        epochs: float | None = None,
    ) -> float:
        """Do all steps that remain; return the last loss.

        Args:
            after_step: called as `after_step(trainer, loss)` after each step.
            epochs: see all training data so many times from here on, instead of `steps`, which is
                set to what that takes, so that the schedule ends with it.

        Raises:
            UserError: for epochs that are no positive number, or batches that know no epochs.
        """
        if epochs is not None:
            self.steps = self.step_number + self._steps_of(epochs)
        loss = math.nan
        while self.step_number < self.steps:
            loss = self.step()
            if after_step:
                after_step(self, loss)
        return loss

    def _steps_of(self, epochs: float) -> int:
        if isinstance(epochs, bool) or not isinstance(epochs, Real) or not 0 < epochs < math.inf:
            raise UserError(f"epochs must be a number above 0, not {epochs!r}.")
        per_epoch = getattr(self.batches, "per_epoch", None)
        if per_epoch is None:
            raise UserError(
                "These batches do not tell their number in an epoch; give them an attribute "
                "per_epoch, or set steps instead of epochs."
            )
        return math.ceil(epochs * per_epoch / self.accumulate)

    def _add_gradients(self, ids, targets, count: int, number: int, run_all: Callable) -> float:
        """Add the gradients of one batch to `self.grads`, shard by shard; return its loss.

        The first batch's replace what the last step left there.
        """
        shards = np.array_split(np.arange(len(ids)), min(self.threads, len(ids)))
        total = GradientSum(self.grads, fresh=number == 0)

        def run(k: int) -> float:
            rng = np.random.default_rng([self.seed, self.step_number, number, k])
            rows, take = shards[k], functools.partial(total.take, k)
            loss, _ = self.model.loss_and_grads(ids[rows], targets[rows], rng, count, take)
            return float(loss)

        return sum(run_all(run, range(len(shards))))

    def why_diverged(self, loss: float) -> str:
        """A sentence with the step and the likely causes, for a loss that is not finite."""
        return (
            f"The {'gradient' if math.isfinite(loss) else 'loss'} is not finite at step "
            f"{self.step_number} (loss {loss:g}, gradient norm {self.grad_norm:g}, learning rate "
            f"{self.current_lr:g}); likely causes: a learning rate that is too high, too short a "
            f"warm-up, clipping switched off, or weights that were damaged already"
        )

    def state(self) -> dict:
        """Everything but the parameters that a later run needs to go on with the same bits."""
        return {
            "step": self.step_number,
            "tokens": self.tokens_seen,
            "m": self.optimizer.m.copy(),
            "v": self.optimizer.v.copy(),
            "batches": self.batches.state(),
        }

    def restore(self, state: dict) -> None:
        """Go on from a `state`; the model's parameters are restored by its own means."""
        self.step_number = self.optimizer.t = state["step"]
        self.tokens_seen = state["tokens"]
        self.optimizer.m[...] = self.model.xp.asarray(state["m"])
        self.optimizer.v[...] = self.model.xp.asarray(state["v"])
        self.batches.restore(state["batches"])


def evaluate(model, batches, threads: int | None = None) -> tuple[float, int]:
    """The summed loss over batches (ids, targets), in nats, and the number of counted targets."""

    def run(batch):
        ids, targets = batch
        return float(model.loss(ids, targets, count=1)), int((targets != IGNORE).sum())

    total, count = 0.0, 0
    with shared_out(_choose_threads(model, threads, usable_cores())) as run_all:
        for loss, n in run_all(run, batches):
            total, count = total + loss, count + n
    return total, count


@contextmanager
def shared_out(threads: int):
    """Lend a `map` that runs on `threads` threads, with one BLAS thread each.

    NumPy lets go of the interpreter's lock while it computes, so two Python threads keep two cores
    busy in the elementwise work too, where a BLAS of two threads would leave one idle.
    """
    if threads == 1:
        yield map
        return
    with _OneBlasThread():
        yield functools.partial(_map_with_helpers, threads)


def _map_with_helpers(threads: int, function: Callable, *columns) -> list:
    """As `map`, on the calling thread and its helpers; each takes the next call that is left."""
    calls = list(zip(*columns, strict=True))
    results, numbers = [None] * len(calls), itertools.count()

    def work() -> None:
        while (number := next(numbers)) < len(calls):
            results[number] = function(*calls[number])

    helpers = [_helpers(threads - 1).submit(work) for _ in range(min(threads, len(calls)) - 1)]
    try:
        work()
    finally:
        wait(helpers)  # then nobody writes into our arrays any more, also after a failure
    for helper in helpers:
        helper.result()
    return results


@functools.cache
def _helpers(threads: int) -> ThreadPoolExecutor:
    """Threads that are kept: to start them takes as long as a small layer."""
    return ThreadPoolExecutor(threads, thread_name_prefix="minigpt")


class _OneBlasThread:
    """Limits BLAS to one thread while anybody needs it, and then restores what was before.

    The limit belongs to the whole process, so two trainings at once must share it.
    """

    lock, users, limiter = threading.Lock(), 0, None

    def __enter__(self):
        with self.lock:
            if _OneBlasThread.users == 0:
                _OneBlasThread.limiter = _blas().limit(limits=1, user_api="blas")
            _OneBlasThread.users += 1

    def __exit__(self, *error):
        with self.lock:
            _OneBlasThread.users -= 1
            if _OneBlasThread.users == 0:
                _OneBlasThread.limiter.restore_original_limits()


@functools.cache
def _blas() -> ThreadpoolController:
    """The BLAS libraries of this process, looked for once: a search takes milliseconds."""
    return ThreadpoolController()


def _choose_threads(model, threads: int | None, batch_size: int) -> int:
    if threads is not None and threads < 1:
        raise UserError(f"threads must be at least 1, not {threads}.")
    if model.xp is not np:
        return 1  # a GPU is kept busy by one thread
    return min(threads or usable_cores(), batch_size)


def _check_numbers(batch_size, steps, lr, min_lr, warmup, betas, weight_decay, clip, accumulate):
    for name, value in (("batch_size", batch_size), ("steps", steps), ("accumulate", accumulate)):
        if value < 1:
            raise UserError(f"{name} must be at least 1, not {value}.")
    if not 0 < lr < math.inf:
        raise UserError(f"lr must be above 0, not {lr}.")
    if not 0 <= min_lr <= lr:
        raise UserError(f"min_lr must be from 0 to lr ({lr}), not {min_lr}.")
    for name, value in (("warmup", warmup), ("weight_decay", weight_decay), ("clip", clip)):
        if not 0 <= value < math.inf:
            raise UserError(f"{name} must be 0 or above, not {value}.")
    if not all(0 <= beta < 1 for beta in betas):
        raise UserError(f"betas must be from 0 to below 1, not {tuple(betas)}.")
