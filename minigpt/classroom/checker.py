"""Check a student's functions: a line for each property, the first failure in words, and hints."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from types import SimpleNamespace

from minigpt.classroom import explain, manners, own
from minigpt.classroom.compare import Verdict, compare
from minigpt.classroom.diagnose import Diagnosis, diagnose, reference
from minigpt.classroom.exercise import Case, Exercise, Part
from minigpt.classroom.exercises import earlier_functions, part_of
from minigpt.classroom.hints import hints_for, hints_for_stop
from minigpt.classroom.observe import Observation, observe
from minigpt.classroom.report import Line, Named, PartReport
from minigpt.classroom.words import listed
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


BESIDES = ("inputs unchanged", "called twice", "float32", "ready for a GPU")


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
        self._besides()
        if not self.report.ok and not self.report.advice:
            self.report.advice = self._advice(part.section)

    def _add(self, name: str, ok: bool | None, seen: str, problem: str = "", hints=()) -> None:
        """One line; the first red one gives the report its problem and its hints."""
        report = self.report
        if ok is False and not report.problem:
            report.problem = problem or seen
            report.hints = list(hints)
        report.lines.append(Line(name, ok, seen))

    def _besides(self) -> None:
        """Name the red lines that the explained one has nothing to do with."""
        red = [line.name for line in self.report.lines if line.ok is False]
        more = [name for name in red[1:] if name in BESIDES]
        if more:
            self.report.problem += f"\nBesides, look at: {listed(more)}."

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
                f"again. {self._hint_command()}"
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
            words = explain.stopped(raised, self.cases)
            if found:
                words += f" Where it runs, the numbers tell why. {explain.explain(self, found)}"
            hints = (self._hints(found) if found else
                     hints_for_stop(self.exercise, self.part, *raised))  # fmt: skip
            self._add("runs", False, f"stopped for {raised[1].name}", words, hints)
        else:
            self._add("runs", True, f"{len(self.cases)} cases")
            found = self._diagnoses()
        if not failed:
            seen = explain.shapes_seen(shapes)
            self._add("shapes", not shapes, seen, explain.explain(self, found) if shapes else "",
                      self._hints(found) if shapes else ())  # fmt: skip
        if self.part.is_layer:
            self._stage("forward", ["y"], found, stage == "forward" and bool(failed))
            outputs = [o for o in self.outputs() if o != "y"]
            ready = all(v["y"].ok for v in self.verdicts if "y" in v) and not failed
            self._stage("backward", outputs, found, not ready)
        else:
            self._stage("numbers", self.outputs(), found, bool(failed))

    def outputs(self) -> list[str]:
        """All that there is or should be, by name."""
        return list(dict.fromkeys(name for v in self.verdicts for name in v))

    def _of_status(self, *statuses) -> list[tuple[str, Verdict, Case]]:
        return [(name, verdict, case)
                for v, case in zip(self.verdicts, self.cases, strict=True)
                for name, verdict in v.items() if verdict.status in statuses]  # fmt: skip

    def _stage(self, name, outputs, found, blocked: bool) -> None:
        wrong = [o for o in outputs if any(o in v and not v[o].ok for v in self.verdicts)]
        if blocked:
            self._add(name, None, "not reached")
        elif not wrong:
            self._add(name, True, f"equals the reference in {len(self.cases)} cases")
        else:
            good = [o for o in outputs if o not in wrong]
            seen = explain.counted(self, wrong)
            seen += f"; {listed(good)} right" if good else ""
            self._add(name, False, seen, explain.explain(self, found), self._hints(found, wrong[0]))

    def _diagnoses(self) -> list[Diagnosis]:
        found = diagnose(self.exercise, self.part, self.seed, self.students)
        if any(student.failure for student in self.students):
            found = [one for one in found if one.kind == "known"]
        self.report.diagnoses = [
            Named(one.kind, one.name, list(one.outputs), one.says) for one in found
        ]
        return found

    def function_of(self, outputs) -> str:
        """Which of the two functions gives these outputs."""
        forward = "y" in outputs or not self.part.is_layer
        return self.part.functions[0 if forward else 1]

    def _place(self, section: int) -> str:
        return f"lesson {self.exercise.number}, section {section}"

    def _hints(self, found, output: str = "y") -> list[str]:
        names = [o for one in found for o in one.outputs] or [output]
        known = [one for one in found if one.kind == "known"]
        function = self.function_of(known[0].outputs if known else names)
        bad = (i for i, v in enumerate(self.verdicts) if names[0] in v and not v[names[0]].ok)
        i = next(bad, 0)  # an example in which something is wrong
        return hints_for(self.exercise, self.part, known, names[0], self.cases[i],
                         self.rights[i], function)  # fmt: skip

    def _advice(self, section: int) -> str:
        known = self.report.diagnoses and self.report.diagnoses[0]
        if known and known.kind == "known":
            section = next(m.section for m in self.part.mistakes if m.name == known.name)
        red = next((line.name for line in self.report.lines if line.ok is False), "")
        read = "" if red in (*BESIDES, "your own code") else f"read {self._place(section)}, "
        return f"Next: {read}repair it, and check again. {self._hint_command()}"

    def _hint_command(self) -> str:
        return f"For a hint: `minigpt check {self.exercise.number} --hint`."


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
    given = SimpleNamespace(**dict(zip(names, functions, strict=True)))
    report = check_part(exercise, part, given, seed)
    command = f"`minigpt check {exercise.number} --hint`"
    report.advice = report.advice.replace(command, "`check(…).hints[0]`, then [1] and [2]")
    return report
