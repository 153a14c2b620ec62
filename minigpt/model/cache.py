"""The keys and values of the past, so that a new token costs one position instead of all."""

from __future__ import annotations

from types import SimpleNamespace

from minigpt.model.block import block, post_norm_block

PIECE = 64  # tokens of the prompts computed at once: bounds the memory of long ones


class KVCache:
    """The keys and values of all positions so far; they never change, as no position looks ahead.

    Args:
        model: the `GPT` whose sizes it takes.
        B: number of sequences.
        size: positions it has room for; by default the model's block.

    Attributes:
        keys, values: {"0": (B, H, size, D), …}, one array a block.
        length: positions filled so far.
        real: boolean (B, size), False at padding; None while there is none.
    """

    def __init__(self, model, B: int, size: int | None = None):
        config, self.xp = model.config, model.xp
        self.size = config.block_size if size is None else size
        shape = (B, config.n_head, self.size, config.n_embd // config.n_head)
        dtype = model.params.buffer.dtype
        self.keys = {i: self.xp.empty(shape, dtype) for i in model.params["h"]}
        self.values = {i: self.xp.empty(shape, dtype) for i in model.params["h"]}
        self.length, self.real = 0, None

    def clear(self) -> None:
        """Forget everything."""
        self.length, self.real = 0, None

    def select(self, rows) -> None:
        """Become the cache of the sequences `rows`, which may repeat and leave out."""
        for arrays in (self.keys, self.values):
            for i, old in arrays.items():
                new = self.xp.empty((len(rows), *old.shape[1:]), old.dtype)
                new[:, :, : self.length] = old[rows, :, : self.length]
                arrays[i] = new
        if self.real is not None:
            self.real = self.real[rows]

    def note_real(self, real, start: int, stop: int) -> None:
        """Note which of the positions from `start` to `stop` are real; None if all are."""
        if real is not None and self.real is None:
            self.real = self.xp.ones((len(real), self.size), dtype=bool)
        if self.real is not None:
            self.real[:, start:stop] = True if real is None else real

    def positions(self, start: int, stop: int):
        """The places of the new tokens, (T,) or (B, T): padding before a text takes none."""
        if self.real is None:
            return self.xp.arange(start, stop)
        return (self.real[:, :stop].cumsum(axis=1)[:, start:] - 1).clip(0)


def next_logits(model, ids, cache: KVCache, real=None):
    """Logits (B, V) of the token after `ids` (B, T), which continue what the cache holds.

    Args:
        model: a `GPT`.
        ids: integers (B, T), an array of the model's kind.
        cache: is extended by T positions.
        real: boolean (B, T), False at padding, or None if all are real.
    """
    length = max(1, PIECE // len(ids))
    for start in range(0, ids.shape[1], length):
        piece = slice(start, start + length)
        x = _extend(model, ids[:, piece], cache, None if real is None else real[:, piece])
    layers, p = model.layers, model.params
    x = x[:, -1]
    if "ln_f" in p:
        x, _ = layers.layernorm(x, **p["ln_f"], eps=model.config.layer_norm_epsilon)
    return layers.unembedding(x, **p.get("lm_head", p["wte"]))[0]


def _extend(model, ids, cache: KVCache, real):
    """The stream (B, T, C) after the last block, for new positions; the cache takes them in."""
    config, p = model.config, model.params
    start, stop = cache.length, cache.length + ids.shape[1]
    assert stop <= cache.size, "the cache is full"
    cache.note_real(real, start, stop)
    run_block = post_norm_block if config.post_norm else block
    x = p["wte"]["weight"][ids] + p["wpe"]["weight"][cache.positions(start, stop)]
    for i, parameters in p["h"].items():
        table = SimpleNamespace(**vars(model.layers))
        table.attention = _attention_from(cache, i)
        x, _ = run_block(x, **parameters, config=config, window=config.window_of(i), layers=table)
    cache.length = stop
    return x


def _attention_from(cache: KVCache, i: str):
    """`attention` for the new positions of block i: their queries look at the whole past."""

    def attention(x, c_attn, c_proj, n_head, mask, dropout_mask, parts, window=None):
        start, stop = cache.length, cache.length + x.shape[1]
        qkv, _ = parts.linear(x, **c_attn)
        q, k, v = (parts.split_heads(part, n_head) for part in cache.xp.split(qkv, 3, axis=-1))
        cache.keys[i][:, :, start:stop] = k
        cache.values[i][:, :, start:stop] = v
        k, v = cache.keys[i][:, :, :stop], cache.values[i][:, :, :stop]
        mask = parts.causal_mask(stop - start, stop, cache.xp, window)
        if cache.real is not None:
            mask = mask & cache.real[:, None, None, :stop]
        heads, _ = parts.scaled_dot_product(q, k, v, mask, parts=parts)
        return parts.linear(parts.merge_heads(heads), **c_proj)

    return attention
