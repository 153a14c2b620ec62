"""The result of a class as a page: first what a class may see together, then who did what."""

from __future__ import annotations

import html

from minigpt.classroom.grade import POINTS, Grade, commonest, points_of, readable
from minigpt.classroom.gradebook import Count, by_student, columns_of, counts, label, total
from minigpt.classroom.report import PartReport

NOTE = (
    "Each submission ran in a process of its own, with limits of time and memory, in a copy of its "
    "folder, with a copy of minigpt. Not isolated: files that the grader may write, the network, "
    "the number of processes, and a submission that means to forge its own result."
)
SHOWN = 6  # mistakes that are shown large, at least
KEY = "<p class=key>" + " ".join(
    f"<span><i class={kind}></i> {words}</span>"
    for kind, words in (("full", "right"), ("part", "partly right"),
                        ("zero", "wrong or not written"), ("absent", "not handed in"))
) + "</p>"  # fmt: skip


def as_html(grades: list[Grade]) -> str:
    """A page by itself, without names above the fold."""
    table, mistakes = by_student(grades), commonest(grades)
    students = f"{len(table)} student{'s' * (len(table) != 1)}"
    files = f"{len(grades)} file{'s' * (len(grades) != 1)}"
    return f"""<!doctype html>
<html lang="en"><meta charset="utf-8"><title>minigpt: the class</title>
<meta name="viewport" content="width=device-width">
<style>{STYLE}</style>
<h1>The class <small>{students}, {files}</small></h1>
<div class=two>
<section><h2>How many have it right</h2>
{_bars(counts(grades), len(table))}
{KEY}</section>
<section><h2>The commonest mistakes</h2>
{_mistakes(mistakes, max(SHOWN, len(columns_of(grades)) // 3))}</section>
</div>
<details class=names><summary>Who: points, mistakes and reports of each student</summary>
<h2>Points</h2>
<p>{POINTS:g} for each part: forward and backward 4 each (a single function 8), manners 2.</p>
<div class=wide>{_points(grades, table)}</div>
<h2>Who made which mistake</h2>
{_who(mistakes)}
<h2>What to repair</h2>
{_reports(grades) or "<p>Nothing: all that was handed in is right.</p>"}
</details>
<p class=note>{_e(NOTE)}</p>
</html>
"""


def _bars(found: list[Count], students: int) -> str:
    """A bar for each part; the parts of a lesson stand together."""
    rows, last = [], ""
    for one in found:
        sizes = {"full": one.right, "part": one.partly, "zero": one.wrong, "absent": one.absent}
        pieces = "".join(
            f'<i class={kind} style="flex:{size}"></i>' for kind, size in sizes.items() if size
        )
        first, last = one.task != last, one.task
        name = _e(one.part if one.part != one.task else one.task.replace("-", " "))
        number = f"<b>{_e(one.task)}</b>" if first and one.part != one.task else ""
        rows.append(f"<tr{' class=first' if first else ''}><th>{number}</th><th>{name}</th>"
                    f"<td class=bar><div>{pieces}</div></td>"
                    f"<td class=n><b>{one.right}</b> of {students}</td></tr>")  # fmt: skip
    return f"<table class=bars>{''.join(rows)}</table>"


def _mistakes(mistakes, shown: int) -> str:
    """The most frequent ones, large and without names."""
    if not mistakes:
        return "<p class=none>None: all that was handed in is right, or not written yet.</p>"
    items = "".join(
        f"<li><b>{count}×</b><div><strong>{_e(part)}</strong><br>{_e(says)}</div></li>"
        for count, part, says, _ in mistakes[:shown]
    )
    more = len(mistakes) - shown
    return f"<ol>{items}</ol>" + (f"<p class=none>and {more} more, below</p>" if more > 0 else "")


def _points(grades: list[Grade], table: dict) -> str:
    columns = columns_of(grades)
    head = "".join(f"<th><span>{_e(label(*c))}</span></th>" for c in columns)
    body = "".join(
        f"<tr><th class=name>{_e(student)}</th>{''.join(_cell(row.get(c)) for c in columns)}"
        f"<td class=sum>{total(row):g}</td></tr>"
        for student, row in table.items()
    )
    return (f"<table class=points><tr><th></th>{head}<th><span>total, of "
            f"{POINTS * len(columns):g}</span></th></tr>{body}</table>")  # fmt: skip


