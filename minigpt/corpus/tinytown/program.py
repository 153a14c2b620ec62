"""Compiled scripts: what `script.Kind` makes of its steps, and how a story is drawn from them."""

from __future__ import annotations

import math
import random
from dataclasses import dataclass

from minigpt.corpus.tinytown.words import Category, Entry

SEPARATOR = {"en": " ", "zh": ""}


@dataclass(frozen=True)
class Slot:
    """A place in a template: show `form` of variable number `index`; bind it first if `new`."""

    index: int
    form: str
    new: Category | None = None


@dataclass(eq=False)
class Alternative:
    """A compiled line: what it says in each language and what it does to the variables.

    The order is fixed: `before` (assignments from what is known), then `binds` (new words, in
    the order of the English slots), then `after` (assignments from the new words).
    """

    weight: int
    pieces: dict[str, tuple]
    when: tuple = ()
    before: tuple = ()
    binds: tuple[tuple[int, Category], ...] = ()
    after: tuple = ()

    def allowed(self, values: tuple) -> bool:
        """Do all conditions hold?"""
        return all(values[index] == flag for index, flag in self.when)

    def known(self, values: tuple) -> tuple:
        """The variables as the sentence sees them, but for its new words."""
        return assign(values, self.before)

    def draw(self, values: tuple, rng: random.Random) -> tuple[tuple, int]:
        """New values of the variables, and the number of equally likely ways to draw them."""
        new, ways = list(assign(values, self.before)), 1
        for index, category in self.binds:
            ways *= category.pool_size(new)
            new[index] = category.draw(new, rng.random())
        return assign(tuple(new), self.after), ways

    def chosen(self, values: tuple, words: dict[int, Entry]) -> tuple[tuple, int] | None:
        """The same as `draw` for given words; None if a word is already in the story."""
        new, ways = list(assign(values, self.before)), 1
        for index, category in self.binds:
            if words[index] in new:
                return None
            ways *= category.pool_size(new)
            new[index] = words[index]
        return assign(tuple(new), self.after), ways

    def render(self, values: tuple, language: str) -> str:
        """The sentence, when the variables have these values."""
        return render(self.pieces[language], values, language)


@dataclass(eq=False)
class Emit:
    """A compiled `say`."""

    alternatives: tuple[Alternative, ...]

    def __post_init__(self):
        self.guarded = any(a.when for a in self.alternatives)
        self.may_be_silent = all(a.when for a in self.alternatives)
        self.weight = sum(a.weight for a in self.alternatives)

    def options(self, values: tuple) -> tuple[tuple[Alternative, ...], int]:
        """The alternatives whose conditions hold, and their total weight."""
        if not self.guarded:
            return self.alternatives, self.weight
        left = tuple(a for a in self.alternatives if a.allowed(values))
        return left, sum(a.weight for a in left)


@dataclass(eq=False)
class Branch:
    """A compiled choice without words: go on at one of `targets`, drawn by weight."""

    targets: list[int]
    weights: list[int]


def assign(values: tuple, assignments: tuple) -> tuple:
    """The variables after `let`: each assignment copies a variable or stores a flag."""
    if not assignments:
        return values
    new = list(values)
    for target, source, flag in assignments:
        new[target] = flag if source is None else values[source]
    return tuple(new)


def render(pieces: tuple, values: tuple, language: str) -> str:
    """The text of a template's pieces."""
    return "".join(
        piece if isinstance(piece, str) else values[piece.index].forms[language][piece.form]
        for piece in pieces
    )


def pick(weights, total: int, u: float) -> int:
    """The index that u in [0, 1) picks with probability weights[index] / total."""
    point = int(u * total)
    for index, weight in enumerate(weights):
        point -= weight
        if point < 0:
            return index
    raise AssertionError("total is the sum of the weights")


def derive(
    program: list, values: tuple, rng: random.Random
) -> tuple[list[tuple[Alternative, tuple]], float]:
    """Draw one story: the (alternative, values after it) of each step, and ln of its probability.

    ln P(derivation) = sum of ln(weight / total) over choices - sum of ln(pool size) over words.
    """
    path, log_prob, at = [], 0.0, 0
    while at < len(program):
        step = program[at]
        if isinstance(step, Branch):
            total = sum(step.weights)
            choice = pick(step.weights, total, rng.random()) if len(step.weights) > 1 else 0
            log_prob += math.log(step.weights[choice] / total)
            at = step.targets[choice]
            continue
        at += 1
        options, total = step.options(values)
        if not options:
            continue
        alternative = options[pick([a.weight for a in options], total, rng.random())]
        values, ways = alternative.draw(values, rng)
        log_prob += math.log(alternative.weight / (total * ways))
        path.append((alternative, values))
    return path, log_prob


def tell(path: list[tuple[Alternative, tuple]], language: str) -> str:
    """The text of a derivation in a language."""
    sentences = (alternative.render(values, language) for alternative, values in path)
    return SEPARATOR[language].join(sentences)
