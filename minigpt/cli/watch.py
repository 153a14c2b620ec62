"""Check again at every save, and answer to single keys."""

from __future__ import annotations

import contextlib
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

from minigpt.classroom import student
from minigpt.classroom.bughunt import Hunt, hunts
from minigpt.classroom.exercises import EXERCISES
from minigpt.classroom.progress import Progress
from minigpt.classroom.worker import Worker, check_file, parts_of
from minigpt.cli import classroom_texts as texts
from minigpt.cli import lesson
from minigpt.errors import UserError

EVERY = 0.05  # seconds between two looks at the files
KEYS = "h hint   l list   n next   s solution   c check again   q quit"


class Watch:
    """Looks at a file, or at all files of a folder, and checks the one that was saved.

    Args:
        folder: the student's.
        path: the file to begin with; None: the one that was saved last.
        seconds: that one part may take.
    """

    def __init__(self, folder: Path, path: Path | None, seconds: float):
        self.folder, self.path, self.seconds = folder, path, seconds
        self.worker = self.outcome = None

    def run(self) -> int:
        """Go on until `q`; returns 0 if the last check was all right, else 1."""

        if self.path is None:
            self.path = self._latest()
        stamps = self._stamps()
        self.worker = Worker(self.seconds)
        try:
            with keys() as pressed:
                self.check()
                while True:
                    key = pressed()
                    if key == "q" or key == "\x03":
                        return 0 if self.outcome and self.outcome.ok else 1
                    if key:
                        self.answer(key)
                    now = self._stamps()
                    saved = [p for p, stamp in now.items() if stamps.get(p) != stamp]
                    stamps = now
                    if saved:
                        self.path = max(saved, key=lambda p: now[p][0])
                        self.check()
                    time.sleep(EVERY)
        finally:
            self.worker.stop()

    def check(self) -> None:
        """Check the file, and print what was found."""

        try:
            path, task = student.file_and_task(str(self.path), self.folder)
        except UserError as error:
            print(error)
            return
        start, ready = time.perf_counter(), self.worker
        self.task = task
        self.outcome = check_file(path, task, parts_of(task), self.seconds, worker=ready)
        took = time.perf_counter() - start
        self.progress = Progress(self.folder)
        self.progress.note(self.outcome.reports)
        print(f"\n{'─' * 80}\n{path}\n")
        print(texts.outcome_text(path, task, self.outcome, texts.wants_colour()))
        print(f"\n[{took:.2f} s]  {KEYS}", flush=True)
        self.worker = Worker(self.seconds)  # so that the next save is answered at once

    def answer(self, key: str) -> None:
        """Do what a key asks for."""

        actions: dict[str, Callable] = {
            "h": lambda: print(texts.hint_text(self.outcome, self.progress)),
            "l": lambda: lesson.show_list(_Args(folder=self.folder)),
            "n": self._next,
            "s": self._solution,
            "c": self.check,
        }
        if key in actions and (self.outcome or key == "c"):
            try:
                actions[key]()
            except UserError as error:
                print(error)
            sys.stdout.flush()

    def _next(self) -> None:
        """Begin the next exercise or hunt, or go on with it."""

        all_of_them = hunts() if isinstance(self.task, Hunt) else EXERCISES
        later = [task for number, task in all_of_them.items() if number > self.task.number]
        if not later:
            print("That was the last one.")
            return
        task = later[0]
        if not (self.folder / task.file_name).exists():
            lesson.start(_Args(folder=self.folder, name=student.short_name(task), again=False))
        self.path = self.folder / task.file_name
        self.check()

    def _solution(self) -> None:

        name = student.short_name(self.task)
        lesson.solution(_Args(folder=self.folder, name=name, give_up=False))

    def _latest(self) -> Path:
        stamps = self._stamps()
        if not stamps:
            raise UserError(
                f"There is nothing to watch in the folder {self.folder}; begin with `minigpt "
                f"lesson start 02`."
            )
        return max(stamps, key=lambda path: stamps[path][0])

    def _stamps(self) -> dict[Path, tuple[int, int]]:
        """When each file was saved, and its size."""

        names = [task.file_name for task in (*EXERCISES.values(), *hunts().values())]
        paths = {self.folder / name for name in names} | {self.path or self.folder / names[0]}
        found = {}
        for path in paths:
            with contextlib.suppress(OSError):
                stat = path.stat()
                if stat.st_size:  # an editor that empties a file first has not saved it yet
                    found[path] = (stat.st_mtime_ns, stat.st_size)
        return found


class _Args:
    """What a command's options would be."""

    def __init__(self, **values):
        self.__dict__.update(values)


@contextlib.contextmanager
def keys() -> Iterator[Callable[[], str]]:
    """Lend a function that returns the key that was pressed, "" for none; it never waits."""
    if not sys.stdin or not sys.stdin.isatty():
        with _lines() as pressed:
            yield pressed
    elif sys.platform == "win32":
        import msvcrt

        yield lambda: msvcrt.getwch().lower() if msvcrt.kbhit() else ""
    else:
        import select
        import termios
        import tty

        before = termios.tcgetattr(sys.stdin)
        tty.setcbreak(sys.stdin)
        try:
            yield lambda: (
                sys.stdin.read(1).lower() if select.select([sys.stdin], [], [], 0)[0] else ""
            )
        finally:
            termios.tcsetattr(sys.stdin, termios.TCSADRAIN, before)


@contextlib.contextmanager
def _lines() -> Iterator[Callable[[], str]]:
    """Without a terminal, a line whose first letter is the key; at the end of the input, none."""
    read: list[str] = []

    def listen() -> None:
        with contextlib.suppress(ValueError, OSError):
            for line in iter(sys.stdin.readline, ""):
                read.append(line.strip()[:1].lower())

    if sys.stdin:
        threading.Thread(target=listen, daemon=True).start()
    yield lambda: read.pop(0) if read else ""