def _cell(report: PartReport | None) -> str:
    if report is None:
        return "<td class=absent>–</td>"
    points = points_of(report)
    kind = "full" if points == POINTS else "part" if points else "zero"
    says = "; ".join(one.says for one in report.diagnoses) or (
        "right" if report.ok else " ".join(report.problem.split())[:300]
    )
    return f'<td class={kind} title="{_e(says)}">{points:g}</td>'


def _who(mistakes) -> str:
    rows = "".join(
        f"<tr><td class=n>{count}</td><td>{_e(part)}</td><td>{_e(says)}</td>"
        f"<td>{_e(', '.join(dict.fromkeys(who)))}</td></tr>"
        for count, part, says, who in mistakes
    )
    return f"<table class=list>{rows}</table>" if rows else "<p>Nobody made one.</p>"


def _reports(grades: list[Grade]) -> str:
    return "".join(
        f"<details><summary>{_e(g.student)}: {_e(g.path.name)}</summary>"
        + "".join(report.as_html() for report in g.reports)
        + (f"<p>It printed:</p><pre>{html.escape(g.printed)}</pre>" if g.printed.strip() else "")
        + "</details>"
        for g in grades
        if not all(report.ok for report in g.reports)
    )


def _e(text: str) -> str:
    return html.escape(readable(text))


# Blue and orange differ for all eyes; partly right is hatched, so that it needs no colour at all.
STYLE = """
body { font: 18px/1.4 system-ui, sans-serif; max-width: 76em; margin: 1.2em auto; padding: 0 1em;
  color: #222; background: #fff }
h1 { margin: 0 0 .4em } h1 small { font-weight: 400; font-size: .6em; color: #555 }
h2 { font-size: 1.15em; margin: .6em 0 }
.two { display: flex; flex-wrap: wrap; gap: 1em 3em; align-items: flex-start }
.two section { flex: 1 1 26em; min-width: 0 }
table { border-collapse: collapse }
th, td { text-align: left; vertical-align: top; padding: .3em .6em; font-weight: 400 }
.bars { width: 100% } .bars th, .bars td { padding: .16em .5em .16em 0; vertical-align: middle }
.bars th { width: 1%; white-space: nowrap } .bars tr.first > * { padding-top: .55em }
.bar div { display: flex; height: 1.1em; border: 1px solid #888 }
.n { white-space: nowrap; width: 1%; text-align: right } .bars .n b { font-size: 1.15em }
.full { background: #0072B2; color: #fff }
.part { background: repeating-linear-gradient(45deg, #A6D3EE 0 5px, #d3e9f6 5px 10px) }
.zero { background: #E9A06B } .absent { background: #fff; color: #666 }
.key { font-size: .85em; color: #444 }
.key span { white-space: nowrap; margin-right: .8em }
.key i { display: inline-block; width: 1.2em; height: .9em; border: 1px solid #888;
  vertical-align: -.05em }
ol { list-style: none; margin: 0; padding: 0 }
li { display: flex; gap: .9em; padding: .45em 0; border-top: 1px solid #ddd }
li > b { font-size: 1.7em; line-height: 1.1; color: #B34700; min-width: 1.9em; text-align: right }
li div { overflow-wrap: anywhere }
.none, .note { color: #555 }
.note { font-size: .8em; border-top: 1px solid #ddd; padding-top: .8em; margin-top: 2em }
details { border: 1px solid #ccc; border-radius: 6px; padding: .5em 1em; margin: .5em 0 }
details.names { margin-top: 1.5em } summary { cursor: pointer; font-weight: 600 }
.wide { overflow-x: auto } .points td { text-align: center; border: 1px solid #fff }
.points th { vertical-align: bottom } .points th.name { white-space: nowrap }
.points th span { writing-mode: vertical-rl; transform: rotate(180deg); white-space: nowrap }
.sum { font-weight: 700 } .list td { border-top: 1px solid #ddd }
pre { background: #f6f6f6; padding: .7em; overflow-x: auto }
"""
