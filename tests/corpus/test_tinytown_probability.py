"""TinyTown's probabilities are a distribution: they agree with an enumeration by brute force."""

import hashlib
import math
import random
from collections import Counter

import pytest

from minigpt.corpus.tinytown.kinds import WEIGHTED_KINDS
from minigpt.corpus.tinytown.lexicon import CATEGORIES
from minigpt.corpus.tinytown.program import derive, tell
from minigpt.corpus.tinytown.scoring import read
from minigpt.corpus.tinytown.script import SLOT, Kind, fork, line, maybe, repeat, say
from minigpt.corpus.tinytown.words import Category, Entry

REAL = {kind.name: kind for kind, _ in WEIGHTED_KINDS}
BOTH = pytest.mark.parametrize("language", ["en", "zh"])

# ---- an enumerator of our own: it reads the source of a script, not the compiled program ----


def tell_all(steps, env, categories, language):
    """All (probability, environment, sentences) of the steps."""
    if not steps:
        yield 1.0, env, ()
        return
    for p, after, said in tell_step(steps[0], env, categories, language):
        for q, last, more in tell_all(steps[1:], after, categories, language):
            yield p * q, last, said + more


def tell_step(step, env, categories, language):
    total = sum(step.weights)
    if step.form == "repeat":
        for n, weight in enumerate(step.weights):
            if weight:
                for p, after, said in tell_all(step.parts * n, env, categories, language):
                    yield p * weight / total, after, said
    elif step.form == "fork":
        for part, weight in zip(step.parts, step.weights, strict=True):
            for p, after, said in tell_all(part, env, categories, language):
                yield p * weight / total, after, said
    else:
        yield from tell_lines(step.parts, env, categories, language)


def tell_lines(lines, env, categories, language):
    def holds(one):
        return all(env.get(k) == v for k, v in (item.split("=") for item in one.when.split()))

    lines = [one for one in lines if holds(one)]
    if not lines:
        yield 1.0, env, ()
    for one in lines:
        share = one.weight / sum(other.weight for other in lines)
        new = [(name, cat) for name, _, cat in SLOT.findall(one.en) if cat]
        assignments = [item.split("=") for item in one.let.split()]
        later = [a for a in assignments if a[1] in dict(new)]
        start = put(env, [a for a in assignments if a not in later])
        for p, bound in bind(new, start, categories):
            after = put(bound, later)
            text = SLOT.sub(lambda m, e=after: show(m, e, language), getattr(one, language))
            yield share * p, after, (text,)


def put(env, assignments):
    return {**env, **{target: env.get(value, value) for target, value in assignments}}


def bind(new, env, categories):
    if not new:
        yield 1.0, env
        return
    (name, category), *rest = new
    pool = [e for e in categories[category].entries if e not in env.values()]
    for entry in pool:
        for p, bound in bind(rest, {**env, name: entry}, categories):
            yield p / len(pool), bound


def show(match, env, language):
    return env[match[1]].forms[language][match[2] or "word"]


def distribution(kind, language):
    texts = Counter()
    for p, _, said in tell_all(kind.steps, {}, kind.categories, language):
        texts[(" " if language == "en" else "").join(said)] += p
    return texts


def word(en, zh, **forms):
    forms = {"he": "she", **forms}
    return Entry("sort", "thing", {"word": en, **forms}, {"word": zh, **forms})


PEOPLE = Category("person", [word("Mia", "甲"), word("Tom", "乙", he="he"), word("Ada", "丙")])
THINGS = Category("thing", [word("pie", "派"), word("pie pan", "派盘"), word("pan", "盘")])
WORDS = {"person": PEOPLE, "thing": THINGS}

