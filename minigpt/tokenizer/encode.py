"""Cutting one word into tokens: the learned merge with the lowest rank goes first, always.

`merge_word` is for the words of a language, `merge_long_word` for runs of thousands of letters
(a page of Chinese has no spaces), where searching all pairs again after each merge would take
quadratic time. Both merge one pair at a time, the leftmost of equals, so they agree.

Both take the merges as ids, (left, right) -> (rank, joined).

>>> merges = {(1, 2): (0, 10), (10, 3): (1, 11)}
>>> merge_word([1, 2, 3, 1, 2], merges), merge_long_word([1, 2, 3, 1, 2], merges)
([11, 10], [11, 10])
"""

from __future__ import annotations

import heapq

Merges = dict[tuple[int, int], tuple[int, int]]

LONG_WORD = 100  # bytes; below, the plain loop is faster than a heap
_NO_MERGE = (1 << 60, -1)


def merge_word(ids: list[int], merges: Merges) -> list[int]:
    """Merge a short word, given as the ids of its bytes; the list is used up."""
    find = merges.get
    while len(ids) > 1:
        found = [find(pair, _NO_MERGE) for pair in zip(ids, ids[1:])]  # noqa: B905
        best = min(found)
        if best is _NO_MERGE:
            break
        i = found.index(best)
        ids[i : i + 2] = [best[1]]
    return ids


def merge_long_word(ids: list[int], merges: Merges) -> list[int]:
    """Merge a word of any length in O(n log n), with a heap of pairs over a linked list."""
    ids = list(ids)
    before = list(range(-1, len(ids) - 1))
    after = list(range(1, len(ids) + 1))
    heap: list[tuple[int, int, int, int, int]] = []

    def offer(i: int) -> None:
        j = after[i]
        if j < len(ids) and (ids[i], ids[j]) in merges:
            rank, joined = merges[ids[i], ids[j]]
            heapq.heappush(heap, (rank, i, joined, ids[i], ids[j]))

    for i in range(len(ids)):
        offer(i)
    while heap:
        _, i, joined, left, right = heapq.heappop(heap)
        j = after[i]
        # A pair that was offered earlier may be gone: one of its two took part in a merge since.
        if ids[i] != left or j >= len(ids) or ids[j] != right:
            continue
        ids[i], ids[j] = joined, -1  # -1: this place is used up
        after[i] = after[j]
        if after[j] < len(ids):
            before[after[j]] = i
        offer(i)
        if before[i] >= 0:
            offer(before[i])
    return [token for token in ids if token >= 0]
