"""The table of functions for a GPU: fast where a probe has shown that they work, else clear.

A table is what the package `minigpt.kernels` is for NumPy: the model takes `layers.linear` from it.
"""

from __future__ import annotations

import functools
import os
from types import SimpleNamespace

from minigpt import layers
from minigpt.backend import get_array_module
from minigpt.kernels.gpu.adamw import why_not_kernel
from minigpt.kernels.gpu.attention import VARIANTS as ATTENTION
from minigpt.kernels.gpu.attention import attention, attention_backward
from minigpt.kernels.gpu.dropout import dropout, dropout_backward, dropout_mask
from minigpt.kernels.gpu.embedding import (
    add_rows,
    embedding_backward,
    unembedding,
    unembedding_backward,
)
from minigpt.kernels.gpu.head_loss import (
    head_loss,
    head_loss_adding,
    head_loss_backward,
    loss_only,
)
from minigpt.kernels.gpu.layernorm import layernorm, layernorm_backward
from minigpt.kernels.gpu.linear import bound, linear, linear_backward
from minigpt.kernels.gpu.matmul import PRECISIONS
from minigpt.kernels.gpu.mlp import gelu, gelu_backward, mlp, mlp_backward
from minigpt.kernels.gpu.probe import why_not

TOLERANCE = {"fp32": 1e-4, "tf32": 5e-3, "bf16": 3e-2}  # of the largest number, in the probe

# The functions that stand or fall together, by the name of their case in the probe. Those that
# multiply matrices are bound to a precision; a backward finds it in its cache.
GROUPS = {
    "linear": {"linear": linear, "linear_backward": linear_backward},
    "gelu": {"gelu": gelu, "gelu_backward": gelu_backward},
    "mlp": {"mlp": mlp, "mlp_backward": mlp_backward},
    "layernorm": {"layernorm": layernorm, "layernorm_backward": layernorm_backward},
    "attention": {"attention": attention, "attention_backward": attention_backward},
    "embedding": {"embedding_backward": embedding_backward, "add_rows": add_rows},
    "unembedding": {"unembedding": unembedding, "unembedding_backward": unembedding_backward},
    "head_loss": {
        "head_loss": head_loss,
        "head_loss_backward": head_loss_backward,
        "head_loss_adding": head_loss_adding,
        "loss_only": loss_only,
    },
    "dropout": {
        "dropout": dropout,
        "dropout_backward": dropout_backward,
        "dropout_mask": dropout_mask,
    },
}
BOUND = ("linear", "mlp", "attention", "unembedding", "head_loss", "loss_only")

# What each file of source/ is compiled with; a test watches that nothing else is.
HIDDEN = [{}, {"T": "bf16"}]
VARIANTS = {
    "rows.cu": HIDDEN,
    "elementwise.cu": HIDDEN,
    "embedding.cu": [{}],
    "attention.cu": ATTENTION,
}


def table(precision: str = "fp32") -> SimpleNamespace:
    """The functions for CuPy at a precision, "fp32", "tf32" or "bf16"; always the same object.

    The first call for each precision tries every function once, and waits for the GPU.
    """
    import cupy

    return _table(cupy, precision)


@functools.cache
def _table(xp, precision: str) -> SimpleNamespace:
    chosen, fast = vars(clear_table()), vars(fast_table(precision))
    failed = usable(xp, precision)
    for group, functions in GROUPS.items():
        if group not in failed:
            chosen |= {name: fast[name] for name in functions}
    return SimpleNamespace(**chosen)


@functools.cache
def usable(xp, precision: str = "fp32") -> dict[str, str]:
    """Try all functions; for each group that can't be used, a sentence that says why.

    The environment variable MINIGPT_PLAIN names groups not to be tried: a kernel that reads where
    it must not would end the process.
    """
    fast, clear = fast_table(precision), clear_table()
    plain = os.environ.get("MINIGPT_PLAIN", "").split(",")
    reasons = {
        name: f"{name} is switched off by MINIGPT_PLAIN"
        if name in plain
        else why_not(xp, name, fast, clear, TOLERANCE[precision])
        for name in GROUPS
    }
    reasons["adamw"] = why_not_kernel(xp)
    return {name: reason for name, reason in reasons.items() if reason}


def fast_table(precision: str) -> SimpleNamespace:
    """All functions of `GROUPS`, tried or not, and of `minigpt.layers` what is not among them."""
    assert precision in PRECISIONS, precision
    functions = {name: each for group in GROUPS.values() for name, each in group.items()}
    functions |= {name: bound(functions[name], precision) for name in BOUND}
    return SimpleNamespace(**{**vars(clear_table()), **functions})


def clear_table() -> SimpleNamespace:
    """The functions of `minigpt.layers`, and in plain CuPy what the model uses beyond them."""
    functions = {name: getattr(layers, name) for name in layers.__all__}
    functions |= {"add_rows": clear_add_rows, "loss_only": clear_loss_only}
    return SimpleNamespace(**functions, head_loss_adding=clear_head_loss_adding)


def clear_add_rows(dweight, ids, dy) -> None:
    """As `add_rows`; the order of the sums, so their last bits, may change from run to run."""
    rows = dy.reshape(-1, dweight.shape[1])
    get_array_module(dy).add.at(dweight, ids.reshape(-1), rows)


def clear_loss_only(x, weight, targets, count=None, parts=layers):
    """As `loss_only`."""
    return layers.head_loss(x, weight, targets, count, parts)[0]


def clear_head_loss_adding(cache):
    """As `head_loss_adding`."""
    return head_loss_adding((None, cache))
