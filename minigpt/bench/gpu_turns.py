"""What `minigpt bench gpu` measures, at which sizes, and how work on a GPU is timed: in turns."""

from __future__ import annotations

import gc
import math
import statistics
import sys
import time
import traceback
from collections.abc import Callable
from dataclasses import dataclass, field

import numpy as np

from minigpt.backend import select_device
from minigpt.bench.measure import Timing
from minigpt.bench.torch_gpt import import_torch
from minigpt.bench.train import NAMES
from minigpt.model import GPTConfig

MODELS = {  # layers, heads, width, block, batch, vocabulary
    "baby GPT": (6, 6, 384, 256, 64, 65),
    "GPT-2 124M": (12, 12, 768, 1024, 16, 50304),
}
FUNCTIONS = {  # more than 256 rows: fewer are not multiplied in bf16
    "odd": {"B": 5, "T": 81, "C": 128, "H": 2, "V": 97},
    "large": {"B": 2, "T": 1024, "C": 768, "H": 12, "V": 50304},
}
KERNELS = {"B": 8, "T": 1024, "C": 768, "H": 12, "V": 50304}
SETTLE = 5  # steps, after which a library's own pool of memory asks the driver for no more


@dataclass(frozen=True)
class Plan:
    """What is measured.

    Args:
        against: any name but None: PyTorch as well.
        rounds: turns of each contestant.
        minutes: of training in one piece, to see whether it keeps its pace.
        budget: seconds after which nothing new is begun.
        turn: seconds that a turn lasts, about.
        precisions: of matrix products.
        device: where minigpt runs.
        their_device: where PyTorch runs.
        small: the GPT that is compared with NumPy's, as six numbers, see `sized`.
        functions: sizes at which each function is compared, by a name for them.
        models: those whose training steps are timed; the last one is also the one that writes,
            and that trains for minutes.
        kernels: sizes at which each function is timed.
        squares: sizes of square matrices to multiply.
        tokens: that the model writes, for so many texts at once as `batches` says.
    """

    against: str | None = None
    rounds: int = 5
    minutes: float = 1.0
    budget: float = 460.0
    turn: float = 0.1
    precisions: tuple[str, ...] = ("fp32", "tf32", "bf16")
    device: str = "cuda"
    their_device: str = "cuda"
    small: tuple[int, ...] = (3, 2, 128, 81, 4, 97)
    functions: dict = field(default_factory=lambda: FUNCTIONS)
    models: dict = field(default_factory=lambda: MODELS)
    kernels: dict = field(default_factory=lambda: KERNELS)
    squares: tuple[int, ...] = (4096, 8192)
    tokens: int = 64
    batches: tuple[int, ...] = (1, 8)

    @property
    def xp(self):
        """The module of minigpt's arrays; UserError where there is no GPU."""
        return select_device(self.device)[0]


def sized(sizes: tuple[int, ...], **options) -> tuple[GPTConfig, int]:
    """A configuration and its batch size, from six numbers."""
    given = dict(zip(NAMES, sizes, strict=True))
    batch_size = given.pop("batch_size")
    return GPTConfig(**given, **options), batch_size


@dataclass
class Contestant:
    """Something that is timed.

    Args:
        step: does one step of its work, or only queues it.
        wait: comes back when all that was queued is done.
        memory: bytes of the GPU that its library has held at most.
    """

    step: Callable
    wait: Callable[[], None]
    memory: Callable[[], int]

    def seconds(self, count: int) -> float:
        """Seconds of each of `count` steps, from an idle GPU to an idle GPU."""
        self.wait()
        start = time.perf_counter()
        for _ in range(count):
            self.step()
        self.wait()
        return (time.perf_counter() - start) / count

    def host_seconds(self, count: int = 3) -> float:
        """Seconds in which the host queues a step; a GPU that needs less stands still.

        The middle of `count` steps, each queued by itself: a full queue makes the host wait.
        """
        found = []
        for _ in range(count):
            self.wait()
            start = time.perf_counter()
            self.step()
            found.append(time.perf_counter() - start)
        self.wait()
        return statistics.median(found)


