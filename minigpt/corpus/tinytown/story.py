"""Stories, their facts and questions, and what a reader can say about a text."""

from __future__ import annotations

import functools
import math
import random
from dataclasses import dataclass, field

from minigpt.corpus.tinytown import scoring
from minigpt.corpus.tinytown.kinds import WEIGHTED_KINDS
from minigpt.corpus.tinytown.program import Alternative, derive, pick, render, tell
from minigpt.corpus.tinytown.script import Kind
from minigpt.corpus.tinytown.words import BASE, LANGUAGES, Entry
from minigpt.errors import UserError

_KINDS: dict[str, Kind] = {kind.name: kind for kind, _ in WEIGHTED_KINDS}
_WEIGHTS: dict[str, int] = {kind.name: weight for kind, weight in WEIGHTED_KINDS}
_TOTAL = sum(_WEIGHTS.values())
KINDS: tuple[str, ...] = tuple(_KINDS)
OTHER = {"en": "zh", "zh": "en"}


@dataclass(frozen=True)
class Question:
    """A question about a story, and its answer: words that occur in the story."""

    question: str
    answer: str


@dataclass(frozen=True)
class Entity:
    """A word of a story with what it is: type person, animal, thing, food or place; category."""

    word: str
    type: str
    category: str


@dataclass(frozen=True, eq=False)
class Story:
    """A story and everything that is known about it, because it was derived and not just written.

    `derivation` is the list of (line, variables after it); `derivation_log_prob` is ln of its
    probability, which is at most `log_prob`, that of the text.
    """

    text: str
    kind: str
    language: str
    derivation: tuple[tuple[Alternative, tuple], ...] = field(repr=False)
    derivation_log_prob: float = field(repr=False)

    @property
    def _values(self) -> tuple:
        return self.derivation[-1][1]

    @functools.cached_property
    def log_prob(self) -> float:
        """ln of the probability of the text, in nats, summed over its derivations."""
        return log_prob(self.text, self.language)

    @property
    def facts(self) -> dict[str, str]:
        """The state of the world at the end, in English words, the same in both languages."""
        pairs = zip(_KINDS[self.kind].names, self._values, strict=True)
        return {n: v.name if isinstance(v, Entry) else v for n, v in pairs if v is not None}

    @property
    def questions(self) -> tuple[Question, ...]:
        """Questions whose answers depend on what happened."""
        asked = [q for q in _KINDS[self.kind].questions if q.allowed(self._values)]
        return tuple(Question(*self._fill(question)) for question in asked)

    @property
    def summary(self) -> str:
        """The story in one sentence or two."""
        told = [s for s in _KINDS[self.kind].summaries if s.allowed(self._values)]
        return self._fill(told[0])[0]

    @property
    def labels(self) -> dict[str, str]:
        """`kind`, and `mood`: does the story end glad or sad?"""
        return {"kind": self.kind, "mood": self.facts["mood"]}

    @property
    def entities(self) -> tuple[Entity, ...]:
        """The people, animals, things, food and places, in the order in which they appear."""
        seen = dict.fromkeys(v for _, values in self.derivation for v in values)
        entries = [v for v in seen if isinstance(v, Entry)]
        return tuple(Entity(e.forms[self.language][BASE], e.type, e.sort) for e in entries)

    @property
    def translation(self) -> str:
        """The same derivation told in the other language."""
        return tell(self.derivation, OTHER[self.language])

    def _fill(self, line: Alternative) -> list[str]:
        return [render(part, self._values, self.language) for part in line.pieces[self.language]]


@dataclass(frozen=True)
class Verdict:
    """What `check` finds. `kind` is the kind it is, or comes nearest to; `problem` says where."""

    well_formed: bool
    consistent: bool
    kind: str | None
    problem: str


def check_language(language: str) -> None:
    """Raise UserError for a language that TinyTown does not speak."""
    if language not in LANGUAGES:
        raise UserError(f"unknown language {language!r}: choose one of {', '.join(LANGUAGES)}")


def story(rng: random.Random, kind: str | None = None, language: str = "en") -> Story:
    """One story, drawn with rng.random() only; kind=None draws the kind as the corpus does."""
    check_language(language)
    if kind is None:
        name = KINDS[pick(_WEIGHTS.values(), _TOTAL, rng.random())]
    elif kind in _KINDS:
        name = kind
    else:
        raise UserError(f"unknown kind of story {kind!r}: choose one of {', '.join(KINDS)}")
    path, log_p = derive(_KINDS[name].program, _KINDS[name].start, rng)
    log_p += math.log(_WEIGHTS[name] / _TOTAL)
    return Story(tell(path, language), name, language, tuple(path), log_p)


def _readings(text: str, language: str, relaxed: bool = False) -> list[scoring.Reading]:
    check_language(language)
    return [scoring.read(kind, text, language, relaxed) for kind in _KINDS.values()]


def log_prob(text: str, language: str = "en") -> float:
    """ln P(text) in nats, -inf if no derivation gives it.

    P(text) = sum over kinds of P(kind) * sum over derivations d of the kind with that text of P(d)
    """
    readings = _readings(text, language)
    p = sum(_WEIGHTS[r.kind.name] * r.total for r in readings) / _TOTAL
    return math.log(p) if p > 0.0 else -math.inf


def parse(text: str, language: str = "en") -> Story | None:
    """The most probable derivation of a text as a Story; None if the text is not consistent."""
    ends = [r for r in _readings(text, language) if r.end]
    if not ends:
        return None
    best = max(ends, key=lambda r: _WEIGHTS[r.kind.name] * r.end.best)
    name, path = best.kind.name, scoring.derivation(best)
    log_p = math.log(_WEIGHTS[name] * best.end.best / _TOTAL)
    return Story(text, name, language, tuple(path), log_p)


def check(text: str, language: str = "en") -> Verdict:
    """Is the text a well-formed story, and is it consistent: can it happen in TinyTown?"""
    exact = _readings(text, language)
    ends = [r for r in exact if r.end]
    if ends:
        best = max(ends, key=lambda r: _WEIGHTS[r.kind.name] * r.end.best)
        return Verdict(True, True, best.kind.name, "")
    relaxed = _readings(text, language, relaxed=True)
    whole = [r.kind.name for r in relaxed if r.end]
    if whole:
        near = [r for r in exact if r.kind.name in whole]
        kind, problem = scoring.describe(near, text, language)
        return Verdict(True, False, kind.name, problem)
    kind, problem = scoring.describe(relaxed, text, language)
    started = any(r.stuck > 0 for r in relaxed)
    return Verdict(False, False, kind.name if started else None, problem)
