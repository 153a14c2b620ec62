"""Lesson 03: byte-pair encoding, from counting to decoding. Then run `minigpt check 03`.

A token is a `bytes`; a word that is cut into tokens is a list of them, [b"c", b"at"].
"""

from itertools import pairwise


def count_pairs(pieces):
    """Count how often each two tokens stand side by side within a word.

    Args:
        pieces: the words, each a list of tokens: [[b"a", b"t"], [b"a", b"t", b"e"]].

    Returns:
        A dict from each pair of neighbours, a tuple (left, right), to its count, in the order in
        which the pairs are first seen: {(b"a", b"t"): 2, (b"t", b"e"): 1}. Each place counts: in
        [b"a", b"a", b"a"] the pair (b"a", b"a") occurs twice.
    """
    counts = {}
    for tokens in pieces:
        for pair in pairwise(tokens):
            counts[pair] = counts.get(pair, 0) + 1
    return counts


def merge(tokens, pair):
    """Replace each occurrence of a pair by one token, from left to right.

    Args:
        tokens: a word, a list of tokens: [b"a", b"a", b"a"].
        pair: a tuple (left, right) of tokens: (b"a", b"a").

    Returns:
        A new list, in which left + right stands in place of the pair: [b"aa", b"a"]. A token that
        this merge has made is not merged again.
    """
    merged = []
    i = 0
    while i < len(tokens):
        if tuple(tokens[i : i + 2]) == pair:
            merged.append(pair[0] + pair[1])
            i += 2
        else:
            merged.append(tokens[i])
            i += 1
    return merged


def learn(words, new_tokens):
    """Byte-pair encoding: count the pairs, merge the commonest one, and so on.

    At first every byte of a word, in UTF-8, is a token.

    Args:
        words: the words of a text, a list of str; a word that occurs twice counts twice.
        new_tokens: how many merges to make.

    Returns:
        The merges, a list of pairs in the order in which they were made. Of several pairs that
        are equally common, the one that is seen first in the words is taken. The list is shorter
        when nothing is left to merge.
    """
    pieces = [[bytes([byte]) for byte in word.encode("utf-8")] for word in words]
    merges = []
    for _ in range(new_tokens):
        counts = count_pairs(pieces)
        if not counts:
            break
        best = max(counts, key=counts.get)
        merges.append(best)
        pieces = [merge(tokens, best) for tokens in pieces]
    return merges


def encode(word, merges):
    """Cut one word into tokens: start from its bytes, replay the merges in their order.

    Args:
        word: a str.
        merges: a list of pairs of tokens, as `learn` returns it.

    Returns:
        A list of tokens.
    """
    data = word.encode("utf-8")
    tokens = [data[i : i + 1] for i in range(len(data))]
    for pair in merges:
        tokens = merge(tokens, pair)
    return tokens


def decode(tokens):
    """Put the text together: join the bytes of all tokens, then read them as UTF-8.

    Args:
        tokens: a list of tokens. One token alone may be a part of a character.

    Returns:
        A str. Bytes that are no character become "\\ufffd", which `errors="replace"` does.
    """
    joined = b"".join(tokens)
    return joined.decode("utf-8", errors="replace")
