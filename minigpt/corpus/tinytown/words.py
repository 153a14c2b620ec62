"""Words that know their forms, and categories that find them in a text."""

from __future__ import annotations

from collections.abc import Iterable

LANGUAGES = ("en", "zh")
BASE = "word"  # the form that `{x}` shows when a slot names none
CAPITAL_BASE = "Word"  # `{x.Word}`: the same at the start of a sentence


class Entry:
    """One thing of the world, with a dict of forms (word, a, he, at, ...) for each language.

    Entries are compared by identity: the apple is the apple, in English and in Chinese.
    """

    __slots__ = ("forms", "name", "sort", "type")

    def __init__(self, sort: str, type_: str, en: dict[str, str], zh: dict[str, str]):
        self.name, self.sort, self.type = en[BASE], sort, type_
        capitals = {form.capitalize(): text[0].upper() + text[1:] for form, text in en.items()}
        same = {form.capitalize(): text for form, text in zh.items()}
        self.forms = {"en": {**en, **capitals}, "zh": {**zh, **same}}

    def __repr__(self) -> str:
        return f"<{self.sort} {self.name}>"


class Category:
    """An ordered list of entries, from which a story draws one uniformly.

    `find` is the inverse of writing a word: which entries can stand at a position of a text?
    """

    def __init__(self, name: str, entries: Iterable[Entry]):
        self.name = name
        self.entries = tuple(entries)
        self.position = {entry: i for i, entry in enumerate(self.entries)}
        self._tables: dict[tuple[str, str], tuple[tuple[int, ...], dict]] = {}

    def __len__(self) -> int:
        return len(self.entries)

    def __repr__(self) -> str:
        return f"<category {self.name}, {len(self)} words>"

    def pool_size(self, bound: Iterable) -> int:
        """Number of entries left when those already in the story are taken away."""
        return len(self.entries) - len({b for b in bound if b in self.position})

    def draw(self, bound: Iterable, u: float) -> Entry:
        """The entry that u in [0, 1) picks uniformly among those not already in the story."""
        taken = sorted({self.position[b] for b in bound if b in self.position})
        index = int(u * (len(self.entries) - len(taken)))
        for position in taken:
            index += position <= index
        return self.entries[index]

    def find(self, text: str, start: int, language: str, form: str) -> list[tuple[int, tuple]]:
        """All (end, entries) such that text[start:end] is that form of those entries."""
        table = self._tables.get((language, form))
        if table is None:
            table = self._tables[language, form] = self._tabulate(language, form)
        lengths, by_text = table
        found = []
        for length in lengths:
            entries = by_text.get(text[start : start + length])
            if entries:
                found.append((start + length, entries))
        return found

    def _tabulate(self, language: str, form: str) -> tuple[tuple[int, ...], dict]:
        by_text: dict[str, tuple] = {}
        for entry in self.entries:
            word = entry.forms[language][form]
            by_text[word] = (*by_text.get(word, ()), entry)
        return tuple(sorted({len(word) for word in by_text})), by_text


def with_article(noun: str) -> str:
    """The noun with its indefinite article: an apple, a unicorn."""
    vowel_sound = noun[0] in "aeiou" and not noun.startswith(("uni", "uku", "use", "eu", "one"))
    return ("an " if vowel_sound else "a ") + noun


def plural(noun: str) -> str:
    """The regular plural: cherry -> cherries, peach -> peaches, apple -> apples."""
    if noun.endswith("y") and noun[-2] not in "aeiou":
        return noun[:-1] + "ies"
    return noun + ("es" if noun.endswith(("s", "x", "ch", "sh", "o")) else "s")
