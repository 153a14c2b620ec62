"""Every known mistake: its edit applies, the checker fails it, and the diagnosis names it, alone.

So no two are the same: of two with the same numbers, one would be named in the place of the other.
One in four is tried by default, all of them, with another seed too, as slow tests.
"""

import pytest
from answers import written

from minigpt.classroom.checker import check_part
from minigpt.classroom.diagnose import diagnose, reference
from minigpt.classroom.exercises import EXERCISES

PARTS = [(e, p) for e in EXERCISES.values() for p in e.parts]
IDS = [f"{e.number}-{p.name}" for e, p in PARTS]
SEEDS = (0, 1)  # the students' own, and the graders'
EVERY = [
    pytest.param(e, p, m, seed, id=f"{seed}-{e.number}-{p.name}-{m.name}",
                 marks=[pytest.mark.slow] * bool(seed or i % 4))
    for seed in SEEDS for e, p in PARTS for i, m in enumerate(p.mistakes)
]  # fmt: skip


@pytest.mark.parametrize(("exercise", "part", "mistake", "seed"), EVERY)
def test_a_known_mistake_is_named(exercise, part, mistake, seed):
    runs = reference(exercise.number, part.name, seed, (mistake.name,))
    assert runs is not None, "each passage of an edit must occur once in the solution's code"
    stopped = [run.failure for run in runs if run.failure]  # such as a transposed matrix
    assert len(stopped) < len(runs) and {one.kind for one in stopped} <= {"raised"}, stopped
    found = diagnose(exercise, part, seed, runs)
    assert [(one.kind, one.name) for one in found] == [("known", mistake.name)], found
    if seed:  # the whole check: it fails, and the first hint is this mistake's
        report = check_part(exercise, part, written(exercise, [mistake]))
        assert not report.ok and mistake.hint in report.hints, report


@pytest.mark.parametrize(("exercise", "part"), PARTS, ids=IDS)
def test_the_words_are_whole(exercise, part):
    title = next(
        line for line in exercise.solution.splitlines() if line.startswith('"""Lesson')
    )
    assert title.startswith(f'"""Lesson {exercise.number}')
    assert len({m.name for m in part.mistakes}) == len(part.mistakes)
    assert len({m.says for m in part.mistakes}) == len(part.mistakes)
    for m in part.mistakes:
        assert not m.says.startswith(("The ", "It ", "Your ")), m.says  # it completes a sentence
        assert not m.says.endswith("."), m.says
        assert m.hint[-1] in ".?!)", m.hint
        assert 1 <= m.section <= 13
    outputs = set(reference(exercise.number, part.name, 0)[0].values)
    for output in outputs:
        assert part.hints.get(output) or part.hints.get(""), f"no hint for {output}"


@pytest.mark.parametrize("exercise", EXERCISES.values(), ids=EXERCISES)
def test_the_stub_is_the_solution_without_its_bodies(exercise):
    names: dict = {}
    exec(compile(exercise.stub(), exercise.file_name, "exec"), names)  # noqa: S102
    solution = vars(exercise.variant())
    for function in exercise.functions:
        with pytest.raises(NotImplementedError, match=f"lesson {exercise.number}: {function}"):
            names[function](*[None] * names[function].__code__.co_argcount)
        assert names[function].__doc__, f"{function} has no docstring"
        ours, theirs = names[function].__code__, solution[function].__code__
        assert ours.co_varnames[: ours.co_argcount] == theirs.co_varnames[: theirs.co_argcount]
