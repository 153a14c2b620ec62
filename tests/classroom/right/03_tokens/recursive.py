"""Lesson 03, without loops over tokens: a function calls itself on the rest."""

from collections import defaultdict


def count_pairs(pieces):
    """Count the first pair of a word, then those of the rest."""
    counts = defaultdict(int)

    def count(tokens):
        if len(tokens) >= 2:
            first, second, *_ = tokens
            counts[first, second] += 1
            count(tokens[1:])

    for tokens in pieces:
        count(tokens)
    return counts


def merge(tokens, pair):
    """Decide about the beginning, then merge in the rest."""
    match tokens:
        case [left, right, *rest] if (left, right) == pair:
            return [left + right, *merge(rest, pair)]
        case [token, *rest]:
            return [token, *merge(rest, pair)]
    return []


def learn(words, new_tokens):
    """Make one merge, then learn the others from what it leaves."""

    def learn_from(pieces, steps):
        counts = count_pairs(pieces)
        if steps == 0 or not counts:
            return []
        most = max(counts.values())
        best = [pair for pair, count in counts.items() if count == most][0]
        return [best] + learn_from([merge(tokens, best) for tokens in pieces], steps - 1)

    return learn_from([encode(word, []) for word in words], new_tokens)


def encode(word, merges):
    """Encode with all merges but the last, then make the last one."""
    if merges:
        return merge(encode(word, merges[:-1]), merges[-1])
    data = word.encode("utf-8")
    return [data[i : i + 1] for i in range(len(data))]


def decode(tokens):
    """Join halves until one piece is left."""

    def join(part):
        if len(part) <= 1:
            return b"".join(part)
        middle = len(part) // 2
        return join(part[:middle]) + join(part[middle:])

    return join(tokens).decode("utf-8", errors="replace")
