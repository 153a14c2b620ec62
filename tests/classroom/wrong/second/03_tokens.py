"""Wrong answers to lesson 03, as students write them."""

from collections import Counter, defaultdict
from itertools import chain, pairwise


def _pairs(pieces):
    counts = {}
    for tokens in pieces:
        for left, right in zip(tokens, tokens[1:]):
            counts[left, right] = counts.get((left, right), 0) + 1
    return counts


def _join(tokens, pair):
    left, right = pair
    result = []
    for token in tokens:
        result.append(token)
    i = 0
    while i + 1 < len(result):
        if result[i] == left and result[i + 1] == right:
            result[i : i + 2] = [left + right]
        i += 1
    return result


class Answer01:
    """count_pairs: a pair that occurs several times in one word is counted once."""

    def count_pairs(pieces):
        counts = {}
        for word in pieces:
            for pair in dict.fromkeys(pairwise(word)):
                if pair not in counts:
                    counts[pair] = 0
                counts[pair] += 1
        return counts


class Answer02:
    """count_pairs: overlapping occurrences are skipped, so a a a holds the pair a a only once."""

    def count_pairs(pieces):
        total = defaultdict(int)
        for w in pieces:
            last = None
            for pair in zip(w, w[1:]):
                if pair == last and pair[0] == pair[1]:
                    last = None
                    continue
                total[pair] += 1
                last = pair
        return dict(total)


class Answer03:
    """count_pairs: all words are one long list, so the end of a word and the next one form a pair.
    """

    def count_pairs(pieces):
        everything = list(chain.from_iterable(pieces))
        return dict(Counter(zip(everything[:-1], everything[1:])))


class Answer04:
    """count_pairs: the last pair of each word is lost, the loop ends one too early."""

    def count_pairs(pieces):
        counts = {}
        for p in range(0, len(pieces)):
            for q in range(0, len(pieces[p]) - 2):
                key = (pieces[p][q], pieces[p][q + 1])
                if key in counts:
                    counts[key] = counts[key] + 1
                else:
                    counts[key] = 1
        return counts


class Answer05:
    """count_pairs: left and right are not told apart, a b and b a are counted together."""

    def count_pairs(pieces):
        zaehler = {}
        for stuecke in pieces:
            for links, rechts in pairwise(stuecke):
                paar = (links, rechts)
                if (rechts, links) in zaehler:
                    paar = (rechts, links)
                zaehler[paar] = zaehler.get(paar, 0) + 1
        return zaehler


class Answer06:
    """count_pairs: the dict is sorted by count, not in the order in which the pairs are first seen.
    """

    def count_pairs(pieces):
        counter = Counter()
        for tokens in pieces:
            counter.update(pairwise(tokens))
        return dict(counter.most_common())


class Answer07:
    """count_pairs: a word that is there twice is counted once."""

    def count_pairs(pieces):
        seen = set()
        counts = {}
        for tokens in pieces:
            if tuple(tokens) in seen:
                continue
            seen.add(tuple(tokens))
            for pair in pairwise(tokens):
                counts[pair] = counts.get(pair, 0) + 1
        return counts


class Answer08:
    """merge: the joined bytes are compared, so a and bc are merged where the pair is ab and c."""

    def merge(tokens, pair):
        target = b"".join(pair)
        out = []
        skip = False
        for i, token in enumerate(tokens):
            if skip:
                skip = False
            elif i + 1 < len(tokens) and token + tokens[i + 1] == target:
                out.append(target)
                skip = True
            else:
                out.append(token)
        return out


class Answer09:
    """merge: from right to left, so of a a a the last two are joined."""

    def merge(tokens, pair):
        stack = list(tokens)
        result = []
        while stack:
            last = stack.pop()
            if stack and (stack[-1], last) == pair:
                last = stack.pop() + last
            result.insert(0, last)
        return result


class Answer10:
    """merge: the right token of a pair stays in the list after the joined one."""

    def merge(tokens, pair):
        left, right = pair
        new = []
        for i in range(len(tokens)):
            is_pair = tokens[i] == left and tokens[i + 1 : i + 2] == [right]
            new.append(left + right if is_pair else tokens[i])
        return new


class Answer11:
    """merge: the right token of a pair stays, and the last token is lost."""

    def merge(tokens, pair):
        res = []
        i = 0
        while i < len(tokens) - 1:
            if (tokens[i], tokens[i + 1]) == pair:
                res += [tokens[i] + tokens[i + 1]]
            else:
                res += [tokens[i]]
            i = i + 1
        return res


class Answer12:
    """merge: only the first occurrence of the pair is replaced."""

    def merge(tokens, pair):
        for i, candidate in enumerate(pairwise(tokens)):
            if candidate == pair:
                return [*tokens[:i], pair[0] + pair[1], *tokens[i + 2 :]]
        return list(tokens)


