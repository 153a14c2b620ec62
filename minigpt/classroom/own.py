"""Is it the student's own code that was checked?

A function that is minigpt's own under another name, or that calls the answer, or hands the work to
a framework, is noticed by watching what is called while it runs. Code that was copied from
somewhere can't be noticed.
"""

from __future__ import annotations

import ast
import contextlib
import copy
import functools
import itertools
import sys
from pathlib import Path

import numpy as np

from minigpt.classroom.exercise import SOLUTION_CODE, Case, Part

PACKAGE = Path(__file__).parents[1]
FRAMEWORKS = frozenset({"torch", "jax", "jaxlib", "autograd", "tensorflow", "tinygrad", "mlx",
                        "keras", "flax", "theano", "chainer", "mindspore", "paddle"})  # fmt: skip
SOLUTIONS = "minigpt.classroom"  # where the solutions are
ALWAYS = frozenset({"get_array_module", "to_host", "causal_mask", "tree_map", "items", "erf"})


def foreign_code(
    part: Part, functions, cases: list[Case], dys: list, may_use: frozenset[str]
) -> str | None:
    """One sentence about code that is not the student's; None when all is their own.

    Args:
        functions: an object with the part's functions.
        cases, dys: on which they are run once more, watched.
        may_use: names of minigpt's functions that are no answer here.
    """
    for name in part.functions:
        if not callable(getattr(functions, name, None)):
            continue  # not written yet
        function = unwrapped(getattr(functions, name))
        called = function if hasattr(function, "__code__") else type(function).__call__
        code = getattr(called, "__code__", None)  # of an object of their own class, its __call__
        if isinstance(function, type):
            return f"{name} is a class; write a function."
        if code is None:
            kind = getattr(function, "__module__", None) or type(function).__name__
            return f"{name} is not written in Python by you; it comes from {kind}."
        if _in_package(code.co_filename):
            return f"{name} is minigpt's own function; write it yourself."
    seen = [_called(part, functions, *pair) for pair in zip(cases, dys, strict=True)]
    for module, called in dict.fromkeys(itertools.chain(*seen)):
        if module in FRAMEWORKS:
            return f"{_of(part)} hands the work to {module}; write it yourself with arrays."
        if called not in may_use | ALWAYS:
            return (
                f"{_of(part)} calls minigpt's own {called}, which is the answer or holds it; "
                f"write it yourself."
            )
    return None


def unwrapped(function):
    """The function within partials and decorators."""
    while True:
        inner = getattr(function, "func", None) or getattr(function, "__wrapped__", None)
        if inner is None or inner is function:
            return function
        function = inner


def forbidden_imports(text: str) -> list[str]:
    """What a file imports and should not, wherever the import stands: frameworks, solutions."""
    found = []
    try:
        tree = ast.parse(text)
    except (SyntaxError, ValueError):
        return found
    for node in ast.walk(tree):
        names = [a.name for a in node.names] if isinstance(node, ast.Import) else []
        if isinstance(node, ast.ImportFrom):
            names = [node.module or "", *(f"{node.module}.{a.name}" for a in node.names)]
        found += [name for name in names if name.startswith(SOLUTIONS)]
        found += {name.partition(".")[0] for name in names} & FRAMEWORKS
    return sorted(set(found))


def _of(part: Part) -> str:
    return " or ".join(part.functions)


@functools.cache
def _in_package(file: str) -> bool:
    return PACKAGE in Path(file).parents or file == SOLUTION_CODE


GIVEN = str(PACKAGE / "classroom" / "exercises")  # such as the loss that an exercise hands over


def _called(part: Part, functions, case: Case, dy) -> list[tuple[str, str]]:
    """What the student's code called of minigpt and of frameworks: (module, function)."""
    found: list[tuple[str, str]] = []

    def watch(frame, event, _):
        if event != "call":
            return
        module = str(frame.f_globals.get("__name__", "")).partition(".")[0]
        if module in FRAMEWORKS or module == "minigpt" and from_outside(frame):
            found.append((module, frame.f_code.co_name))

    def from_outside(frame) -> bool:
        """Whether the caller is neither minigpt nor this function."""
        caller = frame.f_back
        given = frame.f_code.co_filename.startswith(GIVEN)
        return not (given or caller is None or caller is here
                    or _in_package(caller.f_code.co_filename))  # fmt: skip

    args, params, options = copy.deepcopy((case.args, case.params, case.options))
    there = (getattr(functions, name, None) for name in part.functions)
    forward, *backward = filter(callable, there)
    here = sys._getframe()
    previous = sys.getprofile()
    sys.setprofile(watch)
    try:
        with np.errstate(all="ignore"), contextlib.suppress(Exception, SystemExit):
            returned = forward(*args, **params, **options)
            if backward:
                _, cache = returned
                backward[0](np.array(dy) if np.shape(dy) else dy, cache)
    finally:
        sys.setprofile(previous)
    return list(dict.fromkeys(found))
