"""Check a student's functions: a line for each property, the first failure in words, and hints."""

from __future__ import annotations

import functools
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from types import SimpleNamespace

import numpy as np

from minigpt.classroom import own, pretend_gpu
from minigpt.classroom.compare import Verdict, compare
from minigpt.classroom.diagnose import Diagnosis, diagnose, reference
from minigpt.classroom.exercise import Case, Exercise, Part
from minigpt.classroom.exercises import earlier_functions, part_of
from minigpt.classroom.hints import hints_for
from minigpt.classroom.observe import Observation, observe
from minigpt.classroom.report import Line, Named, PartReport
from minigpt.errors import UserError
from minigpt.gradcheck import gradcheck
from minigpt.tree import tree_map

GRADCHECK = 1e-6  # the directional check errs by less than 1e-8 on right functions


def check_part(exercise: Exercise, part: Part, functions, seed: int = 0) -> PartReport:
    """Check one part.

    Args:
        functions: an object whose attributes are the student's functions.
        seed: of the numbers; the students' own check uses 0.
    """
    start = time.perf_counter()
    report = PartReport(exercise.number, part.name, list(part.functions))
    check = _Check(exercise, part, functions, seed, report)
    check.run()
    report.seconds = round(time.perf_counter() - start, 3)
    return report


def refuse_frameworks(report: PartReport, path: Path) -> None:
    """Make a report red when its file imports a framework that has gradients of its own."""
    names = own.imported_frameworks(path.read_text(encoding="utf-8", errors="replace"))
    if names and not report.unwritten:
        words = f"the file imports {names[0]}; the gradients are yours to write, so leave it out"
        report.lines[0] = Line("your own code", False, words)
        report.problem = f"{words[0].upper()}{words[1:]}."


