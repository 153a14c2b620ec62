"""Aligned tables for the terminal, and numbers as people write them."""

from __future__ import annotations

from collections.abc import Sequence


def table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """Rows of words under a head: the first column to the left, the others to the right."""
    lines = [list(head), *map(list, rows)]
    widths = [max(len(line[i]) for line in lines) for i in range(len(head))]
    return "\n".join(
        "  ".join(
            word.ljust(width) if i == 0 else word.rjust(width)
            for i, (word, width) in enumerate(zip(line, widths, strict=True))
        ).rstrip()
        for line in lines
    )


def duration(seconds: float | None) -> str:
    """Three digits with the unit that fits: 812 us, 35.2 ms, 1.20 s; nothing for None."""
    if seconds is None:
        return ""
    scale, unit = next(x for x in ((1, "s"), (1e3, "ms"), (1e6, "us"))
                       if seconds * x[0] >= 0.9995 or x[1] == "us")  # fmt: skip
    return f"{three_digits(seconds * scale)} {unit}"


def three_digits(number: float) -> str:
    """A number with three significant digits, and never an exponent."""
    return f"{number:,.{2 if number < 9.995 else 1 if number < 99.95 else 0}f}"


def times(ratio: float | None) -> str:
    """A ratio to two decimals; nothing for None."""
    return "" if ratio is None else f"{ratio:.2f}"


def spread(timing: dict) -> str:
    """The spread of a timing, in per cent."""
    return f"±{timing['spread']:.0%}"
