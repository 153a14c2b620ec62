"""The class's tests of an exercise: on the solution, or on a student's file.

    pytest --impl mywork/06_layernorm.py -m lesson06

Each property is a test of its own; the gradients are measured element by element besides.
"""

import functools
from pathlib import Path

import pytest

from minigpt.classroom import student
from minigpt.classroom.checker import check_part
from minigpt.classroom.exercise import SOLUTIONS
from minigpt.classroom.exercises import EXERCISES

LAYER = ("your own code", "runs", "shapes", "forward", "backward", "inputs unchanged",
         "gradient check", "called twice", "float32", "ready for a GPU")  # fmt: skip
FUNCTION = ("your own code", "runs", "shapes", "numbers", "inputs unchanged", "called twice")
ARRAYS = ("float32", "ready for a GPU")


def properties(part) -> tuple[str, ...]:
    if part.is_layer:
        return LAYER
    return FUNCTION + ARRAYS * part.arrays


def mark(exercise):
    return getattr(pytest.mark, f"lesson{exercise.number}")


PARTS = [(e, p) for e in EXERCISES.values() for p in e.parts]
PROPERTIES = [
    pytest.param(e, p, name, marks=mark(e), id=f"{e.number}-{p.name}-{name.replace(' ', '_')}")
    for e, p in PARTS for name in properties(p)
]  # fmt: skip
LAYERS = [
    pytest.param(e, p, marks=mark(e), id=f"{e.number}-{p.name}") for e, p in PARTS if p.is_layer
]


@functools.cache
def module_of(path: Path):
    module, trouble = student.load(path)
    assert module is not None, trouble
    return module


@functools.cache
def report_of(number: str, part: str, path: Path):
    exercise = EXERCISES[number]
    return check_part(exercise, exercise.part(part), module_of(path))


@pytest.fixture
def path(request, exercise) -> Path:
    """The student's file, or the solution; skips where --impl names another exercise's file."""
    given = request.config.getoption("--impl")
    if given is None:
        return SOLUTIONS / exercise.file_name
    task = student.task_of_file(Path(given))
    if task is not exercise:
        pytest.skip(f"--impl is a file of lesson {task.number}; choose -m lesson{task.number}")
    return Path(given).resolve()


@pytest.mark.parametrize(("exercise", "part", "name"), PROPERTIES)
def test_property(exercise, part, name, path):
    report = report_of(exercise.number, part.name, path)
    found = {line.name: line for line in report.lines}
    if path.parent == SOLUTIONS and name == "your own code":
        return  # the solution lies in the package; `test_checker.py` tests this line
    assert name in found, f"\n{report}"
    assert found[name].ok, f"\n{report}"


@pytest.mark.parametrize(("exercise", "part"), LAYERS)
def test_gradients_element_by_element(exercise, part, path, assert_right):
    module = module_of(path)
    forward, backward = (getattr(module, name) for name in part.functions)
    case = part.make_cases(0)[0]
    bound = functools.partial(forward, **case.options)
    assert_right(bound, backward, list(case.args), case.params, methods=("elementwise",))
