"""The script language in which TinyTown's stories are written.

One table drives everything: telling a story, its exact probability, whether a text is a story,
whether it is true to itself, and its translation. A *kind* of story is a list of steps:

    say(line, line, ...)          one of the lines, drawn by integer weight
    maybe(never, once, step...)   the steps or nothing, with these two weights
    repeat((w0, w1, ...), step...)  the steps 0, 1, ... times, with these weights
    fork((weight, step, ...), ...)  one of several little scripts

A *line* has an English and a Chinese template. Its slots name variables:

    {A:person}    bind A to a person not yet in the story (uniformly); if A was bound, bind anew
    {A} {A.he}    the word bound to A, or another of its forms (he, him, his, a, at, pl, ...);
                  a form with a capital (`{A.He}`) starts a sentence
    let="held=A mood=glad"   copy a variable, or raise a flag
    when="mood=glad"         the line is only drawn when the flag is up

Worked example, a whole kind of four possible texts when there are two people and two toys:

    steps = (say(line("{A:person} lost {toy.a:toy}.", "{A}丢了{toy.a}。")),
             say(line("{A.He} found the {toy}.", "{A.he}找到了{toy}。")))
    kind = Kind("find", steps, {"person": people, "toy": toys})

"Mia lost a ball. She found the ball." has probability 1/2 * 1/2. Saying "kite" in the second
sentence is *well formed* (a toy stands where a toy belongs) but not *consistent* (probability 0).
Had the second step two lines of weights 3 and 1, a factor 3/4 or 1/4 would be added.

The probability of a text is the sum over all derivations that give it, in `scoring.py`. The mean
of -ln P over stories, the entropy of the grammar, is the *loss floor*: no model, however large,
has a lower mean loss on new stories, and a model that reaches it has learned all there is to
learn. In nats per token, divide by the number of tokens, the one that ends the story included
(where a story ends is part of P). The floor holds for a model that sees the story from its first
word; one that looks through a window too short for the story has to guess what it cannot see.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field

from minigpt.corpus.tinytown.program import Alternative, Branch, Emit, Slot
from minigpt.corpus.tinytown.words import BASE, LANGUAGES, Category

SLOT = re.compile(r"\{(\w+)(?:\.(\w+))?(?::(\w+))?\}")


@dataclass(frozen=True)
class Line:
    """What a kind's author writes: two templates, a weight, a condition and assignments."""

    en: str
    zh: str
    weight: int = 1
    when: str = ""
    let: str = ""


line = Line


@dataclass(frozen=True)
class Step:
    """A piece of script: `form` is say, repeat or fork; `parts` are its lines or branches."""

    form: str
    parts: tuple
    weights: tuple[int, ...] = ()


def say(*lines: Line) -> Step:
    """One of the lines, drawn by weight among those whose condition holds; none if none does."""
    return Step("say", lines)


def repeat(weights: tuple[int, ...], *steps: Step) -> Step:
    """The steps n times, where weights[n] is the weight of n."""
    return Step("repeat", steps, weights)


def maybe(never: int, once: int, *steps: Step) -> Step:
    """The steps or nothing, with weights `once` and `never`."""
    return repeat((never, once), *steps)


def fork(*branches: tuple) -> Step:
    """One of the branches, each a tuple (weight, step, step, ...)."""
    return Step("fork", tuple(b[1:] for b in branches), tuple(b[0] for b in branches))


