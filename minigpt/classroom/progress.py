"""What a student has done so far, in a file of their own folder."""

from __future__ import annotations

import json
from pathlib import Path

from minigpt.classroom.report import PartReport
from minigpt.errors import UserError
from minigpt.files import atomic_write

FILE = "progress.json"


class Progress:
    """The parts that pass, the tries, the hints that were shown.

    Args:
        folder: the student's; the file is made at the first note.

    Raises:
        UserError: when the file is damaged.
    """

    def __init__(self, folder: Path):
        self.path = Path(folder) / FILE
        self.parts: dict[str, dict] = {}
        self.gave_up: list[str] = []
        try:
            stored = json.loads(self.path.read_text(encoding="utf-8"))
            self.parts = {key: dict(value) for key, value in stored["parts"].items()}
            self.gave_up = list(stored["gave_up"])
        except FileNotFoundError:
            pass
        except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
            raise UserError(
                f"{self.path} is damaged ({error}); delete it to begin the list of your progress "
                f"anew. Your exercises are not touched by that."
            ) from error

    def note(self, reports: list[PartReport]) -> None:
        """Write down how a check ended."""
        for report in reports:
            entry = self._entry(report)
            entry["passes"] = report.ok
            entry["ever"] = entry["ever"] or report.ok
            if not report.unwritten:
                entry["tries"] += 1
            problem = _key(report)
            if problem != entry["problem"]:
                entry["problem"], entry["hints"] = problem, 0
        self.save()

    def next_hint(self, report: PartReport) -> tuple[int, str]:
        """The next hint for this failure, which number it is; the last one stays."""
        entry = self._entry(report)
        if entry["problem"] != _key(report):
            entry["problem"], entry["hints"] = _key(report), 0
        entry["hints"] = min(entry["hints"] + 1, max(1, len(report.hints)))
        self.save()
        if not report.hints:
            return 1, "There is no hint for this."
        return entry["hints"], report.hints[entry["hints"] - 1]

    def give_up(self, task: str) -> None:
        """Note that the solution was asked for before the pass."""
        if task not in self.gave_up:
            self.gave_up.append(task)
            self.save()

    def state(self, task: str, part: str) -> str:
        """ "passes", "tried" or "" for a part."""
        entry = self.parts.get(f"{task}/{part}")
        if entry is None:
            return ""
        return "passes" if entry["passes"] else "tried"

    def ever_passed(self, task: str, parts: list[str]) -> bool:
        """Whether each of these parts has passed once."""
        return all(self.parts.get(f"{task}/{part}", {}).get("ever") for part in parts)

    def save(self) -> None:
        """Write the file; raises UserError when that is not possible."""
        values = {"parts": self.parts, "gave_up": self.gave_up}
        atomic_write(self.path, json.dumps(values, indent=1) + "\n",
                     "free some room or choose another --folder")  # fmt: skip

    def _entry(self, report: PartReport) -> dict:
        key = f"{report.exercise}/{report.part}"
        fresh = {"passes": False, "ever": False, "tries": 0, "problem": "", "hints": 0}
        entry = self.parts.setdefault(key, fresh)
        for name, value in fresh.items():
            entry.setdefault(name, value)
        return entry


def _key(report: PartReport) -> str:
    """What fails, so that the hints begin anew when something else does."""
    red = [line.name for line in report.lines if line.ok is False]
    names = [one.name for one in report.diagnoses]
    return " ".join([*red[:1], *names])
