"""What can be said of a wrong output that no known mistake explains, by its numbers alone.

Each sentence is a fact that holds in every case that was tried: "is 1/N of what it should be". So
it may be of little help, but it is never wrong.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from minigpt.classroom.compare import Verdict
from minigpt.classroom.exercise import Case
from minigpt.classroom.observe import Observation

CLOSE = 1e-7


@dataclass
class Fact:
    """`name`, for programs; `says` completes "dweight …"."""

    name: str
    says: str


@dataclass
class Look:
    """One output in one case: what the student's function gave, and what is right."""

    case: Case
    got: object
    right: object
    verdict: Verdict
    observation: Observation
    rights: Observation

    @property
    def numbers(self) -> bool:
        return isinstance(self.got, np.ndarray) and isinstance(self.right, np.ndarray)


def fact_about(output: str, looks: list[Look]) -> Fact | None:
    """The most telling fact about one output that is wrong somewhere; None for none."""
    wrong = [look for look in looks if not look.verdict.ok]
    exact = [look for look in wrong if look.case.exact]
    for test in (_status, _sum_of_dy, _shape, _values, _place):
        fact = test(output, exact or wrong, looks)
        if fact:
            return fact
    return None


def _status(output, wrong, looks) -> Fact | None:
    statuses = {look.verdict.status for look in wrong}
    if statuses == {"missing"}:
        return Fact("missing", "is not among what the function returned")
    if statuses == {"unexpected"}:
        return Fact("unexpected", "was returned, but there is no such thing to return")
    return None


def _sum_of_dy(output, wrong, looks) -> Fact | None:
    """A gradient that is dy, summed over other axes than it should be."""
    if output == "y" or not all(look.numbers for look in wrong):
        return None
    dys = [look.observation.dy for look in wrong]
    if not all(isinstance(dy, np.ndarray) and dy.ndim >= 2 for dy in dys):
        return None
    most = min(dy.ndim for dy in dys)
    choices = [c for n in range(1, most + 1) for c in itertools.combinations(range(-most, 0), n)]
    for name, reduce in (("summed", np.sum), ("averaged", np.mean)):
        for axes in choices:
            if all(_near(look.got, reduce(dy, axis=axes))
                   for look, dy in zip(wrong, dys, strict=True)):  # fmt: skip
                which = " and ".join(map(str, axes))
                many = "axes" if len(axes) > 1 else "axis"
                return Fact("sum_of_dy", f"is dy {name} over the {many} {which} (counted from the "
                            f"last, -1)")  # fmt: skip
    return None


def _shape(output, wrong, looks) -> Fact | None:
    if not all(look.verdict.status == "shape" for look in wrong):
        return None
    pairs = [(look.got, look.right) for look in wrong]
    first = f"has the shape {pairs[0][0].shape} instead of {pairs[0][1].shape}"
    if all(_near(a.T, b) for a, b in pairs):
        return Fact("transposed", f"is transposed: it {first}")
    for order in itertools.permutations(range(pairs[0][0].ndim)):
        if all(a.ndim == len(order) and _near(a.transpose(order), b) for a, b in pairs):
            return Fact("permuted", f"has its axes in another order: it {first}")
    if all(a.size == b.size and _near(a.reshape(b.shape), b) for a, b in pairs):
        return Fact("shape", f"has the right numbers, but {first}")
    if all(a.ndim > b.ndim and _near(_summed(a, b.ndim), b) for a, b in pairs):
        return Fact("not_summed", f"is not summed over all axes but the last: it {first}")
    return Fact("wrong_shape", first)


def _summed(a, ndim):
    return a.sum(axis=tuple(range(a.ndim - ndim)))


