"""Lesson 03, fast: a heap of pairs, and only the neighbours of a merge are counted anew."""

import heapq


class Text:
    """All words as one chain of tokens, each found by the place of its first byte."""

    def __init__(self, pieces):
        self.token, self.after, self.before, self.places = {}, {}, {}, {}
        start = 0
        for tokens in pieces:
            previous = None
            for token in tokens:
                self.token[start] = token
                if previous is not None:
                    self.after[previous], self.before[start] = start, previous
                    self.places.setdefault(self.pair_at(previous), set()).add(previous)
                previous = start
                start += len(token)
            start += 1
        self.heap = [self.entry(pair) for pair in self.places]
        heapq.heapify(self.heap)

    def pair_at(self, place):
        """The pair of the token at a place and the next one; None at the end of a word."""
        if place not in self.after:
            return None
        return self.token[place], self.token[self.after[place]]

    def entry(self, pair):
        """The commonest pair is the smallest entry; of equal ones, the one seen first."""
        places = self.places[pair]
        return -len(places), min(places), pair

    def best(self):
        """The pair to merge; entries of the heap that are no longer true are thrown away."""
        while self.heap:
            entry = heapq.heappop(self.heap)
            if self.places.get(entry[2]) and self.entry(entry[2]) == entry:
                return entry[2]
        return None

    def merge(self, pair):
        """Join the pair at all its places, and repair the counts around them."""
        changed = set()
        for place in sorted(self.places[pair]):
            if self.pair_at(place) != pair:
                continue  # an overlapping one, of which a token is already gone
            right = self.after[place]
            touched = [p for p in (self.before.get(place), place, right) if p in self.after]
            for p in touched:
                changed.add(self.pair_at(p))
                self.places[self.pair_at(p)].discard(p)
            self.token[place] += self.token.pop(right)
            following = self.after.pop(right, None)
            del self.after[place]
            if following is not None:
                self.after[place], self.before[following] = following, place
            for p in touched:
                if p in self.after:
                    changed.add(self.pair_at(p))
                    self.places.setdefault(self.pair_at(p), set()).add(p)
        for other in changed:
            if self.places[other]:
                heapq.heappush(self.heap, self.entry(other))

    def words_tokens(self):
        """The tokens in their order."""
        return [self.token[place] for place in sorted(self.token)]


def count_pairs(pieces):
    """The number of places of each pair."""
    return {pair: len(places) for pair, places in Text(pieces).places.items()}


def merge(tokens, pair):
    """Join within a text of one word."""
    text = Text([tokens])
    if pair in text.places:
        text.merge(pair)
    return text.words_tokens()


def learn(words, new_tokens):
    """Take the best pair from the heap, again and again."""
    text = Text([encode(word, []) for word in words])
    merges = []
    while len(merges) < new_tokens and (pair := text.best()) is not None:
        merges.append(pair)
        text.merge(pair)
    return merges


def encode(word, merges):
    """Look for the next merge that the word has a pair for, and leave out the others."""
    tokens = [bytes((byte,)) for byte in word.encode("utf-8")]
    start = 0
    while True:
        pairs = count_pairs([tokens])
        start = next((i for i in range(start, len(merges)) if merges[i] in pairs), None)
        if start is None:
            return tokens
        tokens = merge(tokens, merges[start])
        start += 1


def decode(tokens):
    """Write all bytes into one bytearray."""
    data = bytearray()
    for token in tokens:
        data.extend(token)
    return data.decode("utf-8", errors="replace")
