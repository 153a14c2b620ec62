"""Three ways from a text to ids: byte pairs, single bytes, single characters.

Each knows its tokens as byte strings (`tokens[id]`) and how to encode plain text; special tokens,
decoding and files are the business of `Tokenizer`, the same for all three.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import chain

from minigpt.errors import UserError
from minigpt.tokenizer.encode import LONG_WORD, Merges, merge_long_word, merge_word
from minigpt.tokenizer.patterns import Splitter

CACHE_WORDS = 1 << 17  # about 30 MB of words and ids when full


class BytePairs:
    """Byte-level BPE (Sennrich et al. 2016; Radford et al. 2019).

    ids: token -> id, for at least the 256 single bytes and what the merges make.
    """

    kind = "bpe"

    def __init__(
        self, ids: dict[bytes, int], merges: Sequence[tuple[bytes, bytes]], pattern: str
    ) -> None:
        self.ids = ids
        self.merges = list(merges)
        self.pattern = pattern
        ranks: Merges = {}
        for rank, (left, right) in enumerate(self.merges):
            ranks.setdefault((ids[left], ids[right]), (rank, ids[left + right]))
        self._split = Splitter(pattern)
        self._words = _WordCache([ids[bytes([byte])] for byte in range(256)], ranks)

    def encode(self, text: str) -> list[int]:
        """Encode text; a byte that is no UTF-8 may stand in it as a surrogate escape."""
        # Some findalls and one dictionary look-up a word: it all runs in C once words repeat.
        return list(chain.from_iterable(map(self._words.__getitem__, self._split(text))))

    def encode_bytes(self, data: bytes) -> list[int]:
        """Encode any bytes; those that are no UTF-8 count as signs for the split pattern."""
        return self.encode(data.decode("utf-8", "surrogateescape"))


class _WordCache(dict):
    """word -> ids, filled on demand and emptied when full (rare words do not stay for ever)."""

    def __init__(self, byte_ids: list[int], merges: Merges) -> None:
        super().__init__()
        self._byte_ids = byte_ids
        self._merges = merges

    def __reduce__(self):
        return _WordCache, (self._byte_ids, self._merges)  # to another process without its words

    def __missing__(self, word: str) -> list[int]:
        data = word.encode("utf-8", "surrogateescape")
        ids = [self._byte_ids[byte] for byte in data]
        if len(ids) > LONG_WORD:
            return merge_long_word(ids, self._merges)  # not kept: long words hardly repeat
        ids = merge_word(ids, self._merges)
        if len(self) >= CACHE_WORDS:
            self.clear()
        self[word] = ids
        return ids


class PlainBytes:
    """One token a byte; the id is the byte."""

    kind = "byte"
    pattern = None
    merges: list[tuple[bytes, bytes]] = []

    def __init__(self) -> None:
        self.ids = {bytes([byte]): byte for byte in range(256)}

    def encode(self, text: str) -> list[int]:
        """Encode text as its UTF-8 bytes."""
        return list(text.encode("utf-8"))

    def encode_bytes(self, data: bytes) -> list[int]:
        """Encode any bytes."""
        return list(data)


class Characters:
    """One token a distinct character, in sorted order."""

    kind = "char"
    pattern = None
    merges: list[tuple[bytes, bytes]] = []

    def __init__(self, ids: dict[str, int]) -> None:
        self._char_ids = ids
        self.ids = {char.encode("utf-8"): i for char, i in ids.items()}

    def encode(self, text: str) -> list[int]:
        """Encode text; UserError for a character that is not in the vocabulary."""
        try:
            return list(map(self._char_ids.__getitem__, text))
        except KeyError as error:
            char = error.args[0]
            raise UserError(
                f"The character {char!r} at position {text.index(char)} is not in the vocabulary "
                f"of {len(self._char_ids)} characters; leave it out, or build the vocabulary from "
                "a text that has it."
            ) from None

    def encode_bytes(self, data: bytes) -> list[int]:
        """Encode UTF-8 bytes; UserError for bytes that are no characters."""
        try:
            return self.encode(data.decode("utf-8"))
        except UnicodeDecodeError as error:
            raise UserError(
                f"Byte {error.start} is not UTF-8, so it is no character; use Tokenizer.byte() or "
                "Tokenizer.train() for such data."
            ) from None
