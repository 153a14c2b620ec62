"""`minigpt lesson`: the list of exercises, a file to start with, and the solution."""

from __future__ import annotations

import argparse
from pathlib import Path

from minigpt.classroom import student
from minigpt.classroom.bughunt import Hunt, hunts
from minigpt.classroom.exercises import EXERCISES
from minigpt.classroom.progress import Progress
from minigpt.cli.classroom_texts import wants_colour
from minigpt.errors import UserError
from minigpt.files import atomic_write

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
    task, folder = student.task_of(args.name), Path(args.folder)
    path = folder / task.file_name
    if path.exists() and not args.again:
        raise UserError(
            f"{path} is there already, and stays as it is; go on with it, or add --again to begin "
            f"anew (the old file is then kept beside it)."
        )
    advice = "choose another --folder"
    if path.exists():
        old = _free_name(path)
        atomic_write(old, path.read_bytes(), advice)
        print(f"Your old file is now {old}.")
    text = task.program() if isinstance(task, Hunt) else task.stub()
    atomic_write(path, text, advice)
    name = student.short_name(task)
    check = f"minigpt check {name}"
    if str(folder) != student.FOLDER:
        check += f' --folder "{folder}"'
    print(f"{path} is written.")
    if isinstance(task, Hunt):
        print(f"Run it: python {path}\n{task.symptom}\nFind the mistake, repair it, then: {check}")
    else:
        print(f"Lesson {task.number}: {task.title}. Write {', '.join(task.functions)}.")
        print(f"Then: {check}   (or at every save: {check} --watch)")
    return 0


def _free_name(path: Path) -> Path:
    number = 1
    while True:
        old = path.with_suffix(f".old{'' if number == 1 else number}.py")
        if not old.exists():
            return old
        number += 1


def solution(args) -> int:
    """Print the solution, after a pass or when the student gives up."""
    task, folder = student.task_of(args.name), Path(args.folder)
    name, progress = student.short_name(task), Progress(folder)
    parts = [name] if isinstance(task, Hunt) else [part.name for part in task.parts]
    if not progress.ever_passed(name, parts) and name not in progress.gave_up:
        if not args.give_up:
            raise UserError(
                f"The solution of {name} is shown when your own has passed (`minigpt check {name}`)"
                f"; for a hint: `minigpt check {name} --hint`; to see it all the same: "
                f"`minigpt lesson solution {name} --give-up`."
            )
        progress.give_up(name)
    if isinstance(task, Hunt):
        print(task.answer)
        for right, wrong in task.edits:
            print(f"\nright:\n{_indented(right)}\nplanted:\n{_indented(wrong)}")
    else:
        print(task.solution, end="")
    return 0


def _indented(text: str) -> str:
    return "\n".join(f"    {line}" for line in text.strip("\n").splitlines())


def show_list(args) -> int:
    """Print all exercises and bug hunts with their state."""
    folder, colour = Path(args.folder), wants_colour()
    progress = Progress(folder)
    print("exercises")
    total = done = 0
    for exercise in EXERCISES.values():
        states = [progress.state(exercise.number, part.name) for part in exercise.parts]
        total, done = total + len(states), done + states.count("passes")
        begun = (folder / exercise.file_name).is_file()
        print(f"  {_sign(states, begun, colour)} {exercise.number}  {exercise.title}")
        for part, state in zip(exercise.parts, states, strict=True):
            if len(states) > 1:
                print(f"        {_sign([state], False, colour)} {part.name}")
    print("bug hunts")
    for hunt in hunts().values():
        name = f"bughunt-{hunt.number}"
        state = progress.state(name, name)
        total, done = total + 1, done + (state == "passes")
        begun = (folder / hunt.file_name).is_file()
        print(f"  {_sign([state], begun, colour)} {name}  {hunt.symptom}")
    print(f"{done} of {total} done" + (f" in {folder}" if done else
          "; begin with `minigpt lesson start 02`"))  # fmt: skip
    return 0


def _sign(states: list[str], begun: bool, colour: bool) -> str:
    """ok: all of it passes; ..: begun; two blanks: not begun."""
    if all(state == "passes" for state in states):
        return "\033[32mok\033[0m" if colour else "ok"
    return ".." if begun or any(states) else "  "
