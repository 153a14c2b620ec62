"""The result of a class as a table for the terminal, and as CSV; `gradepage` has the HTML."""

from __future__ import annotations

import csv
import io
from dataclasses import dataclass

from minigpt.classroom.grade import POINTS, Grade, commonest, points_of, readable
from minigpt.classroom.report import PartReport

BAR = 20  # characters


@dataclass(frozen=True)
class Count:
    """How many students of the class have a part right, partly right, wrong, or not handed in."""

    task: str
    part: str
    right: int
    partly: int
    wrong: int
    absent: int


def columns_of(grades: list[Grade]) -> list[tuple[str, str]]:
    """(task, part), in the order of the course."""
    order: dict[tuple[str, str], int] = {}
    for one in grades:
        for place, report in enumerate(one.reports):
            order.setdefault((one.task, report.part), place)
    return sorted(order, key=lambda key: (key[0], order[key]))


def by_student(grades: list[Grade]) -> dict[str, dict[tuple[str, str], PartReport]]:
    """The reports of each student, by task and part."""
    table: dict[str, dict] = {}
    for one in grades:
        row = table.setdefault(one.student, {})
        row.update({(one.task, report.part): report for report in one.reports})
    return table


def counts(grades: list[Grade]) -> list[Count]:
    """For each part, how the class did."""
    table = by_student(grades)
    found = []
    for key in columns_of(grades):
        reports = [row[key] for row in table.values() if key in row]
        right = sum(report.ok for report in reports)
        partly = sum(points_of(report) > 0 for report in reports) - right
        found.append(Count(*key, right, partly, len(reports) - right - partly,
                           len(table) - len(reports)))  # fmt: skip
    return found


def label(task: str, part: str = "") -> str:
    """"06 layernorm"; a bug hunt has one part, which is called as it is."""
    return task if part == task else f"{task} {part}".strip()


def total(row: dict) -> float:
    """The points of a student."""
    return round(sum(points_of(report) for report in row.values()), 2)


def as_text(grades: list[Grade], width: int = 100) -> str:
    """The table, how many have each part right, and the commonest mistakes."""
    columns, table = columns_of(grades), by_student(grades)
    rows = _table(table, {label(*c): [c] for c in columns})
    if max(map(len, rows)) > width:  # one column for each task
        tasks = dict.fromkeys(task for task, _ in columns)
        short = {t: t.replace("bughunt-", "b") for t in tasks}
        rows = _table(table, {short[t]: [c for c in columns if c[0] == t] for t in tasks})
    rows += ["", f"Right, of {len(table)} students:"]
    width = max(len(label(*c)) for c in columns)
    for count in counts(grades):
        filled = round(BAR * count.right / len(table))
        absent = f", {count.absent} not handed in" if count.absent else ""
        rows.append(f"  {label(count.task, count.part):<{width}}  {'█' * filled:░<{BAR}} "
                    f"{count.right:>3}{absent}")  # fmt: skip
    mistakes = commonest(grades)
    if mistakes:
        rows += ["", "The commonest mistakes, and how many students made them:"]
        rows += [f"  {n:>3}  {part}: {says}" for n, part, says, _ in mistakes[:12]]
        rows += [f"       and {len(mistakes) - 12} more; --html and --csv have all of them"][
            : len(mistakes) > 12
        ]
    return "\n".join(rows)


def _table(table: dict[str, dict], groups: dict[str, list[tuple[str, str]]]) -> list[str]:
    """A row for each student, a column for each group of parts, and the most that is possible."""
    name = min(28, max([len("student"), *map(len, table)]))
    most = {group: POINTS * len(keys) for group, keys in groups.items()}
    widths = [max(4, len(group)) for group in groups]

    def row(first: str, cells: list[str], last: str) -> str:
        middle = "  ".join(f"{c:>{w}}" for c, w in zip(cells, widths, strict=True))
        return f"{first[:name]:<{name}}  {middle}  {last:>6}"

    rows = [row("student", list(groups), "total")]
    for student, reports in table.items():
        cells = []
        for keys in groups.values():
            there = [points_of(reports[key]) for key in keys if key in reports]
            cells.append(f"{sum(there):.4g}" if there else "–")
        rows.append(row(student, cells, f"{total(reports):g}"))
    return [*rows, row("(of)", [f"{x:g}" for x in most.values()], f"{sum(most.values()):g}")]


def as_csv(grades: list[Grade]) -> str:
    """A row for each student and part."""
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(["student", "exercise", "part", "points", "of", "verdict", "mistakes",
                     "explanation", "seconds", "file"])  # fmt: skip
    for one in grades:
        file = readable(str(one.path))
        for report in one.reports:
            verdict = "right" if report.ok else "not written" if report.unwritten else "wrong"
            names = "; ".join(d.name for d in report.diagnoses)
            words = " ".join(report.problem.split())
            writer.writerow([_safe(x) for x in (
                one.student, report.exercise, report.part, f"{points_of(report):g}", f"{POINTS:g}",
                verdict, names, words, f"{report.seconds:g}", file)])  # fmt: skip
    return out.getvalue()


def _safe(cell: str) -> str:
    """A spreadsheet takes a cell that begins with = or @ for a formula; a name must not be one."""
    return f"'{cell}" if cell.lstrip()[:1] in ("=", "@", "+", "-") else cell
