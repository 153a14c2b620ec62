"""Attention in tiles: the masked triangle is never computed, the weights never normalised.

Queries are taken `TILE` at a time against the keys up to them. With e = exp(scores - max) and
r = 1 / sum of e, both by row, softmax is e r, so

    y = (e @ v) r                                 (T, D) is divided instead of (T, T)
    dv = e.T @ (dy r)
    dscores = e ((dy r) @ v.T - r sum(dy y))      since sum(weights dweights) = sum(dy y)

(Milakov and Gimelshein, 2018; Dao et al., "FlashAttention", 2022, section 3 and appendix B.)
"""

import functools
import math

import numpy as np

from minigpt import layers
from minigpt.kernels.chunks import are
from minigpt.kernels.linear import linear, linear_backward

TILE = 128  # queries
TOGETHER = 1 << 17  # scores of short sequences that are computed at once
MOST_KEPT = 48 << 20  # bytes of e that one call keeps for its backward; beyond, it computes e again


def attention(x, c_attn, c_proj, n_head, mask=None, dropout_mask=None, parts=None, window=None):
    """As `layers.attention`: in tiles, unless a mask, a window or a foreign part asks for more."""
    if mask is not None or window is not None or not _is_ours(parts):
        y, cache = layers.attention(
            x, c_attn, c_proj, n_head, mask, dropout_mask, parts or layers, window
        )
        return y, (None, cache)
    B, T, C = x.shape
    qkv, qkv_cache = linear(x, **c_attn)
    q, k, v = heads_of(qkv, n_head)
    q = q * _scale(C, n_head)
    merged = np.empty((B, T, C), x.dtype)
    y = merged.reshape(B, T, n_head, C // n_head).transpose(0, 2, 1, 3)
    r = np.empty((B, n_head, T, 1), x.dtype)
    keep, kept = kept_scores(B, n_head, T, x.itemsize) > 0, []
    for at, rows, keys in _tiles(B, n_head, T):
        e = _exp_scores(q[at][..., rows, :], k[at][..., keys, :])
        r[at][..., rows, :] = 1 / (e @ np.ones((e.shape[-1], 1), e.dtype))
        dropped = e if dropout_mask is None else e * dropout_mask[at][..., rows, keys]
        np.matmul(dropped, v[at][..., keys, :], out=y[at][..., rows, :])
        if keep:
            kept.append(e)
    y *= r
    out, proj_cache = linear(merged, **c_proj)
    return out, (kept, qkv, qkv_cache, merged, r, dropout_mask, n_head, proj_cache)


def attention_backward(dy, cache):
    """As `layers.attention_backward`."""
    if cache[0] is None:
        return layers.attention_backward(dy, cache[1])
    kept, qkv, qkv_cache, merged, r, dropout_mask, n_head, proj_cache = cache
    dmerged, dc_proj = linear_backward(dy, proj_cache)
    B, T, C = merged.shape
    split = (B, T, n_head, C // n_head)
    along = np.einsum("bthd,bthd->bht", dmerged.reshape(split), merged.reshape(split))[..., None]
    along *= r  # r sum(dy y)
    dy = dmerged.reshape(split).transpose(0, 2, 1, 3) * r
    dqkv = np.empty(qkv.shape, qkv.dtype)
    (q, k, v), (dq, dk, dv) = heads_of(qkv, n_head), heads_of(dqkv, n_head)
    scale = _scale(C, n_head)
    q, scaled_k = q * scale, k * scale
    tiles = list(_tiles(B, n_head, T))
    for i in reversed(range(len(tiles))):  # so that the first tile of a head has all its keys
        at, rows, keys = tiles[i]
        e = kept[i] if kept else _exp_scores(q[at][..., rows, :], k[at][..., keys, :])
        dropped, dscores = e, dy[at][..., rows, :] @ v[at][..., keys, :].swapaxes(-1, -2)
        if dropout_mask is not None:
            drop = dropout_mask[at][..., rows, keys]
            dropped = e * drop
            dscores *= drop
        dscores -= along[at][..., rows, :]
        dscores *= e
        np.matmul(dscores, scaled_k[at][..., keys, :], out=dq[at][..., rows, :])
        for transposed, of, into in ((dropped, dy, dv), (dscores, q, dk)):
            transposed, place = transposed.swapaxes(-1, -2), into[at][..., keys, :]
            if keys.stop == T:
                np.matmul(transposed, of[at][..., rows, :], out=place)
            else:
                place += transposed @ of[at][..., rows, :]
    dx, dc_attn = linear_backward(dqkv, qkv_cache)
    return dx, {"c_attn": dc_attn, "c_proj": dc_proj}


def heads_of(qkv, n_head):
    """Views (B, H, T, D) of q, k and v in (B, T, 3C): nothing is copied."""
    B, T, C = qkv.shape
    return qkv.reshape(B, T, 3, n_head, C // (3 * n_head)).transpose(2, 0, 3, 1, 4)


def _tiles(B, H, T):
    """Yield (sequences and heads, queries, keys up to the last of them).

    Short sequences make one tile with all their heads; of a longer one, some heads have one each.
    So a tile fits into the cache, and there are few of them: each costs some calls from Python, at
    which threads stand in each other's way.
    """
    if T <= TILE:
        step = max(1, TOGETHER // (H * T * T))
        for b in range(0, B, step):
            yield (slice(b, b + step), slice(0, H)), slice(0, T), slice(0, T)
        return
    heads = max(1, TOGETHER // (TILE * T))
    for b in range(B):
        for head in range(0, H, heads):
            for start in range(0, T, TILE):
                stop = min(start + TILE, T)
                at = slice(b, b + 1), slice(head, head + heads)
                yield at, slice(start, stop), slice(0, stop)


def kept_scores(B: int, H: int, T: int, itemsize: int = 4) -> int:
    """How many exp(scores) a call keeps for its backward; 0 where it computes them again."""
    tiles, rest = divmod(T, TILE)
    one = T * T if T <= TILE else TILE**2 * tiles * (tiles + 1) // 2 + rest * T
    return B * H * one if B * H * one * itemsize <= MOST_KEPT else 0


def _exp_scores(q, k):
    """exp(scores - max) of scaled queries, which are the last of the keys.

    Only the square at the end is masked: before it, all keys lie in the past of all queries.
    """
    e = q @ k.swapaxes(-1, -2)
    square = e[..., e.shape[-1] - e.shape[-2] :]
    square += _future(e.shape[-2], e.dtype)
    e -= e.max(axis=-1, keepdims=True)
    return np.exp(e, out=e)


@functools.lru_cache(maxsize=64)
def _future(n: int, dtype):
    """(n, n), minus infinity above the diagonal, 0 elsewhere."""
    return np.triu(np.full((n, n), -np.inf, dtype), 1)


def _scale(C: int, n_head: int) -> float:
    return 1 / math.sqrt(C // n_head)


def _is_ours(parts) -> bool:
    return are(
        parts,
        linear=linear,
        linear_backward=linear_backward,
        scaled_dot_product=layers.scaled_dot_product,
        scaled_dot_product_backward=layers.scaled_dot_product_backward,
        softmax=layers.softmax,
        softmax_backward=layers.softmax_backward,
    )