@dataclass
class Kind:
    """A compiled kind of story: a program whose jumps all lead forward.

    `questions` and `summaries` are Lines without bindings; `en` and `zh` of a question hold the
    question and the answer with a bar between them.
    """

    name: str
    steps: tuple[Step, ...]
    categories: dict[str, Category]
    questions: tuple[Line, ...] = ()
    summaries: tuple[Line, ...] = ()
    names: list[str] = field(default_factory=list)
    program: list = field(default_factory=list)

    def __post_init__(self):
        self.sorts: dict[int, list[Category]] = {}
        for step in self.steps:
            self._compile(step)
        self.questions = tuple(self._compile_tail(q) for q in self.questions)
        self.summaries = tuple(self._compile_tail(s) for s in self.summaries)
        self.start = (None,) * len(self.names)
        self.unions = {i: union(sorts) for i, sorts in self.sorts.items()}
        self._check_forms()

    def _variable(self, name: str) -> int:
        if name not in self.names:
            self.names.append(name)
        return self.names.index(name)

    def _compile(self, step: Step) -> None:
        if step.form == "say":
            self.program.append(Emit(tuple(self._compile_line(part) for part in step.parts)))
        elif step.form == "repeat":
            self._compile_repeat(step)
        else:
            self._compile_fork(step)

    def _compile_repeat(self, step: Step) -> None:
        leave = []
        for n in range(len(step.weights) - 1):
            branch = Branch([len(self.program) + 1], [sum(step.weights[n + 1 :])])
            branch.weights.append(step.weights[n])
            self.program.append(branch)
            leave.append(branch)
            for part in step.parts:
                self._compile(part)
        for branch in leave:
            branch.targets.append(len(self.program))

    def _compile_fork(self, step: Step) -> None:
        head, ends = Branch([], list(step.weights)), []
        self.program.append(head)
        for part in step.parts:
            head.targets.append(len(self.program))
            for inner in part:
                self._compile(inner)
            ends.append(Branch([], [1]))
            self.program.append(ends[-1])
        for end in ends:
            end.targets.append(len(self.program))

    def _compile_line(self, source: Line) -> Alternative:
        binds = {}
        for name, _, category in SLOT.findall(source.en):
            if category:
                binds[self._variable(name)] = self.categories[category]
        for index, category in binds.items():
            sorts = self.sorts.setdefault(index, [])
            if category not in sorts:
                sorts.append(category)
        before, after = self._compile_let(source.let, binds)
        when = tuple((self._variable(k), v) for k, v in pairs(source.when))
        pieces = {
            "en": self._compile_template(source.en, binds),
            "zh": self._compile_template(source.zh, binds),
        }
        for shown in pieces.values():
            slots = {piece.index for piece in shown if isinstance(piece, Slot)}
            assert slots >= binds.keys(), f"{self.name}: a new word is not shown: {source}"
            assert not slots & {target for target, _, _ in after}, f"shown before let: {source}"
        return Alternative(source.weight, pieces, when, before, tuple(binds.items()), after)

    def _compile_let(self, let: str, binds: dict) -> tuple[tuple, tuple]:
        before, after = [], []
        for target, value in pairs(let):
            if value not in self.names:
                before.append((self._variable(target), None, value))
                continue
            source, target_index = self.names.index(value), self._variable(target)
            (after if source in binds else before).append((target_index, source, None))
            for category in self.sorts.get(source, ()):
                if category not in self.sorts.setdefault(target_index, []):
                    self.sorts[target_index].append(category)
        return tuple(before), tuple(after)

    def _compile_template(self, template: str, binds: dict) -> tuple:
        pieces, end = [], 0
        for match in SLOT.finditer(template):
            if match.start() > end:
                pieces.append(template[end : match.start()])
            assert match[1] in self.names, f"{self.name}: {match[1]} is never bound: {template}"
            index = self.names.index(match[1])
            pieces.append(Slot(index, match[2] or BASE, binds.get(index)))
            end = match.end()
        if end < len(template):
            pieces.append(template[end:])
        return tuple(pieces)

    def _compile_tail(self, source: Line) -> Alternative:
        templates = {"en": source.en, "zh": source.zh}
        pieces = {
            language: tuple(self._compile_template(part, {}) for part in text.split("|"))
            for language, text in templates.items()
        }
        return Alternative(1, pieces, tuple((self._variable(k), v) for k, v in pairs(source.when)))

    def _check_forms(self) -> None:
        for step in self.program:
            for alternative in getattr(step, "alternatives", ()):
                for language in LANGUAGES:
                    for piece in alternative.pieces[language]:
                        if isinstance(piece, Slot):
                            for entry in self.unions[piece.index].entries:
                                assert piece.form in entry.forms[language], (self.name, piece)


def pairs(text: str) -> list[tuple[str, str]]:
    """'a=b c=d' -> [(a, b), (c, d)]."""
    return [tuple(item.split("=")) for item in text.split()]


def union(categories: list[Category]) -> Category:
    """All words that a variable can ever hold."""
    if len(categories) == 1:
        return categories[0]
    entries = dict.fromkeys(entry for category in categories for entry in category.entries)
    return Category("|".join(category.name for category in categories), entries)
