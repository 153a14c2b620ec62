"""Bug hunt 20: characters of several bytes, decoded token by token."""

import numpy as np

from minigpt.classroom.bughunt import Hunt

TEXTS = (
    "plain letters only, and a few more of them",
    "naïve café, Straße, señor",
    "米娅找到一只猫。她很高兴！",
    "👩\u200d🚀 and 🙂🙂🙂 in one line",
    "कमल, дом, 집, שלום",
)


def verify(module) -> str | None:
    """Send texts that are cut at random places, and see when each part is shown."""
    rng = np.random.default_rng(20)
    for longest in (1, 2, 5):
        for text in TEXTS:
            data, pieces = text.encode("utf-8"), []
            while data:
                n = int(rng.integers(1, longest + 1))
                pieces.append(data[:n])
                data = data[n:]
            parts = list(module.shown(iter(pieces)))
            if not all(isinstance(part, str) for part in parts):
                return "Not everything that is shown is a str."
            if "".join(parts) != text:
                return (
                    f"Sent were {len(text)} characters in {len(pieces)} pieces of at most "
                    f"{longest} bytes; shown were {len(''.join(parts))}, and not the same ones."
                )
    return _delay(module)


def _delay(module) -> str | None:
    """Whether the text comes while it is being written, not only at the end."""
    shown, waits = [], []

    def writing():
        for number, letter in enumerate("abcdefgh"):
            waits.append(number - len("".join(shown)))
            yield letter.encode("utf-8")

    for part in module.shown(writing()):
        shown.append(part)
    if max(waits) > 1:
        return f"While it is being written, the window is up to {max(waits)} letters late."
    return None


HUNT = Hunt(
    number="20",
    name="chat",
    symptom="English answers are shown whole, but of the Chinese ones some characters are missing, "
    "and no emoji is ever seen.",
    edits=(
        ("import codecs\nimport sys", "import sys"),
        ('    decoder = codecs.getincrementaldecoder("utf-8")("ignore")\n', ""),
        ("text = decoder.decode(piece)", 'text = piece.decode("utf-8", "ignore")'),
    ),
    verify=verify,
    hints=(
        "Which characters are missing? Print the tokens of an answer with tokenizer.token_bytes, "
        "and mark those whose character is lost.",
        'What does b"\\xf0\\x9f" say if it is decoded alone? Take away "ignore" and run again: the '
        "error message names the bytes.",
        "`shown` decodes each piece by itself. What if the first byte of a character lies in one "
        "piece and the last one in the next?",
    ),
    answer="A token may be a part of a character: rare Chinese characters and emoji are cut into "
    'two to four tokens, and none of them alone is a text. With "ignore" such bytes are dropped '
    "without a word, and English, where each byte is a character, never shows it. The bytes must "
    "be joined before they are read as text, so an incomplete character waits for the next token "
    "(Python has an incremental decoder for that, minigpt has `decode_stream`). Lesson 03, "
    "section 7.",
    lesson="03",
)
