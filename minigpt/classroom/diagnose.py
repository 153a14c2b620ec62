"""Name the mistake: which known mistake, or pair of them, gives the very numbers of the student?

A diagnosis is given only if it reproduces them: in every case the same outputs are right, the same
are wrong, and the wrong ones have the same numbers. Where nothing does, a fact is told (see
`facts`), and where the error sits.
"""

from __future__ import annotations

import functools
import itertools
import warnings
from dataclasses import dataclass

import numpy as np

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


@functools.lru_cache(maxsize=256)
def reference(number: str, part: str, seed: int, names: tuple[str, ...] = ()) -> list | None:
    """The observations of the solution on all cases, with these mistakes in it.

    Returns None when the mistakes exclude each other.
    """
    cases = EXERCISES[number].part(part).make_cases(seed)
    if names:
        runs = [variant(number, part, seed, names, i)[0] for i in range(len(cases))]
        return None if None in runs else runs
    this, functions = EXERCISES[number].part(part), EXERCISES[number].variant()
    return [observe(this, functions, case) for case in cases]


@functools.lru_cache(maxsize=64)
def cases_of(number: str, part: str, seed: int) -> list[Case]:
    """The cases of a part; equal for equal seeds, and never changed."""
    return EXERCISES[number].part(part).make_cases(seed)


def run_variant(
    number: str, part: str, seed: int, names: tuple[str, ...], i: int
) -> tuple[Observation | None, dict]:
    """The solution with mistakes in it on case i, and how that compares with the right one.

    (None, {}) when the mistakes exclude each other.
    """
    this, case = EXERCISES[number].part(part), cases_of(number, part, seed)[i]
    mistakes = [mistake for mistake in this.mistakes if mistake.name in names]
    functions = EXERCISES[number].variant(mistakes)
    if functions is None:
        return None, {}
    right = reference(number, part, seed)[i]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # a mistake's warnings are not the student's
        run = observe(this, functions, case, right.dy, manners=False)
    return run, {} if run.failure else compare(run, right, case)


variant = functools.lru_cache(maxsize=8192)(run_variant)  # for single mistakes, asked for again


def diagnose(
    exercise: Exercise, part: Part, seed: int, students: list[Observation]
) -> list[Diagnosis]:
    """Explain what is wrong with a student's outputs; an empty list if nothing is.

    Args:
        students: the observations on all cases of this seed.
    """
    cases = cases_of(exercise.number, part.name, seed)
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
        found_pair = [this.known(name, this.outputs_of(name)) for name in pair]
        if len(pair) == 1:  # several could be the other one
            found_pair.append(Diagnosis("fact", "and_more", tuple(this.wrong), AND_MORE))
        if pair:
            return found_pair
    for output, fact in unexplained:
        if fact:
            found.append(Diagnosis("fact", fact.name, (output,), fact.says))
        else:
            found.append(Diagnosis("unknown", "unknown", (output,), "is wrong"))
    return _merged(found)


PAIRS = 250  # that are tried at most; each takes about a millisecond
MANY_PAIRS = 1000  # of functions of tokens and the like, which are quick
AND_MORE = "must be wrong in a second way as well, which these numbers leave open"
# Facts that a pair of mistakes, where one fits, says better.
VAGUE = {"and_more", "some_cases", "wrong_shape", "factor_unknown", "nan", "last_only"}


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


