"""A tokenizer made of words, for a small library: poems, a letter, a list, a recipe.

The texts are cut into words, each with the space before it, and into signs and blanks. The pieces
that occur at least twice in the library become tokens; all others are written byte by byte, so
that no text is unknown. Whatever is encoded should come back from `decode` unchanged, sign by sign.

Run it. What is strange?
"""

import re
from collections import Counter

LIBRARY = {
    "letter": "Dear Ada,  the boat was late, and the sea was grey.  We saw 12 seals.  Your Ben",
    "poem": "The sea was grey,\nthe wind was cold,\nand we were young,\nand we are old.",
    "list": "bread\t2\nmilk\t1\n\nseals (wood)\t12\n",
    "recipe": "Cook the milk.  Cut the bread. \n\n   Wait.  Eat the bread with the milk.   ",
}

# A word or a number or some signs, each with the space before it; then all kinds of blanks.
PIECES = re.compile(r" ?[^\W\d_]+| ?\d+| ?(?:[^\s\w]|_)+|\s+(?!\S)|\s")


def split(text):
    """Cut a text into pieces."""
    return PIECES.findall(text)


class Words:
    """A vocabulary: ids 0 to 255 are the bytes, the words come after them.

    Args:
        texts: in which the words are counted.
        at_least: how often a piece must occur to become a token.
    """

    def __init__(self, texts, at_least=2):
        counts = Counter(piece for text in texts for piece in split(text))
        words = sorted(piece for piece, count in counts.items() if count >= at_least)
        self.pieces = [bytes([byte]) for byte in range(256)]
        self.pieces += [word.encode("utf-8") for word in words]
        self.ids = {word: 256 + i for i, word in enumerate(words)}

    def encode(self, text):
        """A list of ids: one for a word of the vocabulary, several for another piece."""
        ids = []
        for piece in split(text):
            ids += [self.ids[piece]] if piece in self.ids else piece.encode("utf-8")
        return ids

    def decode(self, ids):
        """Join the bytes of all tokens, then read them as text."""
        return b"".join(self.pieces[i] for i in ids).decode("utf-8", errors="replace")


def main():
    """Encode and decode every text of the library, and show what came back of two of them."""
    words = Words(LIBRARY.values())
    print(f"{len(words.pieces) - 256} words in the vocabulary")
    for name, text in LIBRARY.items():
        ids = words.encode(text)
        back = words.decode(ids)
        print(f"{name:7} {len(text):>3} signs, {len(ids):>3} tokens, {len(back):>3} signs again")
    for name in ("letter", "poem"):
        print(f"\n{words.decode(words.encode(LIBRARY[name]))}")


if __name__ == "__main__":
    main()
