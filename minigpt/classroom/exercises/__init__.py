"""All exercises, by the number of their lesson; each module holds one."""

from __future__ import annotations

import difflib
import importlib
import pkgutil

from minigpt.classroom.exercise import Exercise, Part
from minigpt.errors import UserError

_modules = [importlib.import_module(f"{__name__}.{m.name}") for m in pkgutil.iter_modules(__path__)]
EXERCISES: dict[str, Exercise] = {
    exercise.number: exercise
    for exercise in sorted((m.EXERCISE for m in _modules), key=lambda exercise: exercise.number)
}


def find(name: str) -> Exercise:
    """The exercise "06", "6", "06_layernorm" or "layernorm".

    Raises:
        UserError: when there is none.
    """
    word = name.removesuffix(".py").lower()
    number = word.partition("_")[0].zfill(2)
    if number in EXERCISES:
        return EXERCISES[number]
    names = {exercise.name: exercise for exercise in EXERCISES.values()}
    names |= {part.name: e for e in EXERCISES.values() for part in e.parts}
    if word in names:
        return names[word]
    close = difflib.get_close_matches(word, names, n=1)
    hint = f"did you mean {close[0]!r}?" if close else "`minigpt lesson list` shows all."
    raise UserError(f"There is no exercise {name!r}; {hint}")


def earlier_functions(exercise: Exercise) -> frozenset[str]:
    """The functions of minigpt that a student may use here: those that earlier lessons built."""
    earlier = (e for e in EXERCISES.values() if e.number < exercise.number)
    return exercise.may_use.union(*(e.functions for e in earlier))


def part_of(function: str) -> tuple[Exercise, Part]:
    """The exercise and the part that a function of this name belongs to.

    Raises:
        UserError: when there is none.
    """
    for exercise in EXERCISES.values():
        for part in exercise.parts:
            if function in part.functions:
                return exercise, part
    raise UserError(
        f"No exercise has a function named {function!r}; `minigpt lesson list` shows all."
    )
