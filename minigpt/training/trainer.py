"""The training loop: a batch, its gradients, one step of AdamW; again."""

from __future__ import annotations

import functools
import math
from collections.abc import Callable
from numbers import Real

import numpy as np

from minigpt.backend import is_out_of_memory, to_host
from minigpt.corpus.batches import WindowBatches
from minigpt.errors import UserError
from minigpt.layers import IGNORE
from minigpt.machine import keep_freed_memory, usable_cores
from minigpt.training.adamw import AdamW
from minigpt.training.gradients import GradientSum
from minigpt.training.room import no_room
from minigpt.training.schedule import warmup_cosine
from minigpt.training.threads import shared_out
from minigpt.training.update import DeviceUpdate, HostUpdate, NotFinite


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
        schedule: the learning rate's; another function with `warmup_cosine`'s arguments may be set.
        step_number: steps done.
        tokens_seen: targets that the model was trained on so far, padding not counted.

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
        on_device = model.xp is not np and model.params.buffer.dtype == np.float32
        update = DeviceUpdate if on_device else HostUpdate
        self.update = update(self.optimizer, self.grads, clip)
        self.threads = _choose_threads(model, threads, batch_size)
        self.schedule = warmup_cosine
        self.step_number = self.tokens_seen = self.read_until = 0
        keep_freed_memory()

    @property
    def current_lr(self) -> float:
        """The learning rate of the next step."""
        return self.schedule(self.step_number, self.steps, self.lr, self.min_lr, self.warmup)

    def step(self) -> float:
        """Do one step of the optimizer; return the loss that the batch had before it.

        Raises:
            Diverged: when the loss or the gradient is not finite; the parameters are then as they
                were before the step.
        """
        return self.read([self.advance()])[0]

    @property
    def grad_norm(self) -> float:
        """The gradient's norm at the last step, before clipping."""
        return float(self.update.norm)

    def read(self, losses: list) -> tuple[float, float]:
        """The mean of losses that `advance` gave, and the gradient's norm at the last step.

        On a GPU this waits for all steps so far, and is one copy from it.

        Raises:
            Diverged: when one of these steps was not finite.
        """
        try:
            loss, norm = self.update.read(losses)
        except NotFinite:
            raise Diverged(self.why_diverged(math.nan, self.read_until)) from None
        self.read_until = self.step_number
        return loss, norm

    def advance(self):
        """As `step`, without waiting for a GPU: the loss is a 0-d array there, for `read`.

        On the CPU it is a float, and `Diverged` is raised here; on a GPU, by `read`.
        """
        try:
            return self._advance()
        except Exception as error:
            if not is_out_of_memory(error):
                raise
            raise UserError(no_room(self.model, self.batch_size)) from error

    def _advance(self):
        loss = 0.0
        batches = [self.batches.next() for _ in range(self.accumulate)]
        count = max(1, sum(int((targets != IGNORE).sum()) for _, targets in batches))
        with shared_out(self.threads) as run_all:
            for number, (ids, targets) in enumerate(batches):
                loss += self._add_gradients(ids, targets, count, number, run_all)
            try:
                loss = self.update(loss, self.current_lr, run_all)
            except NotFinite:
                raise Diverged(self.why_diverged(loss)) from None
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
            after_step: called as `after_step(trainer, loss)` after each step; a GPU is waited for.
            epochs: see all training data so many times from here on, instead of `steps`, which is
                set to what that takes, so that the schedule ends with it.

        Raises:
            UserError: for epochs that are no positive number, or batches that know no epochs.
        """
        if epochs is not None:
            self.steps = self.step_number + self._steps_of(epochs)
        loss = math.nan
        while self.step_number < self.steps:
            loss = self.step() if after_step else self.advance()
            if after_step:
                after_step(self, loss)
        return self.read([loss])[0]

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
            return float(loss) if self.model.xp is np else loss

        return sum(run_all(run, range(len(shards))))

    def why_diverged(self, loss: float, since: int | None = None) -> str:
        """A sentence with the step and the likely causes, for a loss that is not finite.

        Args:
            since: the step from which on it may have happened; None: it was this one.
        """
        last = self.step_number - 1
        when = f"step {self.step_number}" if since is None else f"step {last}"
        if since is not None and since < last:
            when = f"one of the steps {since} to {last}"
        return (
            f"The {'gradient' if math.isfinite(loss) else 'loss'} is not finite at {when} "
            f"(loss {loss:g}, gradient norm {self.grad_norm:g}, learning rate "
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
        self.step_number = self.optimizer.t = self.read_until = state["step"]
        self.tokens_seen = state["tokens"]
        self.optimizer.m[...] = self.model.xp.asarray(state["m"])
        self.optimizer.v[...] = self.model.xp.asarray(state["v"])
        self.batches.restore(state["batches"])


def evaluate(model, batches, threads: int | None = None) -> tuple[float, int]:
    """The summed loss over batches (ids, targets), in nats, and the number of counted targets."""

    def run(batch):
        ids, targets = batch
        loss = model.loss(ids, targets, count=1)
        return float(loss) if model.xp is np else loss, int((targets != IGNORE).sum())

    with shared_out(_choose_threads(model, threads, usable_cores())) as run_all:
        results = list(run_all(run, batches))
    losses = [loss for loss, _ in results]
    if model.xp is not np and losses:
        losses = map(float, to_host(model.xp.stack(losses)))  # one copy for all
    return sum(losses), sum(count for _, count in results)


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
