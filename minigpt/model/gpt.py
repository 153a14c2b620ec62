"""The GPT as two pure functions, `gpt` and `gpt_backward`, which read from top to bottom."""

from __future__ import annotations

import numpy as np

import minigpt.layers
from minigpt.backend import get_array_module
from minigpt.model.block import (
    NO_DROPOUT,
    block,
    block_backward,
    post_norm_block,
    post_norm_block_backward,
)


def gpt(
    ids,
    wte,
    wpe,
    h,
    ln_f=None,
    lm_head=None,
    *,
    config,
    mask=None,
    positions=None,
    dropout=None,
    layers=minigpt.layers,
):
    """From token ids to the scores (logits) of each next token.

        x = wte[ids] + wpe[0 … T-1]
        x = block(x), once for each block of h
        logits = layernorm(x) @ wte.T            (or @ lm_head.T, if the weights are not tied)

    With `config.post_norm` the blocks are GPT-1's, and the layer norm at the end falls away.

    Args:
        ids: integers (B, T), T <= block_size.
        wte, wpe, h, ln_f, lm_head: the parameters; h maps "0", "1", … to a block's. ln_f is None
            for post-norm, lm_head for tied weights.
        config: a `GPTConfig`.
        mask: boolean, broadcasts to (B, H, T, T), True where a query may look, besides causal.
        positions: integers (T,) or (B, T), the place of each token; None: 0 … T - 1 in each row.
        dropout: masks from `draw_dropout`, or None for none.
        layers: the table of functions to use.

    Returns:
        logits (B, T, V), and the cache.
    """
    if positions is None:
        positions = get_array_module(ids).arange(ids.shape[1])
    masks = dropout or {"embd": None, "h": dict.fromkeys(h, NO_DROPOUT)}
    run_block = post_norm_block if config.post_norm else block
    tokens, wte_cache = layers.embedding(ids, **wte)
    places, wpe_cache = layers.embedding(positions, **wpe)
    x, drop_cache = layers.dropout(tokens + places, masks["embd"])
    block_caches = {}
    for i, parameters in h.items():
        options = {"mask": mask, "window": config.window_of(i), "dropout": masks["h"][i]}
        x, block_caches[i] = run_block(x, **parameters, config=config, layers=layers, **options)
    ln_f_cache = None
    if ln_f is not None:
        x, ln_f_cache = layers.layernorm(x, **ln_f, eps=config.layer_norm_epsilon)
    logits, head_cache = layers.unembedding(x, **(lm_head or wte))
    undo_block = post_norm_block_backward if config.post_norm else block_backward
    how = (undo_block, lm_head is None, positions.ndim == 1)
    caches = (wte_cache, wpe_cache, drop_cache, block_caches, ln_f_cache, head_cache)
    return logits, (layers, how, *caches)


def gpt_backward(dlogits, cache):
    """From dlogits (B, T, V) to the gradients of all parameters; the ids have none.

    A tied weight is used twice, as embedding and as head, so its gradient is the sum of two.
    """
    layers, how, wte_cache, wpe_cache, drop_cache, block_caches, ln_f_cache, head_cache = cache
    undo_block, tied, same_positions = how
    grads = {"wte": None, "wpe": None, "h": dict.fromkeys(block_caches)}
    dx, dhead = layers.unembedding_backward(dlogits, head_cache)
    if ln_f_cache is not None:
        dx, grads["ln_f"] = layers.layernorm_backward(dx, ln_f_cache)
    for i in reversed(block_caches):
        dx, grads["h"][i] = undo_block(dx, block_caches[i])
    dx, _ = layers.dropout_backward(dx, drop_cache)
    dplaces = dx.sum(axis=0) if same_positions else dx  # one place for all B sequences
    _, grads["wpe"] = layers.embedding_backward(dplaces, wpe_cache)
    _, grads["wte"] = layers.embedding_backward(dx, wte_cache)
    if tied:
        grads["wte"] = {"weight": grads["wte"]["weight"] + dhead["weight"]}
    else:
        grads["lm_head"] = dhead
    return None, grads


def init_params(config, seed: int = 0, dtype="float32") -> dict[str, np.ndarray]:
    """Draw the initial parameters as GPT-2 does, by name (Radford et al., 2019, section 2.3).

    Weights come from a normal law with standard deviation `init_std` (0.02); those that write into
    the residual stream (`c_proj`) are divided by sqrt(2 n_layer), so that the stream does not grow
    with depth; biases are 0 and the scales of the layer norms 1. Drawn on the host in float64.
    """
    rng = np.random.default_rng(seed)
    params = {}
    for name, shape in config.shapes().items():
        if len(shape) == 2:
            std = config.init_std
            if name.endswith("c_proj.weight"):
                std = std / (2 * config.n_layer) ** 0.5
            params[name] = rng.normal(0.0, std, shape).astype(dtype)
        else:
            params[name] = np.full(shape, 1.0 if name.endswith("weight") else 0.0, dtype)
    return params


def draw_dropout(config, shape: tuple[int, int], rng: np.random.Generator, like) -> dict | None:
    """Draw all dropout masks of one pass over ids of `shape` (B, T); None where there is none.

    Args:
        rng: a host generator; the same one gives the same masks on CPU and GPU.
        like: an array with the dtype and place that the masks should have.
    """
    if config.dropout == 0:
        return None
    B, T = shape

    def draw(*dims):
        return minigpt.layers.dropout_mask(rng, dims, config.dropout, like)

    C, H = config.n_embd, config.n_head
    return {
        "embd": draw(B, T, C),
        "h": {
            str(i): {"weights": draw(B, H, T, T), "attn": draw(B, T, C), "mlp": draw(B, T, C)}
            for i in range(config.n_layer)
        },
    }
