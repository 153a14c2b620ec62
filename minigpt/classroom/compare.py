"""A student's outputs beside the right ones: which are wrong, and in what way."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from minigpt.classroom.exercise import Case
from minigpt.classroom.observe import Observation

SAME_MISTAKE = 1e-6  # two wrong answers are the same up to this share of their common error
ROUNDING = 1e-10  # relative to the largest number


@dataclass
class Verdict:
    """How one output compares with the right one.

    status: "right", "missing", "unexpected", "kind" (no numbers where there should be), "shape",
    "nan" (NaN or infinity) or "numbers"; error: relative to the largest right number; index, got,
    expected: the place of the worst disagreement; bad: how many numbers are wrong, of size.
    """

    status: str
    error: float = 0.0
    index: tuple = ()
    got: object = None
    expected: object = None
    bad: int = 0
    size: int = 0

    @property
    def ok(self) -> bool:
        return self.status == "right"


def compare(student: Observation, right: Observation, case: Case) -> dict[str, Verdict]:
    """A verdict for every output that there is or should be."""
    names = list(right.values) + [name for name in student.values if name not in right.values]
    verdicts = {}
    for name in names:
        if name not in student.values:
            verdicts[name] = Verdict("missing", expected=right.values[name])
        elif name not in right.values:
            verdicts[name] = Verdict("unexpected", got=student.values[name])
        else:
            verdicts[name] = judge(student.values[name], right.values[name], case.tolerance)
    return verdicts


def judge(got, expected, tolerance: float) -> Verdict:
    """The verdict on one output."""
    if isinstance(got, list) and not got and isinstance(expected, np.ndarray):
        got = np.zeros(0)
    if not isinstance(expected, np.ndarray) or not isinstance(got, np.ndarray):
        if isinstance(expected, np.ndarray) or isinstance(got, np.ndarray):
            empty = np.size(got) == 0 and np.size(expected) == 0
            return Verdict("right" if empty else "kind", got=got, expected=expected)
        if same_value(got, expected):
            return Verdict("right")
        return Verdict("numbers", 1.0, _first_difference(got, expected), got, expected)
    if got.shape != expected.shape:
        return Verdict("shape", np.inf, got=got.shape, expected=expected.shape)
    if got.size == 0:
        return Verdict("right")
    with np.errstate(all="ignore"):
        equal = (got == expected) | (np.isnan(got) & np.isnan(expected))
        difference = np.where(equal, 0.0, np.abs(got.astype(float) - expected.astype(float)))
        largest = np.abs(np.where(np.isfinite(expected), expected, 0)).max()
    strange = ~np.isfinite(difference)
    place = np.unravel_index(int(np.argmax(np.where(strange, np.inf, difference))), got.shape)
    place = tuple(int(i) for i in place)
    at = place, got[place], expected[place]
    if strange.any():
        return Verdict("nan", np.inf, *at)
    error = float(difference[place] / (largest or 1.0))
    bad = int((difference > tolerance * (largest or 1.0)).sum())
    return Verdict("right" if error <= tolerance else "numbers", error, *at, bad, got.size)


def _first_difference(got, expected) -> tuple:
    if isinstance(got, list) and isinstance(expected, list):
        for i, (a, b) in enumerate(zip(got, expected, strict=False)):
            if not same_value(a, b):
                return (i,)
        return (min(len(got), len(expected)),)
    return ()


def same_value(a, b) -> bool:
    """Whether two plain values are equal; of dicts the order counts as well."""
    if isinstance(a, dict) and isinstance(b, dict):
        return list(a) == list(b) and same_value(list(a.values()), list(b.values()))
    if isinstance(a, list) and isinstance(b, list):
        return len(a) == len(b) and all(map(same_value, a, b))
    if isinstance(a, np.ndarray) or isinstance(b, np.ndarray):
        return np.array_equal(a, b)
    return type(a) is type(b) and a == b


def _sorted(values: dict) -> dict:
    return dict(sorted(values.items(), key=repr))


def same_answer(a, b, right) -> bool:
    """Whether two wrong values of one output are the same mistake, as far as numbers tell."""
    a, b = (np.zeros(0) if isinstance(x, list) and not x else x for x in (a, b))
    if not (isinstance(a, np.ndarray) and isinstance(b, np.ndarray)):
        if isinstance(a, np.ndarray) or isinstance(b, np.ndarray):
            return False
        dicts = all(isinstance(x, dict) for x in (a, b, right))
        if dicts and not same_value(_sorted(a), _sorted(right)):  # wrong in any order
            return same_value(_sorted(a), _sorted(b))
        return same_value(a, b)
    if a.shape != b.shape or not np.array_equal(np.isfinite(a), np.isfinite(b)):
        return False
    finite = np.isfinite(a)
    a, b = a[finite].astype(float), b[finite].astype(float)
    if a.size == 0:
        return True
    scale = float(np.abs(b).max())
    if isinstance(right, np.ndarray) and right.shape == finite.shape:
        wrong_by = float(np.abs(b - right[finite]).max(where=np.isfinite(right[finite]), initial=0))
    else:
        wrong_by = scale
    return float(np.abs(a - b).max()) <= ROUNDING * scale + SAME_MISTAKE * wrong_by
