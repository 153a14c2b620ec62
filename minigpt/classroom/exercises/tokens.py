"""Lesson 03: byte-pair encoding."""

from minigpt.classroom.exercise import Case, Exercise, Part, mistake


def split(word: str) -> list[bytes]:
    """A word as single bytes."""
    return [bytes([byte]) for byte in word.encode("utf-8")]


def pair(left: str, right: str) -> tuple[bytes, bytes]:
    return left.encode(), right.encode()


def count_pairs_cases(rng) -> list[Case]:
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

COUNT_PAIRS = (
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


def merge_cases(rng) -> list[Case]:
    """Runs, an end, no occurrence, the opposite order, tokens that look alike."""
    a_b, a_a = pair("a", "b"), pair("a", "a")
    alike = [b"th", b"e", b"t", b"he", b"the", b"th", b"e"]
    return [
        Case("plain tokens", (split("cabdabc"), a_b)),
        Case("a run of an odd number of equal tokens", (split("baaaaac"), a_a)),
        Case("a pair at the end of the word", (split("cab"), a_b)),
        Case("a word without the pair", (split("dog"), a_b)),
        Case("the two tokens in the opposite order", (split("babac"), a_b)),
        Case("different tokens that join to the same bytes", (alike, pair("th", "e"))),
        Case("a longer token that ends with the left one", ([b"xa", b"b", b"a", b"b"], a_b)),
        Case("a longer token that begins with the right one", ([b"a", b"bc", b"a", b"b"], a_b)),
        Case("a word of one token", ([b"a"], a_a)),
    ]


FOUND = "if tuple(tokens[i : i + 2]) == pair:"
JOINED = "merged.append(pair[0] + pair[1])"
KEPT = "merged.append(tokens[i])"
MERGE_LOOP = """    merged = []
    i = 0
    while i < len(tokens):
        if tuple(tokens[i : i + 2]) == pair:
            merged.append(pair[0] + pair[1])
            i += 2
        else:
            merged.append(tokens[i])
            i += 1
"""
FROM_THE_RIGHT = """    merged = []
    i = len(tokens)
    while i > 0:
        if i > 1 and tuple(tokens[i - 2 : i]) == pair:
            merged.insert(0, pair[0] + pair[1])
            i -= 2
        else:
            merged.insert(0, tokens[i - 1])
            i -= 1
"""
GLUED = """    line = b"|".join(tokens).replace(pair[0] + b"|" + pair[1], pair[0] + pair[1])
    merged = line.split(b"|")
"""

MERGE = (
    mistake(
        "only_the_first",
        f"{JOINED}\n            i += 2",
        f"{JOINED}\n            return merged + tokens[i + 2 :]",
        says="only the first occurrence of the pair is merged",
        section=3,
        hint="After you have merged one pair, does your loop go on?",
    ),
    mistake(
        "right_token_kept",
        f"{JOINED}\n            i += 2",
        f"{JOINED}\n            i += 1",
        says="the right token of a pair is kept, behind the joined one",
        section=3,
        hint="How many tokens have been used up when a pair was merged?",
    ),
    mistake(
        "left_token_kept",
        JOINED,
        f"{KEPT}\n            {JOINED}",
        says="the left token of a pair is kept, in front of the joined one",
        section=3,
        hint="Had the left token already gone into your list when you saw that it begins a pair?",
    ),
    mistake(
        "from_the_right",
        MERGE_LOOP,
        FROM_THE_RIGHT,
        says="the word is walked through from right to left",
        section=3,
        hint="What do you get for a, a, a with the pair (a, a)? The docstring tells.",
    ),
    mistake(
        "last_token_lost",
        "while i < len(tokens):",
        "while i < len(tokens) - 1:",
        says="the last token is lost, if it is not part of a pair",
        section=3,
        hint="Merge a, b in the word cat. Is the t still there?",
    ),
    mistake(
        "any_order",
        FOUND,
        "if tuple(tokens[i : i + 2]) in (pair, pair[::-1]):",
        says="right + left is merged as well, into left + right",
        section=3,
        hint="In the word ba there is no pair (a, b). What does your function return?",
    ),
    mistake(
        "joins_to_the_same_bytes",
        FOUND,
        'if b"".join(tokens[i : i + 2]) == pair[0] + pair[1]:',
        says="two tokens are merged when they join to the same bytes as the pair",
        section=3,
        hint="t + he joins to the same bytes as th + e. Is it the same pair?",
    ),
    mistake(
        "glued_text",
        MERGE_LOOP,
        GLUED,
        says="the tokens are glued to one text, in which a pair is also found where the left "
        "token is only the end of a longer one",
        section=8,
        hint="Section 8, glued text: where does a token begin?",
    ),
    mistake(
        "left_token_not_compared",
        FOUND,
        "if i + 1 < len(tokens) and tokens[i + 1] == pair[1]:",
        says="only the right token is compared: whatever stands in front of it is replaced",
        section=3,
        hint="Merge (a, b) in the word cb. What do you get?",
    ),
    mistake(
        "right_token_not_compared",
        FOUND,
        "if i + 1 < len(tokens) and tokens[i] == pair[0]:",
        says="only the left token is compared: whatever stands behind it is replaced",
        section=3,
        hint="Merge (a, b) in the word ac. What do you get?",
    ),
    mistake(
        "joined_the_wrong_way",
        JOINED,
        "merged.append(pair[1] + pair[0])",
        says="the joined token is right + left",
        section=3,
        hint="Join the bytes of the whole word again, before and after the merge. Are they equal?",
    ),
    mistake(
        "the_pair_itself",
        JOINED,
        "merged.append(pair)",
        says="the pair itself is put into the list instead of the joined token",
        section=3,
        hint="What type do the elements of your result have? All of them should be bytes.",
    ),
    mistake(
        "pair_removed",
        JOINED,
        "pass",
        says="the pair is taken out, but the joined token is not put in its place",
        section=3,
        hint="Join the bytes of the whole word again, before and after the merge. Are they equal?",
    ),
    mistake(
        "next_token_skipped",
        f"{JOINED}\n            i += 2",
        f"{JOINED}\n            merged += tokens[i + 2 : i + 3]\n            i += 3",
        says="the token behind a merged pair is copied without a look whether a pair begins there",
        section=3,
        hint="Merge (a, b) in abab. How many tokens are left?",
    ),
    mistake(
        "steps_of_two",
        f"{KEPT}\n            i += 1",
        "merged += tokens[i : i + 2]\n            i += 2",
        says="only pairs at even places are seen: the word is walked through in steps of two",
        section=3,
        hint="Merge (a, b) in cab. Where does the pair begin?",
    ),
)


def learn_cases(rng) -> list[Case]:
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

LEARN = (
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


def encode_cases(rng) -> list[Case]:
    """Merges whose order matters, letters of several bytes, repeated pairs, nothing to merge."""
    ordered = [pair("b", "c"), pair("a", "b"), pair("d", "e"), pair("c", "de")]
    lower = [pair("l", "o"), pair("lo", "w"), pair("e", "r"), pair("low", "er")]
    met = [pair("m", "e"), pair("e", "t"), pair(" ", "m"), pair("me", "t"), pair("o", " m")]
    accents = [(b"\xc3", b"\xa9"), (b"\xe7", b"\x8c"), (b"n", b"\xc3\xa9")]
    several = [pair("a", "b"), pair("ab", "ab"), pair("b", "a"), pair("ab", "c")]
    return [
        Case("a plain word", ("slower", lower)),
        Case("merges whose order matters", ("abcde", ordered)),
        Case("a longer token that can't be reached", (" met", [pair(" ", "m"), *met[:2], met[3]])),
        Case("a pair that occurs several times", ("ababcab", several)),
        Case("letters that take several bytes", ("né猫", accents)),
        Case("a word that no merge fits", ("dog", lower)),
        Case("merges that compete", ("abab", [pair("b", "a"), pair("a", "b"), pair("a", "ba")])),
        Case("a token that ends like the left one", ("bmete", [pair("b", "m"), *met[:2]])),
        Case("a word of one byte", ("a", ordered)),
        Case("no merges at all", ("ab", [])),
    ]


REPLAY = "    for pair in merges:\n        tokens = merge(tokens, pair)\n"
ONE_MERGE = "        tokens = merge(tokens, pair)\n"
SINGLE = "tokens = [data[i : i + 1] for i in range(len(data))]"

ENCODE = (
    mistake(
        "longest_first",
        SINGLE,
        "vocabulary = {a + b for a, b in merges} | {bytes([byte]) for byte in range(256)}\n"
        "    tokens = []\n"
        "    while data:\n"
        "        end = next(n for n in range(len(data), 0, -1) if data[:n] in vocabulary)\n"
        "        tokens.append(data[:end])\n"
        "        data = data[end:]\n"
        "    return tokens",
        says="the longest token that fits is taken, from left to right, instead of replaying the "
        "merges",
        section=8,
        hint="Section 8, longest first: what does this method know, and what not?",
    ),
    mistake(
        "glued_text",
        REPLAY,
        '    line = b"|".join(tokens)\n'
        "    for a, b in merges:\n"
        '        line = line.replace(a + b"|" + b, a + b)\n'
        '    tokens = line.split(b"|")\n',
        says="the tokens are glued to one text, in which a pair is also found where the left "
        "token is only the end of a longer one",
        section=8,
        hint="Section 8, glued text: where does a token begin?",
    ),
    mistake(
        "backwards",
        REPLAY,
        REPLAY.replace("in merges", "in reversed(merges)"),
        says="the merges are replayed from the last one to the first",
        section=5,
        hint="Which merge was learned first? Tokens grow: which one must be made first?",
    ),
    mistake(
        "characters",
        SINGLE,
        'tokens = [letter.encode("utf-8") for letter in word]',
        says="the word is cut into characters at first, not into bytes",
        section=2,
        hint="Into how many tokens is 猫 cut before the first merge?",
    ),
    mistake(
        "one_merge_only",
        ONE_MERGE,
        "        if len(merge(tokens, pair)) < len(tokens):\n"
        "            return merge(tokens, pair)\n",
        says="it ends after the first merge that fits",
        section=5,
        hint="Where does your function return? All merges have to be replayed.",
    ),
    mistake(
        "leftmost_first",
        REPLAY,
        "    known, i = set(merges), 0\n"
        "    while i + 1 < len(tokens):\n"
        "        if (tokens[i], tokens[i + 1]) in known:\n"
        "            tokens[i : i + 2] = [tokens[i] + tokens[i + 1]]\n"
        "            i = 0\n"
        "        else:\n"
        "            i += 1\n",
        says="the leftmost pair that is known is merged first, whatever its place in the list",
        section=5,
        hint="Of two merges that fit, which one goes first? Where did you use their order?",
    ),
    mistake(
        "one_sweep",
        REPLAY,
        "    known, i = set(merges), 0\n"
        "    while i + 1 < len(tokens):\n"
        "        if (tokens[i], tokens[i + 1]) in known:\n"
        "            tokens[i : i + 2] = [tokens[i] + tokens[i + 1]]\n"
        "        else:\n"
        "            i += 1\n",
        says="the word is walked through once from left to right, and any pair that is known is "
        "merged at once",
        section=5,
        hint="Of two merges that fit, which one goes first? Where did you use their order?",
    ),
    mistake(
        "first_occurrence_only",
        ONE_MERGE,
        "        places = [i for i in range(len(tokens)) if tuple(tokens[i : i + 2]) == pair]\n"
        "        for i in places[:1]:\n"
        "            tokens = tokens[:i] + [pair[0] + pair[1]] + tokens[i + 2 :]\n",
        says="each merge is done at its first place in the word only",
        section=5,
        hint="The same pair may occur twice in a word. Does your `merge` see both?",
    ),
    mistake(
        "not_merged_further",
        REPLAY,
        "    for pair in merges:\n"
        "        if len(pair[0]) == len(pair[1]) == 1:\n"
        "            tokens = merge(tokens, pair)\n",
        says="tokens that a merge has made are not merged any further",
        section=5,
        hint="Do you replay each merge on the result of the one before?",
    ),
    mistake(
        "last_merge_forgotten",
        REPLAY,
        REPLAY.replace("in merges", "in merges[:-1]"),
        says="the last merge of the list is not replayed",
        section=5,
        hint="Where does your loop end?",
    ),
    mistake(
        "never_merged",
        REPLAY,
        "",
        says="no merge is done: the single bytes are returned",
        section=5,
        hint="`merge` returns a new list. Do you use it?",
    ),
    mistake(
        "only_the_last_replayed",
        REPLAY,
        "    letters = tokens\n    for pair in merges:\n        tokens = merge(letters, pair)\n",
        says="each merge begins again from the single bytes, so that only the last one is seen",
        section=5,
        hint="Do you replay each merge on the result of the one before?",
    ),
)


def decode_cases(rng) -> list[Case]:
    """Characters in several tokens, spaces, bytes that are no character."""
    cat, smile = "猫".encode(), "😀".encode()
    return [
        Case("plain tokens", ([b"th", b"e", b" ", b"cat"],)),
        Case("a character that is cut into two tokens", ([b"n\xc3", b"\xa9", b"e"],)),
        Case("characters of three and four bytes", ([cat[:2], cat[2:] + smile[:1], smile[1:]],)),
        Case("whole characters beyond the English ones", (["né".encode(), cat],)),
        Case("several spaces, a tab and a line end", ([b" ", b"\tThe", b" ", b" end", b".\n"],)),
        Case("bytes that are no character", ([b"a", cat[:1], b"b", cat[1:], b"\xff"],)),
        Case("no tokens", ([],)),
    ]


TOGETHER = 'joined = b"".join(tokens)'
READ = 'joined.decode("utf-8", errors="replace")'

DECODE = (
    mistake(
        "token_by_token",
        READ,
        '"".join(token.decode("utf-8", errors="replace") for token in tokens)',
        says="each token is read as text by itself",
        section=8,
        hint="A character may be cut into two tokens. What is half of an é?",
    ),
    mistake(
        "token_by_token_ignored",
        READ,
        '"".join(token.decode("utf-8", errors="ignore") for token in tokens)',
        says="each token is read as text by itself, and what is no character is dropped",
        section=8,
        hint="A character may be cut into two tokens. What is half of an é?",
    ),
    mistake(
        "ignored",
        READ,
        'joined.decode("utf-8", errors="ignore")',
        says="bytes that are no character are dropped instead of shown as \ufffd",
        section=7,
        hint="A reader should see that something is missing. Which `errors=` does that?",
    ),
    mistake(
        "escaped",
        READ,
        'joined.decode("utf-8", errors="backslashreplace")',
        says="bytes that are no character are written as \\x.. instead of \ufffd",
        section=7,
        hint="Look again which `errors=` the docstring names.",
    ),
    mistake(
        "byte_by_byte",
        READ,
        'joined.decode("latin-1")',
        says="each byte is read as one character",
        section=2,
        hint="How many bytes is é in UTF-8? And how many characters?",
    ),
    mistake(
        "ascii",
        READ,
        'joined.decode("ascii", errors="replace")',
        says="every byte above 127 becomes \ufffd, as if the text were in ASCII",
        section=2,
        hint="Which encoding do the bytes have? Section 2 has its name.",
    ),
    mistake(
        "ascii_ignored",
        READ,
        'joined.decode("ascii", errors="ignore")',
        says="every byte above 127 is dropped, as if the text were in ASCII",
        section=2,
        hint="Which encoding do the bytes have? Section 2 has its name.",
    ),
    mistake(
        "spaces_between",
        TOGETHER,
        'joined = b" ".join(tokens)',
        says="a space is put between the tokens",
        section=5,
        hint="Where do the spaces of a text live: between the tokens, or in them?",
    ),
    mistake(
        "stripped",
        READ,
        'joined.decode("utf-8", errors="replace").strip()',
        says="spaces and line ends at both ends of the text are cut off",
        section=8,
        hint="The text must come back exactly, also ' a '.",
    ),
    mistake(
        "single_spaces",
        READ,
        '" ".join(joined.decode("utf-8", errors="replace").split())',
        says="all spaces and line ends between words become one space",
        section=8,
        hint="The text must come back exactly, also a tab and a line end.",
    ),
    mistake(
        "shown_as_bytes",
        READ,
        "str(joined)",
        says="the bytes are shown as Python writes them, b'...', instead of being read as text",
        section=5,
        hint="What is str(b'cat')? Which method of bytes gives a text?",
    ),
    mistake(
        "shown_one_by_one",
        READ,
        '"".join(str(token) for token in tokens)',
        says="each token is shown as Python writes it, b'...', instead of being read as text",
        section=5,
        hint="What is str(b'cat')? Which method of bytes gives a text?",
    ),
    mistake(
        "bytes_returned",
        READ,
        "joined",
        says="the joined bytes are returned, not yet read as text",
        section=5,
        hint="What is the type of your result? The docstring wants a str.",
    ),
)

EXERCISE = Exercise(
    "03",
    "tokens",
    "byte-pair encoding, from counting to decoding",
    (
        Part(
            "count_pairs",
            ("count_pairs",),
            count_pairs_cases,
            COUNT_PAIRS,
            section=3,
            outputs=("counts",),
            arrays=False,
            hints={"": "By hand: at, ate, rat have the pair (a, t) three times. Print your dict."},
        ),
        Part(
            "merge",
            ("merge",),
            merge_cases,
            MERGE,
            section=3,
            outputs=("tokens",),
            arrays=False,
            hints={"": "Walk through a, b, a, b, c by hand with the pair (a, b): ab, ab, c."},
        ),
        Part(
            "learn",
            ("learn",),
            learn_cases,
            LEARN,
            section=4,
            outputs=("merges",),
            arrays=False,
            hints={
                "": "It calls your count_pairs and merge: are both right? Then print the best pair "
                "of each round, with its count, and compare with section 3."
            },
        ),
        Part(
            "encode",
            ("encode",),
            encode_cases,
            ENCODE,
            section=5,
            outputs=("tokens",),
            arrays=False,
            hints={"": "Print the tokens after each merge of the list, for the word of the case."},
        ),
        Part(
            "decode",
            ("decode",),
            decode_cases,
            DECODE,
            section=5,
            outputs=("text",),
            arrays=False,
            hints={"": "Join the bytes first, then read them. Compare both with repr()."},
        ),
    ),
)
