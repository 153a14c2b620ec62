"""`minigpt lesson`: the list of exercises, a file to start with, and the solution."""

from __future__ import annotations

import argparse
import textwrap
from pathlib import Path

from minigpt.classroom import student
from minigpt.classroom.bughunt import Hunt, hunts
from minigpt.classroom.exercises import EXERCISES
from minigpt.classroom.progress import Progress
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
        Progress(folder).begin_anew(student.short_name(task))
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
    name, progress = student.short_name(task), Progress(folder)
    parts = [name] if isinstance(task, Hunt) else [part.name for part in task.parts]
    if not progress.ever_passed(name, parts) and name not in progress.gave_up:
        if not args.give_up:
            check = check_command(folder / task.file_name, task)
            where = student.folder_option(folder)
            raise UserError(
                f"The solution of {name} is shown when your own has passed (`{check}`); for a "
                f"hint: `{check} --hint`; to see it all the same: `minigpt lesson solution "
                f"{name}{where} --give-up`."
            )
        progress.give_up(name)
    if isinstance(task, Hunt):
        print(wrapped(task.answer))
        for right, wrong in task.edits:
            print(f"\nright:\n{_indented(right)}\nplanted:\n{_indented(wrong)}")
    else:
        print(task.solution, end="")
    return 0


def _indented(text: str) -> str:
    return "\n".join(f"    {line}" for line in text.strip("\n").splitlines())


def show_list(args) -> int:
    """Print all exercises and bug hunts with their state."""
    folder, colour = student.folder_of(str(args.folder)), wants_colour()
    progress, done, total, following = Progress(folder), 0, 0, []
    print("exercises")
    for task in [*EXERCISES.values(), *hunts().values()]:
        is_hunt, name = isinstance(task, Hunt), student.short_name(task)
        if is_hunt and task.number == min(hunts()):
            print("bug hunts: programs with a mistake in them")
        parts = [name] if is_hunt else [part.name for part in task.parts]
        states = [progress.state(name, part) for part in parts]
        right = states.count("passes")
        total, done = total + len(parts), done + right
        begun = (folder / task.file_name).is_file()
        count = f" ({right} of {len(parts)})" if begun and len(parts) > 1 else ""
        words = _one_line(task.symptom if is_hunt else task.title, 6 + len(name) + len(count))
        print(f"  {_sign(states, begun, colour)} {name}  {words}{count}")
        if begun and 1 < len(parts) != right:
            print(_parts_text(progress, name, parts, colour))
        if right < len(parts) and (begun or not following):
            following.append((not begun, name, folder / task.file_name, task))
    print(f"{done} of {total} done in {folder}   (ok: right, ..: begun)")
    if following:
        new, name, path, task = min(following, key=lambda one: one[0])
        where = student.folder_option(folder)
        start_it = f"minigpt lesson start {name}{where}"
        print(f"Next: {start_it if new else check_command(path, task)}")
    return 0


def _parts_text(progress: Progress, name: str, parts: list[str], colour: bool) -> str:
    """The parts of an exercise that was begun."""
    rows, width = [], max(map(len, parts))
    for part in parts:
        state, tries = progress.state(name, part), progress.tries(name, part)
        words = f"tried {tries} times" if tries > 1 else "tried once" if tries else ""
        words = "" if state == "passes" else words
        rows.append(f"         {_sign([state], False, colour)} {part:<{width}}  {words}".rstrip())
    return "\n".join(rows)


def _one_line(text: str, taken: int) -> str:
    return textwrap.shorten(text, max(20, columns() - taken), placeholder=" …")


def _sign(states: list[str], begun: bool, colour: bool) -> str:
    """ok: all of it passes; ..: begun; two blanks: not begun."""
    if all(state == "passes" for state in states):
        return mark(RIGHT, colour)
    return ".." if begun or any(states) else "  "
