"""What an exercise is: a file to fill in, its parts, their cases, and the mistakes that are known.

The solution of an exercise is one file, `solutions/06_layernorm.py`, and everything else comes from
its text: the stub that a student starts with (the bodies taken out), and the known mistakes (one
line of it replaced by a wrong one). So a mistake is written as people tell it, "instead of this
line, that one", and two of them are made at once by replacing two lines.
"""

from __future__ import annotations

import ast
import functools
import types
import warnings
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

SOLUTION_CODE = "<solution>"  # what takes the place of a file's name in its code
SOLUTIONS = Path(__file__).parent / "solutions"


@dataclass(frozen=True)
class Mistake:
    """A wrong variant of the solution, with the words to tell it.

    Args:
        name: unique within its part.
        edits: pairs (right, wrong): a passage that occurs once in the solution's text, and what
            stands there instead.
        says: completes the sentence "Your layernorm_backward is right, except that …".
        section: of the lesson, where it is explained.
        hint: a question or a pointer that leads there and leaves the last step to the student.
    """

    name: str
    edits: tuple[tuple[str, str], ...]
    says: str
    section: int
    hint: str


def mistake(name: str, *edits: str, says: str, section: int, hint: str) -> Mistake:
    """A `Mistake`; the edits are given as right, wrong, right, wrong, …"""
    pairs = tuple(zip(edits[::2], edits[1::2], strict=True))
    return Mistake(name, pairs, says, section, hint)


@dataclass(frozen=True)
class Case:
    """One set of arguments, on which a student's function and the solution are compared.

    Args:
        name: completes "it is wrong for …": "plain numbers", "repeated tokens".
        args: positional arguments; arrays are float64 or integers, unless rounding is the point.
        params: keyword arguments that are parameters: a layer's backward gives their gradients.
        options: keyword arguments without a gradient.
        sizes: numbers that a wrong factor could be, by letter: {"B": 2, "T": 3, "N": 6}.
        marks: for an output, places with a name: {"weight": {"rows of repeated tokens": mask}}.
        exact: False where a wrong answer's numbers are rounding noise, or NaN: such a case tells
            right from wrong, and nothing else is compared.
        tolerance: the largest error that is right, relative to the output's largest number.
    """

    name: str
    args: tuple
    params: dict = field(default_factory=dict)
    options: dict = field(default_factory=dict)
    sizes: dict[str, float] = field(default_factory=dict)
    marks: dict[str, dict[str, np.ndarray]] = field(default_factory=dict)
    exact: bool = True
    tolerance: float = 1e-7


@dataclass(frozen=True)
class Part:
    """A function, or a pair of forward and backward, that is checked and counted by itself.

    Args:
        name: usually that of its first function.
        functions: (forward, backward) for a layer, which keeps the one contract; or one function.
        cases: makes the cases from a `numpy.random.Generator`; the first one is plain.
        mistakes: those that are known.
        gradients: for a layer, what to call the gradients by its inputs, in their order; None for
            an input of integers. `("dx",)`, `(None,)`, `("dq", "dk", "dv")`.
        outputs: for a function, what to call the things that it returns.
        arrays: whether it works on arrays that could be float32, or live on a GPU.
        fresh: whether its docstring asks for arrays of its own, that share no memory with others.
        hints: what to look at when an output is wrong in a way that nobody has seen before, by
            output; "" for all others.
        section: of the lesson, where the function is written.
    """

    name: str
    functions: tuple[str, ...]
    cases: Callable[[np.random.Generator], list[Case]]
    mistakes: tuple[Mistake, ...]
    section: int
    gradients: tuple[str | None, ...] = ("dx",)
    outputs: tuple[str, ...] = ("result",)
    arrays: bool = True
    fresh: bool = False
    hints: dict[str, str] = field(default_factory=dict)

    @property
    def is_layer(self) -> bool:
        return len(self.functions) == 2

    def make_cases(self, seed: int = 0) -> list[Case]:
        """The cases of this part; equal seeds give equal cases."""
        return self.cases(np.random.default_rng([seed, len(self.name)]))


