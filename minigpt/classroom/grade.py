"""Grade a folder of submissions: each file in a process of its own, with limits.

What is isolated: time (a limit for each part), memory (one for the process and its children), the
working folder (a copy in a temporary place), minigpt itself (a copy for each process), what is
printed, `sys.exit` and crashes, and processes that it started in the usual way. All files are read
before the first one runs.

What is not: a submission runs with the rights of whoever grades. It can read and write their files
(Python's and NumPy's own among them), use the network, start processes without number, leave some
behind if it means to, and, as it runs in the process that measures it, forge its own result. Grade
the work of people whom you don't trust in a container.
"""

from __future__ import annotations

import contextlib
import re
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path

from minigpt.classroom.bughunt import Hunt
from minigpt.classroom.exercise import Exercise
from minigpt.classroom.exercises import EXERCISES
from minigpt.classroom.materials import Materials, fingerprint, read_package
from minigpt.classroom.report import PartReport
from minigpt.classroom.student import short_name, task_of_file
from minigpt.classroom.worker import MEGABYTES, SECONDS, Worker, check_file, parts_of
from minigpt.errors import UserError

SEED = 1  # other numbers than those of the students' own check
POINTS = 10.0  # for a part
NUMBERS = {"forward": 4.0, "backward": 4.0, "numbers": 8.0, "the mistake is gone": 10.0}
MANNERS = ("gradient check", "inputs unchanged", "called twice", "float32", "ready for a GPU")
MOST_FILES, MOST_BYTES = 200, 20 << 20  # of one student
MOST_CODE = 1 << 20  # bytes of one file to grade
SKIPPED = {"__pycache__", ".git", ".ipynb_checkpoints", ".venv", "venv", "__MACOSX"}


@dataclass
class Submission:
    """A student's file, and the files beside it, as they were when the grading began.

    `files` are by their path within `home`, the student's folder.
    """

    student: str
    path: Path
    task: Exercise | Hunt
    files: dict[Path, bytes] = field(repr=False, default_factory=dict)
    home: Path = Path()


@dataclass
class Grade:
    """How one submission did: a report and points for each part."""

    student: str
    path: Path
    task: str
    reports: list[PartReport]
    seconds: float = 0.0
    printed: str = ""

    @property
    def points(self) -> dict[str, float]:
        return {report.part: points_of(report) for report in self.reports}


def points_of(report: PartReport) -> float:
    """0 to 10: forward 4, backward 4 (a single function: 8), and 2 for manners.

    Manners count once all numbers are right. Code that is not the student's own counts nothing.
    """
    ok = {line.name: line.ok for line in report.lines}
    if ok.get("your own code") is False:
        return 0.0
    if report.ok:
        return POINTS
    numbers = [name for name in NUMBERS if name in ok]
    total = sum(NUMBERS[name] for name in numbers if ok[name])
    manners = [name for name in MANNERS if name in ok]
    if numbers and all(ok[name] for name in numbers) and manners:
        total += (POINTS - total) * sum(bool(ok[name]) for name in manners) / len(manners)
    return round(total, 2)


def find_submissions(folder: Path) -> tuple[list[Submission], list[str]]:
    """All submissions below a folder, and a sentence for each file that is none.

    A student is a folder in it, or the rest of a file's name: `ada/06_layernorm.py`,
    `06_layernorm_ada.py`. Of several files for one task the one that was saved last counts.

    Raises:
        UserError: when the folder does not exist or holds no submission.
    """
    if not folder.is_dir():
        raise UserError(f"There is no folder {folder}.")
    found: dict[tuple[str, str], Submission] = {}
    notes: list[str] = []
    for path in sorted(folder.iterdir()):
        if path.name in SKIPPED or path.name.startswith("."):
            continue
        if path.is_symlink():
            notes.append(f"{path}: is a link, left out.")
        elif path.is_dir():
            files = _files_of(path, notes)
            for file in files:
                if file.suffix == ".py":
                    _take(found, notes, path.name, path, file, files)
        elif path.suffix == ".py":
            student = _student_in(path.stem) or folder.resolve().name
            with _noting(path, notes):
                _take(found, notes, student, folder, path, {path: _read(path, MOST_CODE)})
    if not found:
        raise UserError(
            f"There is no submission in {folder}: put each student's files into a folder of their "
            f"own, such as {Path(folder, 'ada', '06_layernorm.py')}."
        )
    ordered = sorted(found.values(), key=lambda s: (s.student.lower(), short_name(s.task)))
    return ordered, [readable(note) for note in notes]


