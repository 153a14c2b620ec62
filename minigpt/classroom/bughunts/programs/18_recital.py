"""Recite a verse with a GPT, letter by letter, with a cache of keys and values.

A small GPT learns one verse by heart. Then it is given the first words and recites the rest, always
taking the likeliest letter. It does so in two ways: it reads the whole text anew for each letter,
or it reads only the newest letter and finds the keys and values of all earlier places in a cache.
The second way saves work, and must give the same scores but for rounding.

The program prints both texts, and for the first places the largest difference between the scores
of both ways.

Run it. What is strange?
"""

import numpy as np

from minigpt import layers
from minigpt.model import GPT, GPTConfig
from minigpt.training import Trainer

VERSE = "row by row the sower goes, row by row the barley grows, row by row it is cut down."


def read(params, config, ids, cache):
    """Scores (V,) of the token after `ids`, a list that continues what the cache holds.

    Args:
        params: a GPT's, by GPT-2's names.
        cache: a dict, empty at the start; it will hold the pair (keys, values) of each block,
            under the block's name, both (1, H, t, D) for the t places that were read so far.
    """
    past = cache["0"][0].shape[2] if cache else 0
    places = np.arange(past, past + len(ids))
    x = params["wte"]["weight"][ids] + params["wpe"]["weight"][places]
    x = x[None]  # (B, T, C) = (1, len(ids), C)
    for name, p in params["h"].items():
        normed, _ = layers.layernorm(x, **p["ln_1"])
        qkv, _ = layers.linear(normed, **p["attn"]["c_attn"])
        q, k, v = (layers.split_heads(part, config.n_head) for part in np.split(qkv, 3, axis=-1))
        if name in cache:
            k = np.concatenate([cache[name][0], k], axis=2)
            v = np.concatenate([cache[name][1], v], axis=2)
        cache[name] = k, v
        mask = layers.causal_mask(q.shape[2], k.shape[2], np)
        heads, _ = layers.scaled_dot_product(q, k, v, mask)
        x = x + layers.linear(layers.merge_heads(heads), **p["attn"]["c_proj"])[0]
        normed, _ = layers.layernorm(x, **p["ln_2"])
        x = x + layers.mlp(normed, **p["mlp"])[0]
    last, _ = layers.layernorm(x[0, -1], **params["ln_f"])
    return params["wte"]["weight"] @ last


def recite(next_scores, ids, n):
    """Continue ids by the n likeliest tokens, one after another; returns all ids."""
    ids = list(ids)
    for _ in range(n):
        ids.append(int(np.argmax(next_scores(ids))))
    return ids


def main():
    """Learn the verse, recite it in both ways, and compare the scores."""
    letters = sorted(set(VERSE))
    ids = [letters.index(letter) for letter in VERSE]
    config = GPTConfig(len(letters), block_size=len(ids) - 1, n_layer=2, n_head=2, n_embd=32)
    model = GPT(config, seed=0, device="cpu")
    Trainer(model, ids, 1, steps=120, lr=1e-2, min_lr=1e-3, warmup=10, threads=1).fit()
    params, cache = model.params, {}

    def with_cache(so_far):
        new = so_far[cache["0"][0].shape[2] :] if cache else so_far
        return read(params, config, new, cache)

    prompt, n = ids[:11], len(ids) - 11
    for name, next_scores in (
        ("read anew   ", lambda so_far: read(params, config, so_far, {})),
        ("with a cache", with_cache),
    ):
        text = "".join(letters[i] for i in recite(next_scores, prompt, n))
        print(f"{name}: {text}")

    cache.clear()
    for t in (11, 12, 13, 20, 40):
        difference = np.abs(with_cache(ids[:t]) - read(params, config, ids[:t], {})).max()
        print(f"scores after {t} letters differ by {difference:.1e}")


if __name__ == "__main__":
    main()