TOYS = {
    "simple": (
        say(line("{A:person} has {x:thing}.", "{A}有{x}。", weight=3), line("Rain.", "雨。")),
        maybe(2, 1, say(line("Sun.", "晴。"))),
    ),
    "hidden flag, so the same text has two derivations": (
        say(
            line("{A:person} came.", "{A}来了。", let="mood=glad", weight=2),
            line("{A:person} came.", "{A}来了。", let="mood=sad"),
        ),
        say(
            line("{A.he} sang.", "{A.he}唱。", when="mood=glad"),
            line("{A.he} wept.", "{A.he}哭。", when="mood=sad", weight=5),
            line("{A.he} slept.", "{A.he}睡。", weight=2),
        ),
    ),
    "the same sentence and the same state in two ways": (
        say(line("Rain.", "雨。"), line("Rain.", "雨。", weight=3), line("Sun.", "晴。")),
        maybe(1, 2, say(line("Sun.", "晴。"))),
        maybe(1, 1, say(line("Sun.", "晴。"))),
        say(line("{A:person} came.", "{A}来了。")),
    ),
    "a step that says nothing when none of its conditions holds": (
        say(line("{A:person} came.", "{A}来了。", let="mood=glad"), line("Rain.", "雨。")),
        say(line("{A} sang.", "{A}唱。", when="mood=glad")),
        say(line("Bye.", "再见。")),
    ),
    "two ways to cut the words": (
        say(
            line("{x:thing} pan {y:thing}.", "{x}盘{y}。"), line("{x:thing} {y:thing}.", "{x}{y}。")
        ),
        repeat((1, 2, 3), say(line("{x:thing}.", "{x}。"), line("{y:thing}.", "{y}。"))),
    ),
    "things move, holders change": (
        say(line("{A:person} and {B:person}: {x:thing}.", "{B}和{A}：{x}。", let="H=A")),
        repeat(
            (1, 1, 1), say(line("To {B}.", "给{B}。", let="H=B"), line("Now {x:thing}.", "换{x}。"))
        ),
        fork(
            (1, say(line("{H} has {x}.", "{H}有{x}。"))),
            (4, say(line("{H.he} left.", "{H.he}走了。")), say(line("Bye.", "再见。"))),
        ),
    ),
}


@BOTH
@pytest.mark.parametrize("name", TOYS)
def test_probability_is_the_sum_over_all_derivations(name, language):
    kind = Kind(name, TOYS[name], WORDS)
    expected = distribution(kind, language)
    assert math.isclose(sum(expected.values()), 1.0)
    for text, p in expected.items():
        assert math.isclose(read(kind, text, language).total, p, rel_tol=1e-12), text
        assert read(kind, text, language, relaxed=True).end


def test_the_worked_example_of_the_docstring():
    find = (
        say(line("{A:person} lost {toy.a:toy}.", "{A}丢了{toy.a}。")),
        say(line("{A.He} found the {toy}.", "{A.he}找到了{toy}。")),
    )
    people = Category(
        "person", [e for e in CATEGORIES["person"].entries if e.name in ("Mia", "Tom")]
    )
    toys = Category("toy", [e for e in CATEGORIES["toy"].entries if e.name in ("ball", "kite")])
    kind = Kind("find", find, {"person": people, "toy": toys})
    assert read(kind, "Mia lost a ball. She found the ball.", "en").total == 1 / 4
    wrong = "Mia lost a ball. She found the kite."
    assert read(kind, wrong, "en").total == 0.0
    assert read(kind, wrong, "en", relaxed=True).end


def cut_down(name):
    """A real kind with two people, two spots, and one or two of everything else."""
    keep = {"person": 2, "spot": 2, "toy": 2, "snack": 1}
    real = REAL[name]
    small = {c: Category(c, v.entries[: keep.get(c, 1)]) for c, v in real.categories.items()}
    small["person"] = Category("person", real.categories["person"].entries[9:11])
    if name == "hide":  # two spots are taken when a third is drawn
        small["spot"] = Category("spot", real.categories["spot"].entries[:3])
    return Kind(name, real.steps, small)


@BOTH
@pytest.mark.parametrize("name", ["lost", "hide", "contest"])
def test_probabilities_of_whole_real_kinds_are_those_of_brute_force(name, language):
    kind = cut_down(name)
    expected = distribution(kind, language)
    assert math.isclose(sum(expected.values()), 1.0)
    for text in sorted(expected)[:: max(1, len(expected) // 300)]:
        assert math.isclose(read(kind, text, language).total, expected[text], rel_tol=1e-9), text


def test_stories_are_drawn_with_the_probabilities_that_they_are_scored_with():
    kind, rng, n = cut_down("hide"), random.Random(5), 4000
    expected = distribution(kind, "en")
    counts = Counter(tell(derive(kind.program, kind.start, rng)[0], "en") for _ in range(n))
    assert set(counts) <= set(expected)
    bins = Counter()
    for text, p in expected.items():  # about 40 bins of texts, by a checksum of the text
        bins[hashlib.sha256(text.encode()).digest()[0] % 40] += p
    drawn = Counter()
    for text, count in counts.items():
        drawn[hashlib.sha256(text.encode()).digest()[0] % 40] += count
    chi2 = sum((drawn[b] - n * p) ** 2 / (n * p) for b, p in bins.items())
    assert chi2 < 39 + 5 * math.sqrt(2 * 39)
    entropy = -sum(p * math.log(p) for p in expected.values())
    spread = math.sqrt(sum(p * (math.log(p) + entropy) ** 2 for p in expected.values()) / n)
    mean = -sum(c * math.log(expected[text]) for text, c in counts.items()) / n
    assert abs(mean - entropy) < 5 * spread
