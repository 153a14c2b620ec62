"""Weights in several files: which tensor goes into which, and the index that says so."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from pathlib import Path

from minigpt.errors import UserError

INDEX_FILE = "model.safetensors.index.json"
SHARD = re.compile(r"model-\d{5}-of-\d{5}\.safetensors")
_PLAIN = re.compile(r"[\w.-]+\.safetensors", re.ASCII)  # no folder, no drive
_SIZE = re.compile(r"(\d+(?:\.\d+)?) ?([kMGT]?)(i?)B", re.IGNORECASE | re.ASCII)


def bytes_of(size: int | str) -> int:
    """200 -> 200, "200MB" -> 200,000,000, "2GiB" -> 2,147,483,648; UserError for anything else."""
    if isinstance(size, str) and (found := _SIZE.fullmatch(size.strip())):
        power = " KMGT".index(found[2].upper() or " ")
        size = int(float(found[1]) * (1024 if found[3] else 1000) ** power)
    if isinstance(size, bool) or not isinstance(size, int) or size < 1:
        raise UserError(f'max_shard_size must be bytes or a text such as "200MB", not {size!r}.')
    return size


def split(sizes: Mapping[str, int], limit: int) -> list[list[str]]:
    """Group names, in order, so that no group exceeds the limit, unless a single one does."""
    groups, room = [], 0
    for name, size in sizes.items():
        if size > room or not groups:
            groups.append([])
            room = limit
        groups[-1].append(name)
        room -= size
    return groups


def name_shards(groups: list[list[str]]) -> dict[str, list[str]]:
    """The files, as transformers names them: file -> names of its tensors."""
    count = len(groups)
    return {
        f"model-{number:05d}-of-{count:05d}.safetensors": group
        for number, group in enumerate(groups, start=1)
    }


def index_text(shards: Mapping[str, list[str]], total_size: int) -> str:
    """The index as transformers writes it."""
    places = {name: file for file, names in shards.items() for name in names}
    index = {"metadata": {"total_size": total_size}, "weight_map": places}
    return json.dumps(index, indent=2) + "\n"


def read_index(path: Path) -> dict[str, list[str]]:
    """Read an index: file -> names of its tensors.

    Raises:
        UserError: for one that is damaged, that names a file outside of its folder, or files that
            are missing, all of them in one sentence.
    """
    shards: dict[str, list[str]] = {}
    try:
        places = json.loads(path.read_bytes())["weight_map"]
        for name, file in places.items():
            shards.setdefault(file, []).append(name)
    except OSError as error:
        raise UserError(f"{path} can't be read: {error.strerror or error}.") from error
    except (ValueError, RecursionError, KeyError, TypeError, AttributeError) as error:
        raise UserError(
            f"{path} is damaged: it is no index of weights ({error!r:.200})."
        ) from error
    for file in shards:
        if not isinstance(file, str) or not _PLAIN.fullmatch(file):
            raise UserError(f"{path} names the file {file!r:.60}; it must be one of its folder.")
    missing = sorted(file for file in shards if not (path.parent / file).is_file())
    if missing:
        raise UserError(
            f"{path} names files that are missing: {', '.join(missing)}; copy them there as well."
        )
    return shards
