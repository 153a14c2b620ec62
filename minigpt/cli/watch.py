"""Check again at every save, and answer to single keys."""

from __future__ import annotations

import contextlib
import os
import re
import sys
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path

from minigpt.classroom import student
from minigpt.classroom.bughunt import Hunt, hunts
from minigpt.classroom.exercises import EXERCISES
from minigpt.classroom.progress import Progress
from minigpt.classroom.worker import Worker, parts_of
from minigpt.cli import classroom_texts as texts
from minigpt.cli import lesson
from minigpt.errors import UserError

EVERY = 0.03  # seconds between two looks at the files
PATIENCE = 1.5  # seconds after which a check that still runs is announced
KEYS = "h hint   l list   n next   s solution   c check again   q quit"
SPECIAL_KEY = re.compile(r"\x1b(\[[0-9;]*.|O.)?")  # arrows and so on, as terminals send them


class Watch:
    """Looks at a file, or at all files of a folder, and checks the one that was saved.

    Args:
        folder: the student's.
        path: the file to begin with; None: the one that was saved last.
        seconds: that one part may take.
        seed: of the numbers that are tried.
        part: the only part of `path` that is checked; None: all.
    """

    def __init__(self, folder: Path, path: Path | None, seconds: float, seed: int = 0,
                 part: str | None = None):  # fmt: skip
        self.folder, self.seconds, self.seed = folder, seconds, seed
        self.path = path
        self.path = path or self._latest()
        self.part_of = {self.path: part}
        self.task = self.parts = self.outcome = self.worker = None
        self.running: Future | None = None
        self.thread = ThreadPoolExecutor(1)

    def run(self) -> int:
        """Go on until `q`; returns 0 if the last check was all right, else 1."""
        Progress(self.folder)  # if it is damaged, say so before anything else
        seen = self.checked = self._stamps()
        try:
            with keys() as pressed:
                self.check()
                while True:
                    for key in pressed():
                        if key == "q":
                            return 0 if self.outcome and self.outcome.ok else 1
                        self.answer(key)
                    before, seen = seen, self._stamps()
                    if seen == before:  # whoever writes a file has finished
                        self._look_at_files(seen)
                    self._look_at_check()
                    time.sleep(EVERY)
        finally:
            self._give_up()
            if self.worker:
                self.worker.stop()
            self.thread.shutdown()

    # --- what happened ------------------------------------------------------------------------

    def _look_at_files(self, now: dict[Path, tuple]) -> None:
        """Check what was saved since the last look."""
        saved = [path for path in now if self.checked.get(path) != now[path]]
        gone = self.path in self.checked and self.path not in now
        self.checked = now
        if saved:
            self.path = max(saved, key=lambda path: now[path][0])
            self.check()
        elif gone:
            print(f"\n{self.path} is gone or empty; it is checked when it is back.", flush=True)

    def _look_at_check(self) -> None:
        """Show the result of the check once it is there."""
        if self.running is None:
            return
        took = time.perf_counter() - self.start
        if self.running.done():
            self.outcome, self.running = self.running.result(), None
            self._show(took)
            self.worker = Worker(self.seconds)  # so that the next save is answered at once
        elif took > PATIENCE and not self.announced:
            self.announced = True
            print(f"\nStill running; a part may take {self.seconds:g} s. Save a repaired file, or "
                  f"press q.", flush=True)  # fmt: skip

    # --- what to do ---------------------------------------------------------------------------

    def check(self) -> None:
        """Begin to check the file, in a thread; a check that still runs is given up."""
        self._give_up()
        try:
            path, self.task = student.file_and_task(str(self.path), self.folder)
        except UserError as error:
            print(texts.wrapped(str(error)), flush=True)
            return
        only = self.part_of.get(path)
        parts = parts_of(self.task)
        self.parts = [part for part in parts if only in (None, part[0])]
        skip = [part[0] for part in parts if part not in self.parts]
        self.worker = self.worker or Worker(self.seconds)
        self.start, self.announced, self.outcome = time.perf_counter(), False, None
        self.running = self.thread.submit(self.worker.check, path, student.short_name(self.task),
                                          self.parts, self.seed, skip)  # fmt: skip

    def _give_up(self) -> None:
        """End a check that still runs."""
        if self.running:
            self.worker.stop()
            with contextlib.suppress(Exception):
                self.running.result()
            self.worker = self.running = None

    def _show(self, took: float) -> None:
        """Print what was found, and note it."""
        path, outcome = self.path, self.outcome
        print(f"\n{'─' * min(80, texts.columns())}\n{path}\n")
        print(texts.outcome_text(path, self.task, outcome, texts.wants_colour(), watching=True))
        reached = {report.part for report in outcome.reports}
        left = [name for name, _ in self.parts if name not in reached]
        if left:
            print(f"\nNot checked this time: {', '.join(left)}.")
        texts.note(outcome, self.folder)
        print(f"\n[{took:.2f} s]  {KEYS}", flush=True)

    def answer(self, key: str) -> None:
        """Do what a key asks for."""
        actions: dict[str, Callable] = {
            "h": self._hint, "l": self._list, "n": self._next, "s": self._solution,
            "c": self.check,
        }  # fmt: skip
        if key not in actions:
            print(f"\n{KEYS}", flush=True)
            return
        try:
            print()
            actions[key]()
        except UserError as error:
            print(texts.wrapped(str(error)))
        sys.stdout.flush()

    def _hint(self) -> None:
        if self.outcome is None:
            raise UserError("There is nothing to hint at before the check has ended.")
        texts.show_hint(self.outcome, self.folder, watching=True)

    def _list(self) -> None:
        print(lesson.list_text(self.folder, texts.wants_colour()))

    def _solution(self) -> None:
        if self.task is None:
            raise UserError("No exercise is being watched yet.")
        print(lesson.solution_text(self.task, self.folder))

    def _next(self) -> None:
        """Begin the next exercise or hunt, or go on with it."""
        tasks = list((hunts() if isinstance(self.task, Hunt) else EXERCISES).values())
        after = self.task.number if self.task else ""
        task = next((task for task in tasks if task.number > after), None)
        if task is None:
            print("That was the last one.")
            return
        path = self.folder / task.file_name
        if not path.exists():
            lesson.begin(path, task, watching=True)
            self.checked = self._stamps()
        self.path = path
        self.check()

    # --- the files ----------------------------------------------------------------------------

    def _latest(self) -> Path:
        stamps = self._stamps()
        if not stamps:
            raise UserError(
                f"There is nothing to watch in the folder {self.folder}; begin with `minigpt "
                f"lesson start 02{student.folder_option(self.folder)}`."
            )
        return max(stamps, key=lambda path: stamps[path][0])

    def _stamps(self) -> dict[Path, tuple[int, int, int]]:
        """When each file was saved, its size, and which file it is."""
        paths = {self.folder / task.file_name for task in (*EXERCISES.values(), *hunts().values())}
        found = {}
        for path in paths | ({self.path} if self.path else set()):
            with contextlib.suppress(OSError):
                stat = path.stat()
                if stat.st_size and path.is_file():  # empty: an editor has not written it yet
                    found[path] = (stat.st_mtime_ns, stat.st_size, stat.st_ino)
        return found


