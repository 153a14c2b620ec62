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


class Splitter:
    """Cuts texts into words by a pattern, given by name; UserError for an unknown name."""

    def __init__(self, name: str) -> None:
        if name not in PATTERNS:
            known = sorted(PATTERNS)
            raise UserError(f"There is no split pattern {name!r}; choose one of {known}.")
        self._any = regex.compile(PATTERNS[name])
        # Most texts of a course are ASCII, where Python's own `re` is twice as fast as `regex`.
        self._ascii = re.compile(_ascii_form(PATTERNS[name]), re.ASCII)

    def __call__(self, text: str) -> list[str]:
        """The words of a text, in order."""
        return (self._ascii if text.isascii() else self._any).findall(text)


def _ascii_form(pattern: str) -> str:
    """The same pattern for ASCII text in the syntax of `re`, which does not know \\p{...}."""
    letters = pattern.replace(r"\p{L}+", "[A-Za-z]+").replace(r"\p{L}", "A-Za-z")
    return letters.replace(r"\p{N}", r"\d")


def split_words(text: str, pattern: str = "gpt2") -> list[str]:
    """Cut a text into words; joined, they are the text again."""
    return Splitter(pattern)(text)
