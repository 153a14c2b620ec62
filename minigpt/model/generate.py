"""Writing: the model's scores for the next token, turned into text, one token after the other."""

from __future__ import annotations

import numpy as np

import minigpt.layers
from minigpt.backend import to_host
from minigpt.errors import UserError
from minigpt.model.block import ACTIVATIONS


class KVCache:
    """The keys and values of all positions so far, so that a new token costs one position.

    Args:
        model: the `GPT` whose sizes it takes.
        B: number of sequences.
    """

    def __init__(self, model, B: int):
        config = model.config
        shape = (B, config.n_head, config.block_size, config.n_embd // config.n_head)
        like = {"dtype": model.params.buffer.dtype}
        self.keys = {i: model.xp.empty(shape, **like) for i in model.params["h"]}
        self.values = {i: model.xp.empty(shape, **like) for i in model.params["h"]}
        self.length = 0


def next_logits(model, ids, cache: KVCache):
    """Logits (B, V) of the token after `ids` (B, T), which continue what the cache holds.

    The same formulas as in `gpt`, for the new positions only: their queries look at the keys and
    values of the past, which never change, because no position looks ahead.
    """
    layers, config, xp, p = model.layers, model.config, model.xp, model.params
    start, stop = cache.length, cache.length + ids.shape[1]
    assert stop <= config.block_size, "the cache is full"
    mask = layers.causal_mask(stop - start, stop, xp)
    eps = config.layer_norm_epsilon
    x = p["wte"]["weight"][ids] + p["wpe"]["weight"][start:stop]
    for i, block in p["h"].items():
        normed, _ = layers.layernorm(x, **block["ln_1"], eps=eps)
        qkv, _ = layers.linear(normed, **block["attn"]["c_attn"])
        q, k, v = (layers.split_heads(part, config.n_head) for part in xp.split(qkv, 3, axis=-1))
        cache.keys[i][:, :, start:stop] = k
        cache.values[i][:, :, start:stop] = v
        k, v = cache.keys[i][:, :, :stop], cache.values[i][:, :, :stop]
        heads, _ = layers.scaled_dot_product(q, k, v, mask, parts=layers)
        x = x + layers.linear(layers.merge_heads(heads), **block["attn"]["c_proj"])[0]
        normed, _ = layers.layernorm(x, **block["ln_2"], eps=eps)
        name = ACTIVATIONS[config.activation]
        x = x + layers.mlp(normed, **block["mlp"], activation=name, parts=layers)[0]
    cache.length = stop
    x, _ = layers.layernorm(x[:, -1], **p["ln_f"], eps=eps)
    return layers.unembedding(x, **p.get("lm_head", p["wte"]))[0]


def generate(
    model,
    ids,
    max_new_tokens: int,
    temperature: float = 1.0,
    top_k: int | None = None,
    top_p: float | None = None,
    stop: int | None = None,
    seed: int = 0,
) -> np.ndarray:
    """Continue each sequence by sampling from softmax(logits / temperature).

    When the text outgrows the block, the model sees its last `block_size` tokens; positions then
    shift with every token, so nothing can be cached and each token costs a whole pass.

    Args:
        model: a `GPT`.
        ids: integers (B, T), T <= block_size.
        max_new_tokens: how many tokens to add.
        temperature: 0 always takes the likeliest token (greedy); 1 samples as the model says.
        top_k: sample among the k likeliest tokens only.
        top_p: sample among the fewest tokens that together have probability p (Holtzman, 2020).
        stop: a token id that ends a sequence; after it, its row is filled with `stop`, and when
            all rows have ended, generation does.
        seed: of the draws; equal seeds give equal texts.

    Returns:
        Integers (B, T + new), the given ids included, on the host.

    Raises:
        UserError: for options out of range.
    """
    _check_options(max_new_tokens, temperature, top_k, top_p)
    rng = np.random.default_rng(seed)
    out = to_host(ids).astype(np.int64)  # a prompt of bytes could not hold the larger ids
    ended = np.zeros(len(out), dtype=bool)
    cache, new = KVCache(model, len(out)), out
    own_attention = model.layers.attention is not minigpt.layers.attention  # it knows no cache
    for _ in range(max_new_tokens):
        if own_attention:
            logits = model(out[:, -model.config.block_size :])[:, -1]
        else:
            if cache.length + new.shape[1] > model.config.block_size:
                new, cache = out[:, -model.config.block_size :], KVCache(model, len(out))
            logits = next_logits(model, model.xp.asarray(new), cache)
        logits = to_host(logits).astype(np.float64)
        new = choose(logits, rng, temperature, top_k, top_p)
        if stop is not None:
            new = np.where(ended, stop, new)
            ended |= new == stop
        new = new[:, None]
        out = np.concatenate([out, new], axis=1)
        if ended.all():
            break
    return out


def choose(logits, rng, temperature=1.0, top_k=None, top_p=None) -> np.ndarray:
    """Draw one token a row from logits (B, V), a float64 array on the host; returns (B,).

    Raises:
        UserError: when the logits are not finite, as after a training that diverged.
    """
    if not np.isfinite(logits).all():
        raise UserError(
            "The model's scores are not finite numbers; its weights are damaged, probably by a "
            "training that diverged. Use an earlier checkpoint."
        )
    if temperature == 0:
        return logits.argmax(axis=-1)
    order = np.argsort(-logits, axis=-1, kind="stable")  # likeliest first
    scores = np.take_along_axis(logits, order, axis=-1)
    p = np.exp((scores - scores[:, :1]) / temperature)
    if top_k is not None:
        p[:, top_k:] = 0
    p /= p.sum(axis=-1, keepdims=True)
    if top_p is not None:
        before = np.cumsum(p, axis=-1) - p  # the probability of all likelier tokens
        p[before >= top_p] = 0
        p /= p.sum(axis=-1, keepdims=True)
    cumulative = np.cumsum(p, axis=-1)
    draw = rng.random((len(p), 1)) * cumulative[:, -1:]
    rank = (cumulative <= draw).sum(axis=-1).clip(max=p.shape[1] - 1)
    return np.take_along_axis(order, rank[:, None], axis=-1)[:, 0]


def _check_options(max_new_tokens, temperature, top_k, top_p) -> None:
    if max_new_tokens < 1:
        raise UserError(f"max_new_tokens must be at least 1, not {max_new_tokens}.")
    if not 0 <= temperature < float("inf"):
        raise UserError(f"temperature must be 0 (greedy) or above, not {temperature}.")
    if top_k is not None and top_k < 1:
        raise UserError(f"top_k must be at least 1, not {top_k}.")
    if top_p is not None and not 0 < top_p <= 1:
        raise UserError(f"top_p must be above 0 and at most 1, not {top_p}.")
