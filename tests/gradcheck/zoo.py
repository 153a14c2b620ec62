"""A zoo of wrong backwards: the mistakes that people make, and mistakes that were published.

Each stands for one part of the GPT, with sizes at which its shapes still fit, so that only the
numbers (or the manners) give it away. `tells` is what the report must name: a tensor's path, or
words of the breach.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial

import numpy as np

from minigpt import layers
from minigpt.model import (
    GPTConfig,
    block,
    block_backward,
    draw_dropout,
    gpt,
    gpt_backward,
    post_norm_block,
    post_norm_block_backward,
)
from minigpt.tree import nest

rng = np.random.default_rng(21)
normal = rng.standard_normal


@dataclass
class Part:
    forward: Callable
    backward: Callable
    inputs: list
    params: dict = field(default_factory=dict)


@dataclass
class Wrong:
    part: str
    name: str
    backward: Callable
    tells: str


def affine(C_in, C_out):
    return {"weight": normal((C_in, C_out)), "bias": normal(C_out)}


def left_padding(B, T):
    mask = np.ones((B, 1, 1, T), dtype=bool)
    mask[0, ..., :2] = False  # two queries of the first sequence may look nowhere
    return mask


B, T, H, C = 2, 5, 3, 6
CONFIG = GPTConfig(vocab_size=11, block_size=7, n_layer=2, n_head=H, n_embd=C, dropout=0.3)
GPT_PARAMS = nest({name: normal(shape) for name, shape in CONFIG.shapes().items()})
IDS = np.array([[3, 0, 3, 3, 6], [6, 9, 1, 3, 0]])
MASKS = draw_dropout(CONFIG, (B, T), rng, normal(2))
TARGETS = np.array([[4, -100, 0, 4], [2, 6, -100, 1], [4, 3, 5, -100]])

PARTS = {
    # C_in == C_out: a transposed gradient has the right shape
    "linear": Part(layers.linear, layers.linear_backward, [normal((2, 3, 4))], affine(4, 4)),
    "embedding": Part(
        layers.embedding, layers.embedding_backward, [IDS], {"weight": normal((11, 4))}
    ),
    "unembedding": Part(  # V == C, for the same reason
        layers.unembedding, layers.unembedding_backward, [normal((2, 3, 4))],
        {"weight": normal((4, 4))},
    ),  # fmt: skip
    "layernorm": Part(
        layers.layernorm, layers.layernorm_backward, [normal((2, 3, 4))],
        {"weight": normal(4), "bias": normal(4)},
    ),  # fmt: skip
    "gelu": Part(layers.gelu, layers.gelu_backward, [normal((3, 7))]),
    "gelu_exact": Part(layers.gelu_exact, layers.gelu_exact_backward, [normal((3, 7))]),
    "relu": Part(layers.relu, layers.relu_backward, [normal((3, 7))]),
    "softmax": Part(layers.softmax, layers.softmax_backward, [normal((2, 3, 5))]),
    "attention": Part(
        partial(
            layers.attention, n_head=H, mask=left_padding(B, T),
            dropout_mask=layers.dropout_mask(rng, (B, H, T, T), 0.3, normal(2)),
        ),
        layers.attention_backward, [normal((B, T, C))],
        {"c_attn": affine(C, 3 * C), "c_proj": affine(C, C)},
    ),  # fmt: skip
    "mlp": Part(
        layers.mlp, layers.mlp_backward, [normal((2, 3, 4))],
        {"c_fc": affine(4, 4), "c_proj": affine(4, 4)},
    ),  # fmt: skip
    "dropout": Part(
        partial(layers.dropout, mask=layers.dropout_mask(rng, (2, 3, 4), 0.4, normal(2))),
        layers.dropout_backward, [normal((2, 3, 4))],
    ),  # fmt: skip
    "cross_entropy": Part(
        partial(layers.cross_entropy, targets=TARGETS), layers.cross_entropy_backward,
        [normal((3, 4, 7))],
    ),  # fmt: skip
    "block": Part(
        partial(block, config=CONFIG, mask=left_padding(B, T), dropout=MASKS["h"]["0"]),
        block_backward, [normal((B, T, C))], GPT_PARAMS["h"]["0"],
    ),  # fmt: skip
    "post_norm_block": Part(
        partial(post_norm_block, config=CONFIG, mask=left_padding(B, T), dropout=MASKS["h"]["0"]),
        post_norm_block_backward, [normal((B, T, C))], GPT_PARAMS["h"]["0"],
    ),  # fmt: skip
    "gpt": Part(
        partial(gpt, config=CONFIG, mask=left_padding(B, T), dropout=MASKS), gpt_backward, [IDS],
        GPT_PARAMS,
    ),  # fmt: skip
}  # fmt: skip

ZOO: list[Wrong] = []


def wrong(part: str, tells: str):
    """Register a backward that is wrong about `tells`."""

    def register(backward):
        ZOO.append(Wrong(part, backward.__name__, backward, tells))
        return backward

    return register


def changed(part: str, tells: str, name: str, change: Callable):
    """Register the right backward with its result changed: `change(dx, grads, dy, cache)`."""

    def backward(dy, cache):
        dx, grads = PARTS[part].backward(dy, cache)
        return change(dx, grads, dy, cache)

    ZOO.append(Wrong(part, name, backward, tells))


# --- what can go wrong with any of them -----------------------------------------------------------

for part in PARTS:
    if part not in ("embedding", "gpt"):  # integers have no gradient
        changed(part, "x ", "only_the_first_of_the_batch",
                lambda dx, g, dy, c: (np.concatenate([dx[:1], 0 * dx[1:]]), g))  # fmt: skip
        changed(part, "the gradient of x is float32, not float64", "wrong_dtype",
                lambda dx, g, dy, c: (dx.astype("float32"), g))  # fmt: skip
        changed(part, "there is no gradient for x", "no_dx", lambda dx, g, dy, c: (None, g))
    else:
        changed(part, "there is a gradient for x, which f did not take", "a_gradient_for_the_ids",
                lambda dx, g, dy, c: (np.zeros(IDS.shape), g))  # fmt: skip


