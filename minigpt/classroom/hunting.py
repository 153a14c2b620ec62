"""Checking a bug hunt: is the planted mistake gone, and is the program still itself?"""

from __future__ import annotations

import time
import types
from pathlib import Path

import numpy as np

from minigpt.classroom.bughunt import Hunt
from minigpt.classroom.report import Line, PartReport


def check_hunt(
    hunt: Hunt, module: types.ModuleType | None, trouble: str, path: Path
) -> PartReport:
    """The report on a student's program; `trouble` says why it could not be loaded."""
    start = time.perf_counter()
    name = f"bughunt-{hunt.number}"
    report = PartReport(name, name, [], hints=list(hunt.hints))
    if module is None:
        report.lines, report.problem = [Line("loads", False, trouble)], trouble
        report.advice = "Next: repair this, then check again."
        return report
    try:
        with np.errstate(all="ignore"):
            wrong = hunt.verify(module)
    except NotImplementedError as error:
        wrong = f"A function is not written: {error}."
    except (Exception, SystemExit) as error:
        wrong = f"The program stops with {type(error).__name__}: {error}".rstrip(": ") + "."
    if wrong is None:
        report.lines = [Line("the mistake is gone", True, hunt.answer)]
    else:
        text = path.read_text(encoding="utf-8", errors="replace") if path.is_file() else ""
        untouched = text == hunt.program()
        report.lines = [Line("the mistake is gone", False, wrong)]
        report.problem = f"{hunt.symptom}\n{wrong}" if untouched else wrong
        report.advice = (
            f"Next: run it (`python {path.name}`), measure, form a suspicion, and test it. Lesson "
            f"{hunt.lesson} has the tools; for a hint: `minigpt check {name} --hint`."
        )
    report.seconds = round(time.perf_counter() - start, 3)
    return report
