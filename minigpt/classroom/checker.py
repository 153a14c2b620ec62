"""Check a student's functions: a line for each property, the first failure in words, and hints."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from types import SimpleNamespace

from minigpt.classroom import manners, own
from minigpt.classroom.compare import Verdict, compare
from minigpt.classroom.diagnose import Diagnosis, diagnose, reference
from minigpt.classroom.exercise import Case, Exercise, Part
from minigpt.classroom.exercises import earlier_functions, part_of
from minigpt.classroom.hints import hints_for
from minigpt.classroom.observe import Observation, observe
from minigpt.classroom.report import Line, Named, PartReport
from minigpt.classroom.words import are, listed, tell
from minigpt.errors import UserError


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


def refuse_imports(report: PartReport, path: Path) -> None:
    """Make a report red when its file imports a framework with gradients, or the solutions."""
    names = own.forbidden_imports(path.read_text(encoding="utf-8", errors="replace"))
    if names and not report.unwritten:
        report.refuse(f"the file imports {names[0]}; what is asked is yours to write, so leave "
                      f"it out")  # fmt: skip


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
        absent = first.failure and first.failure.kind in ("missing", "unwritten")
        if absent and not first.values:
            self._not_there(first)
            return
        self._own_code()
        self.students = [first] + [
            observe(part, self.functions, case, right.dy)
            for case, right in zip(self.cases[1:], self.rights[1:], strict=True)
        ]
        if absent:
            self._forward_only(first)
        else:
            self._numbers()
            seen = manners.Run(part, self.functions, self.cases, self.rights, self.students,
                               self.verdicts)  # fmt: skip
            for look in manners.looks_at(part):
                found = look(seen)
                self._add(found.name, found.ok, found.seen, found.problem, found.hints)
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
        self.report.unwritten, self.report.absent = failure.kind == "unwritten", True
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

    def _forward_only(self, first: Observation) -> None:
        """Half of a pair is there: judge the forward, and say that the backward is next."""
        backward, self.report.absent = first.failure, True
        for student in self.students:
            if student.values:
                student.failure = None
        triples = zip(self.students, self.rights, self.cases, strict=True)
        self.verdicts = [{} if s.failure else {"y": compare(s, r, c)["y"]} for s, r, c in triples]
        stopped = [s.failure for s in self.students if s.failure]
        wrong = any(not v["y"].ok for v in self.verdicts if v)
        found = self._diagnoses() if wrong else []
        if stopped:
            self._add("runs", False, stopped[0].sentence)
        self._stage("forward", ["y"], found, bool(stopped))
        words = f"Your {self.part.functions[0]} is right. {backward.sentence}"
        if not wrong and not stopped:
            self.report.advice = (
                f"Next: write {backward.function} ({self._place(self.part.section)}), then check "
                f"again. For a hint: `minigpt check {self.exercise.number} --hint`."
            )
        self._add("backward", False, "not written yet", words,
                  self._hints([], part_outputs(self.rights[0], "backward")[0]))  # fmt: skip

    def _start(self) -> str:
        return f"`minigpt lesson start {self.exercise.number}`"

    def _own_code(self) -> None:
        allowed = earlier_functions(self.exercise)
        dys = [right.dy for right in self.rights]
        sentence = own.foreign_code(self.part, self.functions, self.cases, dys, allowed)
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
            kinds = (type(value).__name__.replace("ndarray", "array of numbers")
                     for value in (verdict.got, verdict.expected))  # fmt: skip
            return "{} is of the kind {}, and should be of the kind {}".format(name, *kinds)
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
            seen = f"{listed(wrong)} wrong in {len(bad)} of {len(self.cases)} cases"
            seen += f"; {listed(good)} right" if good else ""
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
                sentences.append(f"{each}{listed(one.outputs)} {one.says}.")
            else:
                sentences.append(f"{listed(one.outputs)} {are(one.outputs)} wrong, and no known "
                                 f"mistake gives these numbers.")  # fmt: skip
        text = " ".join(sentences)
        if not found:  # it stops in some cases, and no known mistake fits
            return self._shown(self._outputs())
        if not known:
            text = f"In {self._function_of(rest[0].outputs)}: {text}"
        return f"{text}\n{self._shown([o for one in found for o in one.outputs])}"

    def _function_of(self, outputs) -> str:
        forward = "y" in outputs or not self.part.is_layer
        return self.part.functions[0 if forward else 1]

    def _place(self, section: int) -> str:
        return f"lesson {self.exercise.number}, section {section}"

    def _shown(self, outputs: list[str]) -> str:
        """The worst number of these outputs, and what is right."""
        for v, case in zip(self.verdicts, self.cases, strict=True):
            for output in outputs:
                verdict = v.get(output)
                if verdict is None or verdict.ok:
                    continue
                text = f"For {case.name}, {tell(output, verdict)}"
                if verdict.status == "numbers" and verdict.size > 1:
                    text += f" {verdict.bad} of its {verdict.size} numbers are wrong."
                good = [o for o in self._outputs()
                        if all(w[o].ok for w in self.verdicts if o in w)]  # fmt: skip
                reached = not (self.part.is_layer and "y" in outputs)
                return text + (f" {listed(good)} {are(good)} right." if good and reached else "")
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


def part_outputs(right: Observation, stage: str) -> list[str]:
    """The outputs of a stage: y of a forward, the rest of a backward, all of a function."""
    return [o for o in right.values if stage == "result" or (o == "y") == (stage == "forward")]


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
