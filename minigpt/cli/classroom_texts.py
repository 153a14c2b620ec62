"""What `check`, `lesson` and the watch print."""

from __future__ import annotations

import os
import sys
from pathlib import Path

from minigpt.classroom import student
from minigpt.classroom.bughunt import Hunt, hunts
from minigpt.classroom.exercises import EXERCISES
from minigpt.classroom.progress import Progress
from minigpt.classroom.report import PartReport
from minigpt.classroom.worker import Outcome


def outcome_text(path: Path, task, outcome: Outcome, colour: bool = False) -> str:
    """All reports of a file; right ones in one line, and what comes next."""
    rows, explained = [], False
    for report in outcome.reports:
        if (report.ok and len(outcome.reports) > 1) or (report.unwritten and explained):
            rows.append(f"{mark(report.ok, colour)} {report.part}: {verdict_of(report)}")
        elif explained and not report.ok:
            red = next((line for line in report.lines if line.ok is False), None)
            rows.append(f"{mark(False, colour)} {report.part}: not right yet "
                        f"({red.name}: {red.seen})")  # fmt: skip
        else:
            rows.append(report.as_text(colour))
            explained = explained or not report.ok
    if outcome.printed.strip():
        lines = outcome.printed.strip().splitlines()
        shown = "\n".join(f"  {line}" for line in lines[:12])
        more = f"\n  … and {len(lines) - 12} more lines" if len(lines) > 12 else ""
        rows += ["", f"Your code printed:\n{shown}{more}"]
    if outcome.ok:
        rows += ["", next_task(task, path.parent)]
    return "\n".join(rows)


def next_task(task, folder: Path) -> str:
    """What to do after a pass."""
    where = "" if str(folder) == student.FOLDER else f' --folder "{folder}"'
    if isinstance(task, Hunt):
        later = [n for n in hunts() if n > task.number]
        return (f"Found! Next: `minigpt lesson start bughunt-{later[0]}{where}`." if later
                else "Found, and that was the last bug hunt.")  # fmt: skip
    later = [n for n in EXERCISES if n > task.number]
    begin = f"`minigpt lesson start {later[0]}{where}`" if later else "a bug hunt"
    train = f"`minigpt train --layers {folder}`"
    return (
        f"All of lesson {task.number} is right. Next: {begin}. Or train a GPT on your own "
        f"functions: {train}. The solution: `minigpt lesson solution {task.number}{where}`."
    )


def hint_text(outcome: Outcome, progress: Progress) -> str:
    """The next hint for the first part that fails."""
    bad = next((report for report in outcome.reports if not report.ok), None)
    if bad is None:
        return "All is right; there is nothing to hint at."
    number, hint = progress.next_hint(bad)
    of = max(1, len(bad.hints))
    after = "" if number < of else " That was the last one."
    return f"{bad.part}, hint {number} of {of}: {hint}{after}"


def verdict_of(report: PartReport) -> str:
    return "right" if report.ok else "not written yet" if report.unwritten else "not right yet"


def mark(ok: bool, colour: bool) -> str:
    if not colour:
        return "ok" if ok else "XX"
    return "\033[32mok\033[0m" if ok else "\033[31mXX\033[0m"


def wants_colour() -> bool:
    """Colours on a terminal, unless the user asked for none (https://no-color.org)."""
    return sys.stdout.isatty() and not os.environ.get("NO_COLOR") and os.name != "nt"
