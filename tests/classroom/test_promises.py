"""What the class promises as a whole: coverage, prerequisites, tables of README and lessons."""

import ast
import re
import shutil
from pathlib import Path

import pytest

from minigpt.classroom.bughunt import hunts
from minigpt.classroom.exercise import SOLUTIONS
from minigpt.classroom.exercises import EXERCISES
from minigpt.classroom.own import ALWAYS
from minigpt.classroom.worker import check_file, parts_of

ROOT = Path(__file__).parents[2]
LESSONS = (*(f"{n:02d}" for n in range(2, 12)), "13")
PROMISED = ("numeric_gradient", "merge", "embedding", "linear", "gelu", "layernorm", "attention",
            "cross_entropy", "block", "tied", "adamw_step", "warmup_cosine", "clip_by_norm",
            "top_p_ids", "attention_step")  # fmt: skip


def test_there_is_an_exercise_for_every_part_of_the_course():
    assert tuple(EXERCISES) == LESSONS
    functions = {name for exercise in EXERCISES.values() for name in exercise.functions}
    assert functions >= set(PROMISED)
    for exercise in EXERCISES.values():
        lesson = list((ROOT / "lessons").glob(f"{exercise.number}_*.py"))
        assert len(lesson) == 1 and f"minigpt lesson start {exercise.number}" in (
            lesson[0].read_text(encoding="utf-8")
        )


def test_there_are_enough_mistakes_and_hunts():
    assert sum(len(part.mistakes) for e in EXERCISES.values() for part in e.parts) >= 80
    assert all(len(part.mistakes) >= 5 for e in EXERCISES.values() for part in e.parts)
    assert len(hunts()) >= 20 and list(hunts()) == [f"{n:02d}" for n in range(1, len(hunts()) + 1)]


@pytest.mark.parametrize("exercise", EXERCISES.values(), ids=EXERCISES)
def test_sections_exist_in_the_lesson(exercise):
    (lesson,) = (ROOT / "lessons").glob(f"{exercise.number}_*.py")
    text = lesson.read_text(encoding="utf-8")
    there = {int(n) for n in re.findall(r"^# ## (\d+)\. ", text, re.MULTILINE)}
    for part in exercise.parts:
        used = {part.section, *(mistake.section for mistake in part.mistakes)}
        assert used <= there, (part.name, used - there)


def imported(text: str) -> set[str]:
    """The functions of minigpt that a program takes, by import or as `layers.name`."""
    found, modules = set(), set()
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.ImportFrom) and (node.module or "").startswith("minigpt"):
            found |= {alias.name for alias in node.names if alias.name != "layers"}
            modules |= {"layers"} & {alias.name for alias in node.names}
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name):
            found |= {node.attr} if node.value.id in modules else set()
    return found


@pytest.mark.parametrize("exercise", EXERCISES.values(), ids=EXERCISES)
def test_an_exercise_needs_only_the_lessons_before_it(exercise, tmp_path):
    """Its solution takes from minigpt what earlier ones built; alone in a folder, it passes."""
    earlier = {f for e in EXERCISES.values() if e.number < exercise.number for f in e.functions}
    assert imported(exercise.solution) <= earlier | ALWAYS
    shutil.copy(SOLUTIONS / exercise.file_name, tmp_path)
    outcome = check_file(tmp_path / exercise.file_name, exercise, parts_of(exercise))
    assert outcome.ok, "\n".join(map(str, outcome.reports))
    stub = tmp_path / exercise.file_name
    stub.write_text(exercise.stub(), encoding="utf-8")
    outcome = check_file(stub, exercise, parts_of(exercise))
    assert not any(report.ok for report in outcome.reports)
    assert all(report.unwritten for report in outcome.reports)


def test_the_table_of_bug_hunts_is_right():
    text = (ROOT / "lessons" / "README.md").read_text(encoding="utf-8")
    rows = re.findall(r"^\| (\d\d) \| ([\d, ]+) \|$", text, re.MULTILINE)
    told = {number: lesson for lesson, numbers in rows for number in numbers.split(", ")}
    assert told == {hunt.number: hunt.lesson[:2] for hunt in hunts().values()}


def test_the_example_in_the_readme_is_what_the_checker_says(tmp_path):
    exercise = EXERCISES["06"]
    mistakes = [m for m in exercise.parts[0].mistakes if m.name == "variance_a_constant"]
    path = tmp_path / exercise.file_name
    path.write_text(exercise.edited(mistakes), encoding="utf-8")
    report = check_file(path, exercise, parts_of(exercise)).reports[0]
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    (told,) = re.findall(r"```\n(layernorm: not right yet.*?)```", readme, re.DOTALL)
    assert told.split() == report.as_text().split()


def test_the_readme_tells_the_number_of_mistakes():
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    parts = [part for exercise in EXERCISES.values() for part in exercise.parts]
    count = sum(len(part.mistakes) for part in parts)
    assert f"{count} known mistakes in {len(parts)} parts of {len(EXERCISES)} exercises" in (
        " ".join(readme.split())
    )
