"""Grade a folder of submissions: each file in a process of its own, with limits.

What is isolated: time (a limit for each part), memory (one for the process), the working folder (a
copy in a temporary place), what is printed, `sys.exit` and crashes, and processes that it started
in the usual way. All files are read before the first one runs, and minigpt's own files are compared
after each, so no submission can change another one's result unnoticed.

What is not: a submission runs with the rights of whoever grades. It can read and write their files,
use the network, leave processes behind if it means to, and, as it runs in the process that measures
it, forge its own result. Grade the work of people whom you don't trust in a container.
"""

from __future__ import annotations

import hashlib
import re
import shutil
import tempfile
from collections import Counter
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path

from minigpt.classroom.bughunt import Hunt
from minigpt.classroom.exercise import Exercise
from minigpt.classroom.exercises import EXERCISES
from minigpt.classroom.report import PartReport
from minigpt.classroom.student import short_name, task_of_file
from minigpt.classroom.worker import MEGABYTES, SECONDS, Worker, check_file, parts_of
from minigpt.errors import UserError

SEED = 1  # other numbers than those of the students' own check
POINTS = 10.0  # for a part
NUMBERS = {"forward": 4.0, "backward": 4.0, "numbers": 8.0, "the mistake is gone": 10.0}
MANNERS = ("gradient check", "inputs unchanged", "called twice", "float32", "ready for a GPU")
MOST_FILES, MOST_BYTES = 200, 20 << 20  # of one student
SKIPPED = {"__pycache__", ".git", ".ipynb_checkpoints", ".venv", "venv", "__MACOSX"}


@dataclass
class Submission:
    """A student's file, and the files beside it, as they were when the grading began."""

    student: str
    path: Path
    task: Exercise | Hunt
    files: dict[Path, bytes] = field(repr=False, default_factory=dict)


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
        if path.is_dir():
            files = _files_of(path, notes)
            for file in files:
                if file.suffix == ".py":
                    _take(found, notes, path.name, file, files)
        elif path.suffix == ".py":
            student = _student_in(path.stem)
            _take(found, notes, student, path, {path: path.read_bytes()})
    if not found:
        raise UserError(
            f"There is no submission in {folder}: put each student's files into a folder of their "
            f"own, such as {folder}/ada/06_layernorm.py."
        )
    ordered = sorted(found.values(), key=lambda s: (s.student.lower(), short_name(s.task)))
    return ordered, notes


def _files_of(folder: Path, notes: list[str]) -> dict[Path, bytes]:
    """The files of a student, read once."""
    files: dict[Path, bytes] = {}
    size = 0
    for path in sorted(folder.rglob("*")):
        if SKIPPED & set(path.parts) or path.is_symlink() or not path.is_file():
            continue
        size += path.stat().st_size
        if len(files) >= MOST_FILES or size > MOST_BYTES:
            notes.append(f"{folder}: more than {MOST_FILES} files or 20 MB; the rest is left out.")
            break
        files[path] = path.read_bytes()
    return files


def _take(found, notes, student, path, files) -> None:
    try:
        task = task_of_file(path)
    except UserError:
        if path.stem not in ("helpers", "utils", "__init__"):
            notes.append(f"{path}: belongs to no exercise, left out.")
        return
    key = student, short_name(task)
    if key in found:
        newer = path.stat().st_mtime > found[key].path.stat().st_mtime
        older = found[key].path if newer else path
        notes.append(f"{older}: {student} has a newer file for {key[1]}, left out.")
        if not newer:
            return
    found[key] = Submission(student, path, task, files)


def _student_in(stem: str) -> str:
    """The rest of a file's name without the exercise's: "06_layernorm_ada" -> "ada"."""
    names = {e.name for e in EXERCISES.values()} | {"bughunt"}
    rest = [word for word in re.split(r"[_\- ]+", stem) if not word.isdigit()
            and re.sub(r"\d+$", "", word.lower()) not in names]  # fmt: skip
    return " ".join(rest) or stem


def grade(
    submissions: list[Submission],
    seconds: float = SECONDS,
    megabytes: int = MEGABYTES,
    jobs: int = 1,
    seed: int = SEED,
    on_grade: Callable[[Grade], None] | None = None,
) -> list[Grade]:
    """Grade all submissions, `jobs` at a time; the order of the result is theirs.

    Raises:
        UserError: when minigpt's own files were changed meanwhile.
    """
    before = fingerprint()

    def one(submission: Submission) -> Grade:
        result = _grade_one(submission, seconds, megabytes, seed)
        if fingerprint() != before:
            raise UserError(
                f"minigpt's own files were changed while {submission.path} ran; install minigpt "
                f"anew, look at that file, and grade again."
            )
        if on_grade:
            on_grade(result)
        return result

    with ThreadPoolExecutor(max(1, jobs)) as pool:
        return list(pool.map(one, submissions))


def _grade_one(submission: Submission, seconds, megabytes, seed) -> Grade:
    """One submission, in a copy of its folder that is removed afterwards."""
    work = Path(tempfile.mkdtemp(prefix="minigpt-grade-"))
    try:
        root = submission.path.parent
        roots = [root, *root.parents]
        base = next(r for r in roots if all(r in file.parents for file in submission.files))
        for file, content in submission.files.items():
            target = work / file.relative_to(base)
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_bytes(content)
        path = work / submission.path.relative_to(base)
        worker = Worker(seconds, megabytes, folder=work)
        outcome = check_file(path, submission.task, parts_of(submission.task), seconds, seed,
                             worker=worker, megabytes=megabytes)  # fmt: skip
        return Grade(submission.student, submission.path, short_name(submission.task),
                     outcome.reports, round(outcome.seconds, 3), outcome.printed)  # fmt: skip
    finally:
        shutil.rmtree(work, ignore_errors=True)


def fingerprint() -> str:
    """A number for minigpt's own files, which changes when one of them does."""
    package, digest = Path(__file__).parents[1], hashlib.sha256()
    for path in sorted(package.rglob("*.py")):
        digest.update(str(path).encode() + path.read_bytes())
    return digest.hexdigest()


def commonest(grades: list[Grade]) -> list[tuple[int, str, str, list[str]]]:
    """The mistakes that were named: (count, part, in words, students), commonest first."""
    counts: Counter = Counter()
    students: dict[tuple[str, str], list[str]] = {}
    for one in grades:
        for report in one.reports:
            for key in _named(report):
                counts[key] += 1
                students.setdefault(key, []).append(one.student)
    return [(count, *key, students[key]) for key, count in counts.most_common()]


def _named(report: PartReport) -> list[tuple[str, str]]:
    if report.ok or report.unwritten:
        return []
    known = [(report.part, one.says) for one in report.diagnoses if one.kind == "known"]
    if known:
        return known
    red = next((line for line in report.lines if line.ok is False), None)
    if red is None:
        return []
    facts = [(report.part, f"{', '.join(one.outputs)} {one.says}") for one in report.diagnoses]
    return facts or [(report.part, f"{red.name}: {red.seen}")]
