"""Byte-pair encoding in its plainest form: count everything, merge the commonest pair, repeat.

This file is here to be read (Sennrich et al. 2016, https://arxiv.org/abs/1508.07909, Algorithm 1;
on bytes: Radford et al. 2019). `train.py` gives the same merges hundreds of times faster, and the
tests hold the two against each other.

>>> learn_merges_slowly([b"low", b"lower", b"lowest"], 2)
[(b'l', b'o'), (b'lo', b'w')]
>>> encode_word_slowly(b"slow", [(b"l", b"o"), (b"lo", b"w")])
[b's', b'low']
"""

from __future__ import annotations

from collections.abc import Iterable

from minigpt.tokenizer.byte_unicode import BYTE_ORDER
from minigpt.tokenizer.ties import check_ties

Pair = tuple[bytes, bytes]


def learn_merges_slowly(
    words: Iterable[bytes], new_tokens: int, ties: str = "huggingface"
) -> list[Pair]:
    """Learn merges until `new_tokens` new tokens exist or every word is a single token.

    words: the words of the text in order, repeated words repeated. ties: as in `train.py`.
    """
    check_ties(ties)
    ids = {bytes([byte]): i for i, byte in enumerate(BYTE_ORDER)}
    sequences = [[bytes([byte]) for byte in word] for word in words]
    merges: list[Pair] = []
    while len(ids) < 256 + new_tokens:
        counts = count_pairs(sequences)
        if not counts:
            break
        pair = commonest(counts, ids, ties)
        sequences = [merge_pair(sequence, pair) for sequence in sequences]
        ids.setdefault(pair[0] + pair[1], len(ids))  # a token made twice would keep its id
        merges.append(pair)
    return merges


def count_pairs(sequences: list[list[bytes]]) -> dict[Pair, int]:
    """Count how often each two tokens stand side by side, in the order of first sight."""
    counts: dict[Pair, int] = {}
    for sequence in sequences:
        for pair in zip(sequence, sequence[1:]):  # noqa: B905 (one is shorter on purpose)
            counts[pair] = counts.get(pair, 0) + 1
    return counts


def commonest(counts: dict[Pair, int], ids: dict[bytes, int], ties: str) -> Pair:
    """The pair with the highest count; among equals, the one that the rule prefers."""
    if ties == "first":
        return max(counts, key=lambda pair: counts[pair])  # max keeps the first of equals
    if ties == "greatest":
        return max(counts, key=lambda pair: (counts[pair], pair))
    return min(counts, key=lambda pair: (-counts[pair], ids[pair[0]], ids[pair[1]]))


def merge_pair(sequence: list[bytes], pair: Pair) -> list[bytes]:
    """Replace each occurrence of the pair, from left to right, by the joined token."""
    merged: list[bytes] = []
    i = 0
    while i < len(sequence):
        if tuple(sequence[i : i + 2]) == pair:
            merged.append(pair[0] + pair[1])
            i += 2
        else:
            merged.append(sequence[i])
            i += 1
    return merged


def encode_word_slowly(word: bytes, merges: list[Pair]) -> list[bytes]:
    """Cut one word into tokens: replay the merges in the order in which they were learned."""
    sequence = [bytes([byte]) for byte in word]
    for pair in merges:
        sequence = merge_pair(sequence, pair)
    return sequence
