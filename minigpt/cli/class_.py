"""`minigpt class`: what a teacher needs: grade a folder of submissions."""

from __future__ import annotations

import argparse
import json
import shutil
import sys
import tempfile
from pathlib import Path

from minigpt.classroom import gradebook
from minigpt.classroom.grade import SEED, Grade, find_submissions, grade, points_of, readable
from minigpt.classroom.gradepage import as_html
from minigpt.classroom.worker import MEGABYTES, SECONDS
from minigpt.errors import UserError
from minigpt.files import atomic_write

ADVICE = "choose another place for it"
BYTE_ORDER_MARK = "\ufeff"  # tells spreadsheets that a file is UTF-8

EXAMPLES = """\
examples:
  minigpt class grade submissions/                          a table on the screen
  minigpt class grade submissions/ --html class.html --csv class.csv

submissions:
  submissions/ada/06_layernorm.py      a folder for each student
  submissions/06_layernorm_bob.py      or the name within the file's name

Each file runs in a process of its own, with limits of time and memory, in a copy of its folder and
with a copy of minigpt; an endless loop, a crash, sys.exit or too much memory costs only the part in
which it happens. NOT isolated: files that you may write, the network, the number of processes,
processes that mean to stay, and a submission that means to forge its own result. Use a container
for the work of people whom you don't trust.
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
    files = {name: getattr(args, name) for name in ("csv", "html", "json") if getattr(args, name)}
    _refuse_unwritable(files)
    submissions, notes = find_submissions(Path(args.submissions))
    for note in notes:
        print(note, file=sys.stderr)
    students = len({one.student for one in submissions})
    print(f"{len(submissions)} files of {students} students\n")
    grades = grade(submissions, args.seconds, args.megabytes, args.jobs, args.seed, _show, _note)
    print(f"\n{gradebook.as_text(grades, shutil.get_terminal_size((100, 24)).columns)}")
    return _write(files, grades)


def _show(one: Grade) -> None:
    points = ", ".join(f"{report.part} {points_of(report):g}" for report in one.reports)
    file = readable(one.path.name)
    print(f"  {one.student}, {file}: {points}   [{one.seconds:.1f} s]", flush=True)


def _note(sentence: str) -> None:
    print(f"  NOTE: {sentence}", file=sys.stderr, flush=True)


def _refuse_unwritable(files: dict[str, str]) -> None:
    """Better now than after half an hour of grading."""
    if len(set(files.values())) < len(files):
        raise UserError("--csv, --html and --json must be different files.")
    for option, name in files.items():
        path = Path(name)
        cause = "it is a folder" if path.is_dir() else ""
        if path.exists() and not path.is_dir() and not path.is_file():
            cause = "it is not an ordinary file"
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            with tempfile.TemporaryFile(dir=path.parent):
                pass
        except OSError as error:
            cause = cause or f"the system says: {error.strerror or error}"
        if cause:
            raise UserError(f"--{option} {name} can't be written: {cause}; {ADVICE}.")


def _write(files: dict[str, str], grades: list[Grade]) -> int:
    """Write what was asked for; one file that can't be written keeps no other from being so."""
    makers = {"csv": lambda: BYTE_ORDER_MARK + gradebook.as_csv(grades),
              "html": lambda: as_html(grades), "json": lambda: _as_json(grades)}  # fmt: skip
    written, failed = [], None
    for option, name in files.items():
        try:
            atomic_write(name, makers[option](), ADVICE)
            written.append(name)
        except UserError as error:
            failed = failed or error
    if written:
        print(f"\nWritten: {', '.join(written)}")
    if failed:
        raise failed
    return 0


def _as_json(grades: list[Grade]) -> str:
    values = [
        {"student": g.student, "file": str(g.path), "task": g.task, "points": g.points,
         "seconds": g.seconds, "printed": g.printed,
         "parts": [report.as_dict() for report in g.reports]} for g in grades
    ]  # fmt: skip
    return json.dumps(values, indent=1) + "\n"
