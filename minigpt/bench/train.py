"""How fast one training step is: against PyTorch, and against the machine's own limit."""

from __future__ import annotations

import dataclasses
import json
import math
import shutil
import subprocess
import sys
import time
from collections.abc import Callable

import numpy as np
from threadpoolctl import ThreadpoolController

from minigpt.bench.limit import Limit
from minigpt.bench.measure import Timing, in_turns
from minigpt.bench.table import duration, spread, table, three_digits, times
from minigpt.machine import peak_memory_mb, usable_cores
from minigpt.model import GPT, GPTConfig
from minigpt.training import Trainer

CONFIGS = {  # layers, heads, width, block, batch, vocabulary
    "small": (4, 4, 128, 64, 12, 65),
    "medium": (6, 6, 384, 256, 8, 65),
    "gpt2": (12, 12, 768, 128, 2, 50304),
    "long": (6, 6, 384, 1024, 2, 65),
}
NAMES = ("n_layer", "n_head", "n_embd", "block_size", "batch_size", "vocab_size")
TURN = 0.5  # seconds: PyTorch's and BLAS's idle threads spin a while into the next one's turn
WHO = {"minigpt": "minigpt", "torch": "PyTorch", "compiled": "torch.compile"}
STEPS_FOR_MEMORY = 3


def standard(name: str) -> tuple[GPTConfig, int]:
    """One of the standard configurations, and its batch size."""
    sizes = dict(zip(NAMES, CONFIGS[name], strict=True))
    batch_size = sizes.pop("batch_size")
    return GPTConfig(**sizes), batch_size


class OneBatch:
    """The same random tokens at every step, for all who are timed."""

    def __init__(self, config: GPTConfig, batch_size: int):
        shape = (batch_size, config.block_size + 1)
        tokens = np.random.default_rng(0).integers(0, config.vocab_size, shape)
        self.ids, self.targets = tokens[:, :-1].copy(), tokens[:, 1:].copy()

    def next(self):
        """The batch, as `Trainer` asks for it."""
        return self.ids, self.targets


def stepper(who: str, config: GPTConfig, batch_size: int, threads: int) -> Callable:
    """One training step of "minigpt", "torch" or "compiled", as a function that gives the loss."""
    assert who in WHO, who
    batch = OneBatch(config, batch_size)
    if who == "minigpt":
        model = GPT(config, seed=0, device="cpu")
        trainer = Trainer(model, batch, batch_size, 10**9, 1e-4, 1e-4, 0, threads=threads)
        if threads == usable_cores():
            return trainer.step
        blas = ThreadpoolController()

        def step() -> float:
            with blas.limit(limits=threads, user_api="blas"):  # where Trainer leaves it to BLAS
                return trainer.step()

        return step
    from minigpt.bench import torch_gpt

    torch = torch_gpt.import_torch()
    torch.set_num_threads(threads)
    model = torch_gpt.make_model(config)
    their_step = torch_gpt.make_step(model, batch.ids, batch.targets, who == "compiled")

    def step_with_threads() -> float:
        torch.set_num_threads(threads)  # of the whole process: others may have changed it
        return their_step()

    return step_with_threads


def train(
    config: GPTConfig,
    batch_size: int,
    rounds: int = 5,
    against: str | None = None,
    compile: bool = False,
    threads: int | None = None,
    turn: float = TURN,
) -> dict:
    """Time a training step: forward, backward, clipping and AdamW, on random tokens in float32.

    All take turns in one process, on the same tokens; a turn lasts about `turn`
    seconds. Peak memory is that of a fresh process each, after some steps. (What `Trainer` asks
    of the C library, to keep freed memory, makes PyTorch faster as well.)

    Args:
        config, batch_size: see `standard`.
        rounds: turns of each.
        against: any name but None: time PyTorch, eager, with fused attention and AdamW.
        compile: time `torch.compile` as well.
        threads: for all of them; None: the cores that this process may use.

    Returns:
        By "minigpt", "torch" and "compiled": median seconds a step, spread, ratio to minigpt's,
        peak_mb, and imported_mb before the first step, or "why" there are none; by "limit", see
        `Limit.result`, with minigpt's `share` of it.

    Raises:
        UserError: when `against` names what is not installed.
    """
    threads = threads or usable_cores()
    names = ["minigpt", *(["torch"] if against else []), *(["compiled"] if compile else [])]
    found = {"config": dataclasses.asdict(config), "batch_size": batch_size, "rounds": rounds,
             "threads": threads, "tokens": batch_size * config.block_size}  # fmt: skip
    found |= {who: peak_memory(who, config, batch_size, threads) for who in names}
    limit = Limit(config, batch_size, threads)
    found["parameters"] = limit.numbers
    timings = _time(names, found, config, batch_size, turn, limit)
    for who, timing in timings.items():
        ratio = timing.median / timings["minigpt"].median
        found[who] |= {"seconds": timing.median, "spread": timing.spread, "ratio": ratio}
    found["limit"] = limit.result()
    found["limit"]["share"] = found["limit"]["seconds"] / found["minigpt"]["seconds"]
    return found


