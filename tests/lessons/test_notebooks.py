"""The notebooks are the lessons: the same cells, all of them run, none of them failed."""

import importlib.util
import re
from pathlib import Path

import pytest

pytest.importorskip("jupytext", reason="needs jupytext, of the extras `test` and `notebooks`")
import nbformat

ROOT = Path(__file__).parents[2]
LESSONS = sorted((ROOT / "lessons").glob("[0-9][0-9]_*.py"))
AGAIN = "build it again: python lessons/build.py"


def builder():
    """`lessons/build.py`, as a module."""
    spec = importlib.util.spec_from_file_location("build", ROOT / "lessons" / "build.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_the_course_is_complete():
    assert [lesson.name[:2] for lesson in LESSONS] == [f"{n:02d}" for n in range(1, 14)]
    built = sorted(path.stem for path in (ROOT / "notebooks").glob("*.ipynb"))
    assert built == [lesson.stem for lesson in LESSONS], AGAIN


@pytest.mark.parametrize("lesson", LESSONS, ids=lambda path: path.stem)
def test_a_notebook_has_the_cells_of_its_lesson(lesson):
    notebook = nbformat.read(ROOT / "notebooks" / f"{lesson.stem}.ipynb", as_version=4)
    nbformat.validate(notebook)
    wanted = [(cell.cell_type, cell.source) for cell in builder().unbuilt(lesson).cells]
    assert [(cell.cell_type, cell.source) for cell in notebook.cells] == wanted, AGAIN
    code = [cell for cell in notebook.cells if cell.cell_type == "code"]
    assert [cell.execution_count for cell in code] == list(range(1, len(code) + 1)), AGAIN
    assert not any(out.output_type == "error" for cell in code for out in cell.outputs)
    pictures = [out for cell in code for out in cell.outputs if "image/png" in out.get("data", {})]
    assert pictures, "a lesson has at least one figure"


@pytest.mark.parametrize("lesson", LESSONS, ids=lambda path: path.stem)
def test_a_lesson_has_the_parts_of_one(lesson):
    text = lesson.read_text(encoding="utf-8")
    sections = [int(n) for n in re.findall(r"^# ## (\d+)\. ", text, re.MULTILINE)]
    assert sections == list(range(1, len(sections) + 1)) and len(sections) >= 5
    for part in ("LABELS = {", "**Predict:**", "Exercises", "What you can now read", "What to see"):
        assert part in text, part
    assert text.count("**Predict:**") >= 3
    last_cell = text.rpartition("# %%")[2]
    assert "assert " in last_cell