@dataclass
class _Check:
    exercise: Exercise
    part: Part
    functions: object
    seed: int
    report: PartReport

    def run(self) -> None:
        """Look at one property after the other; explain the first that fails."""
        part, seed = self.part, self.seed
        self.cases = part.make_cases(seed)
        self.rights = reference(self.exercise.number, part.name, seed)
        first = observe(part, self.functions, self.cases[0], self.rights[0].dy)
        if first.failure and first.failure.kind in ("missing", "unwritten"):
            self._not_there(first)
            return
        self._own_code()
        self.students = [first] + [
            observe(part, self.functions, case, right.dy)
            for case, right in zip(self.cases[1:], self.rights[1:], strict=True)
        ]
        self._numbers()
        self._inputs_unchanged()
        if part.is_layer:
            self._gradient_check()
        self._called_twice()
        if part.arrays:
            self._float32()
            self._gpu()
        if not self.report.ok and not self.report.advice:
            self.report.advice = self._advice(part.section)

    def _add(self, name: str, ok: bool | None, seen: str, problem: str = "", hints=()) -> None:
        """One line; the first red one gives the report its problem and its hints."""
        report = self.report
        if ok is False and not report.problem:
            report.problem = problem or seen
            report.hints = list(hints)
        report.lines.append(Line(name, ok, seen))

    def _not_there(self, first: Observation) -> None:
        failure, part = first.failure, self.part
        self.report.unwritten = failure.kind == "unwritten"
        words = failure.sentence
        if failure.kind == "missing":
            words += f" Give your function this name, or begin anew: {self._start()}."
        self._add("written", False, failure.sentence, words,
                  hints_for(self.exercise, part, [], next(iter(self.rights[0].values)),
                            self.cases[0], self.rights[0], failure.function))  # fmt: skip
        self.report.advice = (
            f"Write {failure.function}: lesson {self.exercise.number}, section {part.section} "
            f"shows how. Then check again."
        )

    def _start(self) -> str:
        return f"`minigpt lesson start {self.exercise.number}`"

    def _own_code(self) -> None:
        allowed = earlier_functions(self.exercise)
        sentence = own.foreign_code(self.part, self.functions, self.cases[0], allowed)
        hints = ["Write it yourself, with arrays and with what earlier lessons built."]
        self._add("your own code", sentence is None, sentence or "it is what was run", "", hints)

    # --- numbers ------------------------------------------------------------------------------

    def _numbers(self) -> None:
        """Shapes, forward and backward against the reference."""
        triples = zip(self.students, self.rights, self.cases, strict=True)
        self.verdicts = [{} if s.failure else compare(s, r, c) for s, r, c in triples]
        failed = [(s.failure, c) for s, c in zip(self.students, self.cases, strict=True)
                  if s.failure]  # fmt: skip
        raised = failed[0] if failed else None
        stage = "forward" if raised and raised[0].function == self.part.functions[0] else "backward"
        if not self.part.is_layer:
            stage = "result"
        shapes = self._of_status("shape", "missing", "unexpected", "kind")
        if raised:
            found = [one for one in self._diagnoses() if one.kind == "known"]
            words = self._words_of(raised)
            if found:
                words += f" Where it runs, the numbers tell why. {self._explain(found)}"
            output = next(iter(part_outputs(self.rights[0], stage)))
            self._add("runs", False, f"stopped for {raised[1].name}", words,
                      self._hints(found, output))  # fmt: skip
        else:
            self._add("runs", True, f"{len(self.cases)} cases")
            found = self._diagnoses()
        if not failed:
            seen = self._shapes_seen(shapes)
            self._add("shapes", not shapes, seen, self._explain(found) if shapes else "",
                      self._hints(found) if shapes else ())  # fmt: skip
        if self.part.is_layer:
            self._stage("forward", ["y"], found, stage == "forward" and bool(failed))
            outputs = [o for o in self._outputs() if o != "y"]
            ready = all(v["y"].ok for v in self.verdicts if "y" in v) and not failed
            self._stage("backward", outputs, found, not ready)
        else:
            self._stage("numbers", self._outputs(), found, bool(failed))

    def _outputs(self) -> list[str]:
        return list(dict.fromkeys(name for v in self.verdicts for name in v))

    def _of_status(self, *statuses) -> list[tuple[str, Verdict, Case]]:
        return [(name, verdict, case)
                for v, case in zip(self.verdicts, self.cases, strict=True)
                for name, verdict in v.items() if verdict.status in statuses]  # fmt: skip

    def _shapes_seen(self, shapes) -> str:
        if not shapes:
            return "as they should be"
        name, verdict, _ = shapes[0]
        if verdict.status == "missing":
            return f"there is no {name}"
        if verdict.status == "unexpected":
            return f"there is {name}, which should not be there"
        if verdict.status == "kind":
            return f"{name} is no array of numbers, or should be none"
        return f"{name} is {verdict.got}, and should be {verdict.expected}"

    def _stage(self, name, outputs, found, blocked: bool) -> None:
        wrong = [o for o in outputs if any(o in v and not v[o].ok for v in self.verdicts)]
        bad = [case.name for v, case in zip(self.verdicts, self.cases, strict=True)
               if any(o in v and not v[o].ok for o in outputs)]  # fmt: skip
        if blocked:
            self._add(name, None, "not reached")
        elif not wrong:
            self._add(name, True, f"equals the reference in {len(self.cases)} cases")
        else:
            good = [o for o in outputs if o not in wrong]
            seen = f"{_and(wrong)} wrong in {len(bad)} of {len(self.cases)} cases"
            seen += f"; {_and(good)} right" if good else ""
            self._add(name, False, seen, self._explain(found), self._hints(found, wrong[0]))

    def _diagnoses(self) -> list[Diagnosis]:
        found = diagnose(self.exercise, self.part, self.seed, self.students)
        if any(student.failure for student in self.students):
            found = [one for one in found if one.kind == "known"]
        self.report.diagnoses = [
            Named(one.kind, one.name, list(one.outputs), one.says) for one in found
        ]
        return found

    def _words_of(self, raised) -> str:
        failure, case = raised
        words = failure.sentence
        if case is not self.cases[0]:
            words += f" This happens for {case.name}; the plain case runs."
        return words

    def _explain(self, found: list[Diagnosis]) -> str:
        """The mistakes in words, and the numbers that show them."""
        known = [one for one in found if one.kind == "known"]
        rest = [one for one in found if one.kind != "known"]
        sentences = []
        for one in known:
            name, where = self._function_of(one.outputs), self._place(one.mistake.section)
            begin = f"Your {name} is right, except that " if len(found) == 1 else f"In {name}: "
            sentences.append(f"{begin}{one.says} ({where}).")
        for one in rest:
            if one.kind == "fact":
                each = "each of " if len(one.outputs) > 1 else ""
                sentences.append(f"{each}{_and(one.outputs)} {one.says}.")
            else:
                sentences.append(f"{_and(one.outputs)} {_are(one.outputs)} wrong, and no known "
                                 f"mistake gives these numbers.")  # fmt: skip
        text = " ".join(sentences)
        if not known:
            text = f"In {self._function_of(rest[0].outputs)}: {text}"
        return f"{text}\n{self._shown(found)}"

    def _function_of(self, outputs) -> str:
        forward = "y" in outputs or not self.part.is_layer
        return self.part.functions[0 if forward else 1]

    def _place(self, section: int) -> str:
        return f"lesson {self.exercise.number}, section {section}"

    def _shown(self, found: list[Diagnosis]) -> str:
        """The worst number, and what is right."""
        outputs = [o for one in found for o in one.outputs]
        for v, case in zip(self.verdicts, self.cases, strict=True):
            for output in outputs:
                verdict = v.get(output)
                if verdict is None or verdict.ok:
                    continue
                text = f"For {case.name}, {_tell(output, verdict)}"
                good = [o for o in self._outputs()
                        if all(w[o].ok for w in self.verdicts if o in w)]  # fmt: skip
                reached = not (self.part.is_layer and "y" in outputs)
                return text + (f" {_and(good)} {_are(good)} right." if good and reached else "")
        return ""

    def _hints(self, found, output: str = "y") -> list[str]:
        names = [o for one in found for o in one.outputs] or [output]
        known = [one for one in found if one.kind == "known"]
        function = self._function_of(known[0].outputs if known else names)
        return hints_for(self.exercise, self.part, known, names[0], self.cases[0],
                         self.rights[0], function)  # fmt: skip

    def _advice(self, section: int) -> str:
        known = self.report.diagnoses and self.report.diagnoses[0]
        if known and known.kind == "known":
            section = next(m.section for m in self.part.mistakes if m.name == known.name)
        return (
            f"Next: read {self._place(section)}, repair it, and check again. "
            f"For a hint: `minigpt check {self.exercise.number} --hint`."
        )

    # --- manners ------------------------------------------------------------------------------

    def _gradient_check(self) -> None:
        """The backward against measured derivatives of the student's own forward."""
        if self.students[0].failure or self._broken_structure():
            self._add("gradient check", None, "not reached")
            return
        case = self.cases[0]
        forward, backward = (getattr(self.functions, name) for name in self.part.functions)
        try:
            with np.errstate(all="ignore"):
                report = gradcheck(functools.partial(forward, **case.options), backward, case.args,
                                   case.params, method="directional",
                                   tolerance=GRADCHECK)  # fmt: skip
        except Exception as error:
            self._add("gradient check", False, f"could not be measured: {error}")
            return
        bad = [tensor.name for tensor in report.tensors if not tensor.ok]
        forward_right = all(v["y"].ok for v in self.verdicts if "y" in v)
        what = "measured derivatives" if forward_right else "your own forward, though that is wrong"
        seen = f"agrees with {what}, largest error {report.max_relative_error:.0e}"
        if bad:
            seen = f"differs from {what} in {_and(bad)}, by {report.max_relative_error:.0%}"
            seen = seen.replace(", though that is wrong", "")
        self._add("gradient check", not bad and bool(report.tensors), seen)

    def _broken_structure(self) -> bool:
        return any(v.status in ("shape", "missing", "unexpected", "kind")
                   for v in self.verdicts[0].values())  # fmt: skip

    def _inputs_unchanged(self) -> None:
        changed = list(dict.fromkeys(x for s in self.students for x in s.changed))
        name = " or ".join(self.part.functions)
        problem = (
            f"{name} writes into {_and(changed)}. Somebody else may still need those numbers: a "
            f"residual hands the same dy to two branches. Make a new array instead (`a = a * b`, "
            f"not `a *= b`), or work on a copy."
        )
        hints = [
            "Look for `*=`, `+=`, `-=`, `[...] =` and `out=`: which array do they change?",
            f"The array that must not change is {_and(changed)}: follow it through your function; "
            f"a slice or a reshape of it is still the same memory.",
            "Write `dx = dy.copy()` (or `a = a + b` in place of `a += b`) before you change it.",
        ]
        self._add("inputs unchanged", not changed,
                  f"writes into {_and(changed)}" if changed else "all are only read",
                  problem, hints)  # fmt: skip

    def _called_twice(self) -> None:
        student, case = self.students[0], self.cases[0]
        again = observe(self.part, self.functions, case, self.rights[0].dy)
        same = not any(s.other_bits for s in self.students) and _same_bits(student, again)
        problem = (
            "Called a second time with the same arguments, it gives other numbers: something is "
            "kept between the calls (a list or an array outside of the function, a default argument"
            " that is changed, a cache that was written to), or drawn at random."
        )
        hints = [
            "What does your function remember from one call to the next?",
            "Look for arrays that are made once, outside of the function or in its default "
            "arguments, and are added to.",
            "Make every array that you write into inside of the function: `total = "
            "xp.zeros_like(weight)`.",
        ]
        self._add("called twice", same,
                  "the same numbers again" if same else "other numbers", problem, hints)

    def _float32(self) -> None:
        if self.students[0].failure:
            self._add("float32", None, "not reached")
            return
        case = _cast(self.cases[0])
        dy = self.rights[0].dy
        dy = None if dy is None else np.asarray(dy, np.float32)
        seen = observe(self.part, self.functions, case, dy)
        floats = [name for name, value in self.rights[0].values.items()
                  if isinstance(value, np.ndarray) and value.dtype.kind == "f"
                  and (value.ndim or self.part.is_layer)]  # fmt: skip
        wrong = {o: seen.dtypes[o] for o in floats if seen.dtypes.get(o, "float32") != "float32"}
        if seen.failure:
            self._add("float32", False, "does not run in float32", seen.failure.sentence)
            return
        first = next(iter(wrong), "")
        problem = (
            f"{first} is {wrong.get(first)} although the arguments are float32. A number of NumPy's"
            f" such as np.sqrt(8) or np.float64(2), or an array made without dtype=, turns "
            f"everything that it meets into float64. Use math.sqrt or float(…), and "
            f"xp.zeros_like(x) or dtype=x.dtype."
        )
        hints = [
            "Print the dtype after each line, for float32 arguments: where does float64 appear?",
            "Suspects: np.sqrt of a number, np.zeros or np.ones without a dtype, a division by an "
            "integer array (counts).",
            "math.sqrt(D) in place of np.sqrt(D); xp.zeros_like(x); x.astype(y.dtype) at the end "
            "of a function that computes in float64.",
        ]
        self._add("float32", not wrong,
                  "float32 in, float32 out" if not wrong
                  else f"{_and(list(wrong))} became {wrong[first]}", problem, hints)  # fmt: skip

    def _gpu(self) -> None:
        if self.students[0].failure:
            self._add("ready for a GPU", None, "not reached")
            return
        seen = observe(self.part, self.functions, self.cases[0], self.rights[0].dy,
                       pretend_gpu.to_device)  # fmt: skip
        verdicts = compare(seen, self.students[0], self.cases[0]) if not seen.failure else {}
        differs = [name for name, verdict in verdicts.items() if not verdict.ok]
        sentence = ""
        if seen.failure:
            sentence = seen.failure.sentence
        elif seen.strangers:
            sentence = f"{_and(seen.strangers)} came back as an array of NumPy's."
        elif differs:
            sentence = f"{_and(differs)} came out different there."
        problem = f"It would not run on a GPU. {sentence}"
        if pretend_gpu.MIXED in sentence or seen.strangers:
            problem += (
                " Write `xp = get_array_module(x)` and `xp.zeros(…)`, `xp.arange(…)`, `xp.tri(…)`:"
                " what is made by `np` lives in the wrong memory."
            )
        hints = [
            "Search your function for `np.`: which of these calls make a new array?",
            "Functions of an array (np.exp(x)) pass; what makes one out of nothing (np.zeros, "
            "np.arange, np.tri, np.eye, np.array) must be xp's.",
            "First line: `xp = get_array_module(x)`, from minigpt.backend; then xp. in place of "
            "np. everywhere.",
        ]
        self._add("ready for a GPU", not sentence,
                  "runs on arrays that behave as CuPy's" if not sentence
                  else "needs NumPy's own arrays", problem, hints)  # fmt: skip


