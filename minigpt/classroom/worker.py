"""The process in which a student's file runs, seen from outside: started, watched and ended.

What happens in it is in `inside`. An endless loop, a crash, `sys.exit` or 50 GB of memory end that
process only, and cost only the part that was being checked: a new process checks the other parts.
"""

from __future__ import annotations

import contextlib
import json
import os
import queue
import secrets
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from minigpt.classroom.bughunt import Hunt
from minigpt.classroom.exercise import Exercise
from minigpt.classroom.materials import Materials, remove
from minigpt.classroom.report import Line, PartReport
from minigpt.classroom.student import short_name
from minigpt.errors import UserError

SECONDS = 20  # that one part may take
MEGABYTES = 2048  # that the process, and those that it starts, may hold
START = 60  # seconds for Python itself to start, on a busy machine
LOOK = 0.05  # seconds between two looks at the process
OUT_OF_MEMORY = 86  # the exit code of a process that took too much; see `inside`
PRINTED = 2000  # characters of the student's output that are kept
MOST_PRINTED = 50 << 20  # bytes that may be printed
LONGEST_ANSWER = 1 << 20  # bytes
THREADS = ("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS", "MKL_NUM_THREADS", "VECLIB_MAXIMUM_THREADS")
SETTINGS = {"PYTHONUTF8": "1", "PYTHONUNBUFFERED": "1", "PYTHONHASHSEED": "0", "MPLBACKEND": "Agg",
            **dict.fromkeys(THREADS, "1")}  # fmt: skip
OWN_GROUP = (
    {"creationflags": subprocess.CREATE_NEW_PROCESS_GROUP}
    if sys.platform == "win32"
    else {"start_new_session": True}
)
LOOP = "Is there a loop that never ends?"
HINTS = (
    "Run this part by itself, on arrays as small as (2, 3): how far does it get?",
    "Put a print before and inside of each loop: which one is reached, and how often? Does "
    "anything in the loop change the condition of its `while`?",
    "Compare the shapes and the numbers of rounds with those of the lesson; search for sys.exit, "
    "quit and input.",
)
# The working folder is no place to import from: a student's json.py is not Python's.
PROGRAM = (
    "import sys; sys.path[:] = [p for p in sys.path if p]; "
    "from minigpt.classroom.inside import main; main()"
)


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
        materials: to work with, in a temporary folder of its own; None: it runs where we are.
    """

    def __init__(
        self,
        seconds: float = SECONDS,
        megabytes: int = MEGABYTES,
        materials: Materials | None = None,
    ):
        self.seconds, self.megabytes, self.materials = seconds, megabytes, materials
        self.home = materials.lay_out() if materials else None
        self.token = secrets.token_hex(16)
        self.stopped = self.changed = False
        self.printed = tempfile.TemporaryFile()  # noqa: SIM115 (closed with the worker)
        root = self.home / "python" if self.home else Path(__file__).parents[2]
        paths = filter(None, [str(root), os.environ.get("PYTHONPATH")])
        environment = os.environ | SETTINGS | {"PYTHONPATH": os.pathsep.join(paths)}
        try:
            self.process = subprocess.Popen(
                [sys.executable, "-c", PROGRAM],
                stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=self.printed,
                env=environment, cwd=self.home and self.home / "work", **OWN_GROUP,
            )  # fmt: skip
        except BaseException:
            remove(self.home)
            raise
        self.lines: queue.Queue = queue.Queue()
        threading.Thread(target=self._listen, daemon=True).start()

    def check(
        self,
        path: Path,
        task: str,
        functions: list[tuple[str, list[str]]],
        seed: int = 0,
        skip: list[str] | None = None,
    ) -> Outcome:
        """Check a file; the process is used up by that.

        Args:
            path: of the file; with materials, within the working folder.
            task: "06", or "bughunt-07".
            functions: of each part that is wanted, (name, names of its functions).
            skip: parts that are not to be run.

        Raises:
            UserError: when Python could not be started.
        """
        start = time.perf_counter()
        path = self.home / "work" / path if self.home else Path(path).resolve()
        request = {"path": str(path), "task": task, "seed": seed, "skip": skip or [],
                   "megabytes": self.megabytes, "parent": os.getpid(), "token": self.token}
        try:
            with contextlib.suppress(OSError, ValueError):
                self.process.stdin.write(json.dumps(request).encode() + b"\n")
                self.process.stdin.close()
            reports = self._reports(task, dict(functions))
        finally:
            self.stop()
        if self.changed:  # its copy of minigpt is no longer what it was
            for report in reports:
                report.refuse("the file writes into minigpt's own files; leave them as they are")
        return Outcome(reports, self._output(), time.perf_counter() - start)

    def _reports(self, task: str, names: dict[str, list[str]]) -> list[PartReport]:
        """The parts' reports, up to one that tells why there are no more."""
        at, reports = None, {}
        while True:
            answer = self._next(START if at is None else self.seconds)
            if isinstance(answer, str):
                if at is None and not self.stopped:
                    said = self._output().strip().splitlines()[-1:]
                    raise UserError(f"The process that checks did not start: {answer} {said}")
                return [*reports.values(), *_ended(task, at, names, list(reports), answer)]
            at = answer.get("at", at)
            with contextlib.suppress(TypeError, KeyError, AttributeError):
                report = PartReport.from_dict(_clean(answer["report"]))
                if report.part in names:
                    reports.setdefault(report.part, report)
            if "end" in answer:
                missing = _ended(task, at, names, list(reports), "It gave no readable answer.")
                return [*reports.values(), *missing]

    def _next(self, seconds: float) -> dict | str:
        """The next answer, or a sentence that says why none will come."""
        end, last = time.monotonic() + seconds, False
        while True:
            with contextlib.suppress(queue.Empty):
                answer = self.lines.get(timeout=LOOK)
                return self._why_gone() if answer is None else answer
            if last:  # it is gone and all was read, though a child may hold the pipe open
                return self._why_gone()
            last = self.process.poll() is not None
            if _memory_of(self.process.pid) > self.megabytes << 20:
                return self._too_much_memory()
            if os.fstat(self.printed.fileno()).st_size > MOST_PRINTED:
                return f"It printed more than {MOST_PRINTED >> 20} MB. {LOOP}"
            if time.monotonic() > end and not last:
                return f"It did not end within {seconds:g} seconds. {LOOP}"

    def _too_much_memory(self) -> str:
        return f"It took more than {self.megabytes:,} MB of memory. Which array or list is that?"

    def _why_gone(self) -> str:
        try:
            code = self.process.wait(timeout=1)
        except subprocess.TimeoutExpired:
            return "It closed the files by which the check answers (os.close)."
        if code == OUT_OF_MEMORY:
            return self._too_much_memory()
        if code == 0:
            return "It ended the program (sys.exit, quit or os._exit) before the check was done."
        if code == -getattr(signal, "SIGKILL", 9):
            return "It was killed: by itself, or by the system because the memory was full."
        if code == -signal.SIGSEGV or code == 0xC0000005:  # the latter on Windows
            return "Python itself crashed: by a recursion without an end, or by ctypes."
        names = {-one.value: one.name for one in signal.Signals}
        return f"It ended the Python process ({names.get(code, f'exit code {code}')})."

    def _listen(self) -> None:
        """Queue the answers; what has no token is thrown away, however long it is."""
        token = f"{self.token} ".encode()
        with contextlib.suppress(OSError, ValueError):
            for line in iter(lambda: self.process.stdout.readline(LONGEST_ANSWER), b""):
                if line.startswith(token):
                    with contextlib.suppress(ValueError):
                        self.lines.put(dict(json.loads(line[len(token) :])))
        self.lines.put(None)

    def _output(self) -> str:
        with contextlib.suppress(OSError, ValueError):
            self.printed.seek(0)
            text = _clean(self.printed.read(PRINTED + 1).decode("utf-8", "replace"))
            return text if len(text) <= PRINTED else f"{text[:PRINTED]}\n… (and more)"
        return ""

    def stop(self) -> None:
        """End the process and those that it started, and remove its folder."""
        if self.stopped:  # the number of a process that is gone may be another one's by now
            return
        self.stopped = True
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
        if self.home:
            self.changed = self.materials.was_changed(self.home)
            remove(self.home)