class Answer13:
    """merge: after a replacement in place the next token is skipped, so of two pairs in a row one
    remains.
    """

    def merge(tokens, pair):
        word = tokens[:]
        pos = 0
        while pos < len(word) - 1:
            if word[pos] == pair[0] and word[pos + 1] == pair[1]:
                word[pos : pos + 2] = [pair[0] + pair[1]]
                pos += 2
            else:
                pos += 1
        return word


class Answer14:
    """merge: the order within a pair is not looked at, b a is merged like a b."""

    def merge(tokens, pair):
        wanted = sorted(pair)
        merged, i = [], 0
        while i < len(tokens):
            two = tokens[i : i + 2]
            if sorted(two) == wanted:
                merged.append(b"".join(two))
                i += 1
            else:
                merged.append(tokens[i])
            i += 1
        return merged


class Answer15:
    """learn: of several commonest pairs the last one that was seen is taken."""

    def learn(words, new_tokens):
        pieces = [[bytes([b]) for b in w.encode()] for w in words]
        merges = []
        while len(merges) < new_tokens:
            counts = _pairs(pieces)
            best, best_count = None, 0
            for pair, count in counts.items():
                if count >= best_count:
                    best, best_count = pair, count
            if best is None:
                break
            merges.append(best)
            pieces = [_join(p, best) for p in pieces]
        return merges


class Answer16:
    """learn: of several commonest pairs the largest in the order of bytes is taken."""

    def learn(words, new_tokens):
        corpus = [[w.encode("utf-8")[i : i + 1] for i in range(len(w.encode("utf-8")))]
                  for w in words]
        rules = []
        for _ in range(new_tokens):
            stats = _pairs(corpus)
            if len(stats) == 0:
                return rules
            winner = max(stats.items(), key=lambda item: (item[1], item[0]))[0]
            corpus = [_join(word, winner) for word in corpus]
            rules.append(winner)
        return rules


class Answer17:
    """learn: the pairs are counted once at the start, and not again after each merge."""

    def learn(words, new_tokens):
        pieces = [[bytes([code]) for code in bytes(word, "utf-8")] for word in words]
        ranking = Counter(_pairs(pieces)).most_common(new_tokens)
        return [pair for pair, _ in ranking]


class Answer18:
    """learn: a word that occurs twice counts once."""

    def learn(words, new_tokens):
        vocabulary = {w: [bytes([b]) for b in w.encode("utf-8")] for w in words}
        merges = []
        for _ in range(new_tokens):
            counts = _pairs(vocabulary.values())
            if not counts:
                break
            top = max(counts.values())
            pair = next(p for p in counts if counts[p] == top)
            merges.append(pair)
            for w in vocabulary:
                vocabulary[w] = _join(vocabulary[w], pair)
        return merges


class Answer19:
    """learn: the words start as characters, not as bytes."""

    def learn(words, new_tokens):
        morceaux = [[lettre.encode("utf-8") for lettre in mot] for mot in words]
        fusions = []
        for _ in range(new_tokens):
            comptes = _pairs(morceaux)
            if not comptes:
                break
            meilleure = max(comptes, key=lambda paire: comptes[paire])
            fusions.append(meilleure)
            morceaux = [_join(m, meilleure) for m in morceaux]
        return fusions


class Answer20:
    """learn: the merged words are assigned to the loop's own variable and lost."""

    def learn(words, new_tokens):
        pieces = [[bytes([b]) for b in word.encode("utf-8")] for word in words]
        merges = []
        for _step in range(new_tokens):
            counts = _pairs(pieces)
            if counts == {}:
                break
            best = max(counts, key=counts.get)
            for tokens in pieces:
                tokens = _join(tokens, best)
            merges.append(best)
        return merges


class Answer21:
    """learn: it stops as soon as the commonest pair occurs only once."""

    def learn(words, new_tokens):
        text = [list(map(lambda b: bytes((b,)), w.encode("utf-8"))) for w in words]
        made = []
        for _ in range(new_tokens):
            counts = _pairs(text)
            frequency = max(counts.values(), default=0)
            if frequency < 2:
                break
            pair = max(counts, key=counts.get)
            made.append(pair)
            text = [_join(tokens, pair) for tokens in text]
        return made


class Answer22:
    """learn: one merge too many is made, and the words start as characters instead of bytes."""

    def learn(words, new_tokens):
        pieces = []
        for word in words:
            pieces.append([letter.encode("utf-8") for letter in word])
        merges = []
        while True:
            counts = _pairs(pieces)
            if not counts or len(merges) > new_tokens:
                break
            pair = sorted(counts, key=lambda p: -counts[p])[0]
            merges.append(pair)
            for n in range(len(pieces)):
                pieces[n] = _join(pieces[n], pair)
        return merges


class Answer23:
    """learn: each word gets a mark for its end, as in an old paper, and the mark is merged too."""

    def learn(words, new_tokens):
        pieces = [[bytes([b]) for b in word.encode("utf-8")] + [b"</w>"] for word in words]
        merges = []
        for _ in range(new_tokens):
            counts = _pairs(pieces)
            if not counts:
                break
            best = max(counts, key=counts.__getitem__)
            pieces = [_join(tokens, best) for tokens in pieces]
            merges += [best]
        return merges


