"""What makes one GPT different from another: sizes and switches."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass
from numbers import Integral, Real

import numpy as np

from minigpt.errors import UserError
from minigpt.model.presets import PRESETS

# Named as in GPT-2's config.json: GELU's tanh form, the exact one; the plain ReLU.
ACTIVATIONS = ("gelu_new", "gelu", "relu")


@dataclass(frozen=True)
class GPTConfig:
    """The sizes and switches of a GPT.

    Raises:
        UserError: for sizes that make no model, naming the field and what it must be.
    """

    vocab_size: int = 50257  # V, number of different tokens
    block_size: int = 1024  # the longest T: how far back the model can look
    n_layer: int = 12  # number of blocks
    n_head: int = 12  # H, heads of attention in a block
    n_embd: int = 768  # C, channels; each head has D = C / H
    dropout: float = 0.0  # share of activations that training forgets
    bias: bool = True  # biases in the linear layers and layer norms
    tie_weights: bool = True  # the head reads its scores off the token embedding
    activation: str = "gelu_new"  # the MLP's
    layer_norm_epsilon: float = 1e-5
    init_std: float = 0.02  # of the initial weights
    post_norm: bool = False  # GPT-1's order: a layer norm after each addition, none at the end
    window: int | None = None  # GPT-3's banded attention: every second block sees so many places

    def __post_init__(self):
        for name in ("vocab_size", "block_size", "n_layer", "n_head", "n_embd"):
            value = getattr(self, name)
            if isinstance(value, bool) or not isinstance(value, Integral) or value < 1:
                raise UserError(f"{name} must be a whole number of at least 1, not {value!r}.")
            object.__setattr__(self, name, int(value))  # from NumPy's, such as tokens.max() + 1
        self._check_switches()
        for name in ("dropout", "layer_norm_epsilon", "init_std"):
            value = getattr(self, name)
            if isinstance(value, bool) or not isinstance(value, Real):
                raise UserError(f"{name} must be a number, not {value!r}.")
            object.__setattr__(self, name, float(value))  # NumPy's would turn float32 into float64
        if self.n_embd % self.n_head:
            raise UserError(
                f"n_embd ({self.n_embd}) must be divisible by n_head ({self.n_head}), "
                f"because each head gets an equal part of the channels."
            )
        if not 0 <= self.dropout < 1:
            raise UserError(f"dropout must be at least 0 and below 1, not {self.dropout!r}.")
        if self.activation not in ACTIVATIONS:
            names = ", ".join(ACTIVATIONS)
            raise UserError(f"Unknown activation {self.activation!r}; use one of: {names}.")
        for name in ("layer_norm_epsilon", "init_std"):
            value = getattr(self, name)
            if not 0 < value <= 10:
                raise UserError(f"{name} must be above 0 and at most 10, not {value!r}.")

    def _check_switches(self):
        for name in ("bias", "tie_weights", "post_norm"):
            value = getattr(self, name)
            if not isinstance(value, (bool, np.bool_)):
                raise UserError(f"{name} must be True or False, not {value!r}.")
            object.__setattr__(self, name, bool(value))
        if self.window is not None:
            if isinstance(self.window, bool) or not isinstance(self.window, Integral):
                raise UserError(f"window must be a whole number or None, not {self.window!r}.")
            if self.window < 1:
                raise UserError(f"window must be at least 1, not {self.window}.")
            object.__setattr__(self, "window", int(self.window))

    def window_of(self, layer: int | str) -> int | None:
        """How many places block `layer` sees: GPT-3 alternates dense (0, 2, …) and banded ones."""
        return self.window if int(layer) % 2 else None

    @classmethod
    def preset(cls, name: str, **changes) -> GPTConfig:
        """Return a published configuration by name, with changes if wanted.

        Raises:
            UserError: for an unknown name.
        """
        if name not in PRESETS:
            raise UserError(f"Unknown preset {name!r}; use one of: {', '.join(PRESETS)}.")
        return cls(**{**PRESETS[name], **changes})

    def replace(self, **changes) -> GPTConfig:
        """Return the same configuration with some fields changed."""
        return dataclasses.replace(self, **changes)

    def shapes(self) -> dict[str, tuple[int, ...]]:
        """The shape of every parameter, by GPT-2's name, without allocating any."""
        V, C = self.vocab_size, self.n_embd

        def with_bias(name, *shape):
            bias = {f"{name}.bias": shape[-1:]} if self.bias else {}
            return {f"{name}.weight": shape} | bias

        shapes = {"wte.weight": (V, C), "wpe.weight": (self.block_size, C)}
        for i in range(self.n_layer):
            shapes |= with_bias(f"h.{i}.ln_1", C)
            shapes |= with_bias(f"h.{i}.attn.c_attn", C, 3 * C)
            shapes |= with_bias(f"h.{i}.attn.c_proj", C, C)
            shapes |= with_bias(f"h.{i}.ln_2", C)
            shapes |= with_bias(f"h.{i}.mlp.c_fc", C, 4 * C)
            shapes |= with_bias(f"h.{i}.mlp.c_proj", 4 * C, C)
        if not self.post_norm:
            shapes |= with_bias("ln_f", C)
        return shapes if self.tie_weights else shapes | {"lm_head.weight": (V, C)}