_PAGE = os.sysconf("SC_PAGE_SIZE") if hasattr(os, "sysconf") else 4096


def _memory_of(session: int) -> int:
    """Bytes that a process and those that it started hold now, as Linux tells; 0 elsewhere.

    Asked from outside: one long operation of Python's stops the process's own watch.
    """
    if not hasattr(os, "getsid"):
        return 0
    total = 0
    with contextlib.suppress(OSError):
        for name in filter(str.isdigit, os.listdir("/proc")):  # noqa: PTH208 (20 times a second)
            with contextlib.suppress(OSError, IndexError):
                if os.getsid(int(name)) == session:
                    statm = Path(f"/proc/{name}/statm").read_text(encoding="ascii")
                    total += int(statm.split()[1]) * _PAGE
    return total


def _clean(value):
    """The same without what a terminal or a file can't take: control characters, half letters."""
    if isinstance(value, str):
        return "".join(c if c.isprintable() or c in "\n\t" else " " for c in value)
    if isinstance(value, dict):
        return {key: _clean(inner) for key, inner in value.items()}
    return [_clean(inner) for inner in value] if isinstance(value, list) else value


def _ended(task, at, names: dict, done: list[str], sentence: str) -> list[PartReport]:
    """The reports of what was being checked when the process ended: a part, or the whole file."""
    left = [name for name in names if name not in done]
    whole = at == "load"
    reports = []
    for name in left if whole else [at] if at in left else left[:1]:
        report = PartReport(task, name, names[name])
        report.lines = [Line("loads" if whole else "ends", False, sentence)]
        report.problem = f"While the file was loaded: {sentence}" if whole else sentence
        report.advice = "Next: repair this, then check again."
        report.hints = list(HINTS)
        reports.append(report)
    return reports


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
    new_worker: Callable[[], Worker] | None = None,
) -> Outcome:
    """Check a file in a process of its own; what ends it early costs only the part in question.

    Args:
        worker: one that is ready; else `new_worker` makes it, and one more after each early end.
    """
    new_worker = new_worker or (lambda: Worker(seconds))
    skip = [name for name, _ in functions if only and name != only]
    outcome = Outcome([])
    while True:
        left = [(name, names) for name, names in functions if name not in skip]
        worker = worker or new_worker()
        new = worker.check(path, short_name(task), left, seed, skip)
        outcome.reports += new.reports
        outcome.printed = outcome.printed or new.printed
        outcome.seconds += new.seconds
        skip, worker = [*skip, *(report.part for report in new.reports)], None
        if not new.reports or all(name in skip for name, _ in functions):
            return outcome