def _is_real(value) -> bool:
    return isinstance(value, np.ndarray) and value.dtype.kind == "f"


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
        forward = part.is_layer and outputs == ["y"]
        self.mistakes = [m for m in part.mistakes
                         if not (forward and exercise.is_in_a_backward(m))]  # fmt: skip
        # Cases that tell most come first: nearly all mistakes are ruled out by one of them.
        self.order = sorted(range(len(cases)), key=lambda i: not self._tells(i))

    def _tells(self, i: int) -> bool:
        """Whether a case is wrong, with numbers that count."""
        return self.cases[i].exact and bool(self._wrong_in(self.verdicts[i]))

    def _wrong_in(self, verdicts: dict) -> set[str]:
        return {o for o in self.scope if o in verdicts and not verdicts[o].ok}

    def known(self, name: str, outputs: tuple[str, ...]) -> Diagnosis:
        mistake = next(m for m in self.part.mistakes if m.name == name)
        return Diagnosis("known", name, outputs, mistake.says, mistake)

    def single(self, outputs) -> str | None:
        """The one mistake that gives the student's numbers for these outputs."""
        names = (mistake.name for mistake in self.mistakes)
        return next((name for name in names if self._reproduced((name,), outputs)), None)

    def single_for(self, output: str) -> str | None:
        """The mistake that gives the student's numbers for this output and all that it touches.

        One that touches another output too, which is right here, is not what was done.
        """
        for mistake in self.mistakes:
            if not self._fits((mistake.name,), self.order[0], [output], variant):
                continue
            touched = self.touched(mistake.name)
            if output in touched and self._reproduced((mistake.name,), sorted(touched)):
                return mistake.name
        return None

    def pair(self) -> list[str]:
        """Two mistakes that give the student's numbers together.

        Where several pairs do, only what all of them share is certain.
        """
        first = self.order[0]
        if not self._tells(first):
            return []  # right or wrong is too little to name two mistakes by
        wrong = self._wrong_in(self.verdicts[first])
        runs = {}  # in the case that tells most
        for mistake in self.mistakes:
            run, verdicts = self._variant((mistake.name,), first, variant)
            if run is not None and not run.failure and self._wrong_in(verdicts) <= wrong:
                runs[mistake.name] = run, self._wrong_in(verdicts)
        pairs = [two for two in itertools.combinations(runs, 2)
                 if runs[two[0]][1] | runs[two[1]][1] == wrong]  # fmt: skip
        if len(pairs) > PAIRS:
            pairs = self._likeliest(pairs, {name: run for name, (run, _) in runs.items()}, wrong)
        found = [
            set(two)
            for two in pairs
            if self._fits(two, first, self.scope, run_variant)
            and self._reproduced(two, self.scope, run_variant)
        ]
        common = set.intersection(*found) if found else set()
        return [name for name in runs if name in common]

    def _likeliest(self, pairs: list[tuple], runs: dict, wrong: set[str]) -> list[tuple]:
        """The pairs to try, when there are many.

        Two mistakes together often do about what the sum of their changes does, or the product of
        their factors. So those come first for which one of the two is nearest to the student.
        """
        student, right = self.students[self.order[0]], self.rights[self.order[0]]

        def flat(run) -> np.ndarray | None:
            values = [run.values.get(output) for output in sorted(wrong)]
            goals = [student.values.get(output) for output in sorted(wrong)]
            for value, like in zip(values, goals, strict=True):
                if not (_is_real(value) and _is_real(like) and value.shape == like.shape):
                    return None
            return np.concatenate([np.ravel(v).astype(float) for v in values])

        goal, origin = flat(student), flat(right)
        vectors = {name: flat(run) for name, run in runs.items()}
        if goal is None or origin is None:
            return pairs[:MANY_PAIRS]  # nothing can be added up: tokens, ids, another shape

        def distance(two) -> float:
            a, b = (vectors[name] for name in two)
            if a is None or b is None:
                return np.inf
            with np.errstate(all="ignore"):
                guesses = a + b - origin, a * b / origin
                return min(np.nan_to_num(np.abs(x - goal).mean(), nan=np.inf) for x in guesses)

        return sorted(pairs, key=distance)[:PAIRS]

    def touched(self, name: str) -> set[str]:
        """The outputs that a mistake makes wrong somewhere."""
        every = (self._variant((name,), i, variant)[1] for i in range(len(self.cases)))
        return {output for verdicts in every
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

    def _reproduced(self, names: tuple[str, ...], outputs, run=variant) -> bool:
        """Whether mistakes give the student's numbers for these outputs in every case."""
        if not all(self._fits(names, i, outputs, run) for i in self.order):
            return False
        runs = (self._variant(names, i, run)[0] for i in self.order)
        return any(one is not None and not one.failure for one in runs)

    def _fits(self, names: tuple[str, ...], i: int, outputs, run) -> bool:
        """Whether they do so in one case."""
        seen, verdicts = self._variant(names, i, run)
        if seen is None:
            return False
        return _same(seen, verdicts, self.students[i], self.verdicts[i], self.rights[i],
                     self.cases[i], outputs)  # fmt: skip

    def _variant(self, names: tuple[str, ...], i: int, run) -> tuple[Observation | None, dict]:
        return run(self.exercise.number, self.part.name, self.seed, names, i)


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
