"""What `check`, `lesson` and the watch print."""

from __future__ import annotations

import contextlib
import ctypes
import dataclasses
import os
import re
import shutil
import sys
import textwrap
from collections.abc import Iterator
from pathlib import Path

from minigpt.classroom.bughunt import Hunt, hunts
from minigpt.classroom.exercises import EXERCISES
from minigpt.classroom.own_layers import USABLE
from minigpt.classroom.progress import Progress, changing
from minigpt.classroom.report import PartReport
from minigpt.classroom.student import FOLDER, folder_option, quoted, short_name
from minigpt.classroom.worker import Outcome, parts_of
from minigpt.errors import UserError

RIGHT, WRONG, UNWRITTEN = "right", "not right yet", "not written yet"
SIGNS = {RIGHT: ("ok", "\033[32m"), WRONG: ("XX", "\033[31m"), UNWRITTEN: ("--", "\033[90m")}
PRINTED = 12  # lines of the student's own output


def outcome_text(
    path: Path, task, outcome: Outcome, colour: bool = False, watching: bool = False
) -> str:
    """All parts of a file, the first failure explained, and what comes next."""
    reports = outcome.reports
    if reports and reports[0].lines and reports[0].lines[0].name == "loads":
        reports = [dataclasses.replace(reports[0], part=path.name)]  # all others say the same
    explained = first_failure(reports)
    blocks = [_overview(path, reports, explained, colour) if len(reports) > 1 else ""]
    if outcome.printed.strip():
        lines = outcome.printed.strip("\n").splitlines()
        more = [f"… and {len(lines) - PRINTED} more lines"] if len(lines) > PRINTED else []
        blocks.append("\n  ".join(["Your code printed:", *lines[:PRINTED], *more]))
    if len(reports) == 1 or (explained is not None and not explained.unwritten):
        blocks.append(_table(explained if explained is not None else reports[0], colour))
    if explained is not None:
        blocks.append(_words(path, task, explained, watching))
    if outcome.ok and len(reports) == len(parts_of(task)):
        blocks.append(wrapped(next_task(task, path.parent, watching)))
    elif outcome.ok:
        blocks.append(wrapped(f"Next: all parts of it, `{check_command(path, task)}`."))
    return "\n\n".join(filter(None, blocks))


def first_failure(reports: list[PartReport]) -> PartReport | None:
    """The report to explain: of the first part that is wrong, else of the first unwritten one."""
    bad = [report for report in reports if not report.ok]
    return next((report for report in bad if not report.unwritten), bad[0] if bad else None)


def _overview(path: Path, reports: list[PartReport], explained, colour: bool) -> str:
    """A line a part."""
    width = max(len(report.part) for report in reports)
    rows = [f"{path.name}: {sum(r.ok for r in reports)} of {len(reports)} parts right"]
    for report in reports:
        verdict = verdict_of(report)
        words = "" if report.ok else verdict
        red = next((line for line in report.lines if line.ok is False), None)
        if red and verdict == WRONG and report is not explained:
            words += f" ({red.name}: {red.seen})" if len(red.seen) < 60 else f" ({red.name})"
        rows.append(f"  {mark(verdict, colour)} {report.part:<{width}}  {words}".rstrip())
    return "\n".join(rows)


def _words(path: Path, task, report: PartReport, watching: bool) -> str:
    """The first failure, and what to do."""
    problem = "" if report.unwritten else report.problem
    advice = report.advice
    if not advice.startswith("Next: "):
        advice = f"Next: {advice[:1].lower()}{advice[1:]}"
    part = "" if isinstance(task, Hunt) or len(task.parts) == 1 else f" --part {report.part}"
    hint = "press h" if watching else f"`{check_command(path, task)}{part} --hint`"
    advice = advice.replace(f"`minigpt check {short_name(task)} --hint`", hint)
    advice = advice.replace(f"`python {path.name}`", f"`python {quoted(path)}`")
    return "\n\n".join(filter(None, [wrapped(problem), wrapped(advice)]))


def _table(report: PartReport, colour: bool) -> str:
    """A line a property; where there is one only, the verdict."""
    if len(report.lines) > 1:
        return dataclasses.replace(report, problem="", advice="").as_text(colour)
    verdict = verdict_of(report)
    row = f"{mark(verdict, colour)} {report.part}: {verdict}"
    return f"{row}\n\n{wrapped(report.lines[0].seen)}" if report.ok else row


def next_task(task, folder: Path, watching: bool = False) -> str:
    """What to do after a pass."""
    where = folder_option(folder)
    tasks = list(hunts().values() if isinstance(task, Hunt) else EXERCISES.values())
    later = next((other for other in tasks if other.number > task.number), None)
    if later and (folder / later.file_name).is_file():
        begin = f"`minigpt check {short_name(later)}{where}`"
    else:
        begin = f"`minigpt lesson start {short_name(later) if later else 'bughunt-01'}{where}`"
    begin = "press n" if watching and later else begin
    if isinstance(task, Hunt):
        return f"Found! Next: {begin}." if later else "Found, and that was the last bug hunt."
    train = ""
    if set(task.functions) & set(USABLE):
        train = f"Or train a GPT on your own functions: `minigpt train --layers {quoted(folder)}`. "
    return (
        f"All of lesson {task.number} is right. Next: {begin}. {train}To compare: "
        + ("press s." if watching else f"`minigpt lesson solution {task.number}{where}`.")
    )


