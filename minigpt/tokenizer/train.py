"""Learning the merges, fast: the same result as `slow.py`, without counting everything again.

Three ideas (the first is in Sennrich et al. 2016, the rest in every fast trainer since):
1. A text repeats few words: work on the distinct words, each with its count.
2. A merge changes only the words that hold the pair, and in them only the neighbours: keep
   pair -> count and pair -> words, and update both.
3. The commonest pair comes from a heap whose entries may be outdated. A count mostly falls, so an
   outdated entry comes up too early, never too late; it is corrected when it comes up.
"""

from __future__ import annotations

import heapq
from collections import Counter, defaultdict
from collections.abc import Iterable

from minigpt.errors import UserError
from minigpt.tokenizer.byte_unicode import BYTE_ORDER
from minigpt.tokenizer.patterns import Splitter
from minigpt.tokenizer.ties import check_ties

_COMPLEMENT = bytes(255 - byte for byte in range(256))


def count_words(texts: str | Iterable[str], pattern: str = "gpt2") -> dict[bytes, int]:
    """Count the distinct words of all texts, in the order of first sight.

    >>> count_words(["to be", "to be"])
    {b'to': 2, b' be': 2}
    """
    split = Splitter(pattern)
    counts: Counter[str] = Counter()
    for text in iterate_texts(texts):
        counts.update(split(text))
    return {word.encode("utf-8"): count for word, count in counts.items()}


def iterate_texts(texts: str | Iterable[str]) -> Iterable[str]:
    """Yield each text, checked; UserError for what is no text and when all are empty."""
    empty = True
    for number, text in enumerate([texts] if isinstance(texts, str) else _iterable(texts)):
        if not isinstance(text, str):
            raise UserError(
                f"Text number {number} is a {type(text).__name__}, not a str; "
                "read files with encoding='utf-8' and pass their text."
            )
        check_surrogates(text)
        empty = empty and not text
        yield text
    if empty:
        raise UserError("The text to learn from is empty; pass at least one character.")


def _iterable(texts: Iterable[str]) -> Iterable[str]:
    if isinstance(texts, (bytes, bytearray)) or not hasattr(texts, "__iter__"):
        raise UserError(f"texts is a {type(texts).__name__}; pass a str or an iterable of str.")
    return texts


def check_surrogates(text: str) -> None:
    """Raise UserError for a lone surrogate: half a character, which UTF-8 cannot write."""
    try:
        text.encode("utf-8")
    except UnicodeEncodeError as error:
        raise UserError(
            f"The text has a lone surrogate {text[error.start]!r} at position {error.start}, which "
            "is no character; repair the text, for example with errors='replace' when decoding it."
        ) from None


def learn_merges(
    word_counts: dict[bytes, int], new_tokens: int, ties: str = "huggingface"
) -> list[tuple[bytes, bytes]]:
    """Learn merges until `new_tokens` new tokens exist or every word is a single token.

    word_counts: distinct word -> count, in the order of first sight (this order decides
    `ties="first"`). Returns the merges in the order in which they were learned.

    >>> learn_merges({b"low": 1, b"lower": 1, b"lowest": 1}, 2)
    [(b'l', b'o'), (b'lo', b'w')]
    """
    check_ties(ties)
    pairs = PairIndex(word_counts, ties)
    merges = []
    while len(pairs.tokens) < 256 + new_tokens:
        pair = pairs.pop_commonest()
        if pair is None:
            break
        pairs.merge(pair)
        merges.append((pairs.tokens[pair[0]], pairs.tokens[pair[1]]))
    return merges


