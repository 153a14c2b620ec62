"""Lesson 03, with string tricks: a token is one character of a private alphabet."""

import codecs
import re


class Alphabet:
    """Gives each token a character, and takes it back."""

    def __init__(self):
        self.tokens = []
        self.characters = {}

    def character(self, token):
        """The character of a token; a new one gets the next free one."""
        if token not in self.characters:
            self.characters[token] = chr(0xF0000 + len(self.tokens))
            self.tokens.append(token)
        return self.characters[token]

    def write(self, tokens):
        """A string with one character a token."""
        return "".join(map(self.character, tokens))

    def read(self, text):
        """The tokens of a string."""
        return [self.tokens[ord(character) - 0xF0000] for character in text]


def count_pairs(pieces):
    """A look-ahead finds a pair at every place, overlapping ones too."""
    alphabet = Alphabet()
    text = "\n".join(map(alphabet.write, pieces))
    counts = {}
    for found in re.finditer(r"(?=(..))", text):
        pair = tuple(alphabet.read(found[1]))
        counts[pair] = counts.get(pair, 0) + 1
    return counts


def merge(tokens, pair):
    """`str.replace` goes from left to right, and doesn't look at what it has written."""
    alphabet = Alphabet()
    text = alphabet.write(tokens)
    return alphabet.read(text.replace(alphabet.write(pair), alphabet.character(b"".join(pair))))


def learn(words, new_tokens):
    """Keep all words as one list; sort the pairs, which keeps equal ones in their order."""
    pieces = [encode(word, ()) for word in words]
    merges = []
    while new_tokens > len(merges) and (counts := count_pairs(pieces)):
        ranked = sorted(counts.items(), key=lambda item: -item[1])
        merges.append(ranked[0][0])
        pieces = [merge(tokens, ranked[0][0]) for tokens in pieces]
    return merges


def encode(word, merges):
    """The bytes are read as latin-1, one character each."""
    tokens = [c.encode("latin-1") for c in word.encode("utf-8").decode("latin-1")]
    for pair in merges:
        tokens = merge(tokens, pair)
    return tokens


def decode(tokens):
    """Feed the tokens to a decoder that waits for the rest of a character."""
    reader = codecs.getincrementaldecoder("utf-8")(errors="replace")
    return "".join([reader.decode(token) for token in tokens]) + reader.decode(b"", final=True)
