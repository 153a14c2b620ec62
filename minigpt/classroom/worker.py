"""The process in which a student's file runs, and the one that watches it.

`python -m minigpt.classroom.worker` reads one request, a line of JSON, from its standard input, and
answers with a line of JSON for each part as soon as it is checked. What the student's code prints
goes to a file. So an endless loop, a crash, `sys.exit` or 50 GB of memory end this process only.
"""

from __future__ import annotations

import contextlib
import json
import os
import queue
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from minigpt.classroom.bughunt import Hunt
from minigpt.classroom.exercise import Exercise
from minigpt.classroom.report import Line, PartReport
from minigpt.classroom.student import short_name
from minigpt.errors import UserError

SECONDS = 20  # that one part may take
MEGABYTES = 2048  # that the process may hold
OUT_OF_MEMORY = 86  # the exit code of a process that took too much
PRINTED = 2000  # characters of the student's output that are kept


@dataclass
class Outcome:
    """All that a file's check gave: a report for each part, and what was printed."""

    reports: list[PartReport]
    printed: str = ""
    seconds: float = 0.0

    @property
    def ok(self) -> bool:
        return bool(self.reports) and all(report.ok for report in self.reports)


class Worker:
    """A process that is ready to check one file; started early, it answers at once.

    Args:
        seconds: that each part may take.
        megabytes: of memory that the process may hold.
        folder: the working folder; by default this process's own.
    """

    def __init__(
        self,
        seconds: float = SECONDS,
        megabytes: int = MEGABYTES,
        folder: Path | None = None,
    ):
        self.seconds, self.megabytes, self.folder = seconds, megabytes, folder
        self.printed = tempfile.TemporaryFile()  # noqa: SIM115 (closed in `stop`)
        threads = ("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS", "MKL_NUM_THREADS",
                   "VECLIB_MAXIMUM_THREADS")  # fmt: skip
        environment = os.environ | dict.fromkeys(threads, "1")
        environment |= {"PYTHONUTF8": "1", "PYTHONUNBUFFERED": "1", "MPLBACKEND": "Agg"}
        root = str(Path(__file__).parents[2])  # where the package is, whatever folder we are in
        environment["PYTHONPATH"] = os.pathsep.join(
            filter(None, [root, os.environ.get("PYTHONPATH")])
        )
        groups = (
            {"creationflags": subprocess.CREATE_NEW_PROCESS_GROUP}
            if sys.platform == "win32"
            else {"start_new_session": True}
        )
        self.process = subprocess.Popen(
            [sys.executable, "-m", "minigpt.classroom.worker"],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=self.printed,
            env=environment, cwd=folder, **groups,
        )  # fmt: skip
        self.lines: queue.Queue = queue.Queue()
        threading.Thread(target=self._listen, daemon=True).start()

    def check(
        self,
        path: Path,
        task: str,
        functions: list[tuple[str, list[str]]],
        seed: int = 0,
        skip: list[str] | None = None,
        on_report: Callable[[PartReport], None] | None = None,
    ) -> Outcome:
        """Check a file; the process is used up by that.

        Args:
            task: "06", or "bughunt-07".
            functions: of each part, (name, names of its functions), to tell what was not reached.
            seed: of the numbers.
            skip: parts that are not to be run.
            on_report: called with each part's report as soon as it is there.
        """
        start = time.perf_counter()
        request = {"path": str(Path(path).resolve()), "task": task, "seed": seed,
                   "skip": skip or [], "megabytes": self.megabytes}  # fmt: skip
        reports: list[PartReport] = []
        try:
            with contextlib.suppress(OSError):
                self.process.stdin.write(json.dumps(request).encode() + b"\n")
                self.process.stdin.close()
            for report in self._answers(functions, task):
                reports.append(report)
                if on_report:
                    on_report(report)
        finally:
            self.stop()
        return Outcome(reports, self._output(), time.perf_counter() - start)

    def _answers(self, functions, task: str) -> Iterator[PartReport]:
        names, at = dict(functions), None
        done: list[str] = []
        while True:
            try:
                line = self.lines.get(timeout=self.seconds if at != "start" else self.seconds + 10)
            except queue.Empty:
                yield _ended(task, at, names, done, (
                    f"It did not end within {self.seconds:g} seconds. Is there a loop that never "
                    f"ends, or one that waits for input?"))  # fmt: skip
                return
            if line is None:
                yield _ended(task, at, names, done, self._why_gone())
                return
            if "at" in line:
                at = line["at"]
            elif "report" in line:
                report = PartReport.from_dict(line["report"])
                done.append(report.part)
                yield report
            elif "end" in line:
                return

    def _why_gone(self) -> str:
        code = self.process.wait()
        if code == OUT_OF_MEMORY:
            return (
                f"It took more than {self.megabytes:,} MB of memory. Which array is that large? "
                f"Look at the shapes."
            )
        if code == 0:
            return "It ended the program (sys.exit, quit or os._exit) before the check was done."
        if code == -getattr(signal, "SIGKILL", 9):
            return "The system stopped it, probably because the memory was full."
        return f"It ended the Python process (exit code {code})."

    def _listen(self) -> None:
        for line in self.process.stdout:
            with contextlib.suppress(ValueError):
                answer = json.loads(line)
                if isinstance(answer, dict):
                    self.lines.put(answer)
        self.lines.put(None)

    def _output(self) -> str:
        with contextlib.suppress(OSError, ValueError):
            self.printed.seek(0)
            text = self.printed.read(PRINTED + 1).decode("utf-8", "replace")
            return text if len(text) <= PRINTED else f"{text[:PRINTED]}\n… (and more)"
        return ""

    def stop(self) -> None:
        """End the process, and those that it started."""
        if sys.platform == "win32":
            kill = ["taskkill", "/F", "/T", "/PID", str(self.process.pid)]
            if self.process.poll() is None:
                subprocess.run(kill, capture_output=True, check=False)
        else:
            with contextlib.suppress(OSError):
                os.killpg(self.process.pid, signal.SIGKILL)
        with contextlib.suppress(OSError):
            self.process.kill()
        self.process.wait()
        with contextlib.suppress(OSError):
            self.process.stdin.close()


