"""Three hints for what was measured, each saying more than the one before."""

from __future__ import annotations

import ast
import inspect

import numpy as np

from minigpt.classroom.diagnose import Diagnosis
from minigpt.classroom.exercise import Case, Exercise, Part
from minigpt.classroom.observe import Observation


def hints_for(
    exercise: Exercise,
    part: Part,
    known: list[Diagnosis],
    output: str,
    case: Case,
    right: Observation,
    function: str,
) -> list[str]:
    """Hints for the first known mistake; where none is known, for the output that is wrong.

    1. where to look, 2. the formula and its place in the lesson, 3. nearly the line; for a mistake
    that nobody has seen before, an example with its right numbers.
    """
    if known:
        first = known[0].mistake
        place = f"lesson {exercise.number}, section {first.section}"
        return [first.hint, _formula_hint(exercise, function, place), _line_hint(exercise, first)]
    place = f"lesson {exercise.number}, section {part.section}"
    where = part.hints.get(output) or part.hints.get("") or "Compare with the lesson, step by step."
    return [where, _formula_hint(exercise, function, place), example_of(part, case, right, output)]


def _formula_hint(exercise: Exercise, function: str, place: str) -> str:
    formula = formula_of(exercise, function)
    if formula:
        return f"Compare each symbol of the formula with your code ({place}):\n{formula}"
    return f"Go through {place} with your code beside it; each forward line has a backward line."


def _line_hint(exercise: Exercise, mistake) -> str:
    """The lines of the solution that the mistake changes."""
    lines = []
    for right, _ in mistake.edits:
        start = exercise.code.index(right)
        first = exercise.code.rfind("\n", 0, start) + 1
        end = exercise.code.find("\n", start + len(right.rstrip()))
        lines += [line for line in exercise.code[first:end].splitlines() if line.strip()]
    shown = "\n".join(dict.fromkeys(lines))
    many = "these lines" if "\n" in shown else "this line"
    return f"The solution has {many}:\n{shown}"


def formula_of(exercise: Exercise, function: str) -> str:
    """The indented formula in a function's docstring, or ""."""
    for node in ast.parse(exercise.solution).body:
        if isinstance(node, ast.FunctionDef) and node.name == function:
            text = inspect.cleandoc(ast.get_docstring(node) or "")
            lines = text.partition("Args:")[0].splitlines()[1:]
            return "\n".join(line for line in lines if line.startswith("    "))
    return ""


def example_of(part: Part, case: Case, right: Observation, output: str) -> str:
    """The first numbers of the plain case, with what is right for them."""
    rows = ["The plain case, for your own comparison (the first numbers of each):"]
    names = [f"argument {i + 1}" for i in range(len(case.args))]
    given = dict(zip(names, case.args, strict=True)) | case.params | case.options
    if right.dy is not None and output != "y":
        given["dy"] = right.dy
    rows += [f"    {name} = {_numbers(value)}" for name, value in given.items()
             if not isinstance(value, dict)]  # fmt: skip
    rows.append(f"    {output} should be {_numbers(right.values.get(output))}")
    return "\n".join(rows)


def _numbers(value) -> str:
    if not isinstance(value, np.ndarray) or value.ndim == 0:
        text = repr(value) if not isinstance(value, np.ndarray) else f"{float(value):.6g}"
        return text if len(text) <= 120 else f"{text[:110]} …"
    flat = value.reshape(-1)[:6]
    shown = ", ".join(f"{x:.4g}" if value.dtype.kind == "f" else str(x) for x in flat)
    return f"{shown}{', …' if value.size > 6 else ''}   of shape {value.shape}"
