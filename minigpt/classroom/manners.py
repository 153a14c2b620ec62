"""What a right function keeps to besides its numbers: one look at each property of the contract."""

from __future__ import annotations

import copy
import functools
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from minigpt.classroom import pretend_gpu
from minigpt.classroom.compare import Verdict, compare, same_value
from minigpt.classroom.exercise import Case, Part
from minigpt.classroom.observe import Observation, gradients_by_name, observe
from minigpt.classroom.values import plain
from minigpt.classroom.words import listed
from minigpt.gradcheck import gradcheck
from minigpt.tree import tree_map

GRADCHECK = 1e-6  # the directional check errs by less than 1e-8 on right functions


@dataclass
class Run:
    """A part's functions, and what they did on each case."""

    part: Part
    functions: object
    cases: list[Case]
    rights: list[Observation]
    students: list[Observation]
    verdicts: list[dict[str, Verdict]]

    @property
    def failed(self) -> bool:
        """Whether the plain case already stopped."""
        return self.students[0].failure is not None


@dataclass
class Look:
    """A property: does it hold (None: not reached), what was seen, the words and hints if not."""

    name: str
    ok: bool | None
    seen: str
    problem: str = ""
    hints: tuple[str, ...] = ()


def looks_at(part: Part) -> list[Callable[[Run], Look]]:
    """The properties that a part has, in the order in which they are looked at."""
    layer = [gradient_check] if part.is_layer else []
    arrays = [float32, ready_for_a_gpu] if part.arrays else []
    return [inputs_unchanged, *layer, called_twice, *arrays]


def inputs_unchanged(run: Run) -> Look:
    """Parameters, inputs, dy and the cache are only read."""
    changed = list(dict.fromkeys(x for student in run.students for x in student.changed))
    shared = list(dict.fromkeys(x for student in run.students for x in student.shared))
    if not changed and shared:
        return Look(
            "inputs unchanged",
            False,
            f"{listed(shared)} is no array of its own",
            f"{listed(shared)} lies in the memory of something that was given (dy, or an "
            f"argument). Whoever changes one of them later changes the other. Return a copy.",
            (
                "Which line makes a new array for it? A slice, a reshape or `a = b` makes none.",
                "`np.shares_memory(a, b)` says whether two arrays are in the same place.",
                "`dx = dy.copy()`; for a dict of arrays, a copy of each array.",
            ),
        )
    if not changed:
        return Look("inputs unchanged", True, "all are only read")
    which, name = listed(changed), " or ".join(run.part.functions)
    why = ": a residual hands the same dy to two branches" if run.part.is_layer else ""
    return Look(
        "inputs unchanged",
        False,
        f"writes into {which}",
        f"{name} writes into {which}. Somebody else may still need those numbers{why}. Make a new "
        f"array instead (`a = a * b`, not `a *= b`), or work on a copy; what you have to change "
        f"for a moment, save and put back as it was.",
        (
            "Look for `*=`, `+=`, `-=`, `[...] =` and `out=`: which array do they change?",
            f"The array that must not change is {which}: follow it through your function; a slice "
            f"or a reshape of it is still the same memory.",
            "Write `dx = dy.copy()` (or `a = a + b` in place of `a += b`) before you change it.",
        ),
    )


