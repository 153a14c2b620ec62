"""How fast whole models are on a GPU: training steps, writing, and whether they keep their pace."""

from __future__ import annotations

import functools
import statistics
import time
from collections.abc import Callable

import numpy as np

from minigpt.bench import torch_gpt
from minigpt.bench.decode import PROMPT
from minigpt.bench.gpu_kernels import pair
from minigpt.bench.gpu_turns import (
    Contestant,
    Plan,
    compare,
    free_caches,
    ours,
    precisions_in,
    sized,
    theirs,
)
from minigpt.bench.measure import Timing, in_turns
from minigpt.bench.train import OneBatch
from minigpt.model import GPT
from minigpt.training import Trainer

BARS = {  # of PyTorch's speed
    "baby GPT": {"fp32": 1.0, "tf32": 1.0, "bf16": 1.0},
    "GPT-2 124M": {"tf32": 0.9, "bf16": 0.7},
}
SLOWEST = 1.2  # of the median
GROWTH = 1.01  # of memory
WARM_UP = 20  # steps, before the pace is watched


def steps(plan: Plan) -> dict[str, Callable[[], dict]]:
    """The training steps to time, by name."""
    return {
        f"{name}, {precision}": functools.partial(one_model, plan, name, precision)
        for name in plan.models
        for precision in precisions_in(plan)
    }


def make_trainer(plan: Plan, sizes: tuple, precision: str) -> Trainer:
    """A trainer of minigpt, on one random batch."""
    config, batch_size = sized(sizes)
    model = GPT(config, seed=0, device=plan.device, precision=precision)
    return Trainer(model, OneBatch(config, batch_size), batch_size, 10**9, 1e-4, 1e-4, 0)


def one_model(plan: Plan, name: str, precision: str) -> dict:
    """A training step: forward, backward, clipping and AdamW, on random tokens.

    Besides what `compare` tells: tokens a second, and the `bar` with whether it is `reached`.
    """
    config, batch_size = sized(plan.models[name])
    trainers = []

    def our_step() -> Contestant:
        trainers.append(make_trainer(plan, plan.models[name], precision))
        return ours(plan.xp, trainers[0].advance)

    def their_step() -> Contestant:
        model = torch_gpt.make_model(config, device=plan.their_device)
        batch = OneBatch(config, batch_size).next()
        return theirs(plan, torch_gpt.make_step(model, *batch, precision=precision))

    found = compare(plan, pair(plan, our_step, their_step))
    if "seconds" in found["minigpt"]:
        found["steps"] = trainers[0].step_number
        trainers[0].read([])  # raises, if a step was not finite
    tokens = batch_size * config.block_size
    for one in (found[who] for who in ("minigpt", "torch") if "seconds" in found.get(who, {})):
        one["tokens_per_second"] = tokens / one["seconds"]
    bar = BARS.get(name, {}).get(precision)
    if bar and "ratio" in found:
        found |= {"bar": bar, "reached": found["ratio"] >= bar}
    return found


# ---------------------------------------------------------------- writing


def writing(plan: Plan) -> dict[str, Callable[[], dict]]:
    """Writing with the largest model in each precision, by name."""
    name = list(plan.models)[-1]
    return {
        f"{name}, {precision}": functools.partial(one_writer, plan, name, precision)
        for precision in precisions_in(plan)
    }


def one_writer(plan: Plan, name: str, precision: str) -> dict:
    """Tokens a second of greedy writing, alone and several texts at once, without the prompt."""
    config, _ = sized(plan.models[name])
    free_caches(plan.xp)
    model = GPT(config, seed=0, device=plan.device, precision=precision)
    found = {"parameters": model.n_params, "tokens": plan.tokens}
    for batch in plan.batches:
        ids = np.random.default_rng(0).integers(0, config.vocab_size, (batch, PROMPT))
        whole, prompt = (writing_seconds(model, ids, tokens, plan) for tokens in (plan.tokens, 1))
        speed = batch * (plan.tokens - 1) / (whole.median - prompt.median)
        found[f"batch {batch}"] = {"tokens_per_second": speed, "spread": whole.spread}
    return found


def writing_seconds(model: GPT, ids: np.ndarray, tokens: int, plan: Plan) -> Timing:
    """Seconds for a prompt and so many tokens; every token comes to the host, which waits."""
    write = functools.partial(model.generate, ids, tokens, do_sample=False)
    return in_turns({"": write}, plan.rounds)[""]


# ---------------------------------------------------------------- keeping the pace


class Marks:
    """Marks in the GPU's queue, whose times are read at the end: nobody waits in between."""

    def __init__(self, xp):
        self.cuda, self.events = xp.cuda, []

    def set(self) -> None:
        """Set the next mark, behind all that is queued."""
        self.events.append(self.cuda.Event())
        self.events[-1].record()

    def seconds(self) -> list[float]:
        """Seconds from each mark to the next."""
        self.events[-1].synchronize()
        pairs = zip(self.events, self.events[1:], strict=False)
        return [self.cuda.get_elapsed_time(*pair) / 1e3 for pair in pairs]


def pace(plan: Plan) -> dict[str, Callable[[], dict]]:
    """The model that trains for minutes, by name."""
    name = list(plan.models)[-1]
    precision = "tf32" if "tf32" in plan.precisions else plan.precisions[0]
    return {f"{name}, {precision}": functools.partial(keeps_pace, plan, name, precision)}


def keeps_pace(plan: Plan, name: str, precision: str) -> dict:
    """Train for minutes: the slowest step as a multiple of the median, and memory."""
    xp = plan.xp
    free_caches(xp)
    trainer = make_trainer(plan, plan.models[name], precision)
    for _ in range(WARM_UP):
        loss = trainer.advance()
    trainer.read([loss])
    pool, marks = xp.get_default_memory_pool(), Marks(xp)
    before, end = pool.total_bytes(), time.perf_counter() + 60 * plan.minutes
    marks.set()
    while time.perf_counter() < end or len(marks.events) < 3:
        loss = trainer.advance()
        marks.set()
    seconds = marks.seconds()
    trainer.read([loss])
    return {"minutes": plan.minutes, **pace_of(seconds, before, pool.total_bytes())}


def pace_of(seconds: list[float], before: int, after: int) -> dict:
    """What the times of steps and the memory before and after them tell."""
    median = statistics.median(seconds)
    slowest = max(seconds) / median
    return {
        "steps": len(seconds),
        "seconds": median,
        "slowest": slowest,
        "bar": SLOWEST,
        "slow_steps": sum(one > SLOWEST * median for one in seconds),
        "memory_before": before,
        "memory_after": after,
        "reached": slowest <= SLOWEST and after <= GROWTH * before,
    }