def _ended(task, at, names: dict, done: list[str], sentence: str) -> PartReport:
    """The report of the part that was being checked when the process ended."""
    part = at if at in names else next((name for name in names if name not in done), "file")
    where = "" if at in names else "While the file was loaded: " if at == "load" else ""
    report = PartReport(task, part, names.get(part, []))
    report.lines = [Line("ends", False, sentence)]
    report.problem = f"{where}{sentence}"
    report.advice = "Next: repair this, then check again."
    report.hints = [
        "Put a print before and inside of each loop: which one is reached, and how often?",
        "Look at the condition of each `while`: does anything in the loop change it?",
        "Compare the numbers of rounds and the shapes with those of the lesson.",
    ]
    return report


def parts_of(task, only: str | None = None) -> list[tuple[str, list[str]]]:
    """The parts of a task with their functions.

    Raises:
        UserError: when it has no part of the name `only`.
    """
    if isinstance(task, Hunt):
        return [(f"bughunt-{task.number}", [])]
    parts = [(part.name, list(part.functions)) for part in task.parts]
    if only is not None and only not in dict(parts):
        names = ", ".join(dict(parts))
        raise UserError(f"Lesson {task.number} has no part {only!r}; it has: {names}.")
    return parts


def check_file(
    path: Path,
    task: Exercise | Hunt,
    functions: list[tuple[str, list[str]]],
    seconds: float = SECONDS,
    seed: int = 0,
    only: str | None = None,
    worker: Worker | None = None,
    megabytes: int = MEGABYTES,
) -> Outcome:
    """Check a file in a process of its own; what ends it early costs only the part in question."""
    skip = [name for name, _ in functions if only and name != only]
    outcome = Outcome([])
    folder = worker.folder if worker else None
    while True:
        worker = worker or Worker(seconds, megabytes, folder)
        wanted = [(name, names) for name, names in functions if name not in skip]
        new = worker.check(path, short_name(task), wanted, seed, skip)
        outcome.reports += new.reports
        outcome.printed = outcome.printed or new.printed
        outcome.seconds += new.seconds
        done = {report.part for report in outcome.reports}
        left = [name for name, _ in wanted if name not in done]
        loaded = not (new.reports and new.reports[-1].problem.startswith("While the file"))
        if not left or not loaded or not new.reports:
            return outcome
        skip, worker = [*skip, *done], None


# --- the other side: the process itself ---------------------------------------------------------


def main() -> None:
    """Answer one request."""
    from minigpt.classroom import checker, student
    from minigpt.classroom.hunting import check_hunt

    answers = os.fdopen(os.dup(1), "w", encoding="utf-8")
    os.dup2(2, 1)  # what a student prints goes where their errors go
    request = json.loads(sys.stdin.readline() or "{}")
    if not request:
        return
    with contextlib.suppress(OSError):
        os.dup2(os.open(os.devnull, os.O_RDONLY), 0)

    def answer(**values) -> None:
        answers.write(json.dumps(values) + "\n")
        answers.flush()

    _limit_memory(request["megabytes"])
    path, task = Path(request["path"]), student.task_of(request["task"])
    answer(at="load")
    module, trouble = student.load(path)
    if isinstance(task, Hunt):
        answer(at=f"bughunt-{task.number}")
        answer(report=check_hunt(task, module, trouble, path).as_dict())
        answer(end=True)
        return
    for part in task.parts:
        if part.name in request["skip"]:
            continue
        answer(at=part.name)
        if module is None:
            report = PartReport(task.number, part.name, list(part.functions))
            report.lines, report.problem = [Line("loads", False, trouble)], trouble
            report.advice = "Next: repair this, then check again."
            report.hints = [trouble] * 3
        else:
            report = checker.check_part(task, part, module, request["seed"])
            checker.refuse_frameworks(report, path)
        answer(report=report.as_dict())
    answer(end=True)


def _limit_memory(megabytes: int) -> None:
    """A limit by the system where there is one, and a thread that watches everywhere."""
    from minigpt.machine import peak_memory_mb

    with contextlib.suppress(ImportError, ValueError, OSError):
        import resource

        limit = (megabytes << 20) + (4 << 30)  # addresses, not memory: libraries reserve many
        resource.setrlimit(resource.RLIMIT_AS, (limit, limit))
    start = peak_memory_mb() or 0.0

    def watch() -> None:
        while True:
            time.sleep(0.02)
            if (peak_memory_mb() or 0.0) - start > megabytes:
                os._exit(OUT_OF_MEMORY)

    threading.Thread(target=watch, daemon=True).start()


if __name__ == "__main__":
    main()
