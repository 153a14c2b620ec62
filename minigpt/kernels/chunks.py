"""Rows at a time: temporaries that stay in the cache of a core; and who computes what."""

from __future__ import annotations

from collections.abc import Iterator

BYTES = 1 << 19  # of one temporary; the L2 cache of a core holds several of them


def row_chunks(x, temporaries: int = 4) -> Iterator[slice]:
    """Slices of the rows of x (N, C) whose `temporaries`, 4 of `BYTES` bytes, fit into the cache.

    Not smaller than that: each visit costs calls from Python, at which threads meet.
    """
    N, C = x.shape
    step = max(1, 4 * BYTES // (temporaries * max(1, C * x.itemsize)))
    for start in range(0, N, step):
        yield slice(start, min(start + step, N))


def are(parts, **functions) -> bool:
    """Whether a table's functions of these names, and no student's, are those of this package."""
    return parts is None or all(getattr(parts, name) is each for name, each in functions.items())
