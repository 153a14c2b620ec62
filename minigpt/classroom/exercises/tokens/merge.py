"""Lesson 03, merge: merging a pair, the cases and the known mistakes."""

from minigpt.classroom.exercise import Case, mistake
from minigpt.classroom.exercises.tokens.words import pair, split


def cases(rng) -> list[Case]:
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

WHOLE = "Join the bytes of the whole word again, before and after the merge. Are they equal?"

MISTAKES = (
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
        says="the right token of a pair is kept, after the joined one",
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
        says="the tokens are glued into one text, in which a pair is also found where the left "
        "token is only the end of a longer one, or the right one only the beginning",
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
        says="only the left token is compared: whatever stands after it is replaced",
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
        says="the token after a merged pair is copied without checking whether a pair begins there",
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
    mistake(
        "never_equal",
        FOUND,
        "if tokens[i : i + 2] == pair:",
        says="nothing is ever merged, as if no two tokens were equal to the pair",
        section=3,
        hint="Is [b'a', b'b'] == (b'a', b'b') in Python?",
    ),
    mistake(
        "only_the_last",
        MERGE_LOOP,
        "    places = [i for i in range(len(tokens)) if tuple(tokens[i : i + 2]) == pair]\n"
        "    merged = list(tokens)\n"
        "    for i in places[-1:]:\n"
        "        merged[i : i + 2] = [pair[0] + pair[1]]\n",
        says="only the last occurrence of the pair is merged",
        section=3,
        hint="How many places are there in abab? How many do you merge?",
    ),
    mistake(
        "only_at_the_beginning",
        FOUND,
        "if i == 0 and tuple(tokens[:2]) == pair:",
        says="a pair is merged only at the beginning of the word",
        section=3,
        hint="Merge (a, b) in cab.",
    ),
    mistake(
        "not_at_the_end",
        FOUND,
        "if i + 2 < len(tokens) and tuple(tokens[i : i + 2]) == pair:",
        says="a pair at the end of the word is not merged",
        section=3,
        hint="Merge (a, b) in cab. Where does your loop end?",
    ),
    mistake(
        "not_at_the_beginning",
        FOUND,
        "if i > 0 and tuple(tokens[i : i + 2]) == pair:",
        says="a pair at the beginning of the word is not merged",
        section=3,
        hint="Merge (a, b) in abc. Where does your loop begin?",
    ),
    mistake(
        "first_token_lost",
        "    i = 0\n",
        "    i = 1\n",
        says="the first token is lost",
        section=3,
        hint="Where does your loop begin?",
    ),
    mistake(
        "behind_a_pair_lost",
        f"{JOINED}\n            i += 2",
        f"{JOINED}\n            i += 3",
        says="the token after a merged pair is lost",
        section=3,
        hint="How many tokens have been used up when a pair was merged?",
    ),
    mistake(
        "every_second_lost",
        f"{KEPT}\n            i += 1",
        f"{KEPT}\n            i += 2",
        says="the token after one that is kept is lost",
        section=3,
        hint="How many tokens have been used up when one was kept?",
    ),
    mistake(
        "others_lost",
        KEPT,
        "pass",
        says="all tokens that are not merged are lost",
        section=3,
        hint="Merge (a, b) in cab. Is the c still there?",
    ),
    mistake(
        "left_token_alone",
        JOINED,
        "merged.append(pair[0])",
        says="the left token alone stands in place of the pair",
        section=3,
        hint=WHOLE,
    ),
    mistake(
        "right_token_alone",
        JOINED,
        "merged.append(pair[1])",
        says="the right token alone stands in place of the pair",
        section=3,
        hint=WHOLE,
    ),
    mistake(
        "joined_twice",
        JOINED,
        "merged += [pair[0] + pair[1]] * 2",
        says="the joined token stands there twice, once for each token of the pair",
        section=3,
        hint=WHOLE,
    ),
    mistake(
        "space_inside",
        JOINED,
        'merged.append(pair[0] + b" " + pair[1])',
        says="a space stands in the joined token",
        section=3,
        hint=WHOLE,
    ),
    mistake(
        "byte_by_byte",
        JOINED,
        "merged += [bytes([byte]) for byte in pair[0] + pair[1]]",
        says="the joined token is put in byte by byte",
        section=3,
        hint="What does list += bytes do in Python? Try append.",
    ),
    mistake(
        "numbers",
        JOINED,
        "merged += pair[0] + pair[1]",
        says="the numbers of the joined token's bytes are put in, one by one",
        section=3,
        hint="What does list += bytes do in Python? Try append.",
    ),
    mistake(
        "one_of_the_two",
        FOUND,
        "if i + 1 < len(tokens) and tokens[i] in pair:",
        says="wherever one of the two tokens stands, it and the next one are replaced",
        section=3,
        hint="Merge (a, b) in ac. What do you get?",
    ),
    mistake(
        "glued_on_the_left",
        FOUND,
        "if i + 1 < len(tokens) and tokens[i].endswith(pair[0]) and tokens[i + 1] == pair[1]:",
        JOINED,
        "merged.append(tokens[i] + pair[1])",
        says="a pair is also found where the left token is only the end of a longer one",
        section=8,
        hint="Section 8, glued text: where does a token begin?",
    ),
    mistake(
        "glued_on_the_right",
        FOUND,
        "if i + 1 < len(tokens) and tokens[i] == pair[0] and tokens[i + 1].startswith(pair[1]):",
        JOINED,
        "merged.append(pair[0] + tokens[i + 1])",
        says="a pair is also found where the right token is only the beginning of a longer one",
        section=8,
        hint="Section 8, glued text: where does a token end?",
    ),
    mistake(
        "opposite_order",
        "    return merged\n",
        "    return merged[::-1]\n",
        says="the tokens come back in the opposite order",
        section=3,
        hint="Where do you put a token: after the others, or in front of them?",
    ),
    mistake(
        "bytes_returned",
        "    return merged\n",
        '    return b"".join(merged)\n',
        says="a single bytes object is returned instead of a list of tokens",
        section=3,
        hint="Where are the cuts between the tokens, in your result?",
    ),
    mistake(
        "joined_at_the_end",
        JOINED,
        "joined_ones.append(pair[0] + pair[1])",
        "    i = 0\n",
        "    joined_ones = []\n    i = 0\n",
        "    return merged\n",
        "    return merged + joined_ones\n",
        says="the joined tokens stand at the end of the word",
        section=3,
        hint=WHOLE,
    ),
    mistake(
        "whole_run",
        f"{JOINED}\n            i += 2",
        "end = i + 2\n"
        "            while tokens[end : end + 1] == [pair[1]]:\n"
        "                end += 1\n"
        '            merged.append(b"".join(tokens[i:end]))\n'
        "            i = end",
        says="further tokens that are equal to the right one are joined as well",
        section=3,
        hint="A pair has two tokens. What do you get for a, a, a, a?",
    ),
    mistake(
        "stops_behind_a_pair",
        f"{JOINED}\n            i += 2",
        f"{JOINED}\n            return merged",
        says="the word ends after the first merged pair",
        section=3,
        hint="Look at the indentation of `return`.",
    ),
    mistake(
        "stops_at_the_first_other",
        f"{KEPT}\n            i += 1",
        f"{KEPT}\n            return merged",
        says="the word ends after the first token that is kept",
        section=3,
        hint="Look at the indentation of `return`.",
    ),
)
