"""Lesson 03, learn: learning the merges, the cases and the known mistakes."""

from minigpt.classroom.exercise import Case, mistake


def cases(rng) -> list[Case]:
    """Equal counts, words that repeat, letters of several bytes, an early end."""
    return [
        Case("plain words", (["the", "cat", "sat", "on", "the", "mat"], 4)),
        Case("pairs that are equally common", (["mn", "xy", "ab", "xy", "mn", "ab", "cd"], 4)),
        Case("a word that occurs often", (["xyz", "ab", "ab", "ab", "xy", "yx", "xyz"], 3)),
        Case("letters that take several bytes", (["né", "猫", "é", "猫é", "né"], 4)),
        Case("more merges than there are pairs", (["ab", "abc", "d"], 9)),
        Case("runs of one letter", (["aaaa", "aaab", "baaa", "aaaaa"], 4)),
        Case("a word that repeats its pairs", (["banana", "bandana", "an"], 5)),
        Case("words that meet at a pair", (["ba", "ab", "b", "ba", "b", "ac", "ba"], 2)),
        Case("no merges", (["ab", "ab"], 0)),
    ]


BEST = "best = max(counts, key=counts.get)"
BYTES = '[[bytes([byte]) for byte in word.encode("utf-8")] for word in words]'
AGAIN = "        pieces = [merge(tokens, best) for tokens in pieces]\n"
TIMES = "for _ in range(new_tokens):"
NOTHING_LEFT = "if not counts:"
APPENDED = "merges.append(best)"

MISTAKES = (
    mistake(
        "last_of_equals",
        BEST,
        "best = max(reversed(counts), key=counts.get)",
        says="of equally common pairs the one that is seen last is taken",
        section=3,
        hint="`counts` is in the order of first sight. Which of equals does your search keep?",
    ),
    mistake(
        "greatest_of_equals",
        BEST,
        "best = max(counts, key=lambda pair: (counts[pair], pair))",
        says="of equally common pairs the one that is last in the alphabet is taken",
        section=3,
        hint="What does max compare where two counts are equal?",
    ),
    mistake(
        "smallest_of_equals",
        BEST,
        "best = min(counts, key=lambda pair: (-counts[pair], pair))",
        says="of equally common pairs the one that is first in the alphabet is taken",
        section=3,
        hint="Do you sort the pairs themselves? The order of first sight decides.",
    ),
    mistake(
        "rarest_pair",
        BEST,
        "best = min(counts, key=counts.get)",
        says="the rarest pair is merged instead of the commonest",
        section=3,
        hint="Print the count of the pair that you merge, and the largest of all counts.",
    ),
    mistake(
        "largest_pair",
        BEST,
        "best = max(counts)",
        says="the pair that is last in the alphabet is merged, whatever its count",
        section=3,
        hint="max(counts) looks at the keys of a dict. What should it compare?",
    ),
    mistake(
        "never_merged",
        AGAIN,
        "",
        says="the words are never merged: the same pair is found again each time",
        section=4,
        hint="Print `pieces` at the end of each round. Does it change?",
    ),
    mistake(
        "counted_only_once",
        f"{BEST}\n        {APPENDED}\n{AGAIN}",
        "merges = sorted(counts, key=counts.get, reverse=True)[:new_tokens]\n        break\n",
        says="the commonest pairs of the first count are taken, without counting again after a "
        "merge",
        section=3,
        hint="After t + h has become th, how often does the pair h, e still occur?",
    ),
    mistake(
        "each_different_word_once",
        BYTES,
        BYTES.replace("in words]", "in dict.fromkeys(words)]"),
        says="a word that occurs several times in the text is counted only once",
        section=4,
        hint="Learn one merge from ab, ab, ab, cd, ce. Which pair is the commonest?",
    ),
    mistake(
        "characters",
        BYTES,
        '[[letter.encode("utf-8") for letter in word] for word in words]',
        says="the words are cut into characters at first, not into bytes",
        section=2,
        hint="Into how many tokens is 猫 cut before the first merge?",
    ),
    mistake(
        "across_words",
        BYTES,
        '[[bytes([byte]) for byte in "".join(words).encode("utf-8")]]',
        says="all words are glued to one, so that pairs are found across the cuts",
        section=3,
        hint="Learn from the words a, b, a, b: is there any pair?",
    ),
    mistake(
        "one_merge_less",
        TIMES,
        "for _ in range(new_tokens - 1):",
        says="one merge is missing at the end",
        section=4,
        hint="How long is the list for new_tokens = 1?",
    ),
    mistake(
        "one_merge_more",
        TIMES,
        "for _ in range(new_tokens + 1):",
        says="one merge too many is made",
        section=4,
        hint="How long is the list for new_tokens = 0?",
    ),
    mistake(
        "bytes_counted_as_new",
        TIMES,
        "for _ in range(new_tokens - 256):",
        says="the 256 bytes are counted among the new tokens, so that no merge is made",
        section=4,
        hint="Is new_tokens the size of the vocabulary, or what is added to the bytes?",
    ),
    mistake(
        "stops_at_single_pairs",
        NOTHING_LEFT,
        "if not counts or max(counts.values()) < 2:",
        says="the learning stops when no pair occurs twice",
        section=4,
        hint="When is nothing left to merge? Look at the comment beside `break` in the lesson.",
    ),
    mistake(
        "joined_tokens",
        APPENDED,
        "merges.append(best[0] + best[1])",
        says="the list holds joined tokens instead of pairs",
        section=4,
        hint="Could `encode` replay your list? It has to know where the cut was.",
    ),
    mistake(
        "with_counts",
        APPENDED,
        "merges.append((best, counts[best]))",
        says="the list holds each pair together with its count",
        section=4,
        hint="Compare one element of your list with the docstring: it is a pair of two tokens.",
    ),
)
