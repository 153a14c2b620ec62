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
        Case("tokens that begin alike", (["ab", "abc", "az", "ab", "abc", "az"], 3)),
        Case("a pair that is common in one word only", (["xy", "papapa", "xy"], 2)),
        Case("a run in one word", (["xy", "xy", "aaaa"], 2)),
        Case("no merges", (["ab", "ab"], 0)),
    ]


BEST = "best = max(counts, key=counts.get)"
BYTES = '[[bytes([byte]) for byte in word.encode("utf-8")] for word in words]'
AGAIN = "        pieces = [merge(tokens, best) for tokens in pieces]\n"
TIMES = "for _ in range(new_tokens):"
NOTHING_LEFT = "if not counts:"
APPENDED = "merges.append(best)"

LEARNED = "    return merges\n"
COUNTS = "counts = count_pairs(pieces)"
COUNT = "counts[pair] = counts.get(pair, 0) + 1"
NEIGHBOURS = "for pair in pairwise(tokens):"
JOINED = "merged.append(pair[0] + pair[1])"
FOUND_LINES = "    return merged\n"
RIGHT_LINES = """    merged = []
    i = len(tokens)
    while i > 0:
        if i > 1 and tuple(tokens[i - 2 : i]) == pair:
            merged.insert(0, pair[0] + pair[1])
            i -= 2
        else:
            merged.insert(0, tokens[i - 1])
            i -= 1
    return merged
"""

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
        says="all words are glued into one, so that pairs are found across the cuts",
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
    mistake(
        "sorted_at_the_end",
        LEARNED,
        "    return sorted(merges)\n",
        says="the merges are returned in the order of the alphabet",
        section=4,
        hint="The order in which they were made matters: `encode` replays them.",
    ),
    mistake(
        "last_merge_first",
        LEARNED,
        "    return merges[::-1]\n",
        says="the merges are returned from the last to the first",
        section=4,
        hint="The order in which they were made matters: `encode` replays them.",
    ),
    mistake(
        "sorted_by_length",
        LEARNED,
        "    return sorted(merges, key=lambda pair: len(pair[0] + pair[1]))\n",
        says="the merges are returned sorted by their length",
        section=4,
        hint="The order in which they were made matters: `encode` replays them.",
    ),
    mistake(
        "longest_first",
        LEARNED,
        "    return sorted(merges, key=lambda pair: -len(pair[0] + pair[1]))\n",
        says="the merges are returned sorted by their length, the longest first",
        section=4,
        hint="The order in which they were made matters: `encode` replays them.",
    ),
    mistake(
        "from_the_first_words",
        AGAIN,
        "        pieces = [merge(list(tokens), best) for tokens in start]\n",
        COUNTS,
        COUNTS + "\n        counts = {p: n for p, n in counts.items() if p not in merges}",
        "    merges = []\n",
        "    merges = []\n    start = pieces\n",
        says="each merge is made in the words as they were at first: the one before is lost",
        section=4,
        hint="Which words go into `merge`: those of the last round?",
    ),
    mistake(
        "from_the_first_words_again",
        AGAIN,
        "        pieces = [merge(list(tokens), best) for tokens in start]\n",
        "    merges = []\n",
        "    merges = []\n    start = pieces\n",
        says="each merge is made in the words as they were at first, so that the commonest pair "
        "comes back every second round",
        section=4,
        hint="Which words go into `merge`: those of the last round?",
    ),
    mistake(
        "longest_of_equals",
        BEST,
        "best = max(counts, key=lambda pair: (counts[pair], len(pair[0] + pair[1])))",
        says="of equally common pairs the longest one is taken",
        section=3,
        hint="The order of first sight decides, nothing else.",
    ),
    mistake(
        "shortest_of_equals",
        BEST,
        "best = max(counts, key=lambda pair: (counts[pair], -len(pair[0] + pair[1])))",
        says="of equally common pairs the shortest one is taken",
        section=3,
        hint="The order of first sight decides, nothing else.",
    ),
    mistake(
        "greatest_joined_of_equals",
        BEST,
        "best = max(counts, key=lambda pair: (counts[pair], pair[0] + pair[1]))",
        says="of equally common pairs the one is taken whose joined token is last in the alphabet",
        section=3,
        hint="The order of first sight decides, nothing else.",
    ),
    mistake(
        "count_times_length",
        BEST,
        "best = max(counts, key=lambda pair: counts[pair] * len(pair[0] + pair[1]))",
        says="the pair is merged whose count times its number of bytes is largest",
        section=3,
        hint="Which number decides: how often a pair occurs, or how much text it covers?",
    ),
    mistake(
        "longest_pair",
        BEST,
        "best = max(counts, key=lambda pair: len(pair[0] + pair[1]))",
        says="the longest pair is merged, whatever its count",
        section=3,
        hint="Print the count of the pair that you merge, and the largest of all counts.",
    ),
    mistake(
        "first_pair",
        BEST,
        "best = next(iter(counts))",
        says="the pair that is seen first is merged, whatever its count",
        section=3,
        hint="Print the count of the pair that you merge, and the largest of all counts.",
    ),
    mistake(
        "last_pair",
        BEST,
        "best = list(counts)[-1]",
        says="the pair that is seen last is merged, whatever its count",
        section=3,
        hint="Print the count of the pair that you merge, and the largest of all counts.",
    ),
    mistake(
        "smallest_pair",
        BEST,
        "best = min(counts)",
        says="the pair that is first in the alphabet is merged, whatever its count",
        section=3,
        hint="min(counts) looks at the keys of a dict. What should it compare?",
    ),
    mistake(
        "second_commonest",
        BEST,
        "best = sorted(counts, key=counts.get, reverse=True)[:2][-1]",
        says="the second commonest pair is merged",
        section=3,
        hint="Print the count of the pair that you merge, and the largest of all counts.",
    ),
    mistake(
        "compared_with_the_tokens",
        BEST,
        "own = {}\n"
        "        for tokens in pieces:\n"
        "            for token in tokens:\n"
        "                own[token] = own.get(token, 0) + 1\n"
        "        best = max(counts, key=lambda p: counts[p] / (own[p[0]] * own[p[1]]))",
        says="the count of a pair is divided by how often its two tokens occur",
        section=3,
        hint="That is another method (WordPiece). BPE looks at the counts of pairs alone.",
    ),
    mistake(
        "stops_below_three",
        NOTHING_LEFT,
        "if not counts or max(counts.values()) < 3:",
        says="the learning stops when no pair occurs three times",
        section=4,
        hint="When is nothing left to merge? Look at the comment beside `break` in the lesson.",
    ),
    mistake(
        "letters_counted_as_new",
        TIMES,
        "for _ in range(new_tokens - len({token for tokens in pieces for token in tokens})):",
        says="the different bytes of the words are counted among the new tokens",
        section=4,
        hint="How long is the list for new_tokens = 1?",
    ),
    mistake(
        "one_round",
        AGAIN,
        AGAIN + "        break\n",
        says="only one merge is made",
        section=4,
        hint="Look at the indentation of `return`.",
    ),
    mistake(
        "until_the_end",
        TIMES,
        "for _ in range(99):",
        says="merges are made until nothing is left to merge: new_tokens is not used",
        section=4,
        hint="How long is the list for new_tokens = 1?",
    ),
    mistake(
        "only_the_first_word_merged",
        AGAIN,
        "        pieces = [merge(pieces[0], best), *pieces[1:]]\n",
        says="the merge is made in the first word only",
        section=4,
        hint="Print `pieces` at the end of each round. Which words change?",
    ),
    mistake(
        "words_sorted",
        BYTES,
        BYTES.replace("in words]", "in sorted(words)]"),
        says="the words are sorted first, which changes what is seen first",
        section=4,
        hint="Of equals the pair that is seen first in the words wins: in which order?",
    ),
    mistake(
        "rare_words_last",
        BYTES,
        BYTES.replace("in words]", "in sorted(words, key=words.count, reverse=True)]"),
        says="the commonest words come first, which changes what is seen first",
        section=4,
        hint="Of equals the pair that is seen first in the words wins: in which order?",
    ),
    mistake(
        "space_in_front",
        BYTES,
        BYTES.replace('word.encode("utf-8")', '(" " + word).encode()'),
        says="a space is put in front of each word",
        section=4,
        hint="The words are cut already. Which bytes is the word `the` made of?",
    ),
    mistake(
        "mark_behind",
        "    merges = []\n",
        '    pieces = [[*tokens, b"</w>"] for tokens in pieces]\n    merges = []\n',
        says="a mark for the end of the word, </w>, is put after each word",
        section=4,
        hint="Other programs do so. Which tokens does the docstring begin with?",
    ),
    mistake(
        "places_by_pair",
        LEARNED,
        "    return {pair: place for place, pair in enumerate(merges)}\n",
        says="a dict from each pair to its place is returned instead of a list",
        section=4,
        hint="What type does the docstring want?",
    ),
    mistake(
        "with_the_joined_token",
        APPENDED,
        "merges.append((*best, best[0] + best[1]))",
        says="the list holds each pair together with the joined token",
        section=4,
        hint="Compare one element of your list with the docstring: it is a pair of two tokens.",
    ),
    mistake(
        "whole_vocabulary",
        LEARNED,
        "    return [bytes([b]) for b in range(256)] + [left + right for left, right in merges]\n",
        says="the vocabulary is returned, all bytes and joined tokens, instead of the merges",
        section=4,
        hint="Could `encode` replay your list? It has to know the pairs.",
    ),
    mistake(
        "pieces_returned",
        LEARNED,
        "    return pieces\n",
        says="the words are returned as they are cut at the end, instead of the merges",
        section=4,
        hint="What does the docstring want: the words, or what was done to them?",
    ),
    mistake(
        "as_text",
        LEARNED,
        '    return [(left.decode(errors="replace"), '
        'right.decode(errors="replace")) for left, right in merges]\n',
        says="the pairs hold str instead of bytes",
        section=4,
        hint="Tokens are bytes here. Where do you decode?",
    ),
    mistake(
        "once_a_word",
        NEIGHBOURS,
        "for pair in dict.fromkeys(pairwise(tokens)):",
        says="a pair that occurs twice in one word counts only once",
        section=3,
        hint="How often does the pair a, n occur in banana? Check count_pairs first.",
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
        hint="How many pairs are there in a, a, a? Check count_pairs first.",
    ),
    mistake(
        "last_pair_missed",
        NEIGHBOURS,
        "for pair in pairwise(tokens[:-1]):",
        says="the last pair of each word is not counted",
        section=3,
        hint="A word of n tokens has n - 1 pairs. Check count_pairs first.",
    ),
    mistake(
        "first_pair_missed",
        NEIGHBOURS,
        "for pair in pairwise(tokens[1:]):",
        says="the first pair of each word is not counted",
        section=3,
        hint="A word of n tokens has n - 1 pairs. Check count_pairs first.",
    ),
    mistake(
        "only_first_occurrence_merged",
        f"{JOINED}\n            i += 2",
        f"{JOINED}\n            return merged + tokens[i + 2 :]",
        says="only the first occurrence in each word is merged",
        section=3,
        hint="Merge (a, n) in banana. Check merge first.",
    ),
    mistake(
        "right_token_kept",
        f"{JOINED}\n            i += 2",
        f"{JOINED}\n            i += 1",
        says="the right token of a merged pair is kept, after the joined one",
        section=3,
        hint="How many tokens are left of a, b after the merge? Check merge first.",
    ),
    mistake(
        "last_token_lost",
        "while i < len(tokens):",
        "while i < len(tokens) - 1:",
        says="the last token of a word is lost at a merge, if it is not part of the pair",
        section=3,
        hint="Merge a, b in the word abc. Check merge first.",
    ),
    mistake(
        "from_the_right",
        FOUND_LINES,
        RIGHT_LINES,
        says="each word is merged from right to left",
        section=3,
        hint="What do you get for a, a, a with the pair (a, a)? Check merge first.",
    ),
    mistake(
        "either_order",
        COUNT,
        "pair = tuple(sorted(pair))\n            counts[pair] = counts.get(pair, 0) + 1",
        says="left and right are not told apart when the pairs are counted",
        section=3,
        hint="Is the pair t, a the same as the pair a, t? Check count_pairs first.",
    ),
    mistake(
        "pairs_taken_two_by_two",
        NEIGHBOURS,
        "for pair in zip(tokens[::2], tokens[1::2]):",
        says="the tokens are taken two by two when the pairs are counted",
        section=3,
        hint="In c, a, t there are two pairs. Check count_pairs first.",
    ),
)
