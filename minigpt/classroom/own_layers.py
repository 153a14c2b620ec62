"""Train on a student's own functions: their files as the table of functions that a model uses.

What a student's file takes from `minigpt.layers` is replaced by the student's own function where
there is one: their block calls their layer norm.
"""

from __future__ import annotations

import functools
import inspect
import time
import types
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from types import SimpleNamespace

import numpy as np

import minigpt.layers
from minigpt.classroom import student
from minigpt.classroom.adapters import ADAPTERS, as_it_is
from minigpt.classroom.exercises import EXERCISES
from minigpt.classroom.report import PartReport
from minigpt.classroom.worker import SECONDS, check_file, parts_of
from minigpt.errors import UserError
from minigpt.machine import usable_cores
from minigpt.training.schedule import clip_factor
from minigpt.training.update import HostUpdate, NotFinite
from minigpt.tree import items, nest

IN_A_MODEL = ("embedding", "linear", "gelu", "mlp", "layernorm", "softmax", "scaled_dot_product",
              "attention", "cross_entropy", "block", "unembedding")  # fmt: skip
HEADS = ("split_heads", "merge_heads")
TRAINING = ("adamw_step", "warmup_cosine", "clip_by_norm")
USABLE = (*IN_A_MODEL, *HEADS, *TRAINING)
# Red lines that no training survives, or should.
STOPPERS = ("ends", "loads", "runs", "shapes", "your own code")


@dataclass
class OwnLayers:
    """A student's functions that a training can use.

    Attributes:
        folder: where they are.
        functions: by name.
        reports: of their checks, by part.
        idle: parts that no training calls.
    """

    folder: Path
    functions: dict[str, Callable]
    reports: dict[str, PartReport] = field(default_factory=dict)
    idle: list[str] = field(default_factory=list)

    @property
    def names(self) -> list[str]:
        """What is the student's, without the backwards."""
        return [name for name in self.functions if not name.endswith("_backward")]

    @property
    def wrong(self) -> list[str]:
        """The parts in use that do not pass their check."""
        return [name for name, report in self.reports.items() if not report.ok]

    def table(self, base) -> SimpleNamespace:
        """The table of functions for a model: the student's, and for the rest those of `base`."""
        table = SimpleNamespace(**{k: v for k, v in vars(base).items() if not k.startswith("__")})
        for name in (*IN_A_MODEL, *HEADS):
            if name in self.functions:
                adapt = ADAPTERS.get(name, as_it_is)
                forward, backward = name, f"{name}_backward"
                pair = adapt(*(self._guarded(x) for x in (forward, backward)))
                setattr(table, forward, pair[0])
                if name in IN_A_MODEL:
                    setattr(table, backward, pair[1])
        self._link(table)
        return table

    def _guarded(self, name: str) -> Callable | None:
        """A student's function whose exceptions become one sentence."""
        function = self.functions.get(name)
        if function is None:
            return None

        @functools.wraps(function)
        def call(*args, **kwargs):
            try:
                return function(*args, **kwargs)
            except (UserError, MemoryError):
                raise
            except Exception as error:
                raise UserError(
                    f"Your {name} stopped in the training with {type(error).__name__}: {error}; "
                    f"check it with `minigpt check`, or leave its file out of {self.folder}."
                ) from error

        return call

    def _link(self, table) -> None:
        """Let what the student's files took from minigpt.layers be the table's."""
        own = set(self.names)
        linked = SimpleNamespace(**vars(table))
        for name in ("mlp", "attention"):
            if name not in own:  # the package's own takes its parts from the student's table
                for each in (name, f"{name}_backward"):
                    setattr(linked, each, _with_parts(getattr(table, each), table))
        for function in self.functions.values():
            names = function.__globals__
            imported = names.setdefault("__imported__", {})  # as the file had it
            for key, value in list(names.items()):
                value = imported.get(key, value)
                if value is minigpt.layers:
                    imported[key], names[key] = value, linked
                elif isinstance(value, types.FunctionType):
                    twin = getattr(minigpt.layers, value.__name__, None)
                    if twin is value:
                        imported[key], names[key] = value, getattr(linked, value.__name__)

    def refuse(self, config) -> None:
        """Raise UserError for a model that the student's functions can't compute."""
        attending = [n for n in ("scaled_dot_product", "attention", "block") if n in self.functions]
        if config.dropout and attending:
            raise UserError(f"Your {attending[-1]} knows no dropout; train with --dropout 0.")

    def equip(self, trainer) -> None:
        """Put the student's optimizer, schedule and clipping into a trainer.

        On a GPU, optimizer and clipping stay the package's: they are one kernel there.
        """
        schedule = self._guarded("warmup_cosine")
        if schedule:
            trainer.schedule = lambda *args: float(schedule(*args))
        if not isinstance(trainer.update, HostUpdate):
            for name in ("adamw_step", "clip_by_norm"):
                if self.functions.pop(name, None):
                    self.idle.append(name)
        step, clip = self._guarded("adamw_step"), self._guarded("clip_by_norm")
        if step or clip:
            trainer.update = StudentUpdate(trainer, step, clip)

    def compare(self, make_model: Callable, make_trainer: Callable, seconds: float = 8.0) -> dict:
        """Some steps with the student's functions and with the package's, from the same start.

        The first step is not timed: a GPU compiles its kernels there.

        Args:
            make_model: called with a table of functions, None for the package's.
            make_trainer: called with a model.
            seconds: that it may take; at least one step is made.

        Returns:
            steps, "own_ms" and "package_ms" of a step, "difference" of the last losses, relative.
        """
        own, package = make_trainer(make_model(self)), make_trainer(make_model(None))
        self.equip(own)
        own_losses, times = _timed_steps(own, 11, seconds)
        losses, others = _timed_steps(package, len(own_losses), 1e9)
        difference = max(abs(a - b) / abs(b) for a, b in zip(own_losses, losses, strict=True))
        return {
            "steps": len(losses),
            "own_ms": 1000 * float(np.median(times)),
            "package_ms": 1000 * float(np.median(others)),
            "own_loss": own_losses[-1],
            "package_loss": losses[-1],
            "difference": difference,
        }