class Answer24:
    """learn: the count of a pair is divided by the counts of its two tokens, as WordPiece does."""

    def learn(words, new_tokens):
        pieces = [[bytes([b]) for b in word.encode("utf-8")] for word in words]
        merges = []
        for _ in range(new_tokens):
            pair_count = _pairs(pieces)
            if not pair_count:
                break
            single = Counter(chain(*pieces))

            def score(pair, pair_count=pair_count, single=single):
                return pair_count[pair] / (single[pair[0]] * single[pair[1]])

            best = max(pair_count, key=score)
            merges.append(best)
            pieces = [_join(tokens, best) for tokens in pieces]
        return merges


class Answer25:
    """learn: only the words in which the commonest pair stands are kept for the next round."""

    def learn(words, new_tokens):
        pieces = [[bytes([b]) for b in word.encode("utf-8")] for word in words]
        merges = []
        for _ in range(new_tokens):
            counts = _pairs(pieces)
            if not counts:
                break
            best = max(counts, key=counts.get)
            merges.append(best)
            updated = []
            for tokens in pieces:
                after = _join(tokens, best)
                if after != tokens:
                    updated.append(after)
            pieces = updated
        return merges


class Answer26:
    """learn: equal words count once, and of equally common pairs the last is taken."""

    def learn(words, new_tokens):
        pieces = [[bytes([b]) for b in word.encode("utf-8")] for word in dict.fromkeys(words)]
        merges = []
        for _ in range(new_tokens):
            counts = _pairs(pieces)
            if not counts:
                break
            best = max(reversed(list(counts)), key=counts.get)
            merges.append(best)
            pieces = [_join(tokens, best) for tokens in pieces]
        return merges


class Answer27:
    """encode: the word starts as characters, so a letter with an accent is one token at once."""

    def encode(word, merges):
        tokens = [c.encode("utf-8") for c in word]
        for rule in merges:
            tokens = _join(tokens, rule)
        return tokens


class Answer28:
    """encode: the longest known token is taken from the left, the order of the merges is not used.
    """

    def encode(word, merges):
        known = {left + right for left, right in merges}
        data = word.encode("utf-8")
        tokens = []
        start = 0
        while start < len(data):
            end = len(data)
            while end > start + 1 and data[start:end] not in known:
                end -= 1
            tokens.append(data[start:end])
            start = end
        return tokens


class Answer29:
    """encode: the merges go from the last to the first, and the word starts as characters."""

    def encode(word, merges):
        tokens = [bytes(letter, "utf-8") for letter in word]
        todo = list(merges)
        while todo:
            tokens = _join(tokens, todo.pop())
        return tokens


class Answer30:
    """encode: the leftmost pair that can be merged goes first, not the one that was learnt first.
    """

    def encode(word, merges):
        known = set(merges)
        raw = word.encode("utf-8")
        tokens = [raw[i : i + 1] for i in range(len(raw))]

        def first_place():
            return next((i for i, p in enumerate(pairwise(tokens)) if p in known), None)

        i = first_place()
        while i is not None:
            tokens[i : i + 2] = [tokens[i] + tokens[i + 1]]
            i = first_place()
        return tokens


class Answer31:
    """encode: bytes(b) of a number makes b zero bytes, not the byte b."""

    def encode(word, merges):
        tokens = []
        for b in word.encode("utf-8"):
            tokens.append(bytes(b))
        for pair in merges:
            tokens = _join(tokens, pair)
        return tokens


class Answer32:
    """encode: each merge is made at its first place only."""

    def encode(word, merges):
        palabra = word.encode("utf-8")
        trozos = [palabra[k : k + 1] for k in range(len(palabra))]
        for izquierda, derecha in merges:
            for k in range(len(trozos) - 1):
                if trozos[k] == izquierda and trozos[k + 1] == derecha:
                    trozos = trozos[:k] + [izquierda + derecha] + trozos[k + 2 :]
                    break
        return trozos


class Answer33:
    """decode: each token is decoded by itself, so characters that are cut in two are lost."""

    def decode(tokens):
        return "".join(str(t, "utf-8", "replace") for t in tokens)


class Answer34:
    """decode: bytes that are no character are left out instead of replaced."""

    def decode(tokens):
        data = bytearray()
        for t in tokens:
            data += t
        return data.decode("utf-8", errors="ignore")


class Answer35:
    """decode: each byte becomes the character of its number, UTF-8 is not read."""

    def decode(tokens):
        letters = []
        for token in tokens:
            for code in token:
                letters.append(chr(code))
        return "".join(letters)


class Answer36:
    """decode: spaces and line ends at both ends of the text are removed."""

    def decode(tokens):
        text = b"".join(tokens).decode(encoding="utf-8", errors="replace")
        return text.strip()


class Answer37:
    """decode: there is a space between each two tokens, and unreadable bytes become question marks.
    """

    def decode(tokens):
        text = b" ".join(tokens).decode("utf-8", "replace")
        return text.replace("\ufffd", "?")
