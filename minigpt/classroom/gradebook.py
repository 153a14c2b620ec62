"""The result of a class as a table, as CSV and as a page of HTML."""

from __future__ import annotations

import csv
import html
import io

from minigpt.classroom.grade import POINTS, Grade, commonest, points_of
from minigpt.classroom.report import PartReport

NOTE = (
    "Each submission ran in a process of its own, with limits of time and memory, in a copy of its "
    "folder. Not isolated: files that the grader may write, the network, and a submission that "
    "means to forge its own result."
)


def columns_of(grades: list[Grade]) -> list[tuple[str, str]]:
    """(task, part), in the order of the course."""
    found = {(g.task, report.part) for g in grades for report in g.reports if report.part != "file"}
    order: dict[str, int] = {}
    for g in grades:
        for report in g.reports:
            order.setdefault(report.part, len(order))
    return sorted(found, key=lambda key: (key[0], order[key[1]]))


def by_student(grades: list[Grade]) -> dict[str, dict[tuple[str, str], PartReport]]:
    """The reports of each student, by task and part."""
    table: dict[str, dict] = {}
    for one in grades:
        row = table.setdefault(one.student, {})
        row.update({(one.task, report.part): report for report in one.reports})
    return table


def _total(row: dict) -> float:
    return sum(points_of(report) for report in row.values())


def as_text(grades: list[Grade]) -> str:
    """The table, and below it the commonest mistakes."""
    columns, table = columns_of(grades), by_student(grades)
    heads = [f"{task} {part}"[:14] for task, part in columns]
    width = max([7, *(len(student) for student in table)])
    width = min(width, 28)
    rows = [f"{'student':<{width}}  " + "  ".join(f"{h:>14}" for h in heads) + "     total"]
    for student, row in table.items():
        cells = [f"{points_of(row[c]):>14g}" if c in row else f"{'–':>14}" for c in columns]
        total = f"{_total(row):>10g}"
        rows.append(f"{student[:width]:<{width}}  " + "  ".join(cells) + total)
    rows.append(f"(of {POINTS:g} points a part)")
    mistakes = commonest(grades)
    if mistakes:
        rows += ["", "The commonest mistakes:"]
        rows += [f"  {count:>3}  {part}: {says}" for count, part, says, _ in mistakes[:12]]
    return "\n".join(rows)


def as_csv(grades: list[Grade]) -> str:
    """A row for each student and part."""
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(["student", "exercise", "part", "points", "of", "verdict", "mistakes",
                     "explanation", "seconds", "file"])  # fmt: skip
    for one in grades:
        for report in one.reports:
            verdict = "right" if report.ok else "not written" if report.unwritten else "wrong"
            names = "; ".join(d.name for d in report.diagnoses)
            words = " ".join(report.problem.split())
            writer.writerow([_safe(x) for x in (
                one.student, report.exercise, report.part, f"{points_of(report):g}", f"{POINTS:g}",
                verdict, names, words, f"{report.seconds:g}", str(one.path))])  # fmt: skip
    return out.getvalue()


def _safe(cell: str) -> str:
    """A spreadsheet takes a cell that begins with = or @ for a formula; a name must not be one."""
    return f"'{cell}" if cell[:1] in ("=", "@", "+", "-", "\t", "\r") else cell


def as_html(grades: list[Grade]) -> str:
    """A page by itself: the table, the commonest mistakes, and each report to unfold."""
    columns, table = columns_of(grades), by_student(grades)
    head = "".join(f"<th>{_e(task)}<br>{_e(part)}</th>" for task, part in columns)
    body = []
    for student, row in table.items():
        cells = "".join(_cell(row.get(c)) for c in columns)
        body.append(f"<tr><th class=name>{_e(student)}</th>{cells}"
                    f"<td class=sum>{_total(row):g}</td></tr>")  # fmt: skip
    mistakes = "".join(
        f"<tr><td class=n>{count}</td><td>{_e(part)}</td><td>{_e(says)}</td>"
        f"<td class=who>{_e(', '.join(sorted(set(who))))}</td></tr>"
        for count, part, says, who in commonest(grades)
    )
    details = "".join(
        f"<details><summary>{_e(g.student)}: {_e(g.path.name)}</summary>"
        + "".join(report._repr_html_() for report in g.reports)
        + (f"<pre>{_e(g.printed)}</pre>" if g.printed.strip() else "")
        + "</details>"
        for g in grades
        if not all(report.ok for report in g.reports)
    )
    none = "<p>None: everything that was handed in is right.</p>"
    common = (
        f"<table class=list><tr><th>count</th><th>part</th><th>mistake</th><th>who</th></tr>"
        f"{mistakes}</table>"
    )
    return f"""<!doctype html>
<html lang="en"><meta charset="utf-8"><title>minigpt: the class</title>
<meta name="viewport" content="width=device-width">
<style>{STYLE}</style>
<h1>The class</h1>
<p>{len(table)} students, {len(grades)} files. Points of {POINTS:g} a part; forward and backward
4 each (a single function 8), manners 2.</p>
<div class=wide><table class=points><tr><th>student</th>{head}<th>total</th></tr>
{"".join(body)}</table></div>
<p class=key><span class=full>&nbsp;</span> right <span class=part>&nbsp;</span> partly right
<span class=zero>&nbsp;</span> wrong or not written <span class=none>–</span> not handed in</p>
<h2>The commonest mistakes</h2>
{common if mistakes else none}
<h2>What to repair</h2>
{details or none}
<p class=note>{_e(NOTE)}</p>
</html>
"""


STYLE = """
body { font: 16px/1.45 system-ui, sans-serif; max-width: 70em; margin: 2em auto; padding: 0 1em;
  color: #222 }
.wide { overflow-x: auto }
table { border-collapse: collapse; margin: .5em 0 }
th, td { padding: .35em .7em; text-align: left; vertical-align: top }
.points td, .points th { text-align: center; border: 1px solid #fff }
.points th.name { text-align: left; white-space: nowrap }
.points tr > th { background: #f1f1f1; font-weight: 600; font-size: .92em }
.full { background: #0072B2; color: #fff } .part { background: #A6D3EE }
.zero { background: #E9A06B } .none { color: #767676 } .sum { font-weight: 700 }
.key span { display: inline-block; width: 1.5em; text-align: center; margin-left: 1em }
.list td { border-top: 1px solid #ddd } .n { font-weight: 700; text-align: right }
.who { color: #555 } .note { color: #555; font-size: .9em; border-top: 1px solid #ddd;
  padding-top: 1em; margin-top: 2em }
details { border: 1px solid #ddd; border-radius: 6px; padding: .5em 1em; margin: .5em 0 }
summary { cursor: pointer; font-weight: 600 }
pre { background: #f6f6f6; padding: .7em; overflow-x: auto }
"""


def _cell(report: PartReport | None) -> str:
    if report is None:
        return "<td class=none>–</td>"
    points = points_of(report)
    kind = "full" if points == POINTS else "part" if points else "zero"
    says = "; ".join(one.says for one in report.diagnoses) or (
        "right" if report.ok else " ".join(report.problem.split())[:300]
    )
    return f'<td class={kind} title="{_e(says)}">{points:g}</td>'


def _e(text: str) -> str:
    return html.escape(str(text))
