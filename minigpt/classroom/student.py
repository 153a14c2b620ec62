"""A student's file: found, loaded, and its mistakes of the first kind told in one sentence."""

from __future__ import annotations

import contextlib
import importlib.util
import os
import shlex
import sys
import traceback
import types
import warnings
from pathlib import Path

import numpy as np

from minigpt.classroom.bughunt import Hunt, find_hunt
from minigpt.classroom.exercise import Exercise
from minigpt.classroom.exercises import EXERCISES, find
from minigpt.errors import UserError

FOLDER = "mywork"
LESSONS = 13


def task_of(name: str) -> Exercise | Hunt:
    """The exercise or bug hunt that is called so: "06", "layernorm", "bughunt-07".

    Raises:
        UserError: when there is none.
    """
    if name.isdecimal() and 1 <= int(name) <= LESSONS and name.zfill(2) not in EXERCISES:
        raise UserError(
            f"Lesson {name.zfill(2)} has no exercise file; these have one: {', '.join(EXERCISES)}."
        )
    return find_hunt(name) or find(name)


def file_and_task(name: str, folder: Path) -> tuple[Path, Exercise | Hunt]:
    """A student's file and what it solves, from a path or from a task's name.

    Raises:
        UserError: when there is no such file, or when it is not clear what it solves.
    """
    path = Path(name)
    if name and path.is_dir():
        raise UserError(
            f"{name} is a folder; `minigpt check --folder {quoted(path)}` checks all files in it."
        )
    if path.is_file():
        return path, task_of_file(path)
    if path.suffix == ".py" and (folder / path).is_file():
        return folder / path, task_of_file(folder / path)
    if path.suffix == ".py" and len(path.parts) > 1:
        raise UserError(f"There is no file {name}; `minigpt lesson start` makes one.")
    task = task_of(name)
    path = folder / task.file_name
    if path.is_dir():
        raise UserError(f"{path} is a folder, but should be your file; rename the folder.")
    if not path.is_file():
        start = f"minigpt lesson start {short_name(task)}{folder_option(folder)}"
        raise UserError(f"There is no {path} yet; begin with `{start}`.")
    return path, task


def task_of_file(path: Path) -> Exercise | Hunt:
    """What a file solves, by its name (06_layernorm.py, ada_06.py), else by its functions.

    Raises:
        UserError: when neither tells.
    """
    hunt = _hunt_in(path.stem)
    if hunt:
        return hunt
    words = path.stem.lower().replace("-", "_").replace(".", "_").split("_")
    numbers = {word.zfill(2) for word in words}
    named = [e for e in EXERCISES.values() if e.name in words and e.number in numbers]
    named = named or [e for e in EXERCISES.values() if e.name in words or e.number in numbers]
    if len(named) == 1:
        return named[0]
    try:
        text = path.read_text(encoding="utf-8", errors="replace")
    except OSError as error:
        raise UserError(f"{path} can't be read: {error.strerror or error}.") from error
    found = {e.number: sum(f"def {f}(" in text for f in e.functions)
             for e in named or EXERCISES.values()}  # fmt: skip
    best = max(found, key=found.get)
    if found[best] == 0 and not named:
        raise UserError(
            f"{path} solves no exercise: neither its name (such as 06_layernorm.py) nor its "
            f"functions tell which."
        )
    return EXERCISES[best]


def _hunt_in(stem: str) -> Hunt | None:
    place = stem.lower().find("bughunt")
    if place < 0:
        return None
    digits = "".join(c for c in stem[place:] if c.isdigit())
    return find_hunt(f"bughunt-{digits}") if digits else None


def short_name(task: Exercise | Hunt) -> str:
    """What the task is called on the command line: "06", "bughunt-07"."""
    return f"bughunt-{task.number}" if isinstance(task, Hunt) else task.number


def folder_of(option: str) -> Path:
    """The folder that --folder names.

    Raises:
        UserError: when it is empty, which usually comes from a shell variable that was not set.
    """
    if not option.strip():
        raise UserError("--folder is empty; give it a value, or leave it out.")
    return Path(option)


def quoted(path: Path) -> str:
    """A path as it is to be typed into a terminal."""
    text = str(path)
    if os.name == "nt":
        return f'"{text}"' if " " in text else text
    return shlex.quote(text)


def folder_option(folder: Path) -> str:
    """What a command needs to find this folder; nothing for the usual one."""
    return "" if Path(folder) == Path(FOLDER) else f" --folder {quoted(folder)}"


def load(path: Path) -> tuple[types.ModuleType | None, str]:
    """Run a student's file as a module; returns (module, "") or (None, what went wrong)."""
    path, home = Path(path).resolve(), os.path.realpath(os.curdir)
    sys.path.insert(0, str(path.parent))
    name = f"student_{path.stem}"
    try:
        spec = importlib.util.spec_from_file_location(name, path)
        module = importlib.util.module_from_spec(spec)
        sys.modules[name] = module
        with np.errstate(), warnings.catch_warnings():  # what it sets there ends with it
            spec.loader.exec_module(module)
        return module, ""
    except SystemExit:
        return None, "The file ends the program (sys.exit) while it is loaded."
    except SyntaxError as error:
        line = (error.text or "").strip()
        shown = f": `{line}`" if line else ""
        where = f", line {error.lineno}" if error.lineno else ""
        return None, f"The file is no valid Python: {error.msg}{where}{shown}."
    except UnicodeDecodeError:
        return None, "The file is not encoded in UTF-8; save it as UTF-8."
    except Exception as error:
        if "null bytes" in str(error):  # Python 3.10 raises no SyntaxError for them
            return None, f"The file is no valid Python: {error}."
        frames = traceback.extract_tb(error.__traceback__)
        own = [frame for frame in frames if frame.filename == str(path)]
        where = f", line {own[-1].lineno}: `{own[-1].line}`" if own else ""
        sentence = f"{type(error).__name__}: {error}".rstrip(": ")
        return None, f"The file stops while it is loaded: {sentence}{where}."
    finally:
        with contextlib.suppress(ValueError):
            sys.path.remove(str(path.parent))
        with contextlib.suppress(OSError):
            os.chdir(home)
