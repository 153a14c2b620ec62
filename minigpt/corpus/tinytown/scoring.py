"""Read a text with the script: its exact probability, its derivation, and where it goes wrong.

The forward algorithm. A *hypothesis* is (step of the program, position in the text, values of
the variables); its probability is the sum over all derivations that lead there. Programs only
run forward, so the steps are visited once, in order, and equal hypotheses are added up. In the
*relaxed* reading conditions are ignored and every slot takes any word that it could ever hold, so
no values are kept: it recognises the well-formed stories.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field

from minigpt.corpus.tinytown.program import SEPARATOR, Alternative, Branch, Emit, Slot
from minigpt.corpus.tinytown.script import Kind

SENTENCE_END = {
    "en": re.compile(r"[.!?]\"?(?= [A-Z\"]|$)"),
    "zh": re.compile(r"[。！？]”?"),
}


@dataclass
class Cell:
    """A hypothesis: its total probability, and its single most probable derivation."""

    total: float = 0.0
    best: float = 0.0
    back: tuple[Cell, Alternative, tuple] | Cell | None = None

    def add(self, total: float, best: float, back) -> None:
        """Add one more way to get here."""
        self.total += total
        if best > self.best:
            self.best, self.back = best, back


@dataclass
class Reading:
    """What is left after reading a text with one kind: its end, and the furthest failure."""

    kind: Kind
    total: float = 0.0  # the probability of the text, given the kind
    end: Cell | None = None  # the most probable complete derivation
    values: tuple = ()
    stuck: int = -1  # the furthest position at which a sentence was awaited
    awaited: list[tuple[Emit | None, tuple]] = field(default_factory=list)

    def await_at(self, position: int, step: Emit | None, values: tuple) -> None:
        """Remember what was expected at the furthest position."""
        if position > self.stuck:
            self.stuck, self.awaited = position, []
        if position == self.stuck:
            self.awaited.append((step, values))


def read(kind: Kind, text: str, language: str, relaxed: bool = False) -> Reading:
    """Run the forward algorithm of one kind over the text."""
    reading = Reading(kind)
    table: list[dict] = [{} for _ in range(len(kind.program) + 1)]
    table[0][0, kind.start] = Cell(1.0, 1.0)
    for at, step in enumerate(kind.program):
        for (position, values), cell in table[at].items():
            if isinstance(step, Branch):
                total = sum(step.weights)
                for target, weight in zip(step.targets, step.weights, strict=True):
                    if weight:
                        share = weight / total
                        new = table[target].setdefault((position, values), Cell())
                        new.add(cell.total * share, cell.best * share, cell)
            else:
                reading.await_at(position, step, values)
                reader = _relaxed_steps if relaxed else _exact_steps
                for key, share, back in reader(kind, step, position, values, text, language):
                    new = table[at + 1].setdefault(key, Cell())
                    new.add(cell.total * share, cell.best * share, (cell, *back) if back else cell)
    for (position, values), cell in table[-1].items():
        reading.await_at(position, None, values)
        if position == len(text):
            reading.total += cell.total
            if reading.end is None or cell.best > reading.end.best:
                reading.end, reading.values = cell, values
    return reading


def _after_separator(position: int, text: str, language: str) -> int | None:
    """Where the next sentence starts; None if the separator is missing."""
    if not position:
        return 0
    separator = SEPARATOR[language]
    return position + len(separator) if text.startswith(separator, position) else None


def _exact_steps(kind: Kind, step: Emit, position: int, values: tuple, text: str, language: str):
    """All ((position, values) after the step, probability, (alternative, values) or None)."""
    options, total = step.options(values)
    if not options:
        yield (position, values), 1.0, None
    start = _after_separator(position, text, language)
    for alternative in options if start is not None else ():
        pieces = alternative.pieces[language]
        if isinstance(pieces[0], str) and not text.startswith(pieces[0], start):
            continue
        for end, words in match(pieces, alternative.known(values), text, start, language):
            chosen = alternative.chosen(values, words)
            if chosen:
                new, ways = chosen
                yield (end, new), alternative.weight / (total * ways), (alternative, new)


def _relaxed_steps(kind: Kind, step: Emit, position: int, values: tuple, text: str, language: str):
    """As `_exact_steps`, when every slot may hold any of its words; the probability is a dummy."""
    if step.may_be_silent:
        yield (position, values), 1.0, None
    start = _after_separator(position, text, language)
    for alternative in step.alternatives if start is not None else ():
        ends = {start}
        for piece in alternative.pieces[language]:
            if isinstance(piece, str):
                ends = {p + len(piece) for p in ends if text.startswith(piece, p)}
            else:
                find = kind.unions[piece.index].find
                ends = {end for p in ends for end, _ in find(text, p, language, piece.form)}
            if not ends:
                break
        for end in sorted(ends):
            yield (end, values), 1.0, None


def match(pieces: tuple, values: tuple, text: str, start: int, language: str):
    """All (end, {variable: new word}) such that text[start:end] is the template with them."""
    partial = [(start, {})]
    for piece in pieces:
        if isinstance(piece, str):
            partial = [(p + len(piece), w) for p, w in partial if text.startswith(piece, p)]
        else:
            partial = list(_match_slot(piece, values, partial, text, language))
        if not partial:
            break
    return partial


def _match_slot(slot: Slot, values: tuple, partial: list, text: str, language: str):
    for position, words in partial:
        if slot.new and slot.index not in words:
            for end, entries in slot.new.find(text, position, language, slot.form):
                for entry in entries:
                    yield end, {**words, slot.index: entry}
            continue
        entry = words[slot.index] if slot.new else values[slot.index]
        word = entry.forms[language][slot.form]
        if text.startswith(word, position):
            yield position + len(word), words


def derivation(reading: Reading) -> list[tuple[Alternative, tuple]]:
    """The most probable derivation of a text, as `script.derive` gives it."""
    path, back = [], reading.end.back
    while back is not None:
        if isinstance(back, Cell):
            back = back.back
        else:
            cell, alternative, values = back
            path.append((alternative, values))
            back = cell.back
    return path[::-1]


def sentences(text: str, language: str) -> list[str]:
    """The sentences of a story; the end of a quotation inside a sentence ends none."""
    found, start = [], 0
    for match_ in SENTENCE_END[language].finditer(text):
        found.append(text[start : match_.end()].strip())
        start = match_.end()
    return found + ([text[start:].strip()] if text[start:].strip() else [])


def describe(readings: list[Reading], text: str, language: str) -> tuple[Kind, str]:
    """Which kind comes nearest, and in words where the text goes wrong.

    The readings that came furthest are asked; the most similar sentence that could stand there
    is the example.
    """
    stuck = max(reading.stuck for reading in readings)
    readings = [reading for reading in readings if reading.stuck == stuck]
    done = len(sentences(text[:stuck], language))
    rest = sentences(text[stuck:], language)
    said = set(re.findall(r"\w+" if language == "en" else r"\w", rest[0] if rest else ""))
    best, kind, hope = -1, readings[0].kind, "the story is over there"
    for reading in readings:
        for step, values in reading.awaited:
            for alternative in step.options(values)[0] if step else ():
                example = _example(reading.kind, alternative, values, language)
                score = sum(word in example for word in said)
                if score > best:
                    best, kind, hope = score, reading.kind, f'expected for example "{example}"'
    if not rest:
        return kind, f"the story stops after sentence {done}; {hope}"
    return kind, f'sentence {done + 1}, "{rest[0]}": {hope}'


def _example(kind: Kind, alternative: Alternative, values: tuple, language: str) -> str:
    """The sentence that could stand here, new words shown as <category>."""
    known = alternative.known(values)
    shown = []
    for piece in alternative.pieces[language]:
        if isinstance(piece, str):
            shown.append(piece)
        elif piece.new or known[piece.index] is None:
            shown.append(f"<{(piece.new or kind.unions[piece.index]).name}>")
        else:
            shown.append(known[piece.index].forms[language][piece.form])
    return "".join(shown)
