"""`minigpt class`: what a teacher needs: grade a folder of submissions."""

from __future__ import annotations

import argparse
import json
import sys
from pathlib import Path

from minigpt.classroom import gradebook
from minigpt.classroom.grade import SEED, Grade, find_submissions, grade, points_of
from minigpt.classroom.worker import MEGABYTES, SECONDS
from minigpt.errors import UserError
from minigpt.files import atomic_write

EXAMPLES = """\
examples:
  minigpt class grade submissions/                          a table on the screen
  minigpt class grade submissions/ --html class.html --csv class.csv

submissions:
  submissions/ada/06_layernorm.py      a folder for each student
  submissions/06_layernorm_bob.py      or the name within the file's name

Each file runs in a process of its own, with limits of time and memory, in a copy of its folder; an
endless loop, a crash, sys.exit or too much memory costs only the part in which it happens. NOT
isolated: files that you may write, the network, processes that mean to stay, and a submission that
means to forge its own result. Use a container for the work of people whom you don't trust.
"""


def add_parser(commands) -> None:
    """Add the command and its own commands."""
    parser = commands.add_parser(
        "class",
        help="for teachers: grade a folder of submissions",
        description="For teachers.",
        epilog=EXAMPLES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
        allow_abbrev=False,
    )
    actions = parser.add_subparsers(dest="action", metavar="ACTION", required=True,
                                    parser_class=type(parser))  # fmt: skip
    add = actions.add_parser("grade", help="grade a folder of submissions", epilog=EXAMPLES,
                             formatter_class=argparse.RawDescriptionHelpFormatter,
                             allow_abbrev=False)  # fmt: skip
    add.add_argument("submissions", metavar="FOLDER")
    add.add_argument("--csv", metavar="FILE", help="write a row for each student and part")
    add.add_argument("--html", metavar="FILE", help="write a page with everything")
    add.add_argument("--json", metavar="FILE", help="write all reports")
    add.add_argument("--seconds", type=float, default=SECONDS, metavar="S",
                     help=f"that a part may take ({SECONDS})")  # fmt: skip
    add.add_argument("--megabytes", type=int, default=MEGABYTES, metavar="MB",
                     help=f"that a submission may take ({MEGABYTES})")  # fmt: skip
    add.add_argument("--jobs", type=int, default=1, metavar="N", help="files at a time (1)")
    add.add_argument("--seed", type=int, default=SEED, metavar="INT",
                     help=f"of the numbers that are tried ({SEED}; `check` uses 0)")  # fmt: skip
    add.set_defaults(run=run)


def run(args) -> int:
    """Grade, print the table and write the files; returns 0."""
    for name, least in (("seconds", 0.1), ("megabytes", 64), ("jobs", 1), ("seed", 0)):
        if not getattr(args, name) >= least:
            raise UserError(f"--{name} must be at least {least}, not {getattr(args, name)}.")
    submissions, notes = find_submissions(Path(args.submissions))
    for note in notes:
        print(note, file=sys.stderr)
    print(f"{len(submissions)} files of {len({s.student for s in submissions})} students\n")

    def show(one: Grade) -> None:
        points = ", ".join(f"{report.part} {points_of(report):g}" for report in one.reports)
        print(f"  {one.student}, {one.path.name}: {points}   [{one.seconds:.1f} s]", flush=True)

    grades = grade(submissions, args.seconds, args.megabytes, args.jobs, args.seed, show)
    print(f"\n{gradebook.as_text(grades)}")
    advice = "choose another place for it"
    if args.csv:
        text = "\ufeff" + gradebook.as_csv(grades)  # the mark tells spreadsheets that it is UTF-8
        atomic_write(args.csv, text, advice)
    if args.html:
        atomic_write(args.html, gradebook.as_html(grades), advice)
    if args.json:
        values = [
            {"student": g.student, "file": str(g.path), "task": g.task, "points": g.points,
             "parts": [report.as_dict() for report in g.reports]} for g in grades
        ]  # fmt: skip
        atomic_write(args.json, json.dumps(values, indent=1) + "\n", advice)
    written = [name for name in (args.csv, args.html, args.json) if name]
    if written:
        print(f"\nWritten: {', '.join(written)}")
    return 0
