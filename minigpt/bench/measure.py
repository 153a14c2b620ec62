"""Fair timing: in turns, in one process, with medians and spreads; and the machine in words."""

from __future__ import annotations

import platform
import statistics
import time
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from threadpoolctl import threadpool_info

from minigpt.machine import processor, usable_cores


@dataclass
class Timing:
    """Seconds of one contestant, one number a round."""

    name: str
    seconds: list[float]

    @property
    def median(self) -> float:
        """The middle of all rounds, in seconds."""
        return statistics.median(self.seconds)

    @property
    def spread(self) -> float:
        """Half the distance between the quartiles, as a share of the median."""
        if len(self.seconds) < 2:
            return 0.0
        low, _, high = statistics.quantiles(self.seconds, n=4, method="inclusive")
        return (high - low) / 2 / self.median


def in_turns(contestants: dict[str, Callable], rounds: int, warmup: int = 1) -> dict[str, Timing]:
    """Time functions in turns, so that a machine that slows down slows all of them down.

    Args:
        contestants: functions without arguments, by name.
        rounds: timed calls of each.
        warmup: calls of each that are not timed: memory is touched, code is compiled.
    """
    timings = {name: Timing(name, []) for name in contestants}
    for function in contestants.values():
        for _ in range(warmup):
            function()
    for _ in range(rounds):
        for name, function in contestants.items():
            start = time.perf_counter()
            function()
            timings[name].seconds.append(time.perf_counter() - start)
    return timings


def machine_in_words() -> str:
    """The processor, the cores, and the versions that matter."""
    blas = {library.get("architecture") for library in threadpool_info()} - {None}
    return (
        f"{processor()}, "
        f"{usable_cores()} cores, Python {platform.python_version()}, NumPy {np.__version__} "
        f"({', '.join(sorted(blas)) or 'unknown'} kernels), {platform.system()}"
    )
