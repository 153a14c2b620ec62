"""What a model is called in `config.json` and in its weights: GPT-2, GPT-1, and our own words.

Each `Architecture` is a small dictionary between a `GPTConfig` and the words of `transformers`. A
model that neither GPT-2's nor GPT-1's can describe is written in our own, which `transformers`
refuses: better than that it computes something else.
"""

from __future__ import annotations

import dataclasses
import json
import re
from dataclasses import dataclass, field
from pathlib import Path

from minigpt.errors import UserError
from minigpt.model.config import GPTConfig

PREFIX = "transformer."  # the models with a head keep everything else below this name
HEAD = "lm_head.weight"
# Buffers of older files that hold no weights: causal masks, and 0, 1, 2, …
IGNORED = re.compile(r"(h\.\d+\.attn\.(bias|masked_bias)|position_ids)")
NOT_OURS = {"activation_function": None, "afn": None}  # see `to_json`
ANYWHERE = NOT_OURS.keys() | {
    *("architectures", "model_type", "dtype", "torch_dtype", "transformers_version"),
}


@dataclass(frozen=True)
class Architecture:
    """How one kind of model is written down.

    Attributes:
        model_type, class_name: its names in `transformers`.
        fields: ours -> theirs, in `config.json`.
        activations: theirs -> ours; of two with one meaning the first is written.
        fixed: what the fields can't say, because it is so in every such model.
        defaults: what a `config.json` without the field means.
        tensors: ours -> theirs, the first part of a tensor's name.
    """

    model_type: str
    class_name: str
    fields: dict[str, str]
    activations: dict[str, str]
    fixed: dict[str, object] = field(default_factory=dict)
    defaults: dict[str, object] = field(default_factory=dict)
    tensors: dict[str, str] = field(default_factory=dict)

    def can_say(self, config: GPTConfig) -> bool:
        """Whether such a model computes what the config asks for."""
        fixed = all(getattr(config, name) == value for name, value in self.fixed.items())
        return fixed and config.activation in self.activations.values()

    def stored_name(self, name: str) -> str:
        """The name of our tensor in their files."""
        first, dot, rest = name.partition(".")
        return name if name == HEAD else PREFIX + self.tensors.get(first, first) + dot + rest

    def our_name(self, stored: str) -> str:
        """Undo `stored_name`; files without the prefix are understood as well."""
        first, dot, rest = stored.removeprefix(PREFIX).partition(".")
        ours = {theirs: name for name, theirs in self.tensors.items()}
        return ours.get(first, first) + dot + rest


_FIELDS = {
    "vocab_size": "vocab_size",
    "block_size": "n_positions",
    "n_layer": "n_layer",
    "n_head": "n_head",
    "n_embd": "n_embd",
    "dropout": "resid_pdrop",
    "bias": "bias",  # our own: theirs have biases, so zeros are written where we have none
    "tie_weights": "tie_word_embeddings",
    "activation": "activation_function",
    "layer_norm_epsilon": "layer_norm_epsilon",
    "init_std": "initializer_range",
}
GPT2 = Architecture(
    "gpt2",
    "GPT2LMHeadModel",
    _FIELDS,
    {"gelu_new": "gelu_new", "gelu": "gelu", "relu": "relu", "gelu_pytorch_tanh": "gelu_new"},
    fixed={"post_norm": False, "window": None},
)
GPT1 = Architecture(
    "openai-gpt",
    "OpenAIGPTLMHeadModel",
    _FIELDS | {"activation": "afn"},
    {"gelu": "gelu_new", "relu": "relu"},  # transformers computes the tanh form for "gelu" here
    fixed={"post_norm": True, "window": None},
    defaults={"vocab_size": 40478, "block_size": 512},
    tensors={"wte": "tokens_embed", "wpe": "positions_embed"},
)
_OURS = [each.name for each in dataclasses.fields(GPTConfig)]
OWN = Architecture(
    "minigpt",
    "MinigptForCausalLM",  # transformers has none of that name
    {name: name for name in _OURS},
    {"gelu_new": "gelu_new", "gelu": "gelu", "relu": "relu"},
)
ARCHITECTURES = (GPT2, GPT1, OWN)


