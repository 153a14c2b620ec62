"""Wrong answers to lesson 03, written as students write them."""

from collections import Counter, defaultdict


def _bytes_of(word):
    return [bytes([b]) for b in word.encode("utf-8")]


def _count(pieces):
    counts = {}
    for tokens in pieces:
        for a, b in zip(tokens, tokens[1:]):
            counts[a, b] = counts.get((a, b), 0) + 1
    return counts


def _merge(tokens, pair):
    out, i = [], 0
    while i < len(tokens):
        if i + 1 < len(tokens) and (tokens[i], tokens[i + 1]) == pair:
            out.append(tokens[i] + tokens[i + 1])
            i += 1
        else:
            out.append(tokens[i])
        i += 1
    return out


class Answer01:
    """count_pairs: a pair counts only once a word, however often it occurs there."""

    def count_pairs(pieces):
        counts = {}
        for word in pieces:
            seen = dict.fromkeys(zip(word[:-1], word[1:]))
            for pair in seen:
                counts[pair] = counts.get(pair, 0) + 1
        return counts


class Answer02:
    """count_pairs: overlapping pairs are skipped, [a, a, a] has (a, a) only once."""

    def count_pairs(pieces):
        counts = defaultdict(int)
        for word in pieces:
            last = None
            for i in range(len(word) - 1):
                pair = (word[i], word[i + 1])
                if last == (i - 1, pair):
                    continue
                counts[pair] += 1
                last = (i, pair)
        return dict(counts)


class Answer03:
    """count_pairs: the words are joined first, so pairs across two words count as well."""

    def count_pairs(pieces):
        everything = [token for word in pieces for token in word]
        return dict(Counter(zip(everything, everything[1:])))


class Answer04:
    """count_pairs: the keys are the joined tokens, left + right, and not pairs."""

    def count_pairs(pieces):
        zaehler = {}
        for wort in pieces:
            for links, rechts in zip(wort, wort[1:]):
                if links + rechts not in zaehler:
                    zaehler[links + rechts] = 0
                zaehler[links + rechts] += 1
        return zaehler


class Answer05:
    """count_pairs: the order within a pair is ignored, (a, b) and (b, a) are counted together."""

    def count_pairs(pieces):
        c = Counter()
        for word in pieces:
            c.update(tuple(sorted(p)) for p in zip(word, word[1:]))
        return dict(c)


class Answer06:
    """count_pairs: the loop ends too early, the last pair of each word is missing."""

    def count_pairs(pieces):
        counts = {}
        for word in pieces:
            for i in range(len(word) - 2):
                key = tuple(word[i : i + 2])
                counts[key] = counts[key] + 1 if key in counts else 1
        return counts


class Answer07:
    """merge: only the first occurrence of the pair is merged."""

    def merge(tokens, pair):
        for i in range(len(tokens) - 1):
            if tokens[i] == pair[0] and tokens[i + 1] == pair[1]:
                return tokens[:i] + [pair[0] + pair[1]] + tokens[i + 2 :]
        return list(tokens)


class Answer08:
    """merge: it goes on by one token after a merge, the right token is used a second time."""

    def merge(tokens, pair):
        left, right = pair
        result = []
        i = 0
        while i < len(tokens):
            following = tokens[i + 1] if i + 1 < len(tokens) else None
            if tokens[i] == left and following == right:
                result.append(left + right)
            else:
                result.append(tokens[i])
            i += 1
        return result


class Answer09:
    """merge: the loop stops before the last token, which is lost unless it was merged."""

    def merge(tokens, pair):
        new, skip = [], False
        for a, b in zip(tokens, tokens[1:]):
            if skip:
                skip = False
            elif (a, b) == pair:
                new.append(a + b)
                skip = True
            else:
                new.append(a)
        return new


class Answer10:
    """merge: pairs are merged from right to left, [a, a, a] becomes [a, aa]."""

    def merge(tokens, pair):
        stack = list(tokens)
        done = []
        while stack:
            token = stack.pop()
            if stack and (stack[-1], token) == pair:
                token = stack.pop() + token
            done.append(token)
        return done[::-1]


class Answer11:
    """merge: the two halves are put together in the wrong order, right + left."""

    def merge(tokens, pair):
        out = []
        rest = list(tokens)
        while rest:
            if tuple(rest[:2]) == pair:
                a, b = rest[0], rest[1]
                out.append(b + a)
                rest = rest[2:]
            else:
                out.append(rest[0])
                rest = rest[1:]
        return out


