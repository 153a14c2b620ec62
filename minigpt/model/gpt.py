"""The GPT as two pure functions, `gpt` and `gpt_backward`, which read from top to bottom."""

from __future__ import annotations

import numpy as np

import minigpt.layers
from minigpt import kernels
from minigpt.backend import get_array_module
from minigpt.model.block import (
    NO_DROPOUT,
    block,
    block_backward,
    forget,
    forget_backward,
    post_norm_block,
    post_norm_block_backward,
    recomputed,
)
from minigpt.tree import nest


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
    options = {"mask": mask, "positions": positions, "dropout": dropout, "layers": layers}
    x, trunk_cache = trunk(ids, wte, wpe, h, ln_f, config=config, **options)
    logits, head_cache = layers.unembedding(x, **(lm_head or wte))
    return logits, (layers, lm_head is None, trunk_cache, head_cache)


def gpt_backward(dlogits, cache):
    """From dlogits (B, T, V) to the gradients of all parameters; the ids have none."""
    layers, tied, trunk_cache, head_cache = cache
    dx, dhead = layers.unembedding_backward(dlogits, head_cache)
    return None, _collect(dx, dhead, tied, trunk_cache)


def gpt_loss(ids, targets, wte, wpe, h, ln_f=None, lm_head=None, *, count=None, layers, **options):
    """The mean cross-entropy of `gpt`'s logits, and the cache; the options are `trunk`'s.

    The head and the loss are one function of the table, since in training nobody else looks at
    the logits, which are the largest array of all.
    """
    x, trunk_cache = trunk(ids, wte, wpe, h, ln_f, layers=layers, **options)
    head = (lm_head or wte)["weight"]
    loss, head_cache = layers.head_loss(x, head, targets, count=count, parts=layers)
    return loss, (layers, lm_head is None, trunk_cache, head_cache)


def gpt_loss_backward(dloss, cache, take=None):
    """From dloss, usually 1.0, to the gradients of all parameters.

    Args:
        take: is given the gradients of each part as soon as they are known, `take(path, grads)`,
            instead of all of them being returned at the end. In place of an array there may be a
            function that adds it to one.
    """
    layers, tied, trunk_cache, head_cache = cache
    names = "head_loss", "head_loss_backward", "embedding_backward"
    table = kernels.family(layers, *names) if len(head_cache) > 2 else None
    if take and tied and table and dloss == 1:
        dx, add = table.head_loss_adding(head_cache)  # saves a (V, C)
        return None, trunk_backward(dx, trunk_cache, take, add)
    dx, dhead = layers.head_loss_backward(dloss, head_cache)
    return None, _collect(dx, dhead, tied, trunk_cache, take)


def _collect(dx, dhead, tied, trunk_cache, take=None):
    """The gradients of all parts below the head, and the head's own if it is not tied."""
    found = {}
    give = take or found.__setitem__
    if not tied:
        give("lm_head", dhead)
    trunk_backward(dx, trunk_cache, give, dhead if tied else None)
    if take:
        return None
    order = ["wte", "wpe", *(f"h.{i}" for i in trunk_cache[5]), "ln_f", "lm_head"]
    return nest({path: found[path] for path in order if path in found})


def trunk(
    ids,
    wte,
    wpe,
    h,
    ln_f=None,
    *,
    config,
    mask=None,
    positions=None,
    dropout=None,
    layers=minigpt.layers,
    recompute=False,
):
    """All of the GPT below its head: x (B, T, C), and the cache; arguments as for `gpt`.

    Args:
        recompute: keep only the input of each block for the backward, see `recomputed`.
    """
    if positions is None:
        positions = get_array_module(ids).arange(ids.shape[1])
    masks = dropout or {"embd": None, "h": dict.fromkeys(h, NO_DROPOUT)}
    run_block = getattr(layers, "block", block)  # a student's table may have its own
    undo_block = getattr(layers, "block_backward", block_backward)
    if config.post_norm:
        run_block, undo_block = post_norm_block, post_norm_block_backward
    if recompute:
        run_block, undo_block = recomputed(run_block, undo_block)
    tokens, wte_cache = layers.embedding(ids, **wte)
    places, wpe_cache = layers.embedding(positions, **wpe)
    x, drop_cache = forget(layers, tokens + places, masks["embd"])
    block_caches = {}
    for i, parameters in h.items():
        options = {"mask": mask, "window": config.window_of(i), "dropout": masks["h"][i]}
        x, block_caches[i] = run_block(x, **parameters, config=config, layers=layers, **options)
    ln_f_cache = None
    if ln_f is not None:
        x, ln_f_cache = layers.layernorm(x, **ln_f, eps=config.layer_norm_epsilon)
    how = (undo_block, positions.ndim == 1)
    return x, (layers, how, wte_cache, wpe_cache, drop_cache, block_caches, ln_f_cache)


def trunk_backward(dx, cache, take, dhead=None):
    """From dx (B, T, C) to the gradients of all parameters below the head, given to `take`.

    A tied weight is used twice, as embedding and as head, so its gradient is the sum of two.

    Args:
        take: called as take("h.0", gradients) for each part, last part first.
        dhead: the gradient of a tied head, {"weight": (V, C)}, which nobody else needs; or a
            function that adds it to an array, which `take` is then given in its place; or None.
    """
    layers, how, wte_cache, wpe_cache, drop_cache, block_caches, ln_f_cache = cache
    undo_block, same_positions = how
    if ln_f_cache is not None:
        dx, grads = layers.layernorm_backward(dx, ln_f_cache)
        take("ln_f", grads)
    for i in reversed(block_caches):
        dx, grads = undo_block(dx, block_caches[i])
        take(f"h.{i}", grads)
    dx = forget_backward(layers, dx, drop_cache)
    dplaces = dx.sum(axis=0) if same_positions else dx  # one place for all B sequences
    take("wpe", layers.embedding_backward(dplaces, wpe_cache)[1])
    table = kernels.family(layers, "embedding_backward")
    if callable(dhead):
        return take("wte", {"weight": lambda w: (dhead(w), table.add_rows(w, wte_cache[0], dx))})
    if dhead is not None and table:
        table.add_rows(dhead["weight"], wte_cache[0], dx)  # saves a second (V, C)
        return take("wte", dhead)
    _, grads = layers.embedding_backward(dx, wte_cache)
    if dhead is not None:
        grads = {"weight": grads["weight"] + dhead["weight"]}
    take("wte", grads)


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


def draw_dropout(
    config, shape: tuple[int, int], rng: np.random.Generator, like, mask=minigpt.layers.dropout_mask
) -> dict | None:
    """Draw all dropout masks of one pass over ids of `shape` (B, T); None where there is none.

    Args:
        rng: a host generator; the same one gives the same masks on CPU and GPU.
        like: an array with the dtype and place that the masks should have.
        mask: the table's `dropout_mask`.
    """
    if config.dropout == 0:
        return None
    B, T = shape

    def draw(*dims):
        return mask(rng, dims, config.dropout, like)

    C, H = config.n_embd, config.n_head
    return {
        "embd": draw(B, T, C),
        "h": {
            str(i): {"weights": draw(B, H, T, T), "attn": draw(B, T, C), "mlp": draw(B, T, C)}
            for i in range(config.n_layer)
        },
    }
