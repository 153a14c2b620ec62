"""The patterns that cut a text into words before any merge: no token ever crosses such a cut.

Without the cuts, BPE would spend its tokens on "dog." "dog!" "dog?" (Radford et al. 2019, 2.2).
A space belongs to the word that follows it, so " the" is one word and nothing is lost: the words,
joined, are the text again.

>>> split_words("It's 2024 now.", "gpt2")
['It', "'s", ' 2024', ' now', '.']
>>> split_words("IT'S 2024 now.", "gpt4")
['IT', "'S", ' ', '202', '4', ' now', '.']
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import cache
from itertools import chain

import regex

from minigpt.errors import UserError

# \p{L} is a letter and \p{N} a digit of any script, \s any white space. The first alternative
# that fits wins. `\s+(?!\S)` takes a run of spaces but leaves the last one to the word after it.
PATTERNS = {
    # As published in github.com/openai/gpt-2, src/encoder.py.
    "gpt2": (
        r"'s|'t|'re|'ve|'m|'ll|'d"  # English contractions, in small letters only
        r"| ?\p{L}+"  # letters, with the space before them
        r"| ?\p{N}+"  # digits, as long as they go on
        r"| ?[^\s\p{L}\p{N}]+"  # punctuation and everything else that is visible
        r"|\s+(?!\S)|\s+"
    ),
    # GPT-4's "cl100k_base", as published in github.com/openai/tiktoken, tiktoken_ext/
    # openai_public.py (its first form, before possessive quantifiers made it faster).
    "gpt4": (
        r"(?i:'s|'t|'re|'ve|'m|'ll|'d)"  # contractions in small or capital letters
        r"|[^\r\n\p{L}\p{N}]?\p{L}+"  # letters, with any one sign before them
        r"|\p{N}{1,3}"  # digits in groups of at most three
        r"| ?[^\s\p{L}\p{N}]+[\r\n]*"  # punctuation, with the line ends after it
        r"|\s*[\r\n]+"  # line ends, with the spaces before them
        r"|\s+(?!\S)|\s+"
    ),
}

# Where a text may be cut in two, so that the words of both parts are the words of the whole. No
# pattern looks back, so two things are enough: no word reaches over the cut, and what stands after
# it is no word's reason to end where it ends. Before a run of white space both hold: what is
# visible never matches a space after it, and `(?!\S)` asks only behind a run. For GPT-4, line ends
# belong to the punctuation before them, so there the cut is behind the line ends.
SAFE_CUTS = {
    "gpt2": r"(?<=\S)(?=\s)",
    "gpt4": r"(?<=\S)(?=[^\S\r\n])|(?<=[\r\n])(?=\S)",
    None: r"(?s)(?<=.)(?=.)",  # no words: anywhere
}

PIECE = 1 << 14  # characters: a piece's words stay in the processor's cache
SPELL_OUT = 500_000  # characters after which the 50 ms for `_spelled_out` have paid


class Splitter:
    """Cuts texts into words by a pattern, given by name; UserError for an unknown name."""

    def __init__(self, name: str) -> None:
        if name not in PATTERNS:
            known = sorted(PATTERNS)
            raise UserError(f"There is no split pattern {name!r}; choose one of {known}.")
        self._name = name
        self._any = regex.compile(PATTERNS[name])
        # Python's own `re` is twice as fast as `regex`, and most texts of a course are ASCII.
        self._ascii = _spelled_out(PATTERNS[name], 128)
        self._cut = regex.compile(SAFE_CUTS[name])
        self._seen = 0  # characters of texts that are not ASCII

    def __call__(self, text: str) -> Iterator[str]:
        """The words of a text, in order; a long text is cut piece by piece."""
        return chain.from_iterable(map(self._words, self._pieces(text)))

    def _words(self, piece: str) -> list[str]:
        if piece.isascii():
            return self._ascii.findall(piece)
        self._seen += len(piece)
        if self._seen < SPELL_OUT or _has_high_characters(piece):
            return self._any.findall(piece)
        return _spelled_out(PATTERNS[self._name], 1 << 16).findall(piece)

    def _pieces(self, text: str) -> Iterator[str]:
        start = 0
        while len(text) - start > 2 * PIECE:
            found = self._cut.search(text, start + PIECE)
            if found is None:
                break
            yield text[start : found.start()]
            start = found.start()
        yield text[start:] if start else text


@cache
def _spelled_out(pattern: str, end: int) -> re.Pattern[str]:
    """The same pattern for characters below `end` in the syntax of `re`, which has no \\p{...}.

    The characters come from `regex`, since its Unicode tables and its \\s differ from Python's.
    Only up to U+FFFF has `re` a table; of classes beyond that it searches the ranges one by one.
    """
    every = "".join(map(chr, range(end)))
    classes = {
        name: "".join(
            f"\\u{found.start():04x}-\\u{found.end() - 1:04x}"
            for found in regex.finditer(f"{name}+", every)
        )
        for name in (r"\p{L}", r"\p{N}", r"\s")
    }

    def spell(found: re.Match[str]) -> str:
        spelled = found[0] if found[0].startswith("[") else f"[{found[0]}]"
        for name, characters in classes.items():
            spelled = spelled.replace(name, characters)
        return spelled

    pattern = pattern.replace(r"\S", r"[^\s]")
    return re.compile(re.sub(r"\[.*?\]|\\p\{.\}|\\s", spell, pattern))


def _has_high_characters(text: str) -> bool:
    """Whether a character is above U+FFFF, such as an emoji: UTF-16 needs four bytes for it."""
    return len(text.encode("utf-16-le", "surrogatepass")) > 2 * len(text)


def last_safe_cut(text: str, pattern: str | None, end: int | None = None) -> int:
    """The last place in `text`, before `end`, where cutting changes no word; 0 if there is none.

    >>> last_safe_cut("to be or not", "gpt2"), last_safe_cut("tobeornot", "gpt2")
    (8, 0)
    """
    end = len(text) if end is None else end
    found = regex.compile("(?r)" + SAFE_CUTS[pattern]).search(text, 0, max(0, end))
    return found.start() if found else 0


def split_words(text: str, pattern: str = "gpt2") -> list[str]:
    """Cut a text into words; joined, they are the text again."""
    return list(Splitter(pattern)(text))
