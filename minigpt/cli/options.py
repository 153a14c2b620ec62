"""Options that several commands share, and options from a file."""

from __future__ import annotations

import argparse
import difflib
import sys
from pathlib import Path

from minigpt.errors import UserError

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib


def words_of_config(path: str, parser: argparse.ArgumentParser) -> list[str]:
    """Read a TOML file whose keys are a command's options, as words of its command line.

    `n_layer = 4` becomes `--n-layer 4`; `bias = false` becomes `--no-bias`; lists repeat.

    Raises:
        UserError: for a file that is missing or no TOML, and for an unknown key.
    """
    try:
        table = tomllib.loads(Path(path).read_text(encoding="utf-8-sig"))
    except OSError as error:
        raise UserError(f"Cannot read {path}: {(error.strerror or str(error)).lower()}.") from error
    except (tomllib.TOMLDecodeError, UnicodeDecodeError, RecursionError) as error:
        raise UserError(f"{path} is not valid TOML: {error}.") from error
    known = {option for action in parser._actions for option in action.option_strings}
    words = []
    for key, value in table.items():
        option = "--" + key.replace("_", "-")
        if option not in known or option in ("--config", "--help"):
            close = difflib.get_close_matches(option, known, n=1)
            hint = f"; did you mean {close[0][2:].replace('-', '_')!r}?" if close else "."
            raise UserError(f"{path}: there is no option {key!r}{hint}")
        if isinstance(value, dict):
            raise UserError(f"{path}: write {key!r} as `{key} = value`, not as a table.")
        if isinstance(value, bool):
            words.append(option if value else f"--no-{option[2:]}")
        elif isinstance(value, list):
            words += [option, *map(str, value)]
        else:
            words.append(f"{option}={value}")
    return words


def latest_run(runs: Path = Path("runs")) -> Path:
    """The folder below `runs` whose model was written last.

    Raises:
        UserError: when there is none.
    """
    models = sorted(runs.glob("*/model.safetensors"), key=lambda path: path.stat().st_mtime)
    if not models:
        raise UserError(
            f"There is no trained model in the folder {runs}; run `minigpt train` first, or name a "
            f"folder with --model."
        )
    return models[-1].parent


def new_folder(name: str, runs: Path = Path("runs")) -> Path:
    """Make `runs/name`, or `runs/name-2`, `-3` …: the first that does not exist yet.

    It is made at once, so that two trainings that start together do not share it.
    """
    folder, number = runs / name, 1
    while True:
        try:
            folder.mkdir(parents=True)
            return folder
        except FileExistsError:
            number += 1
            folder = runs / f"{name}-{number}"
