"""Lesson 03, encode: cutting a word into tokens, the cases and the known mistakes."""

from minigpt.classroom.exercise import Case, mistake
from minigpt.classroom.exercises.tokens.words import pair


def cases(rng) -> list[Case]:
    """Merges whose order matters, letters of several bytes, repeated pairs, nothing to merge."""
    ordered = [pair("b", "c"), pair("a", "b"), pair("d", "e"), pair("c", "de")]
    lower = [pair("l", "o"), pair("lo", "w"), pair("e", "r"), pair("low", "er")]
    met = [pair("m", "e"), pair("e", "t"), pair(" ", "m"), pair("me", "t"), pair("o", " m")]
    accents = [(b"\xc3", b"\xa9"), (b"\xe7", b"\x8c"), (b"n", b"\xc3\xa9")]
    several = [pair("a", "b"), pair("ab", "ab"), pair("b", "a"), pair("ab", "c")]
    the = [pair("t", "h"), pair("th", "e")]
    return [
        Case("a plain word", ("slower", lower)),
        Case("merges whose order matters", ("abcde", ordered)),
        Case("a longer token that can't be reached", (" met", [pair(" ", "m"), *met[:2], met[3]])),
        Case("a pair that occurs several times", ("ababcab", several)),
        Case("letters that take several bytes", ("né猫", accents)),
        Case("a word that no merge fits", ("dog", lower)),
        Case("merges that compete", ("abab", [pair("b", "a"), pair("a", "b"), pair("a", "ba")])),
        Case("a token that ends like the left one", ("bmete", [pair("b", "m"), *met[:2]])),
        Case("a run of one letter", ("aaaba", [pair("a", "a"), pair("aa", "b")])),
        Case("tokens that join to the same bytes", ("bathe", [pair("h", "e"), *the])),
        Case("a word of one byte", ("a", ordered)),
        Case("no merges at all", ("ab", [])),
    ]


REPLAY = "    for pair in merges:\n        tokens = merge(tokens, pair)\n"
ONE_MERGE = "        tokens = merge(tokens, pair)\n"
SINGLE = "tokens = [data[i : i + 1] for i in range(len(data))]"

ORDER = "Which merge was learned first? Where did you use their order?"
NUMBERS = """    ids = {bytes([byte]): byte for byte in range(256)}
    for left, right in merges:
        ids[left + right] = len(ids)
    return [ids[token] for token in tokens]
"""

