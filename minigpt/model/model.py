"""`GPT`: the parameters, the device and the functions, held together for everyday use."""

from __future__ import annotations

import math
from pathlib import Path

import numpy as np

import minigpt.layers
from minigpt import kernels
from minigpt.backend import select_device, to_host
from minigpt.errors import UserError
from minigpt.hub import pretrained_folder
from minigpt.model import files
from minigpt.model.config import GPTConfig
from minigpt.model.generate import generate, stream
from minigpt.model.gpt import (
    draw_dropout,
    gpt,
    gpt_loss,
    gpt_loss_backward,
    init_params,
    trunk,
)
from minigpt.tree import FlatTree, nest

DTYPES = ("float32", "float64")
PRECISIONS = ("fp32", "tf32", "bf16")


class GPT:
    """A GPT: `logits = model(ids)`, and every gradient with `model.loss_and_grads(ids, targets)`.

    Args:
        config: a `GPTConfig`.
        seed: of the initial weights.
        device: "auto", "cpu" or "cuda".
        dtype: "float32" or "float64".
        layers: the table of functions to compute with: `minigpt.layers`, the clear ones,
            `minigpt.kernels`, the fast ones, or any object with the same names; None takes the
            fastest for the device.
        params: weights by GPT-2's names, instead of initial ones. They are copied, unless they are
            a `FlatTree` (of this dtype, on this device): that one is used as it is.
        recompute: training remembers each block's input only and computes the block again in its
            backward, which saves memory and costs a third more time.
        precision: of the matrix products on a GPU: "fp32", "tf32" or "bf16"; what stays float32 in
            each is written in `minigpt.kernels.gpu`.

    Attributes:
        params: a `FlatTree` of all parameters, by GPT-2's names. The optimizer writes into it;
            nothing else does.
        device: a line that says where the model lives and why.
    """

    def __init__(
        self,
        config: GPTConfig,
        seed: int = 0,
        device: str = "auto",
        dtype: str = "float32",
        layers=None,
        params: dict | None = None,
        recompute: bool = False,
        precision: str = "fp32",
    ):
        _check_dtype(dtype)
        self.xp, self.device = select_device(device)
        _check_precision(precision, dtype, self.xp)
        if layers is None:
            plain = self.xp is not np and dtype == "float64"  # the fused kernels know float32
            layers = minigpt.layers if plain else kernels.fastest(self.xp, precision)
        self.config, self.layers, self.precision = config, layers, precision
        self.recompute = recompute
        arrays = init_params(config, seed, dtype) if params is None else params
        if not isinstance(arrays, FlatTree):
            arrays = FlatTree(nest({k: self.xp.asarray(v) for k, v in arrays.items()}), dtype)
        self.params = arrays
        if self.params.buffer.dtype != dtype:
            raise UserError(f"params is a FlatTree of {self.params.buffer.dtype}, not of {dtype}.")

    @property
    def n_params(self) -> int:
        """The number of parameters, position embedding and tied head counted once."""
        return self.params.buffer.size

    def __call__(self, ids, mask=None, positions=None):
        """Logits (B, T, V) for ids (B, T); see `gpt` for the mask and the positions."""
        given = {"mask": mask, "positions": positions}
        given = {k: self.xp.asarray(v) for k, v in given.items() if v is not None}
        options = {"config": self.config, "layers": self.layers, **given}
        return gpt(self.check_ids(ids), **self.params, **options)[0]

    def loss(self, ids, targets, count=None):
        """Mean cross-entropy in nats over the positions whose target is not ignored (-100)."""
        ids = self.check_ids(ids)
        targets = self._check_targets(targets, ids.shape)
        x, _ = trunk(ids, **self._trunk_params(), config=self.config, layers=self.layers)
        head = self.params.get("lm_head", self.params["wte"])["weight"]
        table = kernels.family(self.layers, "head_loss")
        if table:  # without the gradients that it gives too
            return table.loss_only(x, head, targets, count, self.layers)
        return self.layers.head_loss(x, head, targets, count=count, parts=self.layers)[0]

    def loss_and_grads(self, ids, targets, rng=None, count=None, take=None):
        """The loss, and a tree of its gradients with the names of `params`.

        Args:
            ids, targets: integers (B, T).
            rng: a `numpy.random.Generator` to draw dropout masks from; without one there is no
                dropout, whatever the config says.
            count: what the summed loss is divided by, see `cross_entropy`.
            take: is given the gradients of each part instead, see `gpt_loss_backward`.
        """
        ids = self.check_ids(ids)
        targets = self._check_targets(targets, ids.shape)
        masks = rng and draw_dropout(
            self.config, ids.shape, rng, self.params.buffer, self.layers.dropout_mask
        )
        options = {"config": self.config, "dropout": masks, "layers": self.layers}
        options["recompute"] = self.recompute
        loss, cache = gpt_loss(ids, targets, **self.params, count=count, **options)
        return loss, gpt_loss_backward(1.0, cache, take)[1]

    def generate(self, input_ids, max_new_tokens: int | None = None, **options):
        """Continue prompts by up to `max_new_tokens` tokens; the options are `generate`'s."""
        return generate(self, input_ids, max_new_tokens, **options)

    def stream(self, input_ids, max_new_tokens: int | None = None, **options):
        """Yield the new tokens, (B,) at each step, as they are chosen; see `generate`."""
        return stream(self, input_ids, max_new_tokens, **options)

    def save_pretrained(self, folder: str | Path, max_shard_size: int | str | None = None) -> None:
        """Write `config.json` and `model.safetensors` as the Hugging Face ecosystem reads them.

        Args:
            folder: made if it is not there; a model that it holds is replaced.
            max_shard_size: bytes, or a text such as "200MB"; larger weights are split into several
                files and an index.

        Raises:
            UserError: when a file can't be written; what was there before is untouched.
        """
        files.save_folder(folder, self.config, self.params, max_shard_size)

    @classmethod
    def from_pretrained(
        cls,
        folder_or_name: str | Path,
        device: str = "auto",
        dtype: str = "float32",
        revision: str | None = None,
        **options,
    ) -> GPT:
        """Read a folder that `save_pretrained` or `transformers` wrote, or a model of the hub.

        Reading is strict: every tensor, and no other. Each goes straight to its place in `params`.

        Args:
            folder_or_name: a folder, or a name such as "gpt2"; see `minigpt.hub`.
            device, dtype, options: as for `GPT`; the files may hold other floats.
            revision: of a model of the hub: a branch, a tag or a commit.

        Raises:
            UserError: for a missing, truncated or unfitting file, in one sentence.
        """
        _check_dtype(dtype)
        xp, _ = select_device(device)
        folder = pretrained_folder(folder_or_name, revision)
        config, params = files.load_folder(folder, dtype, xp)
        return cls(config, device=device, dtype=dtype, params=params, **options)

    def expected_initial_loss(self) -> float:
        """What the loss of untrained weights should be, on targets that they can't know.

            ln V + variance of the logits / 2,        variance = init_std^2 * C

        The final layer norm gives vectors of length sqrt(C), and each logit is the dot product of
        one with a row of independent normal numbers; ln(mean exp(z)) = variance / 2 for a normal z.
        """
        return math.log(self.config.vocab_size) + self.config.init_std**2 * self.config.n_embd / 2

    def _trunk_params(self) -> dict:
        return {name: value for name, value in self.params.items() if name != "lm_head"}

    def check_ids(self, ids):
        """The ids (B, T) as the model takes them; raises UserError for what are none."""
        ids = self.integers(ids, "ids")
        V, block_size = self.config.vocab_size, self.config.block_size
        if ids.size == 0:
            raise UserError("There are no token ids; give the model at least one.")
        if ids.shape[1] > block_size:
            raise UserError(
                f"A sequence of {ids.shape[1]} tokens is longer than the model's block_size of "
                f"{block_size}; shorten it."
            )
        _check_range(ids, 0, V, "Token id")
        return self.xp.asarray(ids)  # CuPy copies through pinned memory and does not wait

    def _check_targets(self, targets, shape):
        targets = self.integers(targets, "targets")
        if targets.shape != shape:
            raise UserError(
                f"The targets have shape {targets.shape}, the ids {shape}; each id needs a target "
                f"(-100 for one that does not count)."
            )
        counted = targets[targets != minigpt.layers.IGNORE]
        _check_range(counted, 0, self.config.vocab_size, "Target")
        return self.xp.asarray(targets)

    @staticmethod
    def integers(ids, name: str) -> np.ndarray:
        """Whole numbers (B, T) or (T,) as (B, T) on the host; raises UserError for others."""
        try:
            ids = to_host(ids)
        except ValueError as error:
            raise UserError(f"{name} must be rows of one length; pad the shorter ones.") from error
        if ids.ndim == 1:
            ids = ids[None]
        if ids.ndim != 2 or (ids.size and ids.dtype.kind not in "iu"):
            raise UserError(
                f"{name} must be whole numbers of shape (B, T), not {ids.dtype} of {ids.shape}."
            )
        return ids


def _check_dtype(dtype: str) -> None:
    if dtype not in DTYPES:
        raise UserError(f"Unknown dtype {dtype!r}; use one of: {', '.join(DTYPES)}.")


def _check_precision(precision: str, dtype: str, xp) -> None:
    if precision not in PRECISIONS:
        raise UserError(f"Unknown precision {precision!r}; use one of: {', '.join(PRECISIONS)}.")
    if precision != "fp32" and (xp is np or dtype != "float32"):
        where = "on the CPU" if xp is np else f"in {dtype}"
        raise UserError(
            f"The precision {precision} is for float32 models on a GPU, and this one is {where}; "
            f"leave it at fp32."
        )


def _check_range(ids: np.ndarray, low: int, high: int, name: str) -> None:
    """Ids are checked on the host: a GPU would silently wrap around, and so would NumPy below 0."""
    if ids.size and (ids.min() < low or ids.max() >= high):
        wrong = ids[(ids < low) | (ids >= high)].flat[0]
        raise UserError(
            f"{name} {wrong} is out of range: the model knows {low} to {high - 1}; "
            f"was the text encoded with another tokenizer?"
        )
