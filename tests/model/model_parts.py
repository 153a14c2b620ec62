"""The block and the GPT in all their variants, small, with weights of order one."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial

import numpy as np

from minigpt.layers import IGNORE, cross_entropy, cross_entropy_backward
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

B, T = 7, 5
SIZES = {"vocab_size": 11, "block_size": 8, "n_layer": 2, "n_head": 3, "n_embd": 12}


@dataclass
class Part:
    forward: object
    backward: object
    inputs: list
    params: dict


def random_params(config, rng, dtype="float64", scale=1.0) -> dict:
    """All parameters from a normal law, biases and norms too: nothing is 0 or 1 by accident."""
    shapes = config.shapes().items()
    return nest({name: scale * rng.standard_normal(s).astype(dtype) for name, s in shapes})


def padding(B, T) -> np.ndarray:
    """Left padding: in the first sequence two queries may look nowhere, in the second one."""
    mask = np.ones((B, 1, 1, T), dtype=bool)
    mask[0, ..., :2] = mask[1, ..., :1] = False
    return mask


VARIANTS = {
    "tied": {},
    "untied": {"tie_weights": False},
    "no bias": {"bias": False},
    "untied, no bias": {"tie_weights": False, "bias": False},
    "exact gelu": {"activation": "gelu"},
    "relu": {"activation": "relu"},
    "post-norm": {"post_norm": True},
    "post-norm, dropout, untied": {"post_norm": True, "dropout": 0.3, "tie_weights": False},
    "banded": {"window": 2},
    "banded, padding": {"window": 3, "mask": True},
    "places of their own": {"positions": True},
    "other eps": {"layer_norm_epsilon": 0.2},
    "dropout": {"dropout": 0.3},
    "padding": {"mask": True},
    "padding and dropout, untied": {"mask": True, "dropout": 0.3, "tie_weights": False},
}


def gpt_part(variant: str, dtype="float64", B=B, T=T, scale=1.0, **changes) -> Part:
    rng = np.random.default_rng(11)
    options = {**SIZES, **VARIANTS[variant], **changes}
    mask = padding(B, T) if options.pop("mask", False) else None
    places = rng.integers(0, 4, (B, T)) if options.pop("positions", False) else None
    config = GPTConfig(**options)
    params = random_params(config, rng, dtype, scale)
    dropout = draw_dropout(config, (B, T), rng, params["wte"]["weight"])
    ids = rng.integers(0, config.vocab_size - 1, (B, T))  # with repetitions; the last never
    forward = partial(gpt, config=config, mask=mask, positions=places, dropout=dropout)
    return Part(forward, gpt_backward, [ids], params)


def block_part(variant: str, dtype="float64") -> Part:
    rng = np.random.default_rng(12)
    options = {**SIZES, **VARIANTS[variant], "n_layer": 1}
    mask = padding(2, T) if options.pop("mask", False) else None
    options.pop("positions", None)
    config = GPTConfig(**options)
    params = random_params(config, rng, dtype)["h"]["0"]
    x = rng.standard_normal((2, T, config.n_embd)).astype(dtype)
    drawn = draw_dropout(config, (2, T), rng, x)
    masks = {"dropout": drawn["h"]["0"]} if drawn else {}
    run, undo = block, block_backward
    if config.post_norm:
        run, undo = post_norm_block, post_norm_block_backward
    run = partial(run, config=config, mask=mask, window=config.window, **masks)
    return Part(run, undo, [x], params)


def loss_part(variant: str, **options) -> Part:
    """The GPT and its loss as one function, with some targets that do not count."""
    part = gpt_part(variant, **options)
    ids = part.inputs[0]
    targets = np.random.default_rng(13).integers(0, 7, ids.shape)
    targets[1, 2:] = targets[2, 0] = IGNORE

    def gpt_with_loss(ids, **params):
        logits, cache = part.forward(ids, **params)
        loss, loss_cache = cross_entropy(logits, targets)
        return loss, (cache, loss_cache)

    def backward(dloss, cache):
        dlogits, _ = cross_entropy_backward(dloss, cache[1])
        return gpt_backward(dlogits, cache[0])

    return Part(gpt_with_loss, backward, [ids], part.params)
