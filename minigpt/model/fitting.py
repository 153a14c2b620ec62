"""Whether the tensors of a file are those that a config calls for, every one and no other."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path

from minigpt.errors import UserError
from minigpt.model.architectures import HEAD, IGNORED, Architecture
from minigpt.model.config import GPTConfig
from minigpt.model.tensors import FLOATS, Tensor

MOST = 1 << 62  # beyond any size of a model; a number of thousands of digits can't be printed


def fitting(
    path: Path, kind: Architecture, config: GPTConfig, stored: Mapping[str, Tensor]
) -> dict[str, Tensor]:
    """Find the tensors that the config calls for among those of the files.

    Args:
        path: what an error names.
        stored: by the names of the files.

    Returns:
        The tensors by our names.

    Raises:
        UserError: for tensors that are missing, unexpected, of another shape, no floats, or there
            twice: all of them in one sentence.
    """
    _refuse_absurd_sizes(path, config, len(stored))
    named = [(kind.our_name(name), tensor) for name, tensor in stored.items()]
    named = [(name, tensor) for name, tensor in named if not IGNORED.fullmatch(name)]
    tensors, shapes = dict(named), config.shapes()
    twice = {name for name, tensor in named if tensors[name] is not tensor}
    if not config.bias:
        _drop_zeros(tensors, config)
    unlike = _drop_tied_head(tensors) if config.tie_weights else []
    groups = {
        "missing": shapes.keys() - tensors.keys(),
        "unexpected": tensors.keys() - shapes.keys() - set(unlike),
        **_misfits({name: tensors[name] for name in shapes.keys() & tensors.keys()}, shapes),
        "there twice": twice,
        "not equal to the wte.weight that it is tied to": unlike,
    }
    if any(groups.values()):
        told = [f"{what}: {listed(names)}" for what, names in groups.items() if names]
        raise UserError(f"{path} does not fit its config.json: {'; '.join(told)}.")
    return tensors


def listed(names: Iterable[str]) -> str:
    """Names in order, with commas; one that would break the line is quoted."""
    return ", ".join(name if name.isprintable() else repr(name) for name in sorted(names))


def _refuse_absurd_sizes(path: Path, config: GPTConfig, count: int) -> None:
    if max(config.vocab_size, config.block_size, config.n_layer, config.n_embd) > MOST:
        raise UserError(f"{path} does not fit its config.json, whose sizes are impossible.")
    if config.n_layer > count:  # names of a billion blocks would fill the memory
        raise UserError(f"{path} does not have {config.n_layer:,} blocks, as its config.json says.")


def _misfits(tensors: dict[str, Tensor], shapes: dict[str, tuple]) -> dict[str, list[str]]:
    return {
        "wrong shape": [
            f"{name} is {tensor.shape}, not {shapes[name]}"
            for name, tensor in tensors.items()
            if tensor.shape != shapes[name]
        ],
        "not floats": [
            f"{name} is {tensor.dtype}"
            for name, tensor in tensors.items()
            if tensor.dtype not in FLOATS
        ],
    }


def _drop_zeros(tensors: dict[str, Tensor], config: GPTConfig) -> None:
    """Remove the biases of zero that stand for no bias."""
    shapes = config.replace(bias=True).shapes()
    for name in (shapes.keys() - config.shapes().keys()) & tensors.keys():
        tensor = tensors[name]
        usual = tensor.shape == shapes[name] and tensor.dtype in FLOATS
        if usual and not any(piece.any() for piece in tensor.pieces()):
            del tensors[name]


def _drop_tied_head(tensors: dict[str, Tensor]) -> list[str]:
    """Remove a head that repeats the token embedding, as some files do; name it if it doesn't."""
    head, wte = tensors.get(HEAD), tensors.get("wte.weight")
    if head is None or wte is None:
        return []
    if {head.dtype, wte.dtype} <= FLOATS.keys() and head.equals(wte):
        del tensors[HEAD]
        return []
    return [HEAD]
