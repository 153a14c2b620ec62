"""Lesson 03, with generators, and bytes that are cut at places."""

from itertools import islice


def neighbours(pieces):
    """All pairs of all words, one after another."""
    for tokens in pieces:
        for i, token in enumerate(tokens[1:]):
            yield tokens[i], token


def count_pairs(pieces):
    """Count the pairs that the generator hands out."""
    counts = dict.fromkeys(neighbours(pieces), 0)
    for pair in neighbours(pieces):
        counts[pair] += 1
    return counts


def merged(tokens, pair):
    """Hold back a token that may be the left one of a pair."""
    held = None
    for token in tokens:
        if held is not None and (held, token) == pair:
            yield held + token
            held = None
            continue
        if held is not None:
            yield held
        held = token
    if held is not None:
        yield held


def merge(tokens, pair):
    """The list of what the generator hands out."""
    return list(merged(tokens, pair))


def all_merges(words):
    """The merges, without an end as long as there is a pair."""
    pieces = [list(single_bytes(word)) for word in words]
    while counts := count_pairs(pieces):
        ranked = [(-count, i, pair) for i, (pair, count) in enumerate(counts.items())]
        *_, best = min(ranked)
        yield best
        pieces = [merge(tokens, best) for tokens in pieces]


def single_bytes(word):
    """The bytes of a word, each a token."""
    for number in bytearray(word, "utf-8"):
        yield bytes([number])


def learn(words, new_tokens):
    """The first merges of all."""
    return list(islice(all_merges(words), new_tokens))


def encode(word, merges):
    """Put one generator around the other."""
    stream = single_bytes(word)
    for pair in merges:
        stream = merged(stream, pair)
    return list(stream)


def decode(tokens):
    """Join and read."""
    return b"".join(iter(tokens)).decode(errors="replace")