class PairIndex:
    """The distinct words as lists of ids, and for each pair of ids its count and its words."""

    def __init__(self, word_counts: dict[bytes, int], ties: str) -> None:
        self.tokens = [bytes([byte]) for byte in BYTE_ORDER]
        self.ids = {token: i for i, token in enumerate(self.tokens)}
        byte_ids = [self.ids[bytes([byte])] for byte in range(256)]
        self.words = [[byte_ids[byte] for byte in word] for word in word_counts]
        self.word_counts = list(word_counts.values())
        self.counts: dict[tuple[int, int], int] = defaultdict(int)
        # A word stays listed under a pair that it has lost since: harmless, and cheaper.
        self.where: dict[tuple[int, int], set[int]] = defaultdict(set)
        for number, (word, count) in enumerate(zip(self.words, self.word_counts, strict=True)):
            for pair in zip(word, word[1:]):  # noqa: B905 (one is shorter on purpose)
                self.counts[pair] += count
                self.where[pair].add(number)
        self.sort_key = {
            "huggingface": lambda pair: pair,
            "greatest": lambda pair: (_descending(self.tokens[pair[0]]),
                                      _descending(self.tokens[pair[1]])),
            "first": self.first_place,
        }[ties]
        self.heap = [(-count, self.sort_key(pair), pair) for pair, count in self.counts.items()]
        heapq.heapify(self.heap)

    def first_place(self, pair: tuple[int, int]) -> tuple[int, int]:
        """Where the pair is seen first: the number of the word, and the byte in that word.

        The byte, not the token: its place stays the same when tokens before it are merged.
        """
        numbers = self.where[pair]
        while numbers:
            number = min(numbers)
            word = self.words[number]
            for i, found in enumerate(zip(word, word[1:])):  # noqa: B905
                if found == pair:
                    return number, sum(len(self.tokens[token]) for token in word[:i])
            numbers.remove(number)  # a word that lost the pair earlier
        return len(self.words), 0

    def pop_commonest(self) -> tuple[int, int] | None:
        """Take out the commonest pair; None when no two tokens stand side by side."""
        while self.heap:
            stored_count, stored_key, pair = heapq.heappop(self.heap)
            count = self.counts.get(pair, 0)
            if count == 0:
                continue
            entry = (-count, self.sort_key(pair), pair)
            if entry[:2] == (stored_count, stored_key):
                return pair
            heapq.heappush(self.heap, entry)
        return None

    def merge(self, pair: tuple[int, int]) -> None:
        """Replace the pair by one token in every word that holds it."""
        joined = self.tokens[pair[0]] + self.tokens[pair[1]]
        new = self.ids.setdefault(joined, len(self.tokens))  # a token made twice would keep its id
        if new == len(self.tokens):
            self.tokens.append(joined)
        numbers = self.where.pop(pair)
        grown: set[tuple[int, int]] = set()
        for number in numbers:
            self._merge_word(number, pair, new, grown)
        self.counts.pop(pair, None)
        for changed in grown:
            if self.counts[changed]:
                entry = (-self.counts[changed], self.sort_key(changed), changed)
                heapq.heappush(self.heap, entry)

    def _merge_word(
        self, number: int, pair: tuple[int, int], new: int, grown: set[tuple[int, int]]
    ) -> None:
        """Merge the pair in one word, from left to right, and correct its neighbours' counts."""
        word, count, counts = self.words[number], self.word_counts[number], self.counts
        left, right = pair
        i = 0
        while True:
            try:
                i = word.index(left, i, len(word) - 1)
            except ValueError:
                return
            if word[i + 1] != right:
                i += 1
                continue
            word[i : i + 2] = [new]
            if i > 0:
                counts[word[i - 1], left] -= count
                self._grow((word[i - 1], new), number, count, grown)
            if i + 1 < len(word):
                counts[right, word[i + 1]] -= count
                self._grow((new, word[i + 1]), number, count, grown)
            i += 1

    def _grow(
        self, pair: tuple[int, int], number: int, count: int, grown: set[tuple[int, int]]
    ) -> None:
        self.counts[pair] += count
        self.where[pair].add(number)
        grown.add(pair)


def _descending(token: bytes) -> str:
    """A string that sorts the other way round: the greatest token first."""
    # The closing "Ā" is above every complement, so b"abc" comes before its beginning b"ab".
    return token.translate(_COMPLEMENT).decode("latin-1") + "Ā"
