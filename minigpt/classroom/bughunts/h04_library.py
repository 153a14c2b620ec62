"""Bug hunt 04: a tokenizer made of words, for a small library."""

from minigpt.classroom.bughunt import Hunt

LEARNED = "The green hill, the green tree.\nA hill,\ta tree;  the hill, the tree.\n\n  Then 7, 7."
TEXTS = (
    "The green hill, the tree.",
    "two  spaces,   three",
    "ends with blanks  ",
    "  begins with blanks",
    "one line\nand another",
    "the hill,\nthe tree,\n\nthe green",
    "a\tb\t\tc",
    "windows\r\nlines\r\n",
    "if green:\n    tree = 7\n\treturn tree\n",
    "under_score __init__ 3.14 x2",
    "Grüße, 你好　世界, été\u00a0! 🙂\u200d",
    " \n \t x \n",
    "",
)


def verify(module) -> str | None:
    """Texts must come back, and known words must be one token."""
    words = module.Words([LEARNED, LEARNED])
    for text in (LEARNED, *TEXTS):
        ids = list(words.encode(text))
        back = words.decode(ids)
        if back != text:
            return f"From the text {text!r}, decode(encode(text)) makes {back!r}."
    for text, count in ((" green", 1), (" green hill,", 3), ("The green tree.", 4)):
        found = len(words.encode(text))
        if found != count:
            return (
                f"Texts come back, but {text!r} has {found} tokens instead of {count}, though all "
                f"of its words were learned."
            )
    return None


HUNT = Hunt(
    number="04",
    name="library",
    symptom="Two of the texts are shorter after encode and decode, and the lines of the poem run "
    "together.",
    edits=((r"\s+(?!\S)|\s", r"\s+(?!\S)"),),
    verify=verify,
    hints=(
        "Some signs get lost on the way. Which ones? Print repr(text) and repr of what came back, "
        "side by side.",
        "Is it encode or decode? Compare ''.join(split(text)) with the text: `findall` steps "
        "silently over everything that its pattern does not match.",
        r"The last alternative, \s+(?!\S), takes blanks that are not followed by a word. Which "
        "alternative takes a single line end or a tab right in front of a word?",
    ),
    answer=(
        r"The pattern lacked its last alternative, `|\s`: a line end or a tab that stands right "
        "before a word was matched by nothing, and `findall` drops such signs without a word. It "
        "could hide because a space before a word belongs to the word, double spaces and empty "
        "lines are matched by the other alternative, and so most texts come back. Lesson 03, "
        "section 8: the text must come back for every text, so a test needs texts with all kinds "
        "of blanks."
    ),
    lesson="03",
)
