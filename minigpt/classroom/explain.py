"""What a check found, in sentences."""

from __future__ import annotations

from minigpt.classroom.compare import Verdict
from minigpt.classroom.diagnose import Diagnosis
from minigpt.classroom.exercise import Case
from minigpt.classroom.observe import Failure
from minigpt.classroom.words import are, listed, tell


def explain(check, found: list[Diagnosis]) -> str:
    """The mistakes in words, and the numbers that show them; `check` is the checker's."""
    if not found:  # it stops in some cases, and no known mistake fits
        return shown(check, check.outputs())
    known = [one for one in found if one.kind == "known"]
    rest = [one for one in found if one.kind != "known"]
    text = " ".join(filter(None, [_known(check, known, alone=not rest), _rest(check, rest)]))
    numbers = shown(check, [output for one in found for output in one.outputs])
    return f"{text}\n{numbers}".strip()


def _known(check, known: list[Diagnosis], alone: bool) -> str:
    """The mistakes that have a name."""
    if not known:
        return ""
    name = check.function_of(known[0].outputs)
    places = list(dict.fromkeys(one.mistake.section for one in known))
    word = "section" if len(places) == 1 else "sections"
    place = f"lesson {check.exercise.number}, {word} {listed(map(str, places))}"
    if len(known) == 1 and alone:
        return f"Your {name} is right, except that {known[0].says} ({place})."
    if len(known) == 1:
        return f"In {name}: {known[0].says} ({place})."
    numbered = "; ".join(f"({i}) {one.says}" for i, one in enumerate(known, start=1))
    return f"In {name}: {numbered} ({place})."


def _rest(check, rest: list[Diagnosis]) -> str:
    """What has no name: facts about the numbers, or nothing."""
    if not rest:
        return ""
    missing = [o for one in rest if one.name == "missing" for o in one.outputs]
    extra = [o for one in rest if one.name == "unexpected" for o in one.outputs]
    sentences = []
    if missing and extra and not any(o.startswith("the ids") for o in extra):
        sentences.append(f"the names {listed(extra)} should be {listed(missing)}.")
        rest = [one for one in rest if one.name not in ("missing", "unexpected")]
    for one in rest:
        if one.kind == "unknown":
            sentences.append(f"{listed(one.outputs)} {are(one.outputs)} wrong, and no known "
                             f"mistake gives these numbers.")  # fmt: skip
        elif one.name == "missing":
            sentences.append(f"there is no {' and no '.join(one.outputs)}.")
        else:
            each = "each of " if len(one.outputs) > 1 else ""
            sentences.append(f"{each}{listed(one.outputs)} {one.says}.")
    return f"In {check.function_of(rest[0].outputs if rest else missing)}: {' '.join(sentences)}"


def shown(check, outputs: list[str]) -> str:
    """The worst number of these outputs, and what is right."""
    for verdicts, case in zip(check.verdicts, check.cases, strict=True):
        for output in outputs:
            verdict = verdicts.get(output)
            if verdict is None or verdict.ok:
                continue
            text = f"For {case.name}, {tell(output, verdict)}"
            if verdict.status in ("missing", "unexpected"):
                text = ""  # that was said already
            if verdict.status == "numbers" and verdict.size > 1:
                text += f" {verdict.bad} of its {verdict.size} numbers are wrong."
            good = [o for o in check.outputs() if all(v[o].ok for v in check.verdicts if o in v)]
            reached = not (check.part.is_layer and "y" in outputs)
            more = f"{listed(good)} {are(good)} right." if good and reached else ""
            return " ".join(filter(None, [text, more]))
    return ""


def counted(check, wrong: list[str]) -> str:
    """In how many cases each output is wrong."""
    of = len(check.cases)
    counts = {o: sum(o in v and not v[o].ok for v in check.verdicts) for o in wrong}
    if len(set(counts.values())) == 1:
        return f"{listed(wrong)} wrong in {counts[wrong[0]]} of {of} cases"
    return f"wrong of {of} cases: {', '.join(f'{o} in {n}' for o, n in counts.items())}"


def stopped(raised: tuple[Failure, Case], cases: list[Case]) -> str:
    """An exception, and in which case it comes."""
    failure, case = raised
    words = failure.sentence
    if case is not cases[0]:
        words += f" This happens for {case.name}; the plain case runs."
    return words


def shapes_seen(shapes: list[tuple[str, Verdict, Case]]) -> str:
    """The first output whose shape is wrong, or that is missing, or too many."""
    if not shapes:
        return "as they should be"
    name, verdict, _ = shapes[0]
    if verdict.status == "missing":
        return f"there is no {name}"
    if verdict.status == "unexpected":
        return f"there is {name}, which should not be there"
    if verdict.status == "kind":
        kinds = [type(value).__name__.replace("ndarray", "array of numbers")
                 for value in (verdict.got, verdict.expected)]  # fmt: skip
        return f"{name} is of the kind {kinds[0]}, and should be of the kind {kinds[1]}"
    return f"{name} is {verdict.got}, and should be {verdict.expected}"
