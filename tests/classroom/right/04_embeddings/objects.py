"""Lesson 04, where the cache is an object, or a function that knows how to go back."""

from dataclasses import dataclass
from typing import Any

from minigpt.backend import get_array_module


@dataclass
class Lookup:
    """What an embedding has looked up, and from how large a table."""

    ids: Any
    rows: int

    def add_up(self, dy):
        """Add at flat places: row * C + column."""
        xp = get_array_module(dy)
        C = dy.shape[-1]
        places = self.ids[..., None] * C + xp.arange(C)
        flat = xp.zeros(self.rows * C, dtype=dy.dtype)
        xp.add.at(flat, places, dy)
        return flat.reshape(self.rows, C)


def embedding(ids, weight):
    """Index with one axis spelled out."""
    return weight[ids, :], Lookup(ids, weight.shape[0])


def embedding_backward(dy, cache):
    """The object knows."""
    return None, {"weight": cache.add_up(dy)}


def positions(x, wpe):
    """The cache is a function."""
    xp = get_array_module(x)
    T = x.shape[1]

    def back(dy):
        ones = xp.ones(len(dy), dtype=dy.dtype)
        used = xp.tensordot(ones, dy, axes=1)
        return dy * 1, {"wpe": xp.pad(used, ((0, len(wpe) - T), (0, 0)))}

    return x + wpe[None, :T, :], back


def positions_backward(dy, cache):
    """Call it."""
    return cache(dy)
