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


def compile_pattern(name: str) -> regex.Pattern:
    """Compile a pattern by its name; UserError for a name that is not in `PATTERNS`."""
    if name not in PATTERNS:
        raise UserError(f"There is no split pattern {name!r}; choose one of {sorted(PATTERNS)}.")
    return regex.compile(PATTERNS[name])


def split_words(text: str, pattern: str = "gpt2") -> list[str]:
    """Cut a text into words; joined, they are the text again."""
    return compile_pattern(pattern).findall(text)