def architecture_of(config: GPTConfig) -> Architecture:
    """The first architecture that computes what the config asks for."""
    return next(each for each in ARCHITECTURES if each.can_say(config))


def to_json(config: GPTConfig) -> dict:
    """The config as `config.json` has it."""
    kind = architecture_of(config)
    ours = {theirs: getattr(config, name) for name, theirs in kind.fields.items()}
    written = {ours: theirs for theirs, ours in reversed(kind.activations.items())}
    ours[kind.fields["activation"]] = written[config.activation]
    names = {"architectures": [kind.class_name], "model_type": kind.model_type}
    if kind is OWN:  # GPT2LMHeadModel opens any type with a warning, but not without these two
        return names | ours | NOT_OURS
    return names | ours | {"embd_pdrop": config.dropout, "attn_pdrop": config.dropout}


def read_config(path: Path) -> GPTConfig:
    """Read a `config.json`; raises UserError for one that is missing or of another model."""
    return parse_config(path, config_text(path))[1]


def config_text(path: Path) -> str:
    """Read the text of a `config.json`; raises UserError when there is none."""
    try:
        return path.read_bytes().decode("utf-8")
    except FileNotFoundError as error:
        raise UserError(
            f"There is no model in {path.parent}: {path.name} is missing; "
            f"name a folder that `minigpt train` wrote."
        ) from error
    except OSError as error:
        raise UserError(f"{path} can't be read: {error.strerror or error}.") from error
    except ValueError as error:
        raise UserError(f"{path} is damaged: it is not UTF-8 text ({error}).") from error


def parse_config(path: Path, text: str) -> tuple[Architecture, GPTConfig]:
    """Understand the text of a `config.json`.

    Raises:
        UserError: for one that is damaged, of another architecture, or with a switch that minigpt
            can't compute.
    """
    try:
        stored = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise UserError(f"{path} is damaged: it is not JSON ({error}).") from error
    found = stored.get("model_type") if isinstance(stored, dict) else stored
    kind = next((each for each in ARCHITECTURES if each.model_type == found), None)
    if kind is None:
        raise UserError(
            f"{path} describes a model of type {found!r:.60}; minigpt reads 'gpt2', 'openai-gpt' "
            f"and its own."
        )
    if kind is GPT2:
        _refuse_variants(path, stored)
    if kind is OWN and (unknown := stored.keys() - kind.fields.keys() - ANYWHERE):
        raise UserError(f"{path} has {min(unknown)!r:.60}, which this minigpt does not know.")
    fields = {name: stored[theirs] for name, theirs in kind.fields.items() if theirs in stored}
    activation = fields.get("activation")
    if isinstance(activation, str):
        fields["activation"] = kind.activations.get(activation, activation)
    try:
        return kind, GPTConfig(**{**kind.defaults, **fields, **kind.fixed})
    except (UserError, OverflowError) as error:  # a float of 400 digits
        raise UserError(f"{path} describes no model: {error}") from error


def _refuse_variants(path: Path, stored: dict) -> None:
    """Refuse switches of GPT-2's config that would compute something else than minigpt does."""
    width = stored.get("n_embd", GPTConfig.n_embd)
    usual = {
        "scale_attn_weights": (True,),
        "scale_attn_by_inverse_layer_idx": (False,),
        "reorder_and_upcast_attn": (False, True),  # the same numbers, summed in another order
        "add_cross_attention": (False,),
        "n_inner": (None, 4 * width if isinstance(width, int) else None),
    }
    for name, values in usual.items():
        if name in stored and stored[name] not in values:
            raise UserError(
                f"{path} has {name} = {stored[name]!r:.60}; minigpt can't compute that."
            )
