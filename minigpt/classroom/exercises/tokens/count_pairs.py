"""Lesson 03, count_pairs: counting pairs, the cases and the known mistakes."""

from minigpt.classroom.exercise import Case, mistake
from minigpt.classroom.exercises.tokens.words import split


def cases(rng) -> list[Case]:
    """Words that repeat, runs of one letter, longer tokens, words of one token."""
    words, repeated = ["at", "ate", "rat", "tea"], ["ab", "cab", "ab", "ab"]
    longer = [[b"th", b"e", b"r", b"e"], [b"the"], [b"t", b"he"], [b"th", b"e"]]
    return [
        Case("plain words", ([split(word) for word in words],)),
        Case("a word that occurs three times", ([split(word) for word in repeated],)),
        Case("runs of one letter", ([split("aaaa"), split("baaab")],)),
        Case("tokens of several bytes", (longer,)),
        Case("words of one token", ([split("a"), split("ba"), split("c"), split("ab")],)),
        Case("a single word", ([split("banana")],)),
        Case("no words", ([],)),
    ]


COUNT = "counts[pair] = counts.get(pair, 0) + 1"
NEIGHBOURS = "for pair in pairwise(tokens):"
EACH_WORD = "for tokens in pieces:\n        for"

MISTAKES = (
    mistake(
        "across_words",
        EACH_WORD,
        "for tokens in [sum(pieces, [])]:\n        for",
        says="the last token of a word and the first one of the next word are counted as a pair",
        section=3,
        hint="Nothing is glued across a cut. What does your function give for the words a and b?",
    ),
    mistake(
        "once_a_word",
        NEIGHBOURS,
        "for pair in set(pairwise(tokens)):",
        says="a pair that occurs twice in one word counts only once",
        section=3,
        hint="How often does the pair a, n occur in banana?",
    ),
    mistake(
        "each_different_word_once",
        EACH_WORD,
        "for tokens in dict.fromkeys(map(tuple, pieces)):\n        for",
        says="a word that occurs several times in the text is counted only once",
        section=3,
        hint="`pieces` may hold the same word three times. How often do its pairs occur?",
    ),
    mistake(
        "without_overlaps",
        f"{NEIGHBOURS}\n            {COUNT}",
        "previous, i = None, -1\n"
        "        for j, pair in enumerate(pairwise(tokens)):\n"
        "            if pair == previous and i == j - 1:\n"
        "                continue\n"
        "            previous, i = pair, j\n"
        "            counts[pair] = counts.get(pair, 0) + 1",
        says="in a run of one token only every second pair is counted",
        section=3,
        hint="How many neighbours stand side by side in a, a, a? The docstring tells.",
    ),
    mistake(
        "steps_of_two",
        NEIGHBOURS,
        "for pair in zip(tokens[::2], tokens[1::2]):",
        says="the tokens are taken two by two: the pair between them is left out",
        section=3,
        hint="In c, a, t there are two pairs. Which ones?",
    ),
    mistake(
        "any_order",
        COUNT,
        "pair = tuple(sorted(pair))\n            counts[pair] = counts.get(pair, 0) + 1",
        says="left and right are not told apart: each pair is put in alphabetical order",
        section=3,
        hint="Is the pair t, a the same as the pair a, t?",
    ),
    mistake(
        "right_and_left_swapped",
        COUNT,
        "pair = pair[::-1]\n            counts[pair] = counts.get(pair, 0) + 1",
        says="the pairs are turned round: (right, left) instead of (left, right)",
        section=3,
        hint="For the word ab, which of the two bytes comes first in your pair?",
    ),
    mistake(
        "last_pair_missed",
        NEIGHBOURS,
        "for pair in pairwise(tokens[:-1]):",
        says="the last pair of each word is left out",
        section=3,
        hint="A word of n tokens has n - 1 pairs. Where does your loop end?",
    ),
    mistake(
        "first_pair_missed",
        NEIGHBOURS,
        "for pair in pairwise(tokens[1:]):",
        says="the first pair of each word is left out",
        section=3,
        hint="A word of n tokens has n - 1 pairs. Where does your loop begin?",
    ),
    mistake(
        "first_sight_not_counted",
        COUNT,
        "counts[pair] = counts.get(pair, -1) + 1",
        says="each count is too small by 1: the first time that a pair is seen is not counted",
        section=3,
        hint="Which count does a pair get when it is seen for the first time?",
    ),
    mistake(
        "begins_at_two",
        COUNT,
        "counts[pair] = counts.get(pair, 1) + 1",
        says="each count is too large by 1",
        section=3,
        hint="Which count does a pair get when it is seen for the first time?",
    ),
    mistake(
        "always_one",
        COUNT,
        "counts[pair] = 1",
        says="every count is 1, however often the pair occurs",
        section=3,
        hint="What happens to the old count when a pair is seen again?",
    ),
    mistake(
        "joined_keys",
        COUNT,
        "pair = pair[0] + pair[1]\n            counts[pair] = counts.get(pair, 0) + 1",
        says="the keys are joined tokens instead of pairs",
        section=3,
        hint="th + e and t + he join to the same bytes. Are they the same pair?",
    ),
    mistake(
        "only_the_last_word",
        EACH_WORD,
        "for tokens in pieces[-1:]:\n        for",
        says="only the pairs of the last word are counted",
        section=3,
        hint="Where is the dict made: before the loop over the words, or inside of it?",
    ),
    mistake(
        "only_the_first_word",
        EACH_WORD,
        "for tokens in pieces[:1]:\n        for",
        says="only the pairs of the first word are counted",
        section=3,
        hint="Look at the indentation of `return`.",
    ),
    mistake(
        "any_two_tokens",
        "for tokens in pieces:\n        for pair in pairwise(tokens):",
        "from itertools import combinations\n\n    for tokens in pieces:\n"
        "        for pair in combinations(tokens, 2):",
        says="any two tokens of a word are counted as a pair, also those that are not neighbours",
        section=3,
        hint="Are c and t of cat neighbours?",
    ),
)