def show_hint(outcome: Outcome, folder: Path, watching: bool = False) -> None:
    """Print the next hint, and remember that it was shown."""
    print(hint_text(outcome, Progress(folder), watching))
    if not outcome.ok:
        with _or_told(), changing(folder) as progress:
            progress.next_hint(first_failure(outcome.reports))


def note(outcome: Outcome, folder: Path) -> None:
    """Write down what passed."""
    with _or_told(), changing(folder) as progress:
        progress.note(outcome.reports)


@contextlib.contextmanager
def _or_told() -> Iterator[None]:
    """Where the progress can't be noted, say so: the check was not in vain."""
    try:
        yield
    except UserError as error:
        sys.stdout.flush()
        print(wrapped(f"Your progress was not noted: {error}"), file=sys.stderr)


def hint_text(outcome: Outcome, progress: Progress, watching: bool = False) -> str:
    """The next hint for what fails."""
    bad = first_failure(outcome.reports)
    if bad is None:
        return "All is right; there is nothing to hint at."
    bad = dataclasses.replace(bad, hints=list(dict.fromkeys(bad.hints)))
    number, hint = progress.next_hint(bad)
    of = max(1, len(bad.hints))
    again = "press h" if watching else "the same command"
    after = f"(for the next hint: {again})" if number < of else "(that was the last one)"
    return f"{bad.part}, hint {number} of {of} {after}\n{wrapped(hint)}"


def file_in_short(path: Path, outcome: Outcome, colour: bool) -> str:
    """One line for a file."""
    reports = outcome.reports
    started = any(not report.ok and not report.unwritten for report in reports)
    verdict = RIGHT if outcome.ok else WRONG if started else UNWRITTEN
    words = f"{sum(report.ok for report in reports)} of {len(reports)} right"
    wrong = [report.part for report in reports if verdict_of(report) == WRONG]
    left = [report.part for report in reports if report.unwritten]
    words += f"; wrong: {', '.join(wrong)}" if wrong and len(reports) > 1 else ""
    words += f"; to be written: {', '.join(left)}" if left and len(reports) > 1 else ""
    return f"{mark(verdict, colour)} {path.name:<20} {words}"


def check_command(path: Path, task) -> str:
    """The command that checks a file."""
    usual = path.name == task.file_name and path.parent == Path(FOLDER)
    return f"minigpt check {short_name(task) if usual else quoted(path)}"


def verdict_of(report: PartReport) -> str:
    return RIGHT if report.ok else UNWRITTEN if report.unwritten else WRONG


def mark(verdict: str, colour: bool) -> str:
    """Two letters, in colour."""
    sign, code = SIGNS[verdict]
    return f"{code}{sign}\033[0m" if colour else sign


def columns() -> int:
    """How wide a text may be."""
    return max(40, min(96, shutil.get_terminal_size((96, 24)).columns))


def wrapped(text: str) -> str:
    """Lines that fit; commands stay whole, and indented lines (code, formulas) as they are."""

    def whole(match) -> str:
        return match[0].replace(" ", "\0") if len(match[0]) < 60 else match[0]

    rows = []
    for line in re.sub(r"`[^`\n]*`|press \w\b", whole, text).split("\n"):
        fits = not line or line[0] == " "
        rows += [line] if fits else textwrap.wrap(line, columns(), break_on_hyphens=False,
                                                  break_long_words=False)  # fmt: skip
    return "\n".join(rows).replace("\0", " ")


def wants_colour() -> bool:
    """Colours on a terminal, unless the user asked for none (https://no-color.org)."""
    if not sys.stdout.isatty() or os.environ.get("NO_COLOR") or os.environ.get("TERM") == "dumb":
        return False
    return os.name != "nt" or _windows_understands_colours()


def _windows_understands_colours() -> bool:
    """Ask the console to obey colour codes: those of Windows 10 and later can."""
    with contextlib.suppress(OSError, AttributeError, ValueError):
        kernel32 = ctypes.WinDLL("kernel32")
        kernel32.GetStdHandle.restype = ctypes.c_void_p
        kernel32.GetConsoleMode.argtypes = [ctypes.c_void_p, ctypes.POINTER(ctypes.c_uint32)]
        kernel32.SetConsoleMode.argtypes = [ctypes.c_void_p, ctypes.c_uint32]
        standard_output, obey_codes, mode = -11, 4, ctypes.c_uint32()
        handle = kernel32.GetStdHandle(standard_output)
        return bool(kernel32.GetConsoleMode(handle, ctypes.byref(mode))
                    and kernel32.SetConsoleMode(handle, mode.value | obey_codes))  # fmt: skip
    return False