def _files_of(folder: Path, notes: list[str]) -> dict[Path, bytes]:
    """The files of a student, read once; programs first, should there be too many."""
    files: dict[Path, bytes] = {}
    room, full = MOST_BYTES, False
    for path in sorted(folder.rglob("*"), key=lambda path: (path.suffix != ".py", path)):
        parts = path.relative_to(folder).parts
        hidden = SKIPPED & set(parts) or any(part.startswith(".") for part in parts)
        if hidden or path.is_symlink() or not path.is_file():
            continue
        with _noting(path, notes):
            if len(files) == MOST_FILES or path.stat().st_size > room:
                full = True
                continue
            files[path] = _read(path, MOST_CODE if path.suffix == ".py" else room)
            room -= len(files[path])
    if full:
        notes.append(f"{folder}: more than {MOST_FILES} files or {MOST_BYTES >> 20} MB; the rest "
                     f"is left out.")  # fmt: skip
    return files


@contextlib.contextmanager
def _noting(path: Path, notes: list[str]):
    """A file that can't be read is told, and keeps nobody else's from being graded."""
    try:
        yield
    except OSError as error:
        notes.append(f"{path}: can't be read ({error.strerror}), left out.")
    except UserError as error:
        notes.append(str(error))


def _read(path: Path, most: int) -> bytes:
    if path.stat().st_size > most:
        raise UserError(f"{path}: is larger than {most >> 20} MB, left out.")
    return path.read_bytes()


def _take(found, notes, student, home, path, files) -> None:
    student = readable(student)
    try:
        task = task_of_file(path)
    except UserError:
        if path.stem not in ("helpers", "utils", "__init__"):
            notes.append(f"{path}: belongs to no exercise, is only there to be imported.")
        return
    new = Submission(student, path, task, {p.relative_to(home): c for p, c in files.items()}, home)
    key = student, short_name(task)
    if key in found:
        old = found[key]
        new, old = sorted([new, old], key=_precedence, reverse=True)
        notes.append(f"{old.path}: {student} has another file for {key[1]}, {new.path.name}, which "
                     f"counts (by its name, or it is newer).")  # fmt: skip
    found[key] = new


def _precedence(submission: Submission):
    """A file that is called after its task is no helper module; among equals, the newer one."""
    path, task = submission.path, submission.task
    called = task.number in path.stem or task.name in path.stem
    return called, path.stat().st_mtime, path.name == task.file_name


def _student_in(stem: str) -> str:
    """The rest of a file's name without the exercise's: "06_layernorm_ada" -> "ada"."""
    names = {e.name for e in EXERCISES.values()} | {"bughunt"}
    rest = [word for word in re.split(r"[_\- ]+", stem) if not word.isdigit()
            and re.sub(r"\d+$", "", word.lower()) not in names]  # fmt: skip
    return " ".join(rest)


def readable(text: str) -> str:
    """A name without what a terminal or a file can't take."""
    return "".join(c if c.isprintable() else "?" for c in text)


