"""What a student has done so far, in a file of their own folder."""

from __future__ import annotations

import contextlib
import json
import os
import time
from collections.abc import Iterator
from pathlib import Path

from minigpt.classroom.report import PartReport
from minigpt.errors import UserError
from minigpt.files import atomic_write

FILE = "progress.json"
FRESH = {"passes": False, "ever": False, "tries": 0, "problem": "", "hints": 0}
PATIENCE = 3.0  # seconds after which another process's lock counts as left behind


@contextlib.contextmanager
def changing(folder: Path) -> Iterator[Progress]:
    """Lend the progress of a folder, and save it; two commands at once do so one by one.

    Raises:
        UserError: when the file is damaged, or can't be written.
    """
    lock, start, mine = Path(folder) / f".{FILE}.lock", time.monotonic(), False
    while not mine:
        try:
            os.close(os.open(lock, os.O_CREAT | os.O_EXCL | os.O_WRONLY))
            mine = True
        except FileExistsError:
            if time.monotonic() - start > PATIENCE:
                with contextlib.suppress(OSError):
                    lock.unlink()
                start = time.monotonic()
            time.sleep(0.01)
        except OSError:  # no such folder yet, or nothing can be written: `save` will tell
            break
    try:
        progress = Progress(folder)
        yield progress
        progress.save()
    finally:
        if mine:
            with contextlib.suppress(OSError):
                lock.unlink()


class Progress:
    """The parts that pass, the tries, the hints that were shown; `changing` saves changes.

    Args:
        folder: the student's; the file is made at the first `save`.

    Raises:
        UserError: when the file is damaged, or can't be read.
    """

    def __init__(self, folder: Path):
        self.path = Path(folder) / FILE
        self.parts: dict[str, dict] = {}
        self.gave_up: list[str] = []
        try:
            self._take(json.loads(self.path.read_text(encoding="utf-8")))
        except (FileNotFoundError, NotADirectoryError):
            pass
        except OSError as error:
            raise UserError(
                f"{self.path} can't be read ({error.strerror or error}), but your progress is kept "
                f"there; repair that, or choose another --folder."
            ) from error
        except (ValueError, RecursionError) as error:
            raise UserError(
                f"{self.path} is damaged; delete it to begin the list of your progress anew. Your "
                f"exercises are not touched by that."
            ) from error

    def _take(self, stored) -> None:
        """Take over what was read; ValueError where it is not what `save` writes."""
        parts = stored.get("parts") if isinstance(stored, dict) else None
        gave_up = stored.get("gave_up") if isinstance(stored, dict) else None
        if not isinstance(parts, dict) or not isinstance(gave_up, list):
            raise ValueError("parts or gave_up is missing")
        for key, entry in parts.items():
            if not isinstance(entry, dict):
                raise ValueError(f"{key} is no object")
            self.parts[key] = FRESH | entry
            for name, value in FRESH.items():
                given = self.parts[key][name]
                if type(given) is not type(value) or (type(given) is int and given < 0):
                    raise ValueError(f"{name} of {key} is {given!r}")
        self.gave_up = [name for name in gave_up if isinstance(name, str)]

    def note(self, reports: list[PartReport]) -> None:
        """Write down how a check ended."""
        for report in reports:
            entry = self._entry(report)
            entry["passes"] = report.ok
            entry["ever"] = entry["ever"] or report.ok
            entry["tries"] += not report.unwritten

    def next_hint(self, report: PartReport) -> tuple[int, str]:
        """The next hint for this failure, and which number it is; the last one stays."""
        entry = self._entry(report)
        entry["hints"] = min(entry["hints"] + 1, max(1, len(report.hints)))
        if not report.hints:
            return 1, "There is no hint for this."
        return entry["hints"], report.hints[entry["hints"] - 1]

    def give_up(self, task: str) -> None:
        """Note that the solution was asked for before the pass."""
        if task not in self.gave_up:
            self.gave_up.append(task)

    def begin_anew(self, task: str) -> None:
        """The student's file is empty again: no part passes; what was reached once stays noted."""
        for key, entry in self.parts.items():
            if key.startswith(f"{task}/"):
                entry.update(passes=False, tries=0, hints=0)

    def state(self, task: str, part: str) -> str:
        """ "passes", "tried" or "" for a part."""
        entry = self.parts.get(f"{task}/{part}", FRESH)
        return "passes" if entry["passes"] else "tried" if entry["tries"] else ""

    def tries(self, task: str, part: str) -> int:
        """How often a part was checked after something was written."""
        return self.parts.get(f"{task}/{part}", FRESH)["tries"]

    def ever_passed(self, task: str, parts: list[str]) -> bool:
        """Whether each of these parts has passed once."""
        return all(self.parts.get(f"{task}/{part}", FRESH)["ever"] for part in parts)

    def save(self) -> None:
        """Write the file; raises UserError when that is not possible."""
        values = {"parts": self.parts, "gave_up": self.gave_up}
        atomic_write(self.path, json.dumps(values, indent=1) + "\n",
                     "free some room or choose another --folder")  # fmt: skip

    def _entry(self, report: PartReport) -> dict:
        """What is kept of a part; when something else fails than before, the hints begin anew."""
        entry = self.parts.setdefault(f"{report.exercise}/{report.part}", dict(FRESH))
        problem = _key(report)
        if problem != entry["problem"]:
            entry["problem"], entry["hints"] = problem, 0
        return entry


def _key(report: PartReport) -> str:
    """What fails; for an exception or a result that breaks the contract, which."""
    red = [line for line in report.lines if line.ok is False]
    names = [one.name for one in report.diagnoses]
    words = report.problem.partition(".")[0][:80] if red and red[0].name == "runs" else ""
    return " ".join([*(line.name for line in red[:1]), *names, words]).strip()
