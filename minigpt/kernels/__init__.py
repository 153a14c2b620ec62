"""Faster twins of `minigpt.layers` for NumPy: the same functions, the same contract and tests.

`layers/` is written to be read; here a trick stands with one comment that says what it saves. What
is not faster is taken from there. This package, as a value, is the table of functions that a model
on the CPU uses; `fastest` says which table is best for a device.
"""

import numpy as np

from minigpt.kernels.attention import attention, attention_backward
from minigpt.kernels.embedding import (
    add_rows,
    embedding_backward,
    unembedding,
    unembedding_backward,
)
from minigpt.kernels.head_loss import (
    head_loss,
    head_loss_adding,
    head_loss_backward,
    loss_only,
)
from minigpt.kernels.layernorm import layernorm, layernorm_backward
from minigpt.kernels.linear import linear_backward
from minigpt.kernels.mlp import gelu, gelu_backward, mlp, mlp_backward
from minigpt.layers import (
    IGNORE,
    causal_mask,
    cross_entropy,
    cross_entropy_backward,
    dropout,
    dropout_backward,
    dropout_mask,
    embedding,
    gelu_exact,
    gelu_exact_backward,
    linear,
    merge_heads,
    relu,
    relu_backward,
    scaled_dot_product,
    scaled_dot_product_backward,
    softmax,
    softmax_backward,
    split_heads,
)


def fastest(xp, precision: str = "fp32"):
    """The table of functions for arrays of the module `xp`, NumPy or CuPy.

    Args:
        precision: of a GPU's matrix products, see `minigpt.kernels.gpu`.
    """
    import minigpt.kernels

    if xp is np:
        return minigpt.kernels
    from minigpt.kernels.gpu.table import table

    found = table(precision)
    if all(found is not known for known in _gpu_tables):
        _gpu_tables.append(found)
    return found


def family(layers, *names: str):
    """The table of this package that these functions of `layers` come from, or None.

    It has more functions than `minigpt.layers`, which do part of what those of the same family do;
    a student's function has no such relatives.
    """
    import minigpt.kernels

    for table in (minigpt.kernels, *_gpu_tables):
        if all(getattr(layers, name, None) is getattr(table, name) for name in names):
            return table
    return None


_gpu_tables: list = []  # that `fastest` gave


__all__ = [
    "IGNORE",
    "add_rows",
    "attention",
    "attention_backward",
    "causal_mask",
    "cross_entropy",
    "cross_entropy_backward",
    "dropout",
    "dropout_backward",
    "dropout_mask",
    "embedding",
    "embedding_backward",
    "family",
    "fastest",
    "gelu",
    "gelu_backward",
    "gelu_exact",
    "gelu_exact_backward",
    "head_loss",
    "head_loss_adding",
    "head_loss_backward",
    "layernorm",
    "layernorm_backward",
    "linear",
    "linear_backward",
    "loss_only",
    "merge_heads",
    "mlp",
    "mlp_backward",
    "relu",
    "relu_backward",
    "scaled_dot_product",
    "scaled_dot_product_backward",
    "softmax",
    "softmax_backward",
    "split_heads",
    "unembedding",
    "unembedding_backward",
]