def part_outputs(right: Observation, stage: str) -> list[str]:
    """The outputs of a stage: y of a forward, the rest of a backward, all of a function."""
    return [o for o in right.values if stage == "result" or (o == "y") == (stage == "forward")]


def _cast(case: Case) -> Case:
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
        if isinstance(value, np.ndarray):
            if not (isinstance(twin, np.ndarray)
                    and np.array_equal(value, twin, value.dtype.kind == "f")):  # fmt: skip
                return False
        elif value != twin:
            return False
    return True


def _tell(output: str, verdict: Verdict) -> str:
    """One wrong number, beside the right one."""
    if verdict.status == "missing":
        return f"there is no {output}."
    if verdict.status == "unexpected":
        return f"there is {output}, which should not be there."
    if verdict.status == "shape":
        return f"{output} has the shape {verdict.got} and should have {verdict.expected}."
    if verdict.status == "kind" or not isinstance(verdict.expected, (np.generic, np.ndarray)):
        return f"{output} is {_short(verdict.got)} and should be {_short(verdict.expected)}."
    place = f"{output}[{', '.join(map(str, verdict.index))}]" if verdict.index else output
    size = f" (off by {verdict.error:.2g} of the largest number)" if verdict.error < 1e9 else ""
    return f"{place} is {verdict.got:.6g} and should be {verdict.expected:.6g}{size}."


def _short(value) -> str:
    text = repr(value)
    return text if len(text) <= 160 else f"{text[:150]} …"


def _and(names) -> str:
    names = list(names)
    return " and ".join(filter(None, [", ".join(names[:-1]), *names[-1:]]))


def _are(names) -> str:
    return "is" if len(names) == 1 else "are"


def check_functions(*functions: Callable, seed: int = 0) -> PartReport:
    """Check functions by their names: `check(layernorm, layernorm_backward)` in a notebook.

    Raises:
        UserError: for a name that no exercise has, or functions of different parts.
    """
    if not functions:
        raise UserError("Give check the functions: check(layernorm, layernorm_backward).")
    names = [getattr(own.unwrapped(f), "__name__", "") for f in functions]
    exercise, part = part_of(names[0])
    unknown = [name for name in names if name not in part.functions]
    missing = [name for name in part.functions if name not in names]
    if unknown:
        raise UserError(
            f"{unknown[0]} does not belong to {part.name}; check one part at a time."
        )
    if missing:
        raise UserError(
            f"Give check both functions: check({', '.join(part.functions)})."
        )
    return check_part(exercise, part, SimpleNamespace(**dict(zip(names, functions, strict=True))),
                      seed)  # fmt: skip
