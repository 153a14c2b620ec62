"""The result of a check: lines that are green or red, the first failure in words, and hints."""

from __future__ import annotations

import dataclasses
import html
import textwrap
from dataclasses import dataclass, field

GREEN, RED, GREY, BOLD, END = "\033[32m", "\033[31m", "\033[90m", "\033[1m", "\033[0m"
BLUE, VERMILION = "#0072B2", "#D55E00"  # told apart by colour-blind readers as well
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
        unwritten: the first function still raises NotImplementedError.
        absent: a function is unwritten, or is not there at all.
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
    absent: bool = False
    seconds: float = 0.0

    @property
    def ok(self) -> bool:
        return bool(self.lines) and all(line.ok for line in self.lines)

    def __bool__(self) -> bool:
        return self.ok

    def refuse(self, words: str) -> None:
        """Make the report red: it is not the student's own code, or not only that, that ran."""
        line = Line("your own code", False, words)
        same = [i for i, other in enumerate(self.lines) if other.name == line.name]
        self.lines[same[0] if same else 0 : same[0] + 1 if same else 0] = [line]
        self.problem = f"{words[0].upper()}{words[1:]}."
        self.diagnoses, self.hints = [], ["Write it yourself, with arrays and nothing else."]

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

    def as_html(self, hints: bool = False) -> str:
        """The same as a piece of a page; with hints, each to be unfolded."""
        tint = BLUE if self.ok else VERMILION
        verdict = "right" if self.ok else "not written yet" if self.unwritten else "not right yet"
        rows = "".join(_row(line) for line in ([] if self.unwritten else self.lines))
        words = "<br>".join(html.escape(row) for row in self.problem.splitlines())
        if words:
            words = (
                f'<p style="max-width:46em;margin:.4em 0 .8em;padding:.3em .8em;font-size:1.05em;'
                f'border-left:4px solid {tint}">{words}</p>'
            )
        advice = "" if self.ok else self.advice.partition(" For a hint:")[0]
        advice = f'<p style="margin:.5em 0">{html.escape(advice)}</p>' if advice else ""
        folded = "".join(
            f"<details><summary>hint {number}</summary>"
            f'<p style="margin:.3em 1.2em;white-space:pre-wrap">{html.escape(hint)}</p></details>'
            for number, hint in enumerate(self.hints if hints and not self.ok else [], start=1)
        )
        return (
            f'<div><p style="font-size:1.15em;margin:.3em 0"><b>{html.escape(self.part)}</b>: '
            f'<b style="color:{tint}">{verdict}</b></p>{words}'
            f'<table style="margin:0;border-spacing:0">{rows}</table>{advice}{folded}</div>'
        )

    def _repr_html_(self) -> str:
        """As a notebook shows it."""
        return self.as_html(hints=True)


def _row(line: Line) -> str:
    """A property as a row of a table."""
    sign, tint = {True: ("✓", BLUE), False: ("✗", VERMILION), None: ("–", "#777")}[line.ok]
    cell = '<td style="text-align:left;padding:.15em 1.2em .15em 0">'
    return (
        f'<tr><td style="color:{tint};font-weight:bold;padding:.15em .7em">{sign}</td>'
        f"{cell}{html.escape(line.name)}</td>{cell}{html.escape(line.seen)}</td></tr>"
    )


def _wrapped(text: str) -> list[str]:
    return [row for line in text.split("\n") for row in textwrap.wrap(line, 96) or [""]]
