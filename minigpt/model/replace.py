"""Writing the files of a model so that a reader finds the old model, the new one, or none.

A file can be replaced in one step, a folder can't. So everything is written to the disk under
other names first, where a full disk does no harm. If more than one file must change then,
`config.json` is removed before the others get their names and comes back after them: without it
there is no model to read, and who is killed in between leaves no mixture of two.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Collection, Iterator, Mapping
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path

from minigpt.errors import UserError
from minigpt.files import atomic_path, atomic_write
from minigpt.model.shards import INDEX_FILE, SHARD
from minigpt.model.tensors import write_tensors

CONFIG_FILE, WEIGHTS_FILE = "config.json", "model.safetensors"


def replace_folder(folder: Path, texts: Mapping[str, str], shards: Mapping[str, dict]) -> None:
    """Write a model's files and remove the weights that were there before.

    Args:
        texts: `config.json`, and the index if there are several files of weights.
        shards: file -> {name: array}.

    Raises:
        UserError: when a file can't be written; what was there before is untouched.
    """
    config_file, text = folder / CONFIG_FILE, texts[CONFIG_FILE].encode()
    with atomic_path(config_file) as new_config:
        new_config.write_bytes(text)
        with _put_back(folder) as old, ExitStack() as places:  # leaving it gives the names
            if INDEX_FILE in texts:
                place = places.enter_context(atomic_path(folder / INDEX_FILE))
                place.write_bytes(texts[INDEX_FILE].encode())
            for file, tensors in shards.items():
                write_tensors(places.enter_context(atomic_path(folder / file)), tensors)
            if old is not None and (len(shards) > 1 or text != old):
                shutil.copymode(config_file, new_config)
                _target(config_file).unlink()
        _remove_stale(folder, texts.keys() | shards.keys())


@contextmanager
def _put_back(folder: Path) -> Iterator[bytes | None]:
    """Lend the old `config.json`; restore it after a failure that left all weights as they were."""
    path, weights, config = folder / CONFIG_FILE, _stamps(folder), None
    with suppress(OSError):
        config = path.read_bytes()
    try:
        yield config
    except BaseException:
        if config is not None and not path.exists() and _stamps(folder) == weights:
            atomic_write(_target(path), config)
        raise


def _target(path: Path) -> Path:
    """What a link leads to: a link stays, as in the cache of Hugging Face's hub."""
    return Path(os.path.realpath(path))


def _weights(folder: Path) -> list[Path]:
    return [
        path
        for path in sorted(folder.iterdir())
        if path.name in (WEIGHTS_FILE, INDEX_FILE) or SHARD.fullmatch(path.name)
    ]


def _stamps(folder: Path) -> dict[str, tuple]:
    """What changes whenever a file of weights is replaced."""
    stats = {path.name: path.stat() for path in _weights(folder) if path.exists()}
    return {name: (stat.st_ino, stat.st_mtime_ns, stat.st_size) for name, stat in stats.items()}


def _remove_stale(folder: Path, written: Collection[str]) -> None:
    """Remove the weights of before, which would contradict those that were written."""
    for path in _weights(folder):
        if path.name not in written:
            try:
                path.unlink()
            except OSError as error:
                raise UserError(
                    f"The old {path} can't be removed ({error.strerror or error}); close what "
                    f"uses it, remove it and save again."
                ) from error
