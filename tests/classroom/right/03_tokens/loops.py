"""Lesson 03, with indices and loops."""


def count_pairs(pieces):
    """Look at each place that has a right neighbour."""
    counts = {}
    for tokens in pieces:
        for i in range(len(tokens) - 1):
            pair = (tokens[i], tokens[i + 1])
            if pair in counts:
                counts[pair] += 1
            else:
                counts[pair] = 1
    return counts


def merge(tokens, pair):
    """Copy the tokens; jump over two where the pair stands."""
    new = []
    i = 0
    while i < len(tokens):
        if i + 1 < len(tokens) and tokens[i] == pair[0] and tokens[i + 1] == pair[1]:
            new.append(tokens[i] + tokens[i + 1])
            i = i + 2
        else:
            new.append(tokens[i])
            i = i + 1
    return new


def to_bytes(word):
    """A word as a list of single bytes."""
    tokens = []
    for number in word.encode("utf-8"):
        tokens.append(bytes([number]))
    return tokens


def learn(words, new_tokens):
    """Find the largest count by hand; an equal one that comes later doesn't replace it."""
    pieces = []
    for word in words:
        pieces.append(to_bytes(word))
    merges = []
    while len(merges) < new_tokens:
        counts = count_pairs(pieces)
        best = None
        for pair in counts:
            if best is None or counts[pair] > counts[best]:
                best = pair
        if best is None:
            return merges
        merges.append(best)
        for i in range(len(pieces)):
            pieces[i] = merge(pieces[i], best)
    return merges


def encode(word, merges):
    """Replay the merges."""
    tokens = to_bytes(word)
    for i in range(len(merges)):
        tokens = merge(tokens, merges[i])
    return tokens


def decode(tokens):
    """Add the bytes up, then read them."""
    data = b""
    for token in tokens:
        data += token
    return data.decode("utf-8", "replace")
