"""Measure the checker on answers that others wrote, and print what README tells.

`python tests/classroom/measure.py [--all]`. A wrong answer is named *rightly* if all that the
checker names is true of it (the names that are true stand in `wrong/labels.json`, given by readers
who saw the answers and the library, and not the checker's output), *wrongly* if one name is not,
else it has no name: then the report says where the error sits. A fact such as "dx is 1/N of what it
should be" counts as a name; "is wrong for these cases" does not. The first set was used to extend
the library, and has no labels; the second was written and labelled afterwards, without it.
"""

from __future__ import annotations

import contextlib
import io
import sys
import time
from pathlib import Path

HERE = Path(__file__).parent
sys.path.insert(0, str(HERE))

from answers import RIGHT, SETS, check_answer, labels, module_of, told, wrong_answers  # noqa: E402

from minigpt.classroom.bughunt import hunts  # noqa: E402
from minigpt.classroom.checker import check_part  # noqa: E402
from minigpt.classroom.diagnose import VAGUE  # noqa: E402
from minigpt.classroom.exercises import EXERCISES  # noqa: E402


def names_given(report) -> list[str]:
    """What a report names: known mistakes, and facts that tell more than where."""
    known = [one.name for one in report.diagnoses if one.kind == "known"]
    facts = [f"fact:{one.name}" for one in report.diagnoses
             if one.kind == "fact" and one.name not in VAGUE]  # fmt: skip
    return known + facts


def judge(report, accepted: list[str] | None) -> str:
    """ "rightly", "wrongly", "unnamed" or "passed" for one wrong answer; None accepts any name."""
    if report.ok:
        return "passed"
    given = names_given(report)
    red = {f"line:{line.name}" for line in report.lines if line.ok is False}
    if not given and red & set(accepted or ()):  # such as "inputs unchanged": a mistake of manners
        return "rightly"
    if not given:
        return "unnamed"
    return "rightly" if accepted is None or set(given) <= set(accepted) else "wrongly"


def measure_wrong(which: str) -> dict[str, list[str]]:
    """The ids of a set's answers by how they were named."""
    found: dict[str, list[str]] = {"rightly": [], "wrongly": [], "unnamed": [], "passed": []}
    for key, answer in wrong_answers(which).items():
        report = check_answer(key, answer)
        accepted = labels()[which][key] if which in labels() else None
        found[judge(report, accepted)].append(key)
    return found


def measure_right() -> tuple[int, list[str], float]:
    """(answers, those that were refused, the longest check in seconds)."""
    refused, longest, count = [], 0.0, 0
    for path in RIGHT:
        exercise, module = EXERCISES[path.parent.name[:2]], module_of(path)
        for part in exercise.parts:
            with contextlib.redirect_stdout(io.StringIO()):  # some print what they do
                report = check_part(exercise, part, module)
            count, longest = count + 1, max(longest, report.seconds)
            if not report.ok:
                refused.append(f"{path.parent.name}/{path.stem}: {part.name}")
    return count, refused, longest


def main() -> int:
    """Print all numbers; status 1 if a promise is broken."""
    parts = [part for exercise in EXERCISES.values() for part in exercise.parts]
    mistakes = sum(len(part.mistakes) for part in parts)
    print(f"{len(EXERCISES)} exercises, {len(parts)} parts, {mistakes} known mistakes, "
          f"{len(hunts())} bug hunts")  # fmt: skip
    count, refused, longest = measure_right()
    print(f"right answers: {count} in {len(RIGHT)} files, {len(refused)} refused; "
          f"longest check {longest:.2f} s")  # fmt: skip
    good = not refused and mistakes >= 80
    for which in SETS:
        start = time.perf_counter()
        found = measure_wrong(which)
        total = sum(map(len, found.values()))
        rightly = len(found["rightly"])
        print(f"wrong answers, {which} set: {total}; named {'rightly ' * (which in labels())}"
              f"{rightly} "
              f"({rightly / max(1, total):.1%}), wrongly {len(found['wrongly'])}, "
              f"without a name {len(found['unnamed'])}, passed {len(found['passed'])}; "
              f"{(time.perf_counter() - start) / max(1, total):.2f} s each")  # fmt: skip
        good = good and not found["wrongly"] and not found["passed"] and rightly >= 0.9 * total
        if "--all" in sys.argv:
            for verdict in ("wrongly", "unnamed", "passed"):
                for key in found[verdict]:
                    answer = wrong_answers(which)[key]
                    report = check_answer(key, answer)
                    print(f"  {verdict}: {key} {told(answer)}\n      {names_given(report)}")
    return 0 if good else 1


if __name__ == "__main__":
    raise SystemExit(main())