def gradient_check(run: Run) -> Look:
    """The backward agrees with measured derivatives of the student's own forward."""
    structure = ("shape", "missing", "unexpected", "kind")
    if run.failed or any(v.status in structure for v in run.verdicts[0].values()):
        return Look("gradient check", None, "not reached")
    case = run.cases[_telling(run)]
    forward, backward = (getattr(run.functions, name) for name in run.part.functions)
    bound = functools.partial(forward, **case.options)
    try:
        with np.errstate(all="ignore"):
            report = gradcheck(bound, backward, case.args, case.params,
                               method="directional", tolerance=GRADCHECK)  # fmt: skip
    except Exception as error:
        return Look("gradient check", False, f"could not be measured: {error}")
    names = {"x": run.part.gradients[0]} | {
        f"input {i}": name for i, name in enumerate(run.part.gradients)
    }
    bad = [names.get(tensor.name) or tensor.name for tensor in report.tensors if not tensor.ok]
    error = report.max_relative_error
    right = all(v["y"].ok for v in run.verdicts if "y" in v)
    if bad or not report.tensors:
        what = "measured derivatives" if right else "those of your own forward"
        much = f"{error:.0%}" if 0.01 <= error < 100 else f"{error:.0e} of it"
        seen = f"differs from {what} in {listed(bad)}, by {much}"
        return Look("gradient check", False, seen)
    what = "measured derivatives" if right else "your own forward, though that is wrong"
    return Look("gradient check", True, f"agrees with {what}, largest error {error:.0e}")


def _telling(run: Run) -> int:
    """The first case with a wrong gradient, so that both checks speak of the same; else the first.

    An embedding whose gradient loses repeated tokens passes where all tokens differ.
    """
    for i, (case, verdicts) in enumerate(zip(run.cases, run.verdicts, strict=True)):
        gradients = [v for name, v in verdicts.items() if name != "y"]
        comparable = all(v.status in ("right", "numbers") for v in gradients)
        if case.exact and comparable and not all(v.ok for v in gradients):
            return i
    return 0


def called_twice(run: Run) -> Look:
    """Equal arguments give equal bits, whatever was computed in between."""
    again = observe(run.part, run.functions, run.cases[0], run.rights[0].dy)
    same = not any(s.other_bits for s in run.students) and _same_bits(run.students[0], again)
    if same and not run.failed and _mixes_calls(run):
        return Look(
            "called twice",
            False,
            "mixes up two calls",
            "When the forward runs on other numbers before the backward, the backward gives other "
            "gradients: it uses what the last forward left behind instead of its cache. A GPT runs "
            "the forward of all its layers before the first backward.",
            (
                "From where does your backward have its numbers? It is given `cache` for that.",
                "Look for variables outside of the functions, and for `global`: they hold what "
                "the last call left there.",
                "Return all that the backward needs as the cache: `return y, (x, weight)`, and "
                "take it apart there: `x, weight = cache`.",
            ),
        )
    if same:
        return Look("called twice", True, "the same numbers again")
    return Look(
        "called twice",
        False,
        "other numbers",
        "Called a second time with the same arguments, it gives other numbers: something is kept "
        "between the calls (a list or an array outside of the function, a default argument that "
        "is changed, a cache that was written to), or drawn at random.",
        (
            "What does your function remember from one call to the next?",
            "Look for arrays that are made once, outside of the function or in its default "
            "arguments, and are added to.",
            "Make every array that you write into inside of the function: `total = "
            "xp.zeros_like(weight)`.",
        ),
    )


def _mixes_calls(run: Run) -> bool:
    """Whether the gradients of a call depend on the forwards that came after its own."""
    if not run.part.is_layer:
        return False
    forward, backward = (getattr(run.functions, name) for name in run.part.functions)
    first, *others = copy.deepcopy(run.cases[:3])
    dy = run.rights[0].dy
    try:
        with np.errstate(all="ignore"):
            _, cache = forward(*first.args, **first.params, **first.options)
            for other in others:
                forward(*other.args, **other.params, **other.options)
            dx, grads = backward(np.array(dy) if np.shape(dy) else dy, cache)
    except Exception:
        return True
    found = gradients_by_name(run.part, dx, grads)
    expected = run.students[0].values
    return any(not same_value(plain(found.get(name)), expected[name])
               for name in expected if name != "y")  # fmt: skip


