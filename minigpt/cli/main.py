"""Find the command, run it, and tell a user's mistake in one sentence."""

from __future__ import annotations

import argparse
import importlib
import keyword
import os
import sys
from pathlib import Path

from minigpt.errors import UserError
from minigpt.version import __version__

COMMANDS = ["train", "sample", "tokenize", "info", "lesson", "check", "class", "bench", "doctor"]
EXAMPLES = """\
examples:
  minigpt train                          train a GPT on the built-in stories (under two minutes)
  minigpt sample                         let the last trained model write a story
  minigpt train --text my_notes.txt      train on a text of your own
  minigpt tokenize "Hello, world"        see how a text is cut into tokens
  minigpt lesson start 06                begin the exercise of lesson 06, in mywork/
  minigpt check 06                       check it, and hear which mistake it is
  minigpt info gpt3-175b                 what a model costs: parameters, FLOPs and memory
  minigpt doctor                         what this machine has, and what is missing
"""


class Parser(argparse.ArgumentParser):
    """An argument parser whose complaints are one sentence, with exit code 2."""

    def error(self, message: str):
        print(f"{self.prog}: {message}; see `{self.prog} --help`.", file=sys.stderr)
        sys.exit(2)


def build_parser(names: list[str]) -> Parser:
    """The parser of `minigpt` with the commands of these names."""
    parser = Parser(
        prog="minigpt",
        description="A GPT from scratch in NumPy. Without a command: the main job, `train`.",
        epilog=EXAMPLES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
        allow_abbrev=False,
    )
    parser.add_argument("--version", action="version", version=f"minigpt {__version__}")
    commands = parser.add_subparsers(dest="command", metavar="COMMAND", parser_class=Parser)
    for name in names:
        module = f"{name}_" if keyword.iskeyword(name) else name
        importlib.import_module(f"minigpt.cli.{module}").add_parser(commands)
    return parser


def main(argv: list[str] | None = None) -> int:
    """Run one command; return its exit code: 0, 2 for a user's mistake, 130 after Ctrl-C."""
    _prepare_streams()
    argv = (sys.argv[1:] if argv is None else argv) or ["train"]
    alone = argv[0] == "doctor"  # it must run when a package that the others need is missing
    try:
        args = build_parser(["doctor"] if alone else COMMANDS).parse_args(argv)
        args.command_line = argv[1:]
        _refuse_empty(args)
        return args.run(args)
    except KeyboardInterrupt:
        print("Stopped.", file=sys.stderr)
        return 130
    except BrokenPipeError:  # the reader of a pipe, such as `head`, has gone
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        if argv[0] != "train":
            return 0
        sentence = (
            "nobody reads the output any more; the run stopped after its last checkpoint, and "
            "can go on with --resume"
        )
    except ModuleNotFoundError as error:
        sentence = f"{error}; `minigpt doctor` tells what to install"
    except UserError as error:
        sentence = str(error).removesuffix(".")
    except OSError as error:
        where = f" ({error.filename})" if error.filename else ""
        sentence = (
            f"the system says: {error.strerror or error}{where}; check the path, its permissions "
            f"and the room on the disk"
        )
    except MemoryError:
        sentence = "these sizes need more memory than there is; use smaller ones"
    stop = "" if sentence.endswith("?") else "."
    print(f"minigpt {argv[0]}: {sentence}{stop}", file=sys.stderr)
    return 2


def _prepare_streams() -> None:
    """Standard output may be closed, and on Windows a pipe is not UTF-8 by itself."""
    for name in ("stdout", "stderr"):
        stream = getattr(sys, name)
        if stream is None:
            setattr(sys, name, Path(os.devnull).open("w", encoding="utf-8"))  # noqa: SIM115
        elif hasattr(stream, "reconfigure"):
            stream.reconfigure(encoding="utf-8", errors="replace")


def _refuse_empty(args: argparse.Namespace) -> None:
    """An empty value usually comes from a shell variable that was not set."""
    for name in ("out", "resume", "config", "model", "text"):
        value = getattr(args, name, None)
        if value == "" or (isinstance(value, list) and "" in value):
            raise UserError(f"--{name} is empty; give it a value, or leave it out.")