def _timed_steps(trainer, most: int, seconds: float) -> tuple[list[float], list[float]]:
    """The losses of up to `most` steps within `seconds`, and the times of all but the first."""
    losses, times = [], []
    start = time.perf_counter()
    while len(losses) < most and (len(losses) < 2 or time.perf_counter() - start < seconds):
        before = time.perf_counter()
        losses.append(trainer.step())
        times.append(time.perf_counter() - before)
        if len(losses) == 1:
            start = max(start, time.perf_counter() - seconds / 2)  # it may have compiled kernels
    return losses, times[1:]


class StudentUpdate(HostUpdate):
    """Clipping and AdamW by a student's functions, tensor by tensor; see `HostUpdate`."""

    def __init__(self, trainer, step: Callable | None, clip: Callable | None):
        super().__init__(trainer.optimizer, trainer.grads, trainer.clip)
        self.step, self.clip_by_norm = step, clip
        moments = trainer.model.params.zeros_like(), trainer.model.params.zeros_like()
        trainer.optimizer.m, trainer.optimizer.v = (tree.buffer for tree in moments)
        self.m, self.v = (dict(items(tree)) for tree in moments)

    def __call__(self, loss, lr: float, run_all: Callable = map) -> float:
        """One step; returns the loss. Raises NotFinite before anything is changed."""
        grads, scale = self.grads, 1.0
        self.norm = float(np.sqrt(np.dot(grads.buffer, grads.buffer)))
        if not (np.isfinite(loss) and np.isfinite(self.norm)):
            raise NotFinite
        if self.clip_by_norm is None:
            scale = clip_factor(self.norm, self.clip)
        elif self.clip > 0:
            clipped, _ = self.clip_by_norm(dict(items(grads)), self.clip)
            grads.assign(nest(clipped))
        if self.step is None:
            self.optimizer.step(grads, lr, scale, run_all)
            return loss
        optimizer = self.optimizer
        optimizer.t += 1
        for (path, p), (_, g) in zip(items(optimizer.params), items(grads), strict=True):
            decay = optimizer.weight_decay if p.ndim >= 2 else 0.0
            m, v = self.m[path], self.v[path]
            new = self.step(p, g if scale == 1 else g * scale, m, v, optimizer.t, lr,
                            optimizer.betas, optimizer.eps, decay)  # fmt: skip
            p[...], m[...], v[...] = new
        return loss


def load_own(folder: str | Path) -> OwnLayers:
    """The functions of a student's folder that can be trained on; each file is checked.

    Raises:
        UserError: when there is none, or one that would stop the training.
    """
    folder = Path(folder)
    if not folder.is_dir():
        raise UserError(
            f"There is no folder {folder}; --layers takes fast, clear, or a folder with your own "
            f"exercises (`minigpt lesson start 05`)."
        )
    there = [e for e in EXERCISES.values() if (folder / e.file_name).is_file()]

    def reports_of(exercise) -> list[PartReport]:
        path = folder / exercise.file_name
        return check_file(path, exercise, parts_of(exercise), SECONDS).reports

    with ThreadPoolExecutor(usable_cores()) as pool:
        reports = dict(zip((e.file_name for e in there), pool.map(reports_of, there), strict=True))
    own = OwnLayers(folder, {})
    for name, found in reports.items():
        _take(own, folder / name, [report for report in found if not report.absent])
    if "attention" not in own.functions:  # only a student's own attention calls their heads
        for name in HEADS:
            if own.functions.pop(name, None):
                own.reports.pop(name)
                own.idle.append(name)
    if not own.functions:
        raise UserError(
            f"{folder} holds no function that a training could use yet; these can be used: "
            f"{', '.join(USABLE)}."
        )
    return own


def _take(own: OwnLayers, path: Path, reports: list[PartReport]) -> None:
    """Take the functions of one file that a training can use.

    Raises:
        UserError: for one that would stop the training.
    """
    for report in reports:
        red = next((line for line in report.lines if line.ok is False), None)
        usable = not report.functions or report.functions[0] in USABLE
        if usable and red and red.name in STOPPERS:
            why = " ".join(report.problem.split())
            raise UserError(f"{report.part} in {path} can't be trained on: {why}")
    wanted = [report for report in reports if report.functions and report.functions[0] in USABLE]
    own.idle += [report.part for report in reports if report not in wanted]
    if not wanted:
        return
    module, trouble = student.load(path)
    if module is None:
        raise UserError(f"{path}: {trouble}")
    for report in wanted:
        own.functions.update({name: getattr(module, name) for name in report.functions})
        own.reports[report.part] = report


def _with_parts(function: Callable, table) -> Callable:
    """A function of the package that takes its parts from `table` unless it is told otherwise."""
    if "parts" not in inspect.signature(function).parameters:
        return function
    return functools.partial(function, parts=table)