def _values(output, wrong, looks) -> Fact | None:
    """Facts about all numbers of an output together."""
    if not all(look.numbers and look.got.shape == look.right.shape for look in wrong):
        return None
    if any(look.verdict.status == "nan" or look.right.dtype.kind != "f" for look in wrong):
        return None
    pairs = [(look.got.astype(float), look.right.astype(float)) for look in wrong]
    if all(not a.any() for a, _ in pairs):
        return Fact("zeros", "is all zeros")
    fact = _factor([look for look in looks if look.case.exact and look.numbers])
    if fact:
        return fact
    if all(a.ndim >= 2 and a.shape[-1] == a.shape[-2] and _near(a.swapaxes(-1, -2), b)
           for a, b in pairs):  # fmt: skip
        return Fact("transposed", "is transposed")
    if all(a.ndim and _near(a[::-1], b) for a, b in pairs):
        return Fact("reversed", "is in the opposite order")
    for other in wrong[0].rights.values:
        twins = [look.rights.values.get(other) for look in wrong]
        if other != output and all(isinstance(t, np.ndarray) and _near(a, t)
                                   for (a, _), t in zip(pairs, twins, strict=True)):  # fmt: skip
            return Fact("another", f"has the numbers that {other} should have")
    upstream = [look.observation.dy for look in wrong]
    if output != "y" and all(isinstance(d, np.ndarray) and d.ndim and _near(a, d)
                             for (a, _), d in zip(pairs, upstream, strict=True)):  # fmt: skip
        return Fact("is_dy", "is dy itself, unchanged")
    for name, cut in (("off_by_one", 0), ("off_by_one", -1), ("off_by_one", -2)):
        if all(a.ndim >= -cut and a.ndim and a.shape[cut] > 2 and _shifted(a, b, cut)
               for a, b in pairs):  # fmt: skip
            axis = {0: "the first", -1: "the last", -2: "the last but one"}[cut]
            return Fact(name, f"is shifted by one place along {axis} axis")
    if all(a.size < 2 for a, _ in pairs):  # of single numbers little is certain
        return None
    shifts = [float((a - b).mean()) for a, b in pairs]
    same = all(np.abs(a - b - s).max() <= CLOSE * max(1.0, abs(s))
               for (a, b), s in zip(pairs, shifts, strict=True))  # fmt: skip
    if same and max(shifts) - min(shifts) <= CLOSE * max(1.0, abs(shifts[0])):
        much, size = ("large", shifts[0]) if shifts[0] > 0 else ("small", -shifts[0])
        return Fact("offset", f"is too {much} by {size:.6g} everywhere")
    return None


def _factor(looks: list[Look]) -> Fact | None:
    """A constant factor, and which one; it must hold in the cases that are right as well."""
    wrong = [look for look in looks if look.got.shape == look.right.shape and look.right.any()]
    pairs = [(look.got.astype(float), look.right.astype(float)) for look in wrong]
    ratios = []
    for a, b in pairs:
        square = float((b * b).sum())
        ratio = float((a * b).sum()) / square if square else math.nan
        if not (math.isfinite(ratio) and ratio and np.abs(a - ratio * b).max()
                <= CLOSE * np.abs(a).max()):  # fmt: skip
            return None
        if a.size < 2 and len(pairs) < 3:
            return None
        ratios.append(ratio)

    def is_everywhere(values) -> bool:
        return all(abs(r - v) <= 1e-6 * abs(v) for r, v in zip(ratios, values, strict=True))

    if not ratios:
        return None
    if is_everywhere([-1] * len(ratios)):
        return Fact("sign", "has the wrong sign")
    for number, words in ((2, "twice"), (0.5, "half of"), (-2, "-2 times"), (-0.5, "-1/2 of"),
                          (3, "three times"), (4, "four times")):  # fmt: skip
        if is_everywhere([number] * len(ratios)):
            return Fact("factor", f"is {words} what it should be, in every case")
    letters = set.intersection(*(set(look.case.sizes) for look in wrong))
    varied = [x for x in sorted(letters) if len({look.case.sizes[x] for look in wrong}) > 1]
    for sign, minus in ((1, ""), (-1, "minus ")):
        for letter in varied:
            sizes = [look.case.sizes[letter] for look in wrong]
            for words, values in _powers(letter, sizes) if min(sizes) > 0 else ():
                if is_everywhere([sign * v for v in values]):
                    shown = ", ".join(f"{v:g}" for v in sizes[:3])
                    return Fact(
                        f"factor_{words}",
                        f"is {minus}{words} times what it should be ({letter} was {shown})",
                    )
    if is_everywhere([ratios[0]] * len(ratios)) and len(ratios) > 1:
        times = f"{ratios[0]:.6g}" if abs(ratios[0] - 1) > 1e-4 else f"1 + {ratios[0] - 1:.1e}"
        return Fact("factor", f"is {times} times what it should be, in every case")
    if all(a.size < 2 for a, _ in pairs) or any(look.verdict.ok for look in wrong):
        return None
    shown = ", ".join(f"{r:.4g}" for r in ratios[:3])
    return Fact("factor_unknown", f"differs from the right one by a factor alone ({shown})")