def _time(names, found: dict, config, batch_size: int, turn: float, limit: Limit) -> dict:
    """Timings of a step by name, without those that can't run; in `found`, why they can't."""
    steppers, turns = {}, {}
    for who in names:
        try:
            steppers[who] = stepper(who, config, batch_size, found["threads"])
            turns[who] = steps_in(steppers[who], turn)
        except Exception as error:
            if who != "compiled":
                raise
            found[who] |= {"why": _why(error)}
    runs = {who: lambda who=who: repeat(steppers[who], turns[who]) for who in turns}
    return per_step(in_turns({**runs, "limit": limit}, found["rounds"]), turns)


def per_step(timings: dict[str, Timing], counts: dict[str, int]) -> dict[str, Timing]:
    """The timings of turns of so many steps, as timings of one step."""
    return {
        who: Timing(who, [seconds / count for seconds in timings[who].seconds])
        for who, count in counts.items()
    }


def steps_in(step: Callable, seconds: float) -> int:
    """How many steps last about so many seconds; the first one warms up and does not count."""
    step()
    start = time.perf_counter()
    step()
    return max(1, math.ceil(seconds / (time.perf_counter() - start)))


def repeat(step: Callable, count: int) -> None:
    for _ in range(count):
        step()


def _why(error: Exception) -> str:
    """In a word, why `torch.compile` does not work here."""
    compilers = ("c++", "g++", "clang++", "cl")
    return type(error).__name__ if any(map(shutil.which, compilers)) else "no C++ compiler"


def peak_memory(who: str, config: GPTConfig, batch_size: int, threads: int) -> dict:
    """The most memory of a fresh process that does some steps; {} where that can't be known.

    On Linux a process begins with the peak of the one that started it, so a small one stands
    between this process and that.
    """
    between = "import subprocess, sys; sys.exit(subprocess.call(sys.argv[1:]))"
    told = json.dumps([who, dataclasses.asdict(config), batch_size, threads])
    child = [sys.executable, "-c", "from minigpt.bench.train import tell_peak; tell_peak()", told]
    done = subprocess.run(
        [sys.executable, "-S", "-c", between, *child], capture_output=True, text=True
    )
    try:
        return json.loads(done.stdout.splitlines()[-1])
    except (IndexError, ValueError):
        return {}


def tell_peak() -> None:
    """What the fresh process runs: print its memory, when imported and at most, as JSON."""
    who, sizes, batch_size, threads = json.loads(sys.argv[-1])
    if who != "minigpt":
        import torch  # noqa: F401
    imported = peak_memory_mb()
    step = stepper(who, GPTConfig(**sizes), batch_size, threads)
    repeat(step, STEPS_FOR_MEMORY)
    print(json.dumps({"imported_mb": imported, "peak_mb": peak_memory_mb()}))


def as_text(results: dict[str, dict]) -> str:
    """The results, by name of the configuration, as one table."""
    rows = []
    for name, found in results.items():
        mine = found["minigpt"]["seconds"]
        for who in (who for who in WHO if who in found):
            rows.append(_row(name if who == "minigpt" else "", WHO[who], found[who], found, mine))
        rows.append(_row("", "limit", found["limit"], found, mine))
    some = next(iter(results.values()))
    head = (f"A training step (forward, backward, clipping, AdamW) in float32: medians of "
            f"{some['rounds']} rounds\nin turns, {some['threads']} threads; limit: the matrix "
            f"products and the optimizer's traffic alone")  # fmt: skip
    titles = ("config", "who", "a step", "spread", "tokens/s", "memory", "/ minigpt")
    return f"{head}\n{table(titles, rows)}"


def _row(name: str, who: str, value: dict, found: dict, mine: float) -> tuple[str, ...]:
    who = who.ljust(len("torch.compile"))
    peak = value.get("peak_mb")
    memory = "" if peak is None else f"{peak:,.0f} MB"
    if "seconds" not in value:
        return name, who, value["why"], "", "", memory, ""
    seconds = value["seconds"]
    speed = f"{found['tokens'] / seconds:,.0f}"
    return name, who, duration(seconds), spread(value), speed, memory, times(seconds / mine)


def message(results: dict[str, dict]) -> str:
    """What the picture says, in a sentence."""
    against = [found["torch"]["ratio"] for found in results.values() if "torch" in found]
    if against:
        return f"Training: minigpt is {_span(against)} times as fast as PyTorch"
    shares = [1 / found["limit"]["share"] for found in results.values()]
    return f"A step takes {_span(shares)} times as long as its matrix products"


def _span(numbers: list[float]) -> str:
    low, high = three_digits(min(numbers)), three_digits(max(numbers))
    return low if low == high else f"{low} to {high}"


def panels(results: dict[str, dict]) -> dict[str, dict[str, float]]:
    """Milliseconds a step, by panel and bar, for `plots.bars`."""
    return {
        f"{name}: {_sizes(found)}": {
            **{WHO[who]: found[who]["seconds"] * 1e3
               for who in WHO if "seconds" in found.get(who, {})},
            "limit": found["limit"]["seconds"] * 1e3,
        }
        for name, found in results.items()
    }  # fmt: skip


def _sizes(found: dict) -> str:
    config = found["config"]
    return (f"{config['n_layer']} layers, {config['n_embd']} wide, "
            f"{found['batch_size']} x {config['block_size']} tokens")  # fmt: skip