class Answer12:
    """merge: two neighbours are merged if their bytes together match, wherever the cut is."""

    def merge(tokens, pair):
        joined = b"".join(pair)
        out, i = [], 0
        while i < len(tokens):
            two = tokens[i : i + 2]
            if len(two) == 2 and b"".join(two) == joined:
                out.append(joined)
                i += 2
            else:
                out.append(tokens[i])
                i += 1
        return out


class Answer13:
    """learn: of equally common pairs the one seen last is taken."""

    def learn(words, new_tokens):
        pieces = [_bytes_of(w) for w in words]
        merges = []
        while len(merges) < new_tokens:
            best, most = None, 0
            for pair, n in _count(pieces).items():
                if n >= most:
                    best, most = pair, n
            if best is None:
                break
            merges.append(best)
            pieces = [_merge(p, best) for p in pieces]
        return merges


class Answer14:
    """learn: of equally common pairs the one with the larger bytes is taken."""

    def learn(words, new_tokens):
        corpus = [_bytes_of(w) for w in words]
        merges = []
        for _ in range(new_tokens):
            stats = _count(corpus)
            if len(stats) == 0:
                return merges
            pair = max(stats, key=lambda p: (stats[p], p))
            corpus = [_merge(t, pair) for t in corpus]
            merges.append(pair)
        return merges


class Answer15:
    """learn: it starts from the characters, not from the bytes."""

    def learn(words, new_tokens):
        pieces = [[c.encode("utf-8") for c in word] for word in words]
        merges = []
        for _ in range(new_tokens):
            counts = _count(pieces)
            if not counts:
                break
            best = max(counts, key=counts.get)
            merges.append(best)
            pieces = [_merge(tokens, best) for tokens in pieces]
        return merges


class Answer16:
    """learn: it stops when the commonest pair occurs only once."""

    def learn(words, new_tokens):
        state = [_bytes_of(w) for w in words]
        found = []
        for _ in range(new_tokens):
            ranking = Counter(_count(state)).most_common(1)
            if not ranking or ranking[0][1] < 2:
                break
            found.append(ranking[0][0])
            state = [_merge(s, found[-1]) for s in state]
        return found


class Answer17:
    """learn: the pairs are counted only once, at the beginning, and the commonest are taken."""

    def learn(words, new_tokens):
        counts = _count([_bytes_of(w) for w in words])
        ordered = sorted(counts, key=lambda pair: -counts[pair])
        return ordered[:new_tokens]


class Answer18:
    """learn: a word that occurs twice counts only once."""

    def learn(words, new_tokens):
        pieces = {w: _bytes_of(w) for w in words}
        merges = []
        for _ in range(new_tokens):
            counts = _count(pieces.values())
            if not counts:
                break
            best = max(counts, key=counts.get)
            merges.append(best)
            for w in pieces:
                pieces[w] = _merge(pieces[w], best)
        return merges


class Answer19:
    """learn: the words are joined to one long text, and merges go across their borders."""

    def learn(words, new_tokens):
        text = _bytes_of("".join(words))
        merges = []
        for _ in range(new_tokens):
            counts = _count([text])
            if not counts:
                break
            best = max(counts, key=counts.get)
            text = _merge(text, best)
            merges.append(best)
        return merges


class Answer20:
    """learn: the joined tokens are returned, not the pairs."""

    def learn(words, new_tokens):
        zerlegt = [_bytes_of(w) for w in words]
        neue = []
        for _ in range(new_tokens):
            zahl = _count(zerlegt)
            if not zahl:
                break
            paar = max(zahl, key=zahl.get)
            neue.append(paar[0] + paar[1])
            zerlegt = [_merge(z, paar) for z in zerlegt]
        return neue


class Answer21:
    """learn: it makes one merge too few, since the last round only counts."""

    def learn(words, new_tokens):
        pieces = [_bytes_of(w) for w in words]
        merges = []
        for step in range(1, new_tokens):
            counts = _count(pieces)
            if not counts:
                break
            best = max(counts, key=counts.get)
            merges.append(best)
            pieces = [_merge(tokens, best) for tokens in pieces]
        return merges


class Answer22:
    """learn: the merges are returned sorted, the order in which they were made is lost."""

    def learn(words, new_tokens):
        pieces = [_bytes_of(w) for w in words]
        merges = set()
        for _ in range(new_tokens):
            counts = _count(pieces)
            if not counts:
                break
            best = max(counts, key=lambda p: counts[p])
            pieces = [_merge(tokens, best) for tokens in pieces]
            merges.add(best)
        return sorted(merges)


class Answer23:
    """learn: each merge is made in the words as they were at first, earlier merges are lost."""

    def learn(words, new_tokens):
        start = [_bytes_of(w) for w in words]
        pieces, merges = start, []
        for _ in range(new_tokens):
            counts = {p: n for p, n in _count(pieces).items() if p not in merges}
            if not counts:
                break
            best = max(counts, key=counts.get)
            merges.append(best)
            pieces = [_merge(tokens, best) for tokens in start]
        return merges


