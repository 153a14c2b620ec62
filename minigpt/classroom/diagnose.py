"""Name the mistake: which known mistake, or pair of them, gives the very numbers of the student?

A diagnosis is given only if it reproduces them: in every case the same outputs are right, the same
are wrong, and the wrong ones have the same numbers. Where nothing does, a fact is told (see
`facts`), and where the error sits.
"""

from __future__ import annotations

import functools
import itertools
from dataclasses import dataclass

from minigpt.classroom.compare import compare, same_answer
from minigpt.classroom.exercise import Case, Exercise, Mistake, Part
from minigpt.classroom.exercises import EXERCISES
from minigpt.classroom.facts import Fact, Look, fact_about
from minigpt.classroom.observe import Observation, observe


@dataclass
class Diagnosis:
    """What is wrong with some outputs.

    kind: "known", "fact" or "unknown"; name: of the mistake or the fact; outputs: that it
    explains; says: a clause; mistake: where it is a known one.
    """

    kind: str
    name: str
    outputs: tuple[str, ...]
    says: str
    mistake: Mistake | None = None


@functools.lru_cache(maxsize=4096)
def reference(number: str, part: str, seed: int, names: tuple[str, ...] = ()) -> list | None:
    """The observations of the solution on all cases, with these mistakes in it.

    Returns None when the mistakes exclude each other.
    """
    exercise = EXERCISES[number]
    this = exercise.part(part)
    by_name = {mistake.name: mistake for mistake in this.mistakes}
    functions = exercise.variant([by_name[name] for name in names])
    if functions is None:
        return None
    cases = this.make_cases(seed)
    if not names:
        return [observe(this, functions, case) for case in cases]
    rights = reference(number, part, seed)
    return [observe(this, functions, case, right.dy)
            for case, right in zip(cases, rights, strict=True)]  # fmt: skip


@functools.lru_cache(maxsize=4096)
def reference_verdicts(number: str, part: str, seed: int, names: tuple[str, ...]) -> list[dict]:
    """How the solution with mistakes compares with the right one, case by case."""
    cases = EXERCISES[number].part(part).make_cases(seed)
    triples = zip(reference(number, part, seed, names), reference(number, part, seed), cases,
                  strict=True)  # fmt: skip
    return [{} if run.failure else compare(run, right, case) for run, right, case in triples]


def diagnose(
    exercise: Exercise, part: Part, seed: int, students: list[Observation]
) -> list[Diagnosis]:
    """Explain what is wrong with a student's outputs; an empty list if nothing is.

    Args:
        students: the observations on all cases of this seed.
    """
    cases = part.make_cases(seed)
    rights = reference(exercise.number, part.name, seed)
    this = _Wrong(exercise, part, seed, cases, students, rights)
    if not this.wrong:
        return []
    whole = this.single(this.scope)
    if whole:
        return [this.known(whole, tuple(this.wrong))]
    found, unexplained = [], []
    for output in this.wrong:
        name = this.single_for(output)
        fact = None if name else this.fact(output)
        if name:
            found.append(this.known(name, (output,)))
        elif fact and fact.name not in VAGUE:
            found.append(Diagnosis("fact", fact.name, (output,), fact.says))
        else:
            unexplained.append((output, fact))
    if unexplained:
        pair = this.pair()
        if pair:
            return [this.known(name, this.outputs_of(name)) for name in pair]
    for output, fact in unexplained:
        if fact:
            found.append(Diagnosis("fact", fact.name, (output,), fact.says))
        else:
            found.append(Diagnosis("unknown", "unknown", (output,), "is wrong"))
    return _merged(found)


VAGUE = {"some_cases", "wrong_shape", "factor_unknown", "nan", "last_only"}  # a pair says more


def _merged(found: list[Diagnosis]) -> list[Diagnosis]:
    """One diagnosis for each mistake or fact, with all of its outputs."""
    merged: dict[tuple, Diagnosis] = {}
    for one in found:
        key = one.kind, one.name, one.says
        if key in merged:
            merged[key].outputs += one.outputs
        else:
            merged[key] = one
    return list(merged.values())


