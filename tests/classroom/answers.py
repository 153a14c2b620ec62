"""The answers that the checker is measured on: right ones in many styles, wrong ones by others."""

from __future__ import annotations

import functools
import importlib.util
import json
import sys
from pathlib import Path
from types import ModuleType, SimpleNamespace

from minigpt.classroom.checker import check_part
from minigpt.classroom.exercises import EXERCISES
from minigpt.classroom.report import PartReport

HERE = Path(__file__).parent
RIGHT = sorted((HERE / "right").glob("*/*.py"))
SETS = ("first", "second")
LABELS = HERE / "wrong" / "labels.json"


def module_of(path: Path) -> ModuleType:
    """A file as a module."""
    name = "_".join(path.with_suffix("").parts[-3:])
    spec = importlib.util.spec_from_file_location(name, path)
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module
    spec.loader.exec_module(module)
    return module


def wrong_answers(which: str) -> dict[str, type]:
    """The answers of a set by id: "06/Answer01"."""
    found = {}
    for path in sorted((HERE / "wrong" / which).glob("*.py")):
        for name, value in vars(module_of(path)).items():
            if name.startswith("Answer"):
                found[f"{path.stem[:2]}/{name}"] = value
    return found


def written(exercise, mistakes=()) -> SimpleNamespace:
    """The functions of a solution, with mistakes in it, as if a student had written it."""
    names: dict = {"__name__": "student"}
    exec(compile(exercise.edited(mistakes), "student.py", "exec"), names)  # noqa: S102
    return SimpleNamespace(**names)


def told(answer: type) -> tuple[str, str]:
    """(part, what is wrong with it) from an answer's docstring."""
    name, _, words = (answer.__doc__ or "").strip().partition(":")
    parts = {part.name: part.name for e in EXERCISES.values() for part in e.parts}
    parts |= {part.functions[0]: part.name for e in EXERCISES.values() for part in e.parts}
    return parts[name.strip()], " ".join(words.split())


def check_answer(key: str, answer: type, seed: int = 0) -> PartReport:
    """The checker's report on one answer."""
    exercise = EXERCISES[key[:2]]
    part = exercise.part(told(answer)[0])
    functions = {name: value for name, value in vars(answer).items() if name in part.functions}
    functions = {n: f.__func__ if isinstance(f, staticmethod) else f for n, f in functions.items()}
    return check_part(exercise, part, SimpleNamespace(**functions), seed)


@functools.cache
def labels() -> dict[str, dict[str, list[str]]]:
    """What is the right name for each wrong answer, by set and id; see `labels.json`."""
    return json.loads(LABELS.read_text(encoding="utf-8"))


def names_of(report: PartReport) -> list[str]:
    """The known mistakes that a report names."""
    return [one.name for one in report.diagnoses if one.kind == "known"]
