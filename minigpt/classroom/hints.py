"""Three hints for what was measured, each saying more than the one before."""

from __future__ import annotations

import ast
import inspect

import numpy as np

from minigpt.classroom.diagnose import Diagnosis
from minigpt.classroom.exercise import Case, Exercise, Part
from minigpt.classroom.observe import Failure, Observation


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

    1. where to look, 2. the formula and its place in the lesson, or an example, 3. nearly the line;
    for a mistake that nobody has seen before, an example with its right numbers.
    """
    if known:
        first = known[0].mistake
        place = f"lesson {exercise.number}, section {first.section}"
        example = example_of(exercise, part, case, right, output)
        second = _formula_hint(exercise, function, place) or example
        return [first.hint, second, _line_hint(exercise, first)]
    place = f"lesson {exercise.number}, section {part.section}"
    where = part.hints.get(output) or part.hints.get("") or "Compare with the lesson, step by step."
    go = f"Go through {place} with your code beside it, line by line."
    formula = _formula_hint(exercise, function, place) or go
    return [where, formula, example_of(exercise, part, case, right, output)]


ABOUT_SHAPES = ("shape", "broadcast", "mismatch", "dimension", "axes", "einstein", "operand")
ON_SHAPES = (
    "Print the shapes of the two arrays that meet in that line.",
    "Usual causes: `.T` turns round all axes of an array, not only the last two; a mean or a sum "
    "without keepdims loses its axis; rows of a table are needed in place of (B, T, C).",
    "`x.reshape(-1, C).T @ dy.reshape(-1, D)` for the gradient of a matrix; `k.swapaxes(-1, -2)` "
    "for the last two axes; `x.mean(axis=-1, keepdims=True)`.",
)
ON_OTHERS = (
    "Read the message and the line that it names: which name or value is not what you think?",
    "Call your function with such arguments in Python, and print what stands in that line.",
    "Look at how the function is called: its arguments are those of the docstring, in this order; "
    "and what another function of yours returns may be two things, y and a cache.",
)
ON_RETURNS = (
    "What does the last line of your function return?",
    "The docstring says, under Returns, what is to be returned, and in which order.",
    'See the last lines of the functions of the lesson: `return y, cache`, and `return dx, '
    '{"weight": dweight}`.',
)


def hints_for_stop(exercise: Exercise, part: Part, failure: Failure, case: Case) -> list[str]:
    """Hints for an exception, or for results that don't keep the contract."""
    if failure.kind == "structure":
        return list(ON_RETURNS)
    given = _arguments(exercise, part, case).items()
    shapes = [f"{name} {x.shape}" for name, x in given if isinstance(x, np.ndarray)]
    told = f" The shapes in this case: {', '.join(shapes)}." if shapes else ""
    about_shapes = any(word in failure.sentence for word in ABOUT_SHAPES)
    first, *rest = ON_SHAPES if about_shapes else ON_OTHERS
    return [first + told, *rest]


def _formula_hint(exercise: Exercise, function: str, place: str) -> str:
    formula = formula_of(exercise, function)
    if not formula:
        return ""
    return f"Compare each symbol of the formula with your code ({place}):\n{formula}"


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


def example_of(
    exercise: Exercise, part: Part, case: Case, right: Observation, output: str
) -> str:
    """The first numbers of a case, with what is right for them."""
    rows = [f"An example to compare with, {case.name} (the first numbers of each):"]
    given = _arguments(exercise, part, case)
    if right.dy is not None and output != "y":
        given["dy"] = right.dy
    rows += [f"    {name} = {_numbers(value)}" for name, value in given.items()
             if not isinstance(value, dict)]  # fmt: skip
    rows.append(f"    {output} should be {_numbers(right.values.get(output))}")
    return "\n".join(rows)


def _arguments(exercise: Exercise, part: Part, case: Case) -> dict[str, object]:
    """The arguments of a case by name."""
    signature = inspect.signature(getattr(exercise.variant(), part.functions[0]))
    names = list(signature.parameters)
    return dict(zip(names, case.args, strict=False)) | case.params | case.options


def _numbers(value) -> str:
    if not isinstance(value, np.ndarray) or value.ndim == 0:
        text = repr(value) if not isinstance(value, np.ndarray) else f"{float(value):.6g}"
        return text if len(text) <= 120 else f"{text[:110]} …"
    flat = value.reshape(-1)[:6]
    shown = ", ".join(f"{x:.4g}" if value.dtype.kind == "f" else str(x) for x in flat)
    return f"{shown}{', …' if value.size > 6 else ''}   of shape {value.shape}"