class _Wrong:
    """A student's wrong outputs, and what explains them."""

    def __init__(self, exercise, part, seed, cases, students, rights):
        self.exercise, self.part, self.seed = exercise, part, seed
        self.cases, self.students, self.rights = cases, students, rights
        triples = zip(students, rights, cases, strict=True)
        self.verdicts = [{} if s.failure else compare(s, r, c) for s, r, c in triples]
        outputs = list(dict.fromkeys(name for v in self.verdicts for name in v))
        if part.is_layer and any(not v["y"].ok for v in self.verdicts if "y" in v):
            outputs = ["y"]  # a backward is only comparable after a right forward
        self.scope = outputs
        self.wrong = [o for o in outputs if any(o in v and not v[o].ok for v in self.verdicts)]

    def known(self, name: str, outputs: tuple[str, ...]) -> Diagnosis:
        mistake = next(m for m in self.part.mistakes if m.name == name)
        return Diagnosis("known", name, outputs, mistake.says, mistake)

    def single(self, outputs) -> str | None:
        """The one mistake that gives the student's numbers for these outputs."""
        names = (mistake.name for mistake in self.part.mistakes)
        return next((name for name in names if self._reproduced((name,), outputs)), None)

    def single_for(self, output: str) -> str | None:
        """The mistake that gives the student's numbers for this output and all that it touches.

        One that touches another output too, which is right here, is not what was done.
        """
        for mistake in self.part.mistakes:
            touched = self.touched(mistake.name)
            if output in touched and self._reproduced((mistake.name,), sorted(touched)):
                return mistake.name
        return None

    def pair(self) -> list[str]:
        """Two mistakes that give the student's numbers together.

        Where several pairs do, only what all of them share is certain.
        """
        wrong = set(self.wrong)
        names = [m.name for m in self.part.mistakes
                 if self.touched(m.name) and self.touched(m.name) & set(self.scope) <= wrong]
        found = []
        for two in itertools.combinations(names, 2):
            both = (self.touched(two[0]) | self.touched(two[1])) & set(self.scope)
            if both == wrong and self._fits_first(two) and self._reproduced(two, self.scope):
                found.append(set(two))
        common = set.intersection(*found) if found else set()
        return [name for name in names if name in common]

    def _fits_first(self, names: tuple[str, str]) -> bool:
        """Whether two mistakes fit in the first case that is wrong: most pairs fail here."""
        if not hasattr(self, "first"):
            pairs = zip(self.verdicts, self.cases, strict=True)
            bad = [case.exact and any(o in v and not v[o].ok for o in self.wrong)
                   for v, case in pairs]  # fmt: skip
            self.first = bad.index(True) if True in bad else 0
        by_name = {mistake.name: mistake for mistake in self.part.mistakes}
        functions = self.exercise.variant([by_name[name] for name in names])
        if functions is None:
            return False
        i = self.first
        run = observe(self.part, functions, self.cases[i], self.rights[i].dy)
        theirs = {} if run.failure else compare(run, self.rights[i], self.cases[i])
        return _same(run, theirs, self.students[i], self.verdicts[i], self.rights[i],
                     self.cases[i], self.scope)  # fmt: skip

    def touched(self, name: str) -> set[str]:
        """The outputs that a mistake makes wrong somewhere."""
        which = self.exercise.number, self.part.name, self.seed, (name,)
        if reference(*which) is None:
            return set()
        return {output for verdicts in reference_verdicts(*which)
                for output, verdict in verdicts.items() if not verdict.ok}  # fmt: skip

    def outputs_of(self, name: str) -> tuple[str, ...]:
        """Those of the student's wrong outputs that a mistake explains."""
        touched = self.touched(name)
        return tuple(output for output in self.wrong if output in touched)

    def fact(self, output: str) -> Fact | None:
        looks = [
            Look(case, student.values.get(output), right.values.get(output), v[output], student,
                 right)
            for case, student, right, v in zip(
                self.cases, self.students, self.rights, self.verdicts, strict=True
            )
            if output in v
        ]  # fmt: skip
        return fact_about(output, looks)

    def _reproduced(self, names: tuple[str, ...], outputs) -> bool:
        which = self.exercise.number, self.part.name, self.seed, names
        runs = reference(*which)
        if runs is None or all(run.failure for run in runs):
            return False
        everything = zip(runs, reference_verdicts(*which), self.students, self.verdicts,
                         self.rights, self.cases, strict=True)  # fmt: skip
        return all(_same(*one, outputs) for one in everything)


def _same(
    run: Observation,
    theirs: dict,
    student: Observation,
    ours: dict,
    right: Observation,
    case: Case,
    outputs,
) -> bool:
    """Whether a variant and the student agree on these outputs in one case.

    Where the shapes fit in some cases only, both must stop in the others.
    """
    if run.failure or student.failure:
        return bool(run.failure and student.failure
                    and (run.failure.kind, run.failure.function)
                    == (student.failure.kind, student.failure.function))  # fmt: skip
    for output in outputs:
        mine, his = ours.get(output), theirs.get(output)
        if mine is None or his is None or mine.ok != his.ok:
            return False
        if mine.ok or not case.exact:
            continue
        if mine.status != his.status:
            return False
        pair = student.values.get(output), run.values.get(output)
        if not same_answer(*pair, right.values.get(output)):
            return False
    return True
