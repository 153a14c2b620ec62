"""What happens inside of a worker's process: load a student's file, check it, and answer.

It reads one request, a line of JSON, from its standard input. It answers with a line of JSON for
each part as soon as it is checked; before each answer stands the token that came with the request.
Lines without it are nobody's answer: what a student's code prints, by whatever way, is no report.
"""

from __future__ import annotations

import contextlib
import json
import os
import sys
import threading
import time
import types
from collections.abc import Callable
from pathlib import Path

from minigpt.classroom import checker, student
from minigpt.classroom.bughunt import Hunt
from minigpt.classroom.hunting import check_hunt
from minigpt.classroom.report import Line, PartReport
from minigpt.machine import peak_memory_mb

OUT_OF_MEMORY = 86  # the exit code of a process that took too much
ADDRESSES = 4 << 30  # bytes of addresses above the limit: libraries reserve more than they use
LARGEST_FILE = 256 << 20  # bytes
LONGEST_TEXT = 4000  # characters of a sentence in a report
WATCHED = ("minigpt", "numpy", "builtins", "math")


def main() -> None:
    """Answer one request."""
    answers = os.fdopen(os.dup(1), "wb", buffering=0)
    os.dup2(2, 1)  # what a student prints goes where their errors go
    request = json.loads(sys.stdin.readline() or "{}")
    if not request:
        return
    nothing = os.open(os.devnull, os.O_RDONLY)
    os.dup2(nothing, 0)
    os.close(nothing)
    answer = _channel(answers, request.pop("token"))
    _limit(request["megabytes"], request["parent"])
    _check(request, answer)


def _channel(answers, token: str) -> Callable[..., None]:
    """A function that sends an answer; the token is nowhere but in it."""
    process = os.getpid()

    def answer(**values) -> None:
        if os.getpid() != process:  # a copy that the student's code made by os.fork
            os._exit(0)
        line = f"\n{token} {json.dumps(_shortened(values))}\n".encode()
        while line:
            line = line[answers.write(line) :]

    return answer


def _shortened(value):
    """An exception's text may be as long as the memory."""
    if isinstance(value, str) and len(value) > LONGEST_TEXT:
        return f"{value[:LONGEST_TEXT]} …"
    if isinstance(value, dict):
        return {key: _shortened(inner) for key, inner in value.items()}
    return [_shortened(inner) for inner in value] if isinstance(value, list) else value


def _check(request: dict, answer: Callable[..., None]) -> None:
    path, task = Path(request["path"]), student.task_of(request["task"])
    check_part, check_program, look_at_imports = (
        checker.check_part, check_hunt, checker.refuse_imports
    )  # fmt: skip
    changed, refuse = _changes(), PartReport.refuse  # before the file could replace them

    def refuse_changes(report: PartReport) -> None:
        words = changed()
        if words and not report.unwritten:
            refuse(report, words)

    answer(at="load")
    sys.dont_write_bytecode = True  # it would be out of date after two saves within a second
    module, trouble = student.load(path)
    sys.path.append(str(path.parent))  # for imports within functions; last, so it hides nothing
    if isinstance(task, Hunt):
        answer(at=f"bughunt-{task.number}")
        report = check_program(task, module, trouble, path)
        refuse_changes(report)
        answer(report=report.as_dict())
        answer(end=True)
        return
    for part in task.parts:
        if part.name in request["skip"]:
            continue
        answer(at=part.name)
        if module is None:
            report = _not_loaded(PartReport(task.number, part.name, list(part.functions)), trouble)
        else:
            report = check_part(task, part, module, request["seed"])
            try:
                look_at_imports(report, path)
            except OSError:
                refuse(report, "the file removed itself")
            refuse_changes(report)
        answer(report=report.as_dict())
    answer(end=True)


def _not_loaded(report: PartReport, trouble: str) -> PartReport:
    report.lines, report.problem = [Line("loads", False, trouble)], trouble
    report.advice = "Next: repair this, then check again."
    report.hints = [trouble] * 3
    return report


def _changes() -> Callable[[], str]:
    """A function that tells what was replaced in minigpt or NumPy since now; "" for nothing."""
    before = dict(_names())

    def changed() -> str:
        now = dict(_names())
        names = [".".join(key) for key, value in before.items() if now.get(key, value) is not value]
        return f"the file replaces {names[0]}; leave minigpt and NumPy as they are" if names else ""

    return changed


def _names():
    """All that modules and minigpt's classes hold: ((module, name), value); code by its code."""
    for name, module in list(sys.modules.items()):
        if name.partition(".")[0] not in WATCHED or not isinstance(module, types.ModuleType):
            continue
        for key, value in list(vars(module).items()):
            if key.startswith("__"):
                continue
            yield (name, key), value
            if name.startswith("minigpt") and getattr(value, "__module__", None) == name:
                if isinstance(value, types.FunctionType):
                    yield (name, key, "code"), value.__code__
                elif isinstance(value, type):
                    inner = [(k, v) for k, v in vars(value).items() if not k.startswith("__")]
                    yield from (((name, key, k), v) for k, v in inner)


def _limit(megabytes: int, parent: int) -> None:
    """Limits by the system where there are some, and a thread that watches everywhere."""
    with contextlib.suppress(ImportError):  # Windows
        import resource

        limits = {"RLIMIT_AS": (megabytes << 20) + ADDRESSES, "RLIMIT_FSIZE": LARGEST_FILE,
                  "RLIMIT_CORE": 0}  # fmt: skip
        for name, limit in limits.items():
            with contextlib.suppress(ValueError, OSError, OverflowError, AttributeError):
                resource.setrlimit(getattr(resource, name), (limit, limit))
    start = peak_memory_mb() or 0.0

    def watch() -> None:
        while True:
            time.sleep(0.02)
            if (peak_memory_mb() or 0.0) - start > megabytes:
                os._exit(OUT_OF_MEMORY)
            if os.getppid() != parent:  # nobody is left who would read the answer
                os._exit(1)

    threading.Thread(target=watch, daemon=True).start()