def grade(
    submissions: list[Submission],
    seconds: float = SECONDS,
    megabytes: int = MEGABYTES,
    jobs: int = 1,
    seed: int = SEED,
    on_grade: Callable[[Grade], None] | None = None,
    on_note: Callable[[str], None] | None = None,
) -> list[Grade]:
    """Grade all submissions, `jobs` at a time; the order of the result is theirs.

    Args:
        on_grade: called with each grade as soon as it is there.
        on_note: called with a sentence when minigpt's own files were changed meanwhile.
    """
    crew = _Crew(seconds, megabytes, seed)

    def one(submission: Submission) -> Grade:
        result = crew.grade(submission)
        if crew.stopped:  # it was cut short
            return result
        if crew.installed_changed() and on_note:
            on_note(f"minigpt's own files were changed while {submission.path} ran. Each "
                    f"submission has a copy from before, so this grading is sound; but look at "
                    f"that file, and install minigpt anew.")  # fmt: skip
        if on_grade:
            on_grade(result)
        return result

    pool = ThreadPoolExecutor(max(1, jobs))
    try:
        return list(pool.map(one, submissions))
    finally:
        crew.stop()
        pool.shutdown(cancel_futures=True)


class _Crew:
    """The processes that are at work, and what each of them is given."""

    def __init__(self, seconds: float, megabytes: int, seed: int):
        self.seconds, self.megabytes, self.seed = seconds, megabytes, seed
        self.package, self.installed = read_package(), fingerprint()
        self.working: list[Worker] = []
        self.stopped, self.lock = False, threading.Lock()

    def grade(self, submission: Submission) -> Grade:
        materials = Materials(submission.files, self.package)
        task = submission.task
        path = submission.path.relative_to(submission.home)
        outcome = check_file(path, task, parts_of(task), seed=self.seed,
                             new_worker=lambda: self._worker(materials))  # fmt: skip
        return Grade(submission.student, submission.path, short_name(task), outcome.reports,
                     round(outcome.seconds, 3), outcome.printed)  # fmt: skip

    def _worker(self, materials: Materials) -> Worker:
        with self.lock:
            if self.stopped:
                raise UserError("The grading was stopped.")
            self.working = [worker for worker in self.working if not worker.stopped]
            worker = Worker(self.seconds, self.megabytes, materials)
            self.working.append(worker)
            return worker

    def installed_changed(self) -> bool:
        """Whether minigpt's installed files changed since the last time that this was asked."""
        with self.lock:
            before, self.installed = self.installed, fingerprint()
            return before != self.installed

    def stop(self) -> None:
        """End all that runs; nothing more is begun."""
        with self.lock:
            self.stopped = True
            for worker in self.working:
                worker.stop()


def commonest(grades: list[Grade]) -> list[tuple[int, str, str, list[str]]]:
    """The mistakes that were named: (count, part, in words, students), commonest first.

    Counted are the students, each once for a mistake; among equals, one with a name comes first.
    """
    students: dict[tuple[str, str], list[str]] = {}
    for one in grades:
        for key in dict.fromkeys(key for report in one.reports for key in _named(report)):
            students.setdefault(key, []).append(one.student)
    known = {(report.part, one.says) for g in grades for report in g.reports
             for one in report.diagnoses if one.kind == "known"}  # fmt: skip
    ordered = sorted(students.items(), key=lambda item: (-len(item[1]), item[0] not in known))
    return [(len(who), *key, who) for key, who in ordered]


def _named(report: PartReport) -> list[tuple[str, str]]:
    if report.ok or report.unwritten:
        return []
    known = [(report.part, one.says) for one in report.diagnoses if one.kind == "known"]
    if known:
        return known
    red = next((line for line in report.lines if line.ok is False), None)
    if red is None:
        return []
    if red.name == "loads":  # the same for all parts of a file; after the colon, for each file
        words = red.seen.partition(":")[0].rstrip(".")
        return [(report.exercise, words if words.endswith("?") else f"{words}.")]
    facts = [(report.part, f"{', '.join(one.outputs)} {one.says}") for one in report.diagnoses]
    return facts or [(report.part, f"{red.name}: {red.seen}")]