class Answer24:
    """learn: two mistakes, ties go to the last pair seen, and a pair counts once a word."""

    def learn(words, new_tokens):
        pieces = [_bytes_of(w) for w in words]
        merges = []
        for _ in range(new_tokens):
            counts = {}
            for tokens in pieces:
                for pair in dict.fromkeys(zip(tokens, tokens[1:])):
                    counts[pair] = counts.get(pair, 0) + 1
            if not counts:
                break
            best = max(reversed(list(counts)), key=counts.get)
            merges.append(best)
            pieces = [_merge(tokens, best) for tokens in pieces]
        return merges


class Answer25:
    """encode: the longest known token is cut off from the left, the order of merges is ignored."""

    def encode(word, merges):
        known = {a + b for a, b in merges}
        data, tokens = word.encode("utf-8"), []
        while data:
            n = next((n for n in range(len(data), 1, -1) if data[:n] in known), 1)
            tokens.append(data[:n])
            data = data[n:]
        return tokens


class Answer26:
    """encode: the merges are replayed from the last one to the first."""

    def encode(word, merges):
        tokens = _bytes_of(word)
        for pair in reversed(merges):
            tokens = _merge(tokens, pair)
        return tokens


class Answer27:
    """encode: it starts from the characters, not from the bytes."""

    def encode(word, merges):
        pieces = [letter.encode("utf-8") for letter in word]
        for pair in merges:
            pieces = _merge(pieces, pair)
        return pieces


class Answer28:
    """encode: each merge is made only at the first place where it fits."""

    def encode(word, merges):
        tokens = _bytes_of(word)
        for left, right in merges:
            for i in range(len(tokens) - 1):
                if tokens[i] == left and tokens[i + 1] == right:
                    tokens[i : i + 2] = [left + right]
                    break
        return tokens


class Answer29:
    """encode: it stops at the first merge that does not occur in the word."""

    def encode(word, merges):
        tokens = _bytes_of(word)
        for pair in merges:
            shorter = _merge(tokens, pair)
            if len(shorter) == len(tokens):
                break
            tokens = shorter
        return tokens


class Answer30:
    """encode: the leftmost pair that can be merged is merged first, whatever its rank."""

    def encode(word, merges):
        allowed = set(merges)
        tokens = _bytes_of(word)
        i = 0
        while i < len(tokens) - 1:
            if (tokens[i], tokens[i + 1]) in allowed:
                tokens[i : i + 2] = [tokens[i] + tokens[i + 1]]
                i = 0
            else:
                i += 1
        return tokens


class Answer31:
    """decode: each token is read as UTF-8 by itself."""

    def decode(tokens):
        text = ""
        for token in tokens:
            text += token.decode("utf-8", errors="replace")
        return text


class Answer32:
    """decode: a space is put between the tokens."""

    def decode(tokens):
        return b" ".join(tokens).decode("utf-8", "replace")


class Answer33:
    """decode: bytes that are no character are left out."""

    def decode(tokens):
        data = bytearray()
        for token in tokens:
            data += token
        return bytes(data).decode("utf-8", errors="ignore")


class Answer34:
    """decode: the bytes are read as Latin-1, one character a byte."""

    def decode(tokens):
        return "".join(chr(byte) for token in tokens for byte in token)


class Answer35:
    """decode: spaces at the beginning and the end of the text are cut off."""

    def decode(tokens):
        joined = b"".join(tokens)
        return str(joined, "utf-8", "replace").strip()


class Answer36:
    """encode: two mistakes, it starts from characters, and stops at a merge that does not occur."""

    def encode(word, merges):
        tokens = [c.encode() for c in word]
        for pair in merges:
            if pair not in _count([tokens]):
                break
            tokens = _merge(tokens, pair)
        return tokens


class Answer37:
    """learn: two mistakes, it starts from characters, and stops when no pair occurs twice."""

    def learn(words, new_tokens):
        pieces = [[c.encode() for c in w] for w in words]
        merges = []
        for _ in range(new_tokens):
            counts = _count(pieces)
            best = max(counts, key=counts.get, default=None)
            if best is None or counts[best] == 1:
                break
            merges.append(best)
            pieces = [_merge(p, best) for p in pieces]
        return merges


class Answer38:
    """count_pairs: two mistakes, a pair counts once a word, and a word's last is missing."""

    def count_pairs(pieces):
        counts = {}
        for word in pieces:
            for pair in dict.fromkeys(zip(word[:-2], word[1:-1])):
                counts[pair] = counts.get(pair, 0) + 1
        return counts