def float32(run: Run) -> Look:
    """float32 in, float32 out."""
    if run.failed:
        return Look("float32", None, "not reached")
    dy = run.rights[0].dy
    dy = None if dy is None else np.asarray(dy, np.float32)
    seen = observe(run.part, run.functions, in_float32(run.cases[0]), dy)
    if seen.failure:
        return Look("float32", False, "does not run in float32", seen.failure.sentence)
    floats = [name for name, value in run.rights[0].values.items()
              if isinstance(value, np.ndarray) and value.dtype.kind == "f"
              and (value.ndim or run.part.is_layer)]  # fmt: skip
    wrong = {o: seen.dtypes[o] for o in floats if seen.dtypes.get(o, "float32") != "float32"}
    if not wrong:
        return Look("float32", True, "float32 in, float32 out")
    first = next(iter(wrong))
    return Look(
        "float32",
        False,
        f"{listed(wrong)} became {wrong[first]}",
        f"{first} is {wrong[first]} although the arguments are float32. A number of NumPy's such "
        f"as np.sqrt(8) or np.float64(2), or an array made without dtype=, turns everything that "
        f"it meets into float64. Use math.sqrt or float(…), and xp.zeros_like(x) or dtype=x.dtype.",
        (
            "Print the dtype after each line, for float32 arguments: where does float64 appear?",
            "Suspects: np.sqrt of a number, np.zeros or np.ones without a dtype, a division by an "
            "integer array (counts).",
            "math.sqrt(D) in place of np.sqrt(D); xp.zeros_like(x); x.astype(y.dtype) at the end "
            "of a function that computes in float64.",
        ),
    )


def ready_for_a_gpu(run: Run) -> Look:
    """It runs on arrays that behave as CuPy's."""
    if run.failed:
        return Look("ready for a GPU", None, "not reached")
    seen = observe(run.part, run.functions, run.cases[0], run.rights[0].dy, pretend_gpu.to_device)
    verdicts = compare(seen, run.students[0], run.cases[0]) if not seen.failure else {}
    differs = [name for name, verdict in verdicts.items() if not verdict.ok]
    sentence = ""
    if seen.failure:
        sentence = seen.failure.sentence
    elif seen.strangers:
        sentence = f"{listed(seen.strangers)} came back as an array of NumPy's."
    elif differs:
        sentence = f"{listed(differs)} came out different there."
    if not sentence:
        return Look("ready for a GPU", True, "runs on arrays that behave as CuPy's")
    problem = f"It would not run on a GPU. {sentence}"
    if pretend_gpu.MIXED in sentence or seen.strangers:
        problem += (
            " Write `xp = get_array_module(x)` and `xp.zeros(…)`, `xp.arange(…)`, `xp.tri(…)`: "
            "what is made by `np` lives in the wrong memory."
        )
    return Look(
        "ready for a GPU",
        False,
        "needs NumPy's own arrays",
        problem,
        (
            "Search your function for `np.`: which of these calls make a new array?",
            "Functions of an array (np.exp(x)) pass; what makes one out of nothing (np.zeros, "
            "np.arange, np.tri, np.eye, np.array) must be xp's.",
            "First line: `xp = get_array_module(x)`, from minigpt.backend; then xp. in place of "
            "np. everywhere.",
        ),
    )


def in_float32(case: Case) -> Case:
    """The same case in float32."""

    def cast(value):
        if isinstance(value, dict):
            return tree_map(cast, value)
        is_float = isinstance(value, np.ndarray) and value.dtype == np.float64
        return value.astype(np.float32) if is_float else value

    return Case(case.name, tuple(map(cast, case.args)), cast(case.params),
                {key: cast(value) for key, value in case.options.items()})  # fmt: skip


def _same_bits(one: Observation, other: Observation) -> bool:
    if one.values.keys() != other.values.keys():
        return False
    for name, value in one.values.items():
        twin = other.values[name]
        if isinstance(value, np.ndarray) and isinstance(twin, np.ndarray):
            if not np.array_equal(value, twin, equal_nan=value.dtype.kind == "f"):
                return False
        elif not same_value(value, twin):
            return False
    return True
