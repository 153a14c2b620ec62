"""A model as a folder: `config.json` and `model.safetensors`, as GPT-2's at Hugging Face."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
from safetensors import SafetensorError
from safetensors.numpy import load_file, save

from minigpt.backend import to_host
from minigpt.errors import UserError
from minigpt.files import atomic_write
from minigpt.model.config import GPTConfig
from minigpt.tree import items

CONFIG_FILE, WEIGHTS_FILE = "config.json", "model.safetensors"
PREFIX = "transformer."  # GPT2LMHeadModel keeps everything but the head below this name
OLD_MASKS = (".attn.bias", ".attn.masked_bias")  # the causal mask: GPT-2's first files hold it too

ALIASES = {"gelu_pytorch_tanh": "gelu_new"}  # the same formula under another name
FIELDS = {  # ours: GPT-2's in config.json
    "vocab_size": "vocab_size",
    "block_size": "n_positions",
    "n_layer": "n_layer",
    "n_head": "n_head",
    "n_embd": "n_embd",
    "dropout": "resid_pdrop",
    "tie_weights": "tie_word_embeddings",
    "activation": "activation_function",
    "layer_norm_epsilon": "layer_norm_epsilon",
    "init_std": "initializer_range",
}


def save_folder(folder: str | Path, config: GPTConfig, params: dict) -> None:
    """Write a model so that minigpt and `transformers.GPT2LMHeadModel` both open it.

    GPT-2 has no switch for biases: a model without them is written with biases of zero, which
    compute the same, and with `"bias": false` for our own reader.

    Raises:
        UserError: when a file can't be written; what was there before is untouched.
    """
    folder = Path(folder)
    tensors = {_stored(name): to_host(value) for name, value in items(params)}
    if not config.bias:
        with_bias = config.replace(bias=True).shapes()
        dtype = next(iter(tensors.values())).dtype
        for name in with_bias.keys() - config.shapes().keys():
            tensors[_stored(name)] = np.zeros(with_bias[name], dtype)
    tensors = {name: np.ascontiguousarray(value) for name, value in sorted(tensors.items())}
    atomic_write(folder / WEIGHTS_FILE, save(tensors, metadata={"format": "pt"}))
    atomic_write(folder / CONFIG_FILE, json.dumps(to_json(config), indent=2) + "\n")


def load_folder(folder: str | Path) -> tuple[GPTConfig, dict[str, np.ndarray]]:
    """Read `config.json` and every tensor that it calls for.

    Returns:
        The config, and the parameters by GPT-2's names.

    Raises:
        UserError: for a file that is missing or damaged, and for tensors that are missing,
            unexpected or of another shape, all of them in one sentence.
    """
    folder = Path(folder)
    config = read_config(folder / CONFIG_FILE)
    tensors = read_tensors(folder / WEIGHTS_FILE)
    if config.n_layer > len(tensors):  # names of a billion blocks would fill the memory
        raise UserError(f"{folder / WEIGHTS_FILE} does not have {config.n_layer} blocks.")
    shapes = config.shapes()
    tensors = {
        name.removeprefix(PREFIX): value
        for name, value in tensors.items()
        if not name.endswith(OLD_MASKS)
    }
    if not config.bias:  # the zeros that stand for no bias
        for name in config.replace(bias=True).shapes().keys() - shapes.keys():
            if name in tensors and not tensors[name].any():
                del tensors[name]
    check_tensors(folder / WEIGHTS_FILE, tensors, shapes)
    return config, {name: tensors[name] for name in shapes}


def to_json(config: GPTConfig) -> dict:
    """The config in GPT-2's words, with our own `bias` beside them."""
    ours = {theirs: getattr(config, name) for name, theirs in FIELDS.items()}
    return {
        "architectures": ["GPT2LMHeadModel"],
        "model_type": "gpt2",
        **ours,
        "embd_pdrop": config.dropout,
        "attn_pdrop": config.dropout,
        "bias": config.bias,
    }


def read_config(path: Path) -> GPTConfig:
    """Read a `config.json` of model type "gpt2"; raises UserError for anything else."""
    try:
        stored = json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError as error:
        raise UserError(
            f"There is no model in {path.parent}: {path.name} is missing; "
            f"name a folder that `minigpt train` wrote."
        ) from error
    except OSError as error:
        raise UserError(f"{path} can't be read: {error.strerror or error}.") from error
    except (ValueError, RecursionError) as error:
        raise UserError(f"{path} is damaged: it is not JSON ({error}).") from error
    if not isinstance(stored, dict) or stored.get("model_type") != "gpt2":
        found = stored.get("model_type") if isinstance(stored, dict) else stored
        raise UserError(f"{path} describes a model of type {found!r}; minigpt reads 'gpt2'.")
    _refuse_variants(path, stored)
    fields = {name: stored[theirs] for name, theirs in FIELDS.items() if theirs in stored}
    if fields.get("activation") in ALIASES:
        fields["activation"] = ALIASES[fields["activation"]]
    return GPTConfig(**fields, bias=stored.get("bias", True))


def _refuse_variants(path: Path, stored: dict) -> None:
    """Refuse switches of GPT-2's config that would compute something else than minigpt does."""
    widths = (None, 4 * stored.get("n_embd", GPTConfig.n_embd))
    usual = {
        "scale_attn_weights": (True,),
        "scale_attn_by_inverse_layer_idx": (False,),
        "reorder_and_upcast_attn": (False, True),  # the same numbers, summed in another order
        "add_cross_attention": (False,),
        "n_inner": widths,
    }
    for name, values in usual.items():
        if name in stored and stored[name] not in values:
            raise UserError(f"{path} has {name} = {stored[name]!r}; minigpt can't compute that.")


def read_tensors(path: Path) -> dict[str, np.ndarray]:
    """Read all tensors of a safetensors file; raises UserError when it is missing or damaged."""
    try:
        return load_file(path)
    except FileNotFoundError as error:
        raise UserError(f"There are no weights: {path} is missing.") from error
    except TypeError as error:  # "data type 'bfloat16' not understood"
        raise UserError(
            f"{path} stores numbers that NumPy lacks ({error}); save the model as float32 first."
        ) from error
    except (OSError, SafetensorError, ValueError) as error:
        raise UserError(
            f"{path} is truncated or damaged ({error}); copy or train the model again."
        ) from error


def check_tensors(path: Path, tensors: dict, shapes: dict[str, tuple[int, ...]]) -> None:
    """Refuse tensors that do not fit the shapes, naming all that differ in one message."""
    missing = sorted(shapes.keys() - tensors.keys())
    unexpected = sorted(tensors.keys() - shapes.keys())
    misshapen = [
        f"{name} is {tensors[name].shape}, not {shapes[name]}"
        for name in sorted(shapes.keys() & tensors.keys())
        if tuple(tensors[name].shape) != tuple(shapes[name])
    ]
    groups = {"missing": missing, "unexpected": unexpected, "wrong shape": misshapen}
    if any(groups.values()):
        told = "; ".join(f"{kind}: {', '.join(names)}" for kind, names in groups.items() if names)
        raise UserError(f"{path} does not fit its config.json: {told}.")


def _stored(name: str) -> str:
    return name if name.startswith("lm_head") else PREFIX + name
