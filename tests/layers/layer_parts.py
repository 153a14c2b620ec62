"""Every forward/backward pair of `minigpt.layers` and its fast twin: arguments let nothing hide.

Distinct sizes, none of them 1; weights of order one; masks, dropout and repeated tokens included.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial

import numpy as np

from minigpt import layers


@dataclass
class Part:
    forward: Callable
    backward: Callable
    inputs: list
    params: dict = field(default_factory=dict)


def left_padding(B: int, T: int, padded: int = 2) -> np.ndarray:
    """A mask (B, 1, 1, T) where the first sequence starts with padding: 2 queries see nothing."""
    mask = np.ones((B, 1, 1, T), dtype=bool)
    mask[0, ..., :padded] = False
    return mask


def parts(dtype="float64", table=layers) -> dict[str, Part]:
    """All pairs of a table by name; equal numbers at every call."""
    rng = np.random.default_rng(7)

    def normal(*shape):
        return rng.standard_normal(shape).astype(dtype)

    def drop(*shape):
        return table.dropout_mask(rng, shape, 0.4, normal(2))

    def affine(C_in, C_out, bias=True):
        weight = normal(C_in, C_out)
        return {"weight": weight, "bias": normal(C_out)} if bias else {"weight": weight}

    found: dict[str, Part] = {}

    def add(name, forward, backward, *inputs, **params):
        found[name] = Part(forward, backward, list(inputs), params)

    linear = table.linear, table.linear_backward
    add("linear", *linear, normal(2, 3, 4), **affine(4, 5))
    add("linear, no bias", *linear, normal(2, 3, 4), **affine(4, 5, bias=False))
    add("linear, one row", *linear, normal(4), **affine(4, 5))

    ids = np.array([[3, 0, 3, 6], [6, 3, 1, 3], [2, 2, 0, 5]])  # token 3 four times, 4 never
    add("embedding", table.embedding, table.embedding_backward, ids, weight=normal(7, 5))
    add("unembedding", table.unembedding, table.unembedding_backward, normal(2, 3, 4),
        weight=normal(7, 4))  # fmt: skip

    norm = table.layernorm, table.layernorm_backward
    add("layernorm", *norm, normal(2, 3, 4), weight=normal(4), bias=normal(4))
    add("layernorm, no bias", *norm, normal(2, 3, 4), weight=normal(4))
    add("layernorm, eps", partial(norm[0], eps=0.3), norm[1], normal(2, 3, 4), weight=normal(4),
        bias=normal(4))  # fmt: skip

    add("gelu", table.gelu, table.gelu_backward, 2 * normal(3, 7))
    add("gelu_exact", table.gelu_exact, table.gelu_exact_backward, 2 * normal(3, 7))
    add("relu", table.relu, table.relu_backward, 2 * normal(3, 7))
    add("softmax", table.softmax, table.softmax_backward, 2 * normal(2, 3, 5))

    product = table.scaled_dot_product_backward
    B, H, T_query, T_key, D = 2, 3, 4, 5, 6
    qkv = normal(B, H, T_query, D), normal(B, H, T_key, D), normal(B, H, T_key, D)
    causal = table.causal_mask(T_query, T_key, np)
    add("scaled_dot_product", partial(table.scaled_dot_product, mask=causal), product, *qkv)
    bound = {"mask": causal & left_padding(B, T_key, 3), "dropout_mask": drop(B, H, T_query, T_key)}
    add("scaled_dot_product, masks", partial(table.scaled_dot_product, **bound), product, *qkv)

    B, T, H, C = 2, 5, 3, 12
    variants = {
        "attention": {},
        "attention, no bias": {"bias": False},
        "attention, padding": {"mask": left_padding(B, T)},
        "attention, dropout": {"dropout_mask": drop(B, H, T, T)},
        "attention, banded": {"window": 2},
        "attention, both": {"mask": left_padding(B, T), "dropout_mask": drop(B, H, T, T)},
    }
    for name, options in variants.items():
        bias = options.pop("bias", True)
        add(name, partial(table.attention, n_head=H, **options), table.attention_backward,
            normal(B, T, C), c_attn=affine(C, 3 * C, bias), c_proj=affine(C, C, bias))  # fmt: skip

    exact, plain = {"activation": "gelu_exact"}, {"activation": "relu"}
    for name, options, bias in (
        ("mlp", {}, True), ("mlp, no bias", {}, False), ("mlp, exact", exact, True),
        ("mlp, relu", plain, True),
    ):  # fmt: skip
        add(name, partial(table.mlp, **options), table.mlp_backward, normal(2, 3, 4),
            c_fc=affine(4, 16, bias), c_proj=affine(16, 4, bias))  # fmt: skip

    add("dropout", partial(table.dropout, mask=drop(2, 3, 4)), table.dropout_backward,
        normal(2, 3, 4))  # fmt: skip
    add("dropout, none", table.dropout, table.dropout_backward, normal(2, 3, 4))

    targets = np.array([[4, -100, 0, 4], [2, 6, -100, 1]])
    for name, options in (("head_loss", {}), ("head_loss, count", {"count": 17})):
        add(name, partial(table.head_loss, targets=targets, **options), table.head_loss_backward,
            2 * normal(2, 4, 3), weight=normal(7, 3))  # fmt: skip

    targets = np.array([[4, -100, 0, 4], [2, 6, -100, 1], [4, 3, 5, -100]])
    loss = table.cross_entropy_backward
    for name, options in (
        ("cross_entropy", {"targets": targets}),
        ("cross_entropy, count", {"targets": targets, "count": 30}),
        ("cross_entropy, other ignore index", {"targets": targets % 100, "ignore_index": 0}),
        ("cross_entropy, nothing counted", {"targets": np.full_like(targets, -100)}),
    ):
        add(name, partial(table.cross_entropy, **options), loss, 2 * normal(3, 4, 7))
    return found


NAMES = tuple(parts())
