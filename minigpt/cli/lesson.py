"""`minigpt lesson`: the list of exercises, a file to start with, and the solution."""

from __future__ import annotations

import argparse
import textwrap
from pathlib import Path

from minigpt.classroom import student
from minigpt.classroom.bughunt import Hunt, hunts
from minigpt.classroom.exercises import EXERCISES
from minigpt.classroom.progress import Progress, changing
from minigpt.cli.classroom_texts import (
    RIGHT,
    check_command,
    columns,
    mark,
    wants_colour,
    wrapped,
)
from minigpt.errors import UserError
from minigpt.files import atomic_write

ADVICE = "choose another --folder"
EXAMPLES = """\
examples:
  minigpt lesson list                    exercises and bug hunts, and what you have done
  minigpt lesson start 06                write mywork/06_layernorm.py, to be filled in
  minigpt lesson start bughunt-07        write mywork/bughunt_07.py, with a mistake to find
  minigpt lesson solution 06             after you have solved it
  minigpt lesson solution 06 --give-up   before
"""


def add_parser(commands) -> None:
    """Add the command and its own commands."""
    parser = commands.add_parser(
        "lesson",
        help="start an exercise or a bug hunt, list them, see the solution",
        description=__doc__,
        epilog=EXAMPLES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
        allow_abbrev=False,
    )
    actions = parser.add_subparsers(dest="action", metavar="ACTION", required=True,
                                    parser_class=type(parser))  # fmt: skip
    add = {}
    for name, words in (("list", "what there is, and what you have done"),
                        ("start", "write a file to fill in"),
                        ("solution", "show a solution")):  # fmt: skip
        add[name] = actions.add_parser(name, help=words, description=words, allow_abbrev=False)
        add[name].add_argument("--folder", default=student.FOLDER, metavar="FOLDER",
                               help=f"where your files are ({student.FOLDER})")  # fmt: skip
    for name in ("start", "solution"):
        add[name].add_argument("name", metavar="NN", help="06, layernorm or bughunt-07")
    add["start"].add_argument("--again", action="store_true",
                              help="begin anew; your old file is kept as .old.py")  # fmt: skip
    add["solution"].add_argument("--give-up", action="store_true",
                                 help="show it before you have solved it")  # fmt: skip
    for name, function in (("list", show_list), ("start", start), ("solution", solution)):
        add[name].set_defaults(run=function)


def start(args) -> int:
    """Write the file to start with."""
    task, folder = student.task_of(args.name), student.folder_of(args.folder)
    path = folder / task.file_name
    if path.is_dir():
        raise UserError(f"{path} is a folder; rename it, or choose another --folder.")
    if path.exists():
        if not args.again:
            raise UserError(
                f"{path} is there already, and stays as it is; go on with it "
                f"(`{check_command(path, task)}`), or add --again to begin anew (the old file is "
                f"then kept beside it)."
            )
        _keep_old(path, _text_of(task))
    begin(path, task)
    if args.again:
        with changing(folder) as progress:
            progress.begin_anew(student.short_name(task))
    return 0


def begin(path: Path, task, watching: bool = False) -> None:
    """Write the file to start with, and say what to do with it."""
    atomic_write(path, _text_of(task), ADVICE)
    check = check_command(path, task)
    if isinstance(task, Hunt):
        rows = [f"{path} is written: a program with a mistake in it.", "", task.symptom, "",
                f"Run it: python {student.quoted(path)}"]  # fmt: skip
        then = ["Find the mistake and repair it in this file.", f"Then: {check}"]
    else:
        rows = [f"{path} is written.", "", f"Lesson {task.number}: {task.title}.",
                f"Write, in this order: {', '.join(task.functions)}."]  # fmt: skip
        then = ["", f"Then: {check}"]
    then.append(f"Or at every save: {check} --watch")
    print(wrapped("\n".join(rows if watching else rows + then)))


def _text_of(task) -> str:
    return task.program() if isinstance(task, Hunt) else task.stub()


def _keep_old(path: Path, fresh: str) -> None:
    """Copy a student's file to a new name, unless nothing was written into it yet."""
    written = path.read_bytes()
    if written.replace(b"\r\n", b"\n") != fresh.encode():
        number = 1
        while (old := path.with_suffix(f".old{'' if number == 1 else number}.py")).exists():
            number += 1
        atomic_write(old, written, ADVICE)
        print(f"Your old file is now {old}.")


