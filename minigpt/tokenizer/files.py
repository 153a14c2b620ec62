"""A tokenizer's folder, as GPT-2 and the Hugging Face ecosystem have it.

- `vocab.json`: token -> id, each byte written as the visible character of `byte_unicode.py`
  (a character vocabulary writes the characters themselves);
- `merges.txt`: the line `#version: 0.2`, then one merge a line, the first learned first;
- `special_tokens_map.json`, `tokenizer_config.json`: what `transformers.AutoTokenizer` needs, and
  our own fields `minigpt_kind` and `minigpt_pattern`; there also `pad_token` and `padding_side`,
  where they are set;
- `tokenizer.json`, only where GPT-2's own class would read the folder otherwise than we do:
  see `huggingface.py`.

A file is written beside its place and then renamed, so that a full disk or a crash never leaves
half a file under the right name.
"""

from __future__ import annotations

import json
import os
import secrets
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from minigpt.errors import UserError
from minigpt.tokenizer.batch import DEFAULT_SIDE
from minigpt.tokenizer.byte_unicode import from_printable, to_printable
from minigpt.tokenizer.huggingface import config_files

VERSION_LINE = "#version: 0.2"


def file_name_of(token: bytes, kind: str) -> str:
    """How a token is written in `vocab.json`."""
    return token.decode("utf-8") if kind == "char" else to_printable(token)


def save(
    folder: str | Path,
    vocab: Mapping[str, int],
    merges: Sequence[tuple[bytes, bytes]],
    special_tokens: Mapping[str, int],
    kind: str,
    pattern: str | None,
    pad_token: str | None = None,
    padding_side: str = DEFAULT_SIDE,
) -> None:
    """Write all files of a tokenizer; UserError if the folder cannot be written."""
    ordered = dict(sorted(vocab.items(), key=lambda item: item[1]))
    named_merges = [(to_printable(left), to_printable(right)) for left, right in merges]
    lines = [VERSION_LINE, *(f"{left} {right}" for left, right in named_merges)]
    contents = {"vocab.json": json.dumps(ordered), "merges.txt": "\n".join(lines) + "\n"}
    configs = config_files(ordered, named_merges, special_tokens, kind, pattern)
    if pad_token is not None:
        for config in (configs["tokenizer_config.json"], configs["special_tokens_map.json"]):
            config["pad_token"] = pad_token
    if padding_side != DEFAULT_SIDE:
        configs["tokenizer_config.json"]["padding_side"] = padding_side
    contents |= {name: json.dumps(value, indent=2) + "\n" for name, value in configs.items()}
    folder = Path(folder)
    try:
        folder.mkdir(parents=True, exist_ok=True)
        write_all(folder, contents)
        if "tokenizer.json" not in contents:  # one left by an earlier tokenizer would win
            (folder / "tokenizer.json").unlink(missing_ok=True)
    except OSError as error:
        raise UserError(
            f"The tokenizer cannot be written to {folder}: {error.strerror or error}; choose a "
            "folder that can be written and has room."
        ) from error


def write_all(folder: Path, contents: Mapping[str, str]) -> None:
    """Write files so that each is either whole or as it was; OSError if one cannot be written.

    No file gets its name before all are written, so the usual failures (a full disk, a folder
    that is read-only) leave the old files as they were, all of them.
    """
    moves = {folder / f".{name}.{secrets.token_hex(4)}.tmp": folder / name for name in contents}
    try:
        for temporary, place in moves.items():
            with temporary.open("x", encoding="utf-8", newline="\n") as file:
                file.write(contents[place.name])
        for temporary, place in moves.items():
            os.replace(temporary, place)  # noqa: PTH105 (the one call known to be atomic)
    finally:
        for temporary in moves:
            temporary.unlink(missing_ok=True)


def read_text(path: Path) -> str:
    """Read a UTF-8 file; UserError naming the file if it is missing or no UTF-8."""
    try:
        return path.read_text(encoding="utf-8")
    except FileNotFoundError:
        raise UserError(f"{path} does not exist; check the folder's name.") from None
    except UnicodeDecodeError:
        raise UserError(f"{path} is not UTF-8 text; get the file again.") from None
    except OSError as error:
        raise UserError(f"{path} cannot be read: {error.strerror}; check it.") from error


def read_json(path: Path) -> dict[str, Any]:
    """Read a JSON object; UserError naming the file and line if it is none."""
    try:
        value = json.loads(read_text(path), object_pairs_hook=lambda pairs: _unique(pairs, path))
    except json.JSONDecodeError as error:
        raise UserError(
            f"{path}, line {error.lineno}: this is not JSON ({error.msg}); the file is damaged or "
            "cut short, get it again."
        ) from None
    if not isinstance(value, dict):
        raise UserError(f"{path}, line 1: this is not a JSON object {{...}}; get the file again.")
    return value


def _unique(pairs: list[tuple[str, Any]], path: Path) -> dict[str, Any]:
    value = dict(pairs)
    if len(value) != len(pairs):
        names = [name for name, _ in pairs]
        double = next(name for name in names if names.count(name) > 1)
        raise UserError(f"{path} has {double!r} twice; keep one of the two.")
    return value


def check_vocab(vocab: dict[str, Any], path: Path) -> dict[str, int]:
    """Check what `vocab.json` holds; UserError if an id is no number or has two tokens."""
    owners: dict[int, str] = {}
    for name, i in vocab.items():
        if type(i) is not int or i < 0:
            raise UserError(f"{path} gives {name!r} the id {i!r}; an id is a number from 0 on.")
        if i in owners:
            raise UserError(
                f"{path} gives the id {i} to {owners[i]!r} and to {name!r}; each needs its own."
            )
        owners[i] = name
    return vocab


def read_merges(path: Path) -> list[tuple[int, str, str]]:
    """Read `merges.txt` as (line number, left, right); UserError naming a line that is no merge."""
    text = read_text(path)
    merges = []
    for number, line in enumerate(text.splitlines(), start=1):
        if (number == 1 and line.startswith("#version")) or not line:
            continue
        parts = line.split(" ")
        if len(parts) != 2 or not all(parts):
            raise UserError(
                f"{path}, line {number}: {line!r:.60} is not two tokens with a space between; the "
                "file is damaged or cut short, get it again."
            )
        merges.append((number, parts[0], parts[1]))
    return merges


def check_merges(
    merges: Sequence[tuple[int, str, str]], vocab: Mapping[str, int], path: Path
) -> list[tuple[bytes, bytes]]:
    """Turn merges into bytes; UserError if one takes or makes a token that has no id."""
    checked = []
    for number, left, right in merges:
        place = f"{path}, line {number}" if number else str(path)  # JSON has no lines
        for name in (left, right, left + right):
            if name not in vocab:
                raise UserError(
                    f"{place}: the merge '{left} {right}' needs the token {name!r}, "
                    "which has no id in the vocabulary; the two files do not belong together, or "
                    "one is cut short."
                )
        try:
            checked.append((from_printable(left), from_printable(right)))
        except KeyError as error:
            raise UserError(
                f"{place}: the character {error.args[0]!r} stands for no byte; get "
                "the file again."
            ) from None
    return checked
