"""No right answer is refused; wrong ones are named rightly or not at all."""

import pytest
from answers import RIGHT, module_of

from minigpt.classroom.checker import check_part
from minigpt.classroom.exercises import EXERCISES


@pytest.mark.parametrize("path", RIGHT, ids=lambda path: f"{path.parent.name}-{path.stem}")
def test_a_right_answer_passes_in_every_style(path):
    exercise, module = EXERCISES[path.parent.name[:2]], module_of(path)
    for part in exercise.parts:
        report = check_part(exercise, part, module)
        assert report.ok, f"\n{report}"


@pytest.mark.parametrize("exercise", EXERCISES.values(), ids=EXERCISES)
def test_there_are_five_styles_of_each_exercise(exercise):
    styles = [path for path in RIGHT if path.parent.name == exercise.file_name[:-3]]
    assert len(styles) >= 5
