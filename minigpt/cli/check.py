"""`minigpt check`: check a student's file, name the mistake, give hints."""

from __future__ import annotations

import argparse
import json
from pathlib import Path

from minigpt.classroom import student
from minigpt.classroom.bughunt import Hunt, hunts
from minigpt.classroom.exercises import EXERCISES
from minigpt.classroom.worker import SECONDS, Outcome, check_file, parts_of
from minigpt.cli.classroom_texts import (
    file_in_short,
    first_failure,
    note,
    outcome_text,
    show_hint,
    wants_colour,
)
from minigpt.cli.watch import Watch
from minigpt.errors import UserError

LONGEST = 3600  # seconds
EXAMPLES = """\
examples:
  minigpt check                        all files in mywork/ that were begun
  minigpt check 06                     mywork/06_layernorm.py
  minigpt check ada/06_layernorm.py    any file
  minigpt check 06 --hint              the next of three hints for what fails now
  minigpt check 06 --watch             again at every save
  minigpt check bughunt-07             is the planted mistake gone?

exit code: 0 all is right, 1 something is not, 2 the command could not be carried out
"""


def add_parser(commands) -> None:
    """Add the command and its options."""
    parser = commands.add_parser(
        "check",
        help="check your exercise, and hear which mistake it is",
        description=__doc__,
        epilog=EXAMPLES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
        allow_abbrev=False,
    )
    parser.add_argument("name", nargs="?", metavar="FILE|NN",
                        help="a file, or the number of a lesson or bug hunt; default: all in the "
                        "folder")  # fmt: skip
    parser.add_argument("--folder", default=student.FOLDER, metavar="FOLDER",
                        help=f"where your files are ({student.FOLDER})")  # fmt: skip
    parser.add_argument("--part", metavar="NAME", help="only this part of the exercise")
    what = parser.add_mutually_exclusive_group()
    what.add_argument("--watch", action="store_true", help="check again at every save")
    what.add_argument("--hint", action="store_true", help="show the next hint for what fails")
    what.add_argument("--json", action="store_true", help="print the reports as JSON")
    parser.add_argument("--seconds", type=float, default=SECONDS, metavar="S",
                        help=f"that one part may take ({SECONDS})")  # fmt: skip
    parser.add_argument("--seed", type=int, default=0, metavar="INT",
                        help="of the numbers that are tried (0)")  # fmt: skip
    parser.set_defaults(run=run)


def run(args) -> int:
    """Check; returns 0 when all is right, else 1."""
    if not 0 < args.seconds <= LONGEST:
        raise UserError(f"--seconds must be above 0 and at most {LONGEST}, not {args.seconds:g}.")
    if args.seed < 0:
        raise UserError(f"--seed must be 0 or above, not {args.seed}.")
    folder = student.folder_of(args.folder)
    if args.name is None:
        if args.part:
            raise UserError("--part needs the exercise: `minigpt check 05 --part gelu`.")
        if args.watch:
            return Watch(folder, None, args.seconds, args.seed).run()
        return check_all(args, folder)
    path, task = student.file_and_task(args.name, folder)
    if args.part and isinstance(task, Hunt):
        raise UserError("A bug hunt has no parts; leave --part out.")
    functions = parts_of(task, args.part)
    if args.watch:
        return Watch(path.parent, path, args.seconds, args.seed, args.part).run()
    return check_one(args, path, task, functions)


def check_one(args, path: Path, task, functions) -> int:
    """Check one file and print its reports."""
    outcome = check_file(path, task, functions, args.seconds, args.seed, args.part)
    if args.json:
        print(json.dumps(as_dict(path, task, outcome), indent=1))
    elif args.hint:
        show_hint(outcome, path.parent)
    else:
        print(outcome_text(path, task, outcome, wants_colour()))
    if not args.hint:
        note(outcome, path.parent)
    return 0 if outcome.ok else 1


def check_all(args, folder: Path) -> int:
    """Check every file of the folder that belongs to an exercise; explain the first failure."""
    tasks = [*EXERCISES.values(), *hunts().values()]
    there = [(folder / task.file_name, task) for task in tasks
             if (folder / task.file_name).is_file()]  # fmt: skip
    if not there:
        raise UserError(
            f"There is nothing to check in the folder {folder}; begin with `minigpt lesson start "
            f"02{student.folder_option(folder)}`, or name a file."
        )
    results, failed = [], []
    for path, task in there:
        outcome = check_file(path, task, parts_of(task), args.seconds, args.seed)
        results.append(as_dict(path, task, outcome))
        if not outcome.ok:
            failed.append((path, task, outcome))
        if not args.json and not args.hint:
            print(file_in_short(path, outcome, wants_colour()), flush=True)
        if not args.hint:
            note(outcome, folder)
    written = [one for one in failed if not first_failure(one[2].reports).unwritten]
    if args.json:
        print(json.dumps(results, indent=1))
        return 1 if failed else 0
    if not failed:
        where = student.folder_option(folder)
        print(f"\nAll that you have begun is right. What is next: `minigpt lesson list{where}`.")
        return 0
    path, task, outcome = (written or failed)[0]
    if args.hint:
        print(f"{path}:")
        show_hint(outcome, folder)
    else:
        print(f"\n{outcome_text(path, task, outcome, wants_colour())}")
    return 1


def as_dict(path: Path, task, outcome: Outcome) -> dict:
    """For JSON."""
    return {
        "file": str(path),
        "task": student.short_name(task),
        "ok": outcome.ok,
        "seconds": round(outcome.seconds, 3),
        "parts": [report.as_dict() for report in outcome.reports],
        "printed": outcome.printed,
    }
