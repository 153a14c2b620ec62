"""Find the command, run it, and tell a user's mistake in one sentence."""

from __future__ import annotations

import argparse
import importlib
import os
import sys

from minigpt.errors import UserError
from minigpt.version import __version__

COMMANDS = ["train", "sample", "tokenize", "doctor"]
EXAMPLES = """\
examples:
  minigpt train                          train a GPT on the built-in stories (under two minutes)
  minigpt sample                         let the last trained model write a story
  minigpt train --text my_notes.txt      train on a text of your own
  minigpt tokenize "Hello, world"        see how a text is cut into tokens
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
        importlib.import_module(f"minigpt.cli.{name}").add_parser(commands)
    return parser


def main(argv: list[str] | None = None) -> int:
    """Run one command; return its exit code: 0, 2 for a user's mistake, 130 after Ctrl-C."""
    for stream in (sys.stdout, sys.stderr):  # a pipe on Windows is not UTF-8 by itself
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(encoding="utf-8", errors="replace")
    argv = sys.argv[1:] if argv is None else argv
    if not argv:
        argv = ["train"]
    alone = argv[0] == "doctor"  # it must run when a package that the others need is missing
    try:
        args = build_parser(["doctor"] if alone else COMMANDS).parse_args(argv)
        args.command_line = argv[1:]
        return args.run(args)
    except ModuleNotFoundError as error:
        print(f"minigpt: {error}; `minigpt doctor` tells what to install.", file=sys.stderr)
        return 2
    except UserError as error:
        print(f"minigpt {args.command}: {error}", file=sys.stderr)
        return 2
    except OSError as error:
        if isinstance(error, BrokenPipeError):  # the reader of a pipe, such as `head`, has gone
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
            return 0
        where = f" ({error.filename})" if error.filename else ""
        print(
            f"minigpt {args.command}: the system says: {error.strerror or error}{where}; check the "
            f"path, its permissions and the room on the disk.",
            file=sys.stderr,
        )
        return 2
    except MemoryError:
        print(
            f"minigpt {args.command}: there is not enough memory for these sizes; use a smaller "
            f"batch size, block size or model.",
            file=sys.stderr,
        )
        return 2
    except KeyboardInterrupt:
        print("Stopped.", file=sys.stderr)
        return 130
