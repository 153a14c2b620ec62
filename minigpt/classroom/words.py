"""Small pieces of sentences."""

from __future__ import annotations

import numpy as np

from minigpt.classroom.compare import Verdict


def tell(output: str, verdict: Verdict) -> str:
    """One wrong number, beside the right one."""
    if verdict.status == "missing":
        return f"there is no {output}."
    if verdict.status == "unexpected":
        if output.startswith("the ids"):
            return "the ids got a gradient; they are integers, so return None in its place."
        return f"there is {output}, which should not be there."
    if verdict.status == "shape":
        return f"{output} has the shape {verdict.got} and should have {verdict.expected}."
    if verdict.status == "kind" or not isinstance(verdict.expected, (np.generic, np.ndarray)):
        return f"{output} is {short(verdict.got)} and should be {short(verdict.expected)}."
    place = f"{output}[{', '.join(map(str, verdict.index))}]" if verdict.index else output
    got, expected = f"{verdict.got:.6g}", f"{verdict.expected:.6g}"
    if got == expected:
        got, expected = f"{verdict.got:.10g}", f"{verdict.expected:.10g}"
    counts = np.asarray(verdict.expected).dtype.kind in "iub" or verdict.error >= 1e9
    size = "" if counts else f" (off by {verdict.error:.2g} of the largest number)"
    return f"{place} is {got} and should be {expected}{size}."


def short(value) -> str:
    """A value in at most 160 characters."""
    if isinstance(value, np.ndarray) and value.ndim == 0:
        return f"{value.item():.6g}"
    text = repr(value)
    return text if len(text) <= 160 else f"{text[:150]} …"


def listed(names) -> str:
    """ "a, b and c"."""
    names = list(names)
    return " and ".join(filter(None, [", ".join(names[:-1]), *names[-1:]]))


def are(names) -> str:
    """ "is" or "are", for so many names."""
    return "is" if len(names) == 1 else "are"
