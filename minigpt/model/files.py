"""A model as a folder: `config.json` and `model.safetensors`, as at Hugging Face.

Weights may lie in several files with an index as well. They are read strictly, and right into
their place in the model's memory; `replace.py` writes them.
"""

from __future__ import annotations

import json
from contextlib import ExitStack
from pathlib import Path

import numpy as np

from minigpt.errors import UserError
from minigpt.hub import conversion
from minigpt.model.architectures import (
    OWN,
    architecture_of,
    config_text,
    parse_config,
    read_config,
    to_json,
)
from minigpt.model.config import GPTConfig
from minigpt.model.fitting import fitting, listed
from minigpt.model.replace import CONFIG_FILE, INDEX_FILE, WEIGHTS_FILE, replace_folder
from minigpt.model.shards import bytes_of, index_text, name_shards, read_index, split
from minigpt.model.tensors import TensorFile
from minigpt.tree import FlatTree, items

__all__ = ["CONFIG_FILE", "WEIGHTS_FILE", "load_folder", "read_config", "save_folder"]

PICKLES = ("pytorch_model*.bin", "*.bin", "*.pt", "*.pth", "*.ckpt")


def save_folder(
    folder: str | Path, config: GPTConfig, params: dict, max_shard_size: int | str | None = None
) -> None:
    """Write a model so that minigpt and, if it knows the architecture, `transformers` open it.

    GPT-1 and GPT-2 have no switch for biases: a model without them is written with biases of zero,
    which compute the same, and with `"bias": false` for our own reader.

    Raises:
        UserError: when a file can't be written; what was there before is untouched.
    """
    kind, arrays = architecture_of(config), dict(items(params))
    dtype = next(iter(arrays.values())).dtype
    if not config.bias and kind is not OWN:
        shapes = config.replace(bias=True).shapes()
        arrays |= {name: np.zeros(shapes[name], dtype) for name in shapes.keys() - arrays.keys()}
    tensors = dict(sorted((kind.stored_name(name), value) for name, value in arrays.items()))
    sizes = {name: array.nbytes for name, array in tensors.items()}
    total, texts, shards = sum(sizes.values()), {}, {WEIGHTS_FILE: list(tensors)}
    if max_shard_size is not None and total > bytes_of(max_shard_size):
        shards = name_shards(split(sizes, bytes_of(max_shard_size)))
        texts[INDEX_FILE] = index_text(shards, total)
    texts[CONFIG_FILE] = json.dumps(to_json(config), indent=2) + "\n"
    parts = {file: {name: tensors[name] for name in names} for file, names in shards.items()}
    replace_folder(Path(folder), texts, parts)


def load_folder(folder: str | Path, dtype: str = "float32", xp=np) -> tuple[GPTConfig, FlatTree]:
    """Read `config.json` and every tensor that it calls for.

    Nothing is allocated before everything is known to fit.

    Args:
        dtype, xp: of the arrays to fill; the files may hold float16, bfloat16, float32 or float64.

    Raises:
        UserError: for a file that is missing or damaged, and for tensors that are missing,
            unexpected or of another shape, all of them in one sentence.
    """
    folder = Path(folder)
    refuse_others(folder)
    text = config_text(folder / CONFIG_FILE)
    kind, config = parse_config(folder / CONFIG_FILE, text)
    with ExitStack() as stack:
        path, files = _open_weights(folder, stack)
        _refuse_changed(folder, text, files)
        stored = {name: tensor for file in files for name, tensor in file.tensors.items()}
        tensors = fitting(path, kind, config, stored)
        try:
            params = FlatTree.empty(config.shapes(), dtype, xp)
        except MemoryError as error:
            raise UserError(f"The weights of {folder} do not fit into the memory.") from error
        for name, array in items(params):
            tensors[name].read_into(array)
    return config, params


def _open_weights(folder: Path, stack: ExitStack) -> tuple[Path, list[TensorFile]]:
    """Open the file of weights, or all that the index names; the path is what errors name."""
    path = folder / INDEX_FILE
    if (folder / WEIGHTS_FILE).exists() or not path.exists():
        path = folder / WEIGHTS_FILE
        return path, [stack.enter_context(TensorFile(path))]
    index, told = read_index(path), []
    files = [stack.enter_context(TensorFile(folder / name)) for name in index]
    for file, names in zip(files, index.values(), strict=True):
        lacking, more = set(names) - file.tensors.keys(), file.tensors.keys() - set(names)
        told += [f"{file.path.name} lacks {listed(lacking)}"] if lacking else []
        told += [f"{file.path.name} also holds {listed(more)}"] if more else []
    if told:
        raise UserError(f"{path} does not fit its files: {'; '.join(told)}.")
    return path, files


def _refuse_changed(folder: Path, text: str, files: list[TensorFile]) -> None:
    """Refuse a folder in which another process has replaced something since we began to read.

    What is open already stays as it is, so from here on nothing can change under our hands.
    """
    try:
        changed = config_text(folder / CONFIG_FILE) != text
    except UserError:
        changed = True
    if changed or any(file.is_replaced() for file in files):
        raise UserError(f"{folder} was written to while it was read; read it again.")


def refuse_others(path: Path) -> None:
    """Refuse a path that leads to a file, and a folder whose weights are only there as a pickle.

    Raises:
        UserError: with the command that turns the pickle into what minigpt reads.
    """
    if path.suffix.lower() == ".safetensors" and path.is_file():
        raise UserError(f"{path} is one file of a model; name its folder: {path.parent}")
    if (path / WEIGHTS_FILE).exists() or (path / INDEX_FILE).exists():
        return
    found = [path] if path.is_file() and any(path.match(each) for each in PICKLES) else []
    found += [file for pattern in PICKLES for file in sorted(path.glob(pattern))]
    if found:
        raise UserError(
            f"{found[0]} is a pickle, which can run code when it is opened; if you trust it, "
            f"convert it once, then name its folder: {_way_to_convert(found[0])}"
        )


def _way_to_convert(path: Path) -> str:
    """The command that writes the tensors of a pickle into a file that minigpt reads."""
    home, file = path.parent.as_posix(), path.as_posix()
    if path.match(PICKLES[0]):  # of transformers, which knows its parts if there are several
        return conversion(home, home)
    tensors = f"torch.load('{file}', map_location='cpu', weights_only=True)"
    return (
        f'python -c "import torch; from safetensors.torch import save_file; '
        f"save_file({{k: v.clone() for k, v in {tensors}.items()}}, '{home}/{WEIGHTS_FILE}')\""
    )
