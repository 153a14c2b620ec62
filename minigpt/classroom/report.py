"""The result of a check: lines that are green or red, the first failure in words, and hints."""

from __future__ import annotations

import dataclasses
import html
from dataclasses import dataclass, field

GREEN, RED, GREY, BOLD, END = "\033[32m", "\033[31m", "\033[90m", "\033[1m", "\033[0m"
MARKS = {True: ("ok", GREEN), False: ("XX", RED), None: ("--", GREY)}


@dataclass
class Line:
    """A property: whether it holds (None: not reached), and what was seen."""

    name: str
    ok: bool | None
    seen: str = ""


@dataclass
class Named:
    """A diagnosis as the report carries it: kind "known", "fact" or "unknown"; see `diagnose`."""

    kind: str
    name: str
    outputs: list[str]
    says: str


@dataclass
class PartReport:
    """The check of one part: a function, or a forward with its backward.

    Attributes:
        lines: a property each, in the order in which they are looked at.
        problem: the first failure explained, in one or more sentences; "" if there is none.
        advice: what to do next.
        diagnoses: the mistakes that were named.
        hints: three, each saying more than the one before.
        seconds: that the check took.
    """

    exercise: str
    part: str
    functions: list[str]
    lines: list[Line] = field(default_factory=list)
    problem: str = ""
    advice: str = ""
    diagnoses: list[Named] = field(default_factory=list)
    hints: list[str] = field(default_factory=list)
    unwritten: bool = False
    seconds: float = 0.0

    @property
    def ok(self) -> bool:
        return bool(self.lines) and all(line.ok for line in self.lines)

    def __bool__(self) -> bool:
        return self.ok

    def as_dict(self) -> dict:
        """For JSON; `from_dict` undoes it."""
        return {"ok": self.ok, **dataclasses.asdict(self)}

    @classmethod
    def from_dict(cls, values: dict) -> PartReport:
        values = {key: value for key, value in values.items() if key != "ok"}
        values["lines"] = [Line(**line) for line in values["lines"]]
        values["diagnoses"] = [Named(**one) for one in values["diagnoses"]]
        return cls(**values)

    def as_text(self, colour: bool = False) -> str:
        """A line a property; below them the first failure in words, and what to do next."""

        def paint(text: str, code: str) -> str:
            return f"{code}{text}{END}" if colour else text

        verdict = "right" if self.ok else "not written yet" if self.unwritten else "not right yet"
        code = GREEN if self.ok else GREY if self.unwritten else RED
        rows = [f"{paint(self.part, BOLD)}: {paint(verdict, code)}"]
        if not self.unwritten:
            width = max((len(line.name) for line in self.lines), default=0)
            for line in self.lines:
                mark, code = MARKS[line.ok]
                rows.append(f"  {paint(mark, code)} {line.name:<{width}}  {line.seen}".rstrip())
        rows += ["", *_wrapped(self.problem)] if self.problem else []
        rows += ["", *_wrapped(self.advice)] if self.advice and not self.ok else []
        return "\n".join(rows)

    __str__ = __repr__ = as_text

    def _repr_html_(self) -> str:
        """The same, as a notebook shows it."""
        verdict = "right" if self.ok else "not written yet" if self.unwritten else "not right yet"
        colour = "#0072B2" if self.ok else "#D55E00"
        rows = []
        for line in self.lines:
            sign, tint = {True: ("✓", "#0072B2"), False: ("✗", "#D55E00"), None: ("–", "#777")}[
                line.ok
            ]
            rows.append(
                f'<tr><td style="color:{tint};font-weight:bold;text-align:center">{sign}</td>'
                f'<td style="text-align:left">{html.escape(line.name)}</td>'
                f'<td style="text-align:left">{html.escape(line.seen)}</td></tr>'
            )
        words = "".join(
            f'<p style="max-width:46em;margin:.5em 0">{html.escape(text)}</p>'
            for text in (self.problem, "" if self.ok else self.advice)
            if text
        )
        return (
            f'<div><p style="font-size:1.15em;margin:.3em 0"><b>{html.escape(self.part)}</b>: '
            f'<b style="color:{colour}">{verdict}</b></p>'
            f'<table style="margin:0">{"".join(rows)}</table>{words}</div>'
        )


def _wrapped(text: str) -> list[str]:
    import textwrap

    return [row for line in text.split("\n") for row in textwrap.wrap(line, 96) or [""]]
