"""A bug hunt: a small program with a planted mistake, to be found with the tools of the course."""

from __future__ import annotations

import functools
import importlib
import pkgutil
import re
import types
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from minigpt.errors import UserError

PROGRAMS = Path(__file__).parent / "bughunts" / "programs"


@dataclass(frozen=True)
class Hunt:
    """A program, the mistake that is planted in it, and how to see that it is gone.

    Args:
        number: two digits.
        name: of the program's file, `bughunts/programs/07_name.py`, which holds the right program.
            It should not give the mistake away.
        symptom: one sentence, what somebody notices who runs the program.
        edits: pairs (right, wrong) of passages: the student gets the wrong ones.
        verify: is given the student's module, whose functions it calls with data of its own;
            returns None when the mistake is gone, else a sentence that tells what can be seen, not
            where it comes from.
        hints: three, from a direction to look in to nearly the line.
        answer: shown when it is found: what was wrong, and why it could hide.
        lesson: the number of the lesson that explains it.
    """

    number: str
    name: str
    symptom: str
    edits: tuple[tuple[str, str], ...]
    verify: Callable[[types.ModuleType], str | None]
    hints: tuple[str, str, str]
    answer: str
    lesson: str

    @property
    def file_name(self) -> str:
        """What the student's file is called."""
        return f"bughunt_{self.number}.py"

    @functools.cached_property
    def solution(self) -> str:
        """The right program."""
        return (PROGRAMS / f"{self.number}_{self.name}.py").read_text(encoding="utf-8")

    def program(self) -> str:
        """The program with its mistake."""
        text = self.solution
        for right, wrong in self.edits:
            assert text.count(right) == 1, (self.number, right)
            text = text.replace(right, wrong)
        return text


@functools.cache
def hunts() -> dict[str, Hunt]:
    """All hunts by number; every module of `bughunts/` holds one."""
    package = importlib.import_module("minigpt.classroom.bughunts")
    names = sorted(info.name for info in pkgutil.iter_modules(package.__path__)
                   if re.fullmatch(r"h\d\d_\w+", info.name))  # fmt: skip
    found = [importlib.import_module(f"{package.__name__}.{name}").HUNT for name in names]
    return {hunt.number: hunt for hunt in found}


def find_hunt(name: str) -> Hunt | None:
    """The hunt "bughunt-07", "bughunt_7.py" or "bughunt7"; None for another kind of name.

    Raises:
        UserError: for a number that no hunt has.
    """
    match = re.fullmatch(r"bughunt[-_ ]?(\d+)(\.py)?", name.lower())
    if match is None:
        return None
    number = match[1].zfill(2)
    if number not in hunts():
        last = max(hunts())
        raise UserError(f"There is no bug hunt {number}; they are numbered 01 to {last}.")
    return hunts()[number]