def _powers(letter: str, sizes: list[float]) -> Iterator[tuple[str, list[float]]]:
    yield letter, list(sizes)
    yield f"1/{letter}", [1 / s for s in sizes]
    yield f"√{letter}", [math.sqrt(s) for s in sizes]
    yield f"1/√{letter}", [1 / math.sqrt(s) for s in sizes]


def _shifted(a, b, axis) -> bool:
    a, b = np.moveaxis(a, axis, 0), np.moveaxis(b, axis, 0)
    return _near(a[1:], b[:-1]) or _near(a[:-1], b[1:])


def _near(a, b) -> bool:
    a, b = np.asarray(a, float), np.asarray(b, float)
    if a.shape != b.shape or not a.size or not np.isfinite(a).all():
        return False
    return float(np.abs(a - b).max()) <= CLOSE * max(float(np.abs(b).max()), 1e-300)


def _place(output, wrong, looks) -> Fact | None:
    """Facts about where an output is wrong."""
    strange = [look for look in wrong if look.verdict.status == "nan"]
    names = _listed(dict.fromkeys(look.case.name for look in wrong))
    good = [look for look in looks if look.verdict.ok]
    if strange and len(strange) == len(wrong):
        return Fact("nan", f"is not finite (NaN or infinity) for {names}")
    masks = [_wrong_places(look) for look in wrong if look.numbers and look.got.shape
             and look.got.shape == look.right.shape]  # fmt: skip
    if len(masks) == len(wrong) and masks:
        fact = _at_marks(output, wrong, masks)
        if fact:
            return fact
        pairs = list(zip(masks, (look.right for look in wrong), strict=True))
        if all(m.ndim >= 2 and len(m) > 1 and not m[0].any() and b[0].any()
               and m[1:].reshape(len(m) - 1, -1).any(axis=1).all() for m, b in pairs):  # fmt: skip
            return Fact("first_only", "is right in its first row only (axis 0)")
        if all(m.ndim >= 1 and len(m) > 1 and not m[-1].any() and b[-1].any()
               and m[:-1].reshape(len(m) - 1, -1).any(axis=1).all() for m, b in pairs):  # fmt: skip
            return Fact("last_only", "is right in its last row only (axis 0)")
    if good:
        right = _listed(dict.fromkeys(look.case.name for look in good))
        return Fact("some_cases", f"is right for {right}, and wrong for {names}")
    return None


def _wrong_places(look: Look) -> np.ndarray:
    scale = np.abs(np.where(np.isfinite(look.right), look.right, 0)).max() or 1.0
    with np.errstate(all="ignore"):
        return ~(np.abs(look.got - look.right) <= look.case.tolerance * scale)


def _at_marks(output, wrong, masks) -> Fact | None:
    words = set.intersection(*(set(look.case.marks.get(output, {})) for look in wrong))
    for word in sorted(words):
        marked = [np.broadcast_to(look.case.marks[output][word], m.shape)
                  for look, m in zip(wrong, masks, strict=True)]  # fmt: skip
        if all(m.any() and not (m & ~mark).any() for m, mark in zip(masks, marked, strict=True)):
            return Fact("at_marks", f"is wrong only at {word}")
    return None


def _listed(names) -> str:
    names = list(names)
    if len(names) > 4:
        names = [*names[:3], f"{len(names) - 3} other cases"]
    return names[0] if len(names) == 1 else f"{', '.join(names[:-1])} and {names[-1]}"