# --- keys -------------------------------------------------------------------------------------


@contextlib.contextmanager
def keys() -> Iterator[Callable[[], str]]:
    """Lend a function that returns the keys pressed since the last call; it never waits."""
    if not sys.stdin or not sys.stdin.isatty():
        yield _lines()
    elif sys.platform == "win32":
        yield _windows_keys
    else:
        import termios
        import tty

        before = termios.tcgetattr(sys.stdin)
        tty.setcbreak(sys.stdin)
        try:
            yield _terminal_keys
        finally:
            termios.tcsetattr(sys.stdin, termios.TCSADRAIN, before)


def _terminal_keys() -> str:
    import select
    import termios
    import tty

    if termios.tcgetattr(sys.stdin)[3] & termios.ICANON:  # back after Ctrl-Z and fg
        tty.setcbreak(sys.stdin, termios.TCSANOW)
    if not select.select([sys.stdin], [], [], 0)[0]:
        return ""
    typed = os.read(sys.stdin.fileno(), 1000)
    if not typed or b"\x04" in typed:  # the terminal is gone, or Ctrl-D
        return "q"
    return _letters(SPECIAL_KEY.sub("", typed.decode("utf-8", "replace")))


def _windows_keys() -> str:
    import msvcrt

    typed = ""
    while msvcrt.kbhit():
        key = msvcrt.getwch()
        if key in "\x00\xe0":  # a special key: its second half follows
            msvcrt.getwch()
        elif key == "\x03":
            raise KeyboardInterrupt
        else:
            typed += key
    return _letters(typed)


def _letters(typed: str) -> str:
    return "".join(typed.lower().split())


def _lines() -> Callable[[], str]:
    """Without a terminal, the first letter of each line is a key; at the end of input, none."""
    read: list[str] = []

    def listen() -> None:
        with contextlib.suppress(ValueError, OSError):
            for line in iter(sys.stdin.readline, ""):
                read.append(line.strip()[:1].lower())

    if sys.stdin:
        threading.Thread(target=listen, daemon=True).start()
    return lambda: read.pop(0) if read else ""
