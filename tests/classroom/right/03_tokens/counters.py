"""Lesson 03, with Counter and itertools: each different word is counted once, with its number."""

from collections import Counter, deque
from functools import reduce
from itertools import chain


def count_pairs(pieces):
    """A Counter is a dict, and remembers the order in which its keys came."""
    return Counter(chain.from_iterable(zip(tokens, tokens[1:], strict=False) for tokens in pieces))


def merge(tokens, pair):
    """Take tokens from the left of a queue."""
    left, right = pair
    queue = deque(tokens)
    done = []
    while queue:
        token = queue.popleft()
        if token == left and queue and queue[0] == right:
            token += queue.popleft()
        done.append(token)
    return done


def split(word):
    """A word as a list of single bytes."""
    return [byte.to_bytes(1, "big") for byte in word.encode()]


def learn(words, new_tokens):
    """Count the words first; a word's pairs then count as often as the word occurs."""
    frequency = Counter(words)
    pieces = {word: split(word) for word in frequency}
    merges = []
    for _ in range(new_tokens):
        counts = Counter()
        for word, tokens in pieces.items():
            for pair, times in count_pairs([tokens]).items():
                counts[pair] += times * frequency[word]
        commonest = counts.most_common(1)
        if not commonest:
            break
        merges.append(commonest[0][0])
        pieces = {word: merge(tokens, merges[-1]) for word, tokens in pieces.items()}
    return merges


def encode(word, merges):
    """A fold over the merges."""
    return reduce(merge, merges, split(word))


def decode(tokens):
    """Chain the numbers of all bytes."""
    return str(bytes(chain.from_iterable(tokens)), "utf-8", "replace")