@dataclass(frozen=True)
class Exercise:
    """A file that a student fills in, for one lesson.

    Args:
        number: of the lesson, "06".
        name: of the file, "layernorm"; the lesson's own name.
        title: one line for the list.
        parts: in the order in which they are best done.
        may_use: functions of minigpt that earlier lessons built, so that calling them is no
            cheating here.
    """

    number: str
    name: str
    title: str
    parts: tuple[Part, ...]
    may_use: frozenset[str] = frozenset()

    @property
    def file_name(self) -> str:
        return f"{self.number}_{self.name}.py"

    @functools.cached_property
    def solution(self) -> str:
        """The text of the solution."""
        return (SOLUTIONS / self.file_name).read_text(encoding="utf-8")

    @property
    def functions(self) -> list[str]:
        """The names of all functions that the student writes."""
        return [name for part in self.parts for name in part.functions]

    def part(self, name: str) -> Part:
        return next(part for part in self.parts if part.name == name)

    def stub(self) -> str:
        """The file to start with: the solution without the bodies of its functions."""
        return blank(self.solution, self.functions, self.number)

    @functools.cached_property
    def code(self) -> str:
        """The solution without its docstrings, whose formulas look like code: edits go here."""
        return without_docstrings(self.solution)

    def is_in_a_backward(self, mistake: Mistake) -> bool:
        """Whether all passages of a mistake stand in backwards, so that no forward shows it."""
        before = (self.code[: self.code.index(right) + 1] for right, _ in mistake.edits)
        names = (text.rpartition("\ndef ")[2].partition("(")[0] for text in before)
        return all(name.endswith("_backward") for name in names)

    def edited(self, mistakes: Sequence[Mistake] = ()) -> str | None:
        """The code with mistakes in it; None where they exclude each other."""
        text = self.code
        for one in mistakes:
            for right, wrong in one.edits:
                if text.count(right) != 1:
                    return None
                text = text.replace(right, wrong)
        return text

    def variant(self, mistakes: Sequence[Mistake] = ()) -> types.SimpleNamespace | None:
        """The functions of the solution with mistakes in it; None where they exclude each other."""
        text = self.edited(mistakes)
        if text is None:
            return None
        names: dict = {"__name__": f"solution_{self.number}"}
        try:
            for piece in text.split(BETWEEN):
                exec(compiled(piece), names)  # noqa: S102
        except SyntaxError:  # two edits that make no program together
            return None
        return types.SimpleNamespace(**names)


BETWEEN = "\n\n\n"  # what stands between two functions


@functools.lru_cache(maxsize=4096)
def compiled(text: str) -> types.CodeType:
    """Compile one function; a mistake changes one of several, so the others are known already."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # two mistakes at once may look odd to the compiler
        return compile(text, SOLUTION_CODE, "exec")


def without_docstrings(text: str) -> str:
    """The same program, without the docstrings of its functions."""
    lines = text.splitlines()
    for node in ast.parse(text).body[::-1]:
        if isinstance(node, ast.FunctionDef) and ast.get_docstring(node):
            lines[node.body[0].lineno - 1 : node.body[0].end_lineno] = []
    return "\n".join(lines) + "\n"


def blank(text: str, functions: Sequence[str], number: str) -> str:
    """Replace the bodies of functions, below their docstrings, by NotImplementedError."""
    lines = text.splitlines()
    for node in reversed(ast.parse(text).body):
        if isinstance(node, ast.FunctionDef) and node.name in functions:
            first = node.body[1] if ast.get_docstring(node) else node.body[0]
            start = node.body[0].end_lineno if ast.get_docstring(node) else first.lineno - 1
            left = f'    raise NotImplementedError("lesson {number}: {node.name}")'
            lines[start : node.end_lineno] = [left]
    return "\n".join(lines) + "\n"