def solution(args) -> int:
    """Print the solution, after a pass or when the student gives up."""
    task, folder = student.task_of(args.name), student.folder_of(args.folder)
    print(solution_text(task, folder, args.give_up))
    return 0


def solution_text(task, folder: Path, give_up: bool = False) -> str:
    """The solution, which is shown after a pass or when the student gives up.

    Raises:
        UserError: when neither is so.
    """
    name, progress = student.short_name(task), Progress(folder)
    if not progress.ever_passed(name, [*_states(task, progress)]) and name not in progress.gave_up:
        if not give_up:
            check = check_command(folder / task.file_name, task)
            where = student.folder_option(folder)
            raise UserError(
                f"The solution of {name} is shown when your own has passed (`{check}`); for a "
                f"hint: `{check} --hint`; to see it all the same: `minigpt lesson solution "
                f"{name}{where} --give-up`."
            )
        with changing(folder) as changed:
            changed.give_up(name)
    if not isinstance(task, Hunt):
        return task.solution.rstrip("\n")
    edits = [f"right:\n{_indented(right)}\nplanted:\n{_indented(wrong)}"
             for right, wrong in task.edits]  # fmt: skip
    return "\n\n".join([wrapped(task.answer), *edits])


def _indented(text: str) -> str:
    return "\n".join(f"    {line}" for line in text.strip("\n").splitlines())


def show_list(args) -> int:
    """Print all exercises and bug hunts with their state."""
    print(list_text(student.folder_of(args.folder), wants_colour()))
    return 0


def list_text(folder: Path, colour: bool = False) -> str:
    """All exercises and bug hunts, what was done of them, and what comes next."""
    progress, exercises, programs = Progress(folder), EXERCISES.values(), hunts().values()
    rows = ["exercises"]
    rows += [row for task in exercises for row in _rows(task, folder, progress, colour)]
    rows += ["bug hunts: programs with a mistake in them"]
    rows += [row for task in programs for row in _rows(task, folder, progress, colour)]
    tasks = [(task, list(_states(task, progress).values())) for task in (*exercises, *programs)]
    total = sum(len(states) for _, states in tasks)
    done = sum(states.count("passes") for _, states in tasks)
    rows.append(f"{done} of {total} parts done in {folder}   (ok: right, ..: begun)")
    left = [task for task, states in tasks if states.count("passes") < len(states)]
    begun = [task for task in left if (folder / task.file_name).is_file()]
    if begun:
        rows.append(f"Next: {check_command(folder / begun[0].file_name, begun[0])}")
    elif left:
        where = student.folder_option(folder)
        rows.append(f"Next: minigpt lesson start {student.short_name(left[0])}{where}")
    return "\n".join(rows)


def _states(task, progress: Progress) -> dict[str, str]:
    """The state of each part."""
    name = student.short_name(task)
    parts = [name] if isinstance(task, Hunt) else [part.name for part in task.parts]
    return {part: progress.state(name, part) for part in parts}


def _rows(task, folder: Path, progress: Progress, colour: bool) -> list[str]:
    """A line for the task; one for each part of an exercise that was begun and is not finished."""
    name, states = student.short_name(task), _states(task, progress)
    right, begun = list(states.values()).count("passes"), (folder / task.file_name).is_file()
    count = f" ({right} of {len(states)})" if begun and len(states) > 1 else ""
    words = task.symptom if isinstance(task, Hunt) else task.title
    room = max(20, columns() - 7 - len(name) - len(count))
    words = textwrap.shorten(words, room, placeholder=" …")
    sign = _sign([*states.values()], begun, colour)
    rows, width = [f"  {sign} {name}  {words}{count}"], max(map(len, states))
    if begun and 1 < len(states) != right:
        for part, state in states.items():
            tries = 0 if state == "passes" else progress.tries(name, part)
            tried = f"tried {tries} times" if tries > 1 else "tried once" if tries else ""
            sign = _sign([state], False, colour)
            rows.append(f"         {sign} {part:<{width}}  {tried}".rstrip())
    return rows


def _sign(states: list[str], begun: bool, colour: bool) -> str:
    """ok: all of it passes; ..: begun; two blanks: not begun."""
    if all(state == "passes" for state in states):
        return mark(RIGHT, colour)
    return ".." if begun or any(states) else "  "
