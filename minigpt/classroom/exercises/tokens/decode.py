"""Lesson 03, decode: tokens back to text, the cases and the known mistakes."""

from minigpt.classroom.exercise import Case, mistake


def cases(rng) -> list[Case]:
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

MISTAKES = (
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
