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