MISTAKES = (
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
        says="the tokens are glued into one text, in which a pair is also found where the left "
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
        REPLAY.replace("in merges", "in [p for p in merges if len(p[0]) == len(p[1]) == 1]"),
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
    mistake(
        "stops_at_the_first_that_does_not_fit",
        ONE_MERGE,
        "        if len(merge(tokens, pair)) == len(tokens):\n            break\n" + ONE_MERGE,
        says="it stops at the first merge that does not fit",
        section=5,
        hint="A merge that does not fit changes nothing. What about those after it?",
    ),
    mistake(
        "shortest_merges_first",
        REPLAY,
        REPLAY.replace("in merges", "in sorted(merges, key=lambda p: len(p[0] + p[1]))"),
        says="the merges are replayed from the shortest to the longest",
        section=5,
        hint=ORDER,
    ),
    mistake(
        "merges_sorted",
        REPLAY,
        REPLAY.replace("in merges", "in sorted(merges)"),
        says="the merges are replayed in the order of the alphabet",
        section=5,
        hint=ORDER,
    ),
    mistake(
        "first_merge_forgotten",
        REPLAY,
        REPLAY.replace("in merges", "in merges[1:]"),
        says="the first merge of the list is not replayed",
        section=5,
        hint="Where does your loop begin?",
    ),
    mistake(
        "highest_place_first",
        REPLAY,
        "    while True:\n"
        "        fits = [p for p in merges if len(merge(tokens, p)) < len(tokens)]\n"
        "        if not fits:\n"
        "            break\n"
        "        tokens = merge(tokens, fits[-1])\n",
        says="of all merges that fit, the last one of the list is made first, again and again",
        section=5,
        hint=ORDER,
    ),
    mistake(
        "earliest_that_fits_again",
        REPLAY,
        "    while True:\n"
        "        fits = [p for p in merges if len(merge(tokens, p)) < len(tokens)]\n"
        "        if not fits:\n"
        "            break\n"
        "        places = [i for i in range(len(tokens)) if tuple(tokens[i : i + 2]) == fits[0]]\n"
        "        i = places[-1]\n"
        "        tokens = tokens[:i] + [fits[0][0] + fits[0][1]] + tokens[i + 2 :]\n",
        says="of the places where a merge fits the last one is taken first",
        section=5,
        hint="In a, a, a: which two become one token? `merge` goes from left to right.",
    ),
    mistake(
        "rightmost_first",
        REPLAY,
        "    known, i = set(merges), len(tokens) - 2\n"
        "    while i >= 0:\n"
        "        if tuple(tokens[i : i + 2]) in known:\n"
        "            tokens[i : i + 2] = [tokens[i] + tokens[i + 1]]\n"
        "            i = len(tokens) - 2\n"
        "        else:\n"
        "            i -= 1\n",
        says="the rightmost pair that is known is merged first, whatever its place in the list",
        section=5,
        hint="Of two merges that fit, which one goes first? Where is their order used?",
    ),
    mistake(
        "longest_from_the_end",
        SINGLE,
        "vocabulary = {a + b for a, b in merges} | {bytes([byte]) for byte in range(256)}\n"
        "    tokens = []\n"
        "    while data:\n"
        "        start = next(n for n in range(len(data)) if data[n:] in vocabulary)\n"
        "        tokens.insert(0, data[start:])\n"
        "        data = data[:start]\n"
        "    return tokens",
        says="the longest token that fits is taken, from right to left, instead of replaying the "
        "merges",
        section=8,
        hint="Section 8, longest first: what does this method know, and what not?",
    ),
    mistake(
        "longest_anywhere",
        REPLAY,
        "    for token in sorted({a + b for a, b in merges}, key=lambda t: (-len(t), t)):\n"
        "        i = 0\n"
        "        while i < len(tokens):\n"
        "            end = i\n"
        '            while end < len(tokens) and len(b"".join(tokens[i:end])) < len(token):\n'
        "                end += 1\n"
        '            if b"".join(tokens[i:end]) == token:\n'
        "                tokens[i:end] = [token]\n"
        "            i += 1\n",
        says="the longest tokens are looked for first, anywhere in the word",
        section=8,
        hint="Section 8, longest first: what does this method know, and what not?",
    ),
    mistake(
        "neighbours_that_join_to_a_token",
        ONE_MERGE,
        "        i = 0\n"
        "        while i + 1 < len(tokens):\n"
        "            if tokens[i] + tokens[i + 1] == pair[0] + pair[1]:\n"
        "                tokens[i : i + 2] = [pair[0] + pair[1]]\n"
        "            i += 1\n",
        says="two tokens are merged when they join to the same bytes as the pair",
        section=5,
        hint="t + he joins to the same bytes as th + e. Is it the same pair?",
    ),
    mistake(
        "right_token_kept",
        "merged.append(pair[0] + pair[1])\n            i += 2",
        "merged.append(pair[0] + pair[1])\n            i += 1",
        says="the right token of a merged pair is kept, after the joined one",
        section=3,
        hint="Join your tokens: is it still the word? Check merge first.",
    ),
    mistake(
        "left_token_kept",
        "merged.append(pair[0] + pair[1])",
        "merged.append(tokens[i])\n            merged.append(pair[0] + pair[1])",
        says="the left token of a merged pair is kept, in front of the joined one",
        section=3,
        hint="Join your tokens: is it still the word? Check merge first.",
    ),
    mistake(
        "last_token_lost",
        "while i < len(tokens):",
        "while i < len(tokens) - 1:",
        says="the last token is lost at each merge, if it is not part of the pair",
        section=3,
        hint="Join your tokens: is it still the word? Check merge first.",
    ),
    mistake(
        "any_order",
        "if tuple(tokens[i : i + 2]) == pair:",
        "if tuple(tokens[i : i + 2]) in (pair, pair[::-1]):",
        says="right + left is merged as well, into left + right",
        section=3,
        hint="Join your tokens: is it still the word? Check merge first.",
    ),
    mistake(
        "joined_the_wrong_way",
        "merged.append(pair[0] + pair[1])",
        "merged.append(pair[1] + pair[0])",
        says="the joined token is right + left",
        section=3,
        hint="Join your tokens: is it still the word? Check merge first.",
    ),
    mistake(
        "bytes_as_numbers",
        "    return tokens\n",
        NUMBERS,
        says="ids are returned (a byte's number, then 256, 257, …) instead of tokens",
        section=5,
        hint="What does the docstring want: a list of bytes, or of numbers?",
    ),
    mistake(
        "as_text",
        "    return tokens\n",
        '    return [token.decode("utf-8", errors="replace") for token in tokens]\n',
        says="the tokens are returned as str instead of bytes",
        section=5,
        hint="A token may be half of a character. What does it look like as a str?",
    ),
    mistake(
        "joined_again",
        "    return tokens\n",
        '    return b"".join(tokens)\n',
        says="the tokens are joined again: a single bytes object is returned instead of a list",
        section=5,
        hint="Where are the cuts, in your result?",
    ),
    mistake(
        "space_in_front",
        SINGLE,
        'data = b" " + data\n    ' + SINGLE,
        says="a space is put in front of the word",
        section=5,
        hint="The word is what it is. Which bytes is the word `a` made of?",
    ),
    mistake(
        "opposite_order",
        "    return tokens\n",
        "    return tokens[::-1]\n",
        says="the tokens come back in the opposite order",
        section=5,
        hint="Join your tokens: is it still the word?",
    ),
)