def ours(xp, step: Callable) -> Contestant:
    """A contestant that computes with CuPy."""
    pool = xp.get_default_memory_pool()
    return Contestant(step, lambda: xp.cuda.Device().synchronize(), pool.total_bytes)


def theirs(plan: Plan, step: Callable) -> Contestant:
    """A contestant that computes with PyTorch."""
    cuda = import_torch().cuda
    if plan.their_device != "cuda":
        return Contestant(step, lambda: None, lambda: 0)
    return Contestant(step, cuda.synchronize, cuda.max_memory_reserved)


def free_caches(xp) -> None:
    """Give back the memory that CuPy and PyTorch keep for later: one GPU holds both."""
    xp.get_default_memory_pool().free_all_blocks()
    torch = sys.modules.get("torch")
    if torch and torch.cuda.is_available():
        torch.cuda.empty_cache()
        torch.cuda.reset_peak_memory_stats()


def compare(plan: Plan, makers: dict[str, Callable[[], Contestant]]) -> dict:
    """Time contestants in turns: warm-up, caches of all freed before each turn, medians of rounds.

    Args:
        makers: functions that make them, by name; the first one is minigpt.

    Returns:
        For each, seconds a step, spread, host_seconds and memory; with two, `ratio`, how many
        times as fast as the second the first is, the median of all rounds, and its spread. One
        that fails is left out of the rounds; "failed" and "traceback" then say why.
    """
    found, ready = {}, {}
    gc.collect()  # of what was compared before
    for who, make in makers.items():
        free_caches(plan.xp)
        try:
            contestant = make()
            contestant.seconds(1)  # compiles, and fills the caches
            count = math.ceil(plan.turn / contestant.seconds(SETTLE))
            ready[who] = contestant, max(2, min(count, 2000))
            found[who] = {"host_seconds": contestant.host_seconds(), "memory": contestant.memory()}
        except Exception as error:
            found |= {who: {}, **failure(error, f"{who}: ")}
    for who, timing in _rounds(plan, ready).items():
        found[who] |= {"seconds": timing.median, "spread": timing.spread, "rounds": timing.seconds}
    if len(ready) == 2:
        first, second = (found[who]["rounds"] for who in makers)
        ratios = Timing("", [b / a for a, b in zip(first, second, strict=True)])
        found |= {"ratio": statistics.median(ratios.seconds), "ratio_spread": ratios.spread}
    return found


def _rounds(plan: Plan, ready: dict[str, tuple[Contestant, int]]) -> dict[str, Timing]:
    timings = {who: Timing(who, []) for who in ready}
    for _ in range(plan.rounds):
        for who, (contestant, count) in ready.items():
            free_caches(plan.xp)
            contestant.seconds(min(count, SETTLE))  # takes back the memory that was freed
            timings[who].seconds.append(contestant.seconds(count))
    return timings


def failure(error: Exception, begin: str = "") -> dict[str, str]:
    """What a result says of an exception: one line, and where it came from."""
    line = str(error).strip().partition("\n")[0][:200]
    trace = "".join(traceback.format_exception(error))[-6000:]
    return {"failed": f"{begin}{type(error).__name__}: {line}", "traceback": trace}


def noise(shape: tuple[int, ...], scale: float = 1.0) -> np.ndarray:
    """Normal numbers in float32, a million different ones at most: large arrays in no time."""
    rng = np.random.default_rng(0)
    some = scale * rng.standard_normal(min(1 << 20, math.prod(shape)), dtype=np.float32)
    return np.resize(some, shape)


def precisions_in(plan: Plan, depends: bool = True) -> tuple[str, ...]:
    """The precisions to measure a thing in; only one, where no matrices are multiplied."""
    return tuple(plan.precisions) if depends else tuple(plan.precisions[:1])
