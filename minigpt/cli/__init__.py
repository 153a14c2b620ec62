"""The command line: `minigpt COMMAND`. One file a command; see `minigpt --help`."""

from minigpt.cli.main import main

__all__ = ["main"]
