"""Every choice of a run in one place, and the recipes that set them together."""

from __future__ import annotations

import dataclasses
import json
from dataclasses import dataclass
from pathlib import Path

from minigpt.errors import UserError
from minigpt.files import atomic_write
from minigpt.model import GPTConfig

SETTINGS_FILE = "run.json"
TOKENIZERS = ("bpe", "char", "byte")
LAYERS = ("fast", "clear")


@dataclass(frozen=True)
class Settings:
    """The settings of a run; the defaults are the main job, the built-in stories."""

    text: tuple[str, ...] = ()  # files, folders or named corpora; none: TinyTown
    language: str = "en"  # of TinyTown: en or zh
    corpus_mb: float = 6.0  # size of TinyTown's corpus in megabytes
    val_fraction: float = 0.05  # share of the text that is kept for validation
    tokenizer: str = "bpe"  # bpe, char or byte
    vocab_size: int = 2048  # tokens, for bpe
    n_layer: int = 2
    n_head: int = 4
    n_embd: int = 128
    block_size: int = 128
    dropout: float = 0.0
    bias: bool = True
    tie_weights: bool = True
    init_std: float = 0.08
    batch_size: int = 16
    accumulate: int = 1
    steps: int = 2500
    lr: float = 5e-3
    min_lr: float = 1e-5
    warmup: int = 100
    beta1: float = 0.9
    beta2: float = 0.99
    weight_decay: float = 0.01
    clip: float = 1.0
    eval_every: int = 500  # steps between validations, each with a checkpoint and a sample
    judged: int = 100  # stories of TinyTown that are sampled and judged at the end
    layers: str = "fast"  # fast: `kernels/`; clear: the course text, `layers/`; or a folder
    recompute: bool = False  # less memory, a third more time
    threads: int | None = None
    device: str = "auto"
    precision: str = "fp32"  # of a GPU's matrix products: fp32, tf32 or bf16
    seed: int = 0

    def __post_init__(self):
        for field in dataclasses.fields(self):
            _check_type(field.name, getattr(self, field.name), field.default)
        if self.tokenizer not in TOKENIZERS:
            names = ", ".join(TOKENIZERS)
            raise UserError(f"Unknown tokenizer {self.tokenizer!r}; use one of: {names}.")
        if self.layers not in LAYERS and not Path(self.layers).is_dir():
            raise UserError(
                f"Unknown layers {self.layers!r}; use one of: {', '.join(LAYERS)}, or a folder "
                f"with exercises of your own."
            )
        for name in ("eval_every", "judged"):
            if getattr(self, name) < 1:
                raise UserError(f"{name} must be at least 1, not {getattr(self, name)}.")
        if self.seed < 0:
            raise UserError(f"seed must be 0 or above, not {self.seed}.")

    def model_config(self, vocab_size: int) -> GPTConfig:
        """The model's part of the settings."""
        names = ("n_layer", "n_head", "n_embd", "block_size", "dropout", "bias", "tie_weights",
                 "init_std")  # fmt: skip
        return GPTConfig(vocab_size=vocab_size, **{name: getattr(self, name) for name in names})

    def trainer_options(self) -> dict:
        """The trainer's part of the settings, as its keyword arguments."""
        names = ("batch_size", "steps", "lr", "min_lr", "warmup", "weight_decay", "clip",
                 "accumulate", "threads", "seed")  # fmt: skip
        options = {name: getattr(self, name) for name in names}
        return options | {"betas": (self.beta1, self.beta2)}

    def save(self, folder: Path) -> None:
        """Write `run.json`."""
        text = json.dumps(dataclasses.asdict(self), indent=2)
        atomic_write(Path(folder) / SETTINGS_FILE, text + "\n")

    @classmethod
    def load(cls, folder: Path) -> Settings:
        """Read `run.json`; raises UserError when there is none, or none that fits."""
        path = Path(folder) / SETTINGS_FILE
        try:
            stored = json.loads(path.read_text(encoding="utf-8"))
            return cls(**{**stored, "text": tuple(stored["text"])})
        except FileNotFoundError as error:
            raise UserError(f"There is no run in {folder}: {path.name} is missing.") from error
        except UserError:
            raise
        except (OSError, ValueError, TypeError, KeyError, RecursionError) as error:
            raise UserError(f"{path} can't be used ({error}); the file is damaged.") from error


def _check_type(name: str, value, default) -> None:
    """A value must be of its default's type; a file that was edited may hold anything."""
    kind = int if name == "threads" else type(default)
    if value is None and default is None:
        return
    if kind is float and type(value) is int:
        return
    if type(value) is not kind or (kind is int and not -(2**63) <= value < 2**63):
        raise UserError(f"{name} is {value!r}, but must be of the kind of {default!r}.")


NANOGPT_CPU = {  # the model and the course of nanoGPT's training on a laptop
    **{"text": ("shakespeare",), "tokenizer": "char", "val_fraction": 0.1},
    **{"n_layer": 4, "n_head": 4, "n_embd": 128, "block_size": 64, "bias": False},
    **{"batch_size": 12, "steps": 2000, "warmup": 100, "eval_every": 250},
}

RECIPES = {
    # The main job.
    "tinytown": {},
    # nanoGPT's numbers, to compare with.
    "nanogpt-cpu": {
        **NANOGPT_CPU,
        **{"init_std": 0.02, "lr": 1e-3, "min_lr": 1e-4, "weight_decay": 0.1},
    },
    # The same model on the same batches for the same steps; initial weights and steps are ours.
    "shakespeare": {**NANOGPT_CPU, "lr": 5e-3},
    # nanoGPT's larger model of the same text, for a GPU.
    "nanogpt-gpu": {
        **{"text": ("shakespeare",), "tokenizer": "char", "val_fraction": 0.1},
        **{"n_layer": 6, "n_head": 6, "n_embd": 384, "block_size": 256, "bias": False},
        **{"batch_size": 64, "steps": 5000, "warmup": 100, "eval_every": 250, "dropout": 0.2},
        **{"init_std": 0.02, "lr": 1e-3, "min_lr": 1e-4, "weight_decay": 0.1},
    },
    # Any text of your own, with byte-level BPE.
    "text": {"val_fraction": 0.1, "n_layer": 4, "block_size": 64, "steps": 2000, "eval_every": 250},
}


def recipe(name: str, **changes) -> Settings:
    """The settings of a recipe, with changes.

    Raises:
        UserError: for an unknown recipe.
    """
    if name not in RECIPES:
        raise UserError(f"Unknown recipe {name!r}; use one of: {', '.join(RECIPES)}.")
    return Settings(**{**RECIPES[name], **changes})
