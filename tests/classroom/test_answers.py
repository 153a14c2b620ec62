"""No right answer is refused; wrong ones are named rightly or not at all."""

import pytest
from answers import RIGHT, module_of, wrong_answers
from measure import judge, labels, measure_right, measure_wrong

from minigpt.classroom.checker import check_part
from minigpt.classroom.exercises import EXERCISES
from minigpt.classroom.report import Line, Named, PartReport


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


def test_wrong_answers_of_others_are_named_rightly():
    """The second set, which no known mistake was written for; README tells these numbers."""
    found = measure_wrong("second")
    total = sum(map(len, found.values()))
    assert total == len(labels()["second"]) >= 200
    assert found["wrongly"] == [] and found["passed"] == []
    assert len(found["rightly"]) >= 0.9 * total, found["unnamed"]


@pytest.mark.slow
def test_the_first_set_fails_and_nearly_all_of_it_has_a_name():
    """The first set helped to find what was not known; so all of it should be."""
    found = measure_wrong("first")
    assert found["passed"] == [] and len(found["unnamed"]) <= 0.02 * len(wrong_answers("first"))


@pytest.mark.parametrize(
    ("names", "lines", "accepted", "verdict"),
    [
        (["a"], [], ["a", "b"], "rightly"),
        (["a", "b"], [], ["a"], "wrongly"),
        ([], [], ["a"], "unnamed"),
        ([], ["float32"], ["line:float32"], "rightly"),
        ([], ["forward"], ["line:float32"], "unnamed"),
        (["a"], [], [], "wrongly"),
    ],
)
def test_how_a_name_is_judged(names, lines, accepted, verdict):
    report = PartReport("06", "layernorm", [])
    report.diagnoses = [Named("known", name, ["y"], "…") for name in names]
    report.lines = [Line("forward", False)] + [Line(name, False) for name in lines]
    assert judge(report, accepted) == verdict


def test_a_report_that_passes_is_judged_so():
    report = PartReport("06", "layernorm", [], [Line("forward", True)])
    assert judge(report, ["a"]) == "passed"


@pytest.mark.slow
def test_the_right_answers_are_counted():
    count, refused, _ = measure_right()
    assert refused == [] and count >= 5 * sum(len(e.parts) for e in EXERCISES.values())
