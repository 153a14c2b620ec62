"""Bug hunts 13 to 24: the right program and other repairs pass, the planted one and lazy ones fail.

The programs are also run as a student runs them, and a number that they print is compared.
"""

import os
import re
import subprocess
import sys
import types
from collections.abc import Callable
from dataclasses import dataclass

import pytest

from minigpt.classroom.bughunt import hunts

Edit = tuple[str, str]


@dataclass(frozen=True)
class Case:
    """What is tried with one hunt.

    Args:
        symptom: a regular expression; the first group of each match in the output is a number, and
            the list of them goes to `strange`.
        strange: says whether these numbers show the mistake.
        repairs: edits of the planted program that are right as well.
        wrong: edits of the planted program that repair nothing, or not all.
    """

    symptom: str
    strange: Callable[[list[float]], bool]
    repairs: tuple[tuple[Edit, ...], ...]
    wrong: tuple[tuple[Edit, ...], ...]


CASES = {
    "13": Case(
        r"slope +80 +([\d. ]+)",
        lambda found: max(found) > 2 and min(found) < 0.4,
        repairs=(
            (
                ('    t = state["t"] + 1\n', '    state["t"] += 1\n    t = state["t"]\n'),
            ),
            (
                ('"t": 0,', '"powers": [1.0, 1.0],'),
                (
                    '    t = state["t"] + 1\n',
                    '    powers = state["powers"]\n'
                    "    powers[0] *= beta1\n"
                    "    powers[1] *= beta2\n",
                ),
                ("1 - beta1**t", "1 - powers[0]"),
                ("1 - beta2**t", "1 - powers[1]"),
            ),
        ),
        wrong=(
            (("mean / (1 - beta1**t)", "mean"), ("square / (1 - beta2**t)", "square")),
            (('    t = state["t"] + 1\n', '    t = state["t"] = state["t"] + 2\n'),),
            (
                (
                    "        mean_hat = ",
                    '        t = state["t"] = state["t"] + 1\n        mean_hat = ',
                ),
            ),
            (
                ("def new_state", "STEPS = []\n\n\ndef new_state"),
                ('    t = state["t"] + 1\n', "    STEPS.append(1)\n    t = len(STEPS)\n"),
            ),
        ),
    ),
    "14": Case(
        r"step 150 .* scales ([\d.]+)",
        lambda found: found[0] < 0.7,
        repairs=(
            (
                ("self.decayed = {name for name in self.params if name.endswith(\".weight\")}",
                 "self.decayed = {n for n, p in self.params.items() if len(p.shape) == 2}"),
            ),
            (('if name.endswith(".weight")', 'if name.endswith(".weight") and "ln_" not in name'),),
        ),
        wrong=(
            (('if name.endswith(".weight")', 'if name.endswith("c_fc.weight")'),),
            (('if name.endswith(".weight")', 'if ".ln_" not in name'),),
            (("p *= 1 - self.lr * self.decay", "p *= 1"),),
            (
                ("            if name in self.decayed:\n", ""),
                ("                p *= 1 - self.lr * self.decay\n", ""),
                ("m += (1 - beta1) * (g - m)",
                 "g = g + self.decay * p * (p.ndim == 2)\n            m += (1 - beta1) * (g - m)"),
            ),
        ),
    ),
    "15": Case(
        r"all units +[\d.]+ +[\d.]+ +([\d.]+)",
        lambda found: found[0] > 1,
        repairs=(
            (("mask = np.ones_like(hidden)", "mask = np.full_like(hidden, 1 - p)"),),
            ((">= p).astype(hidden.dtype)", "< 1 - p) / (1 - p)"),),
        ),
        wrong=(
            ((">= p).astype(hidden.dtype)", ">= 0).astype(hidden.dtype)"),),
            (("if rng is not None:", "if True:\n        rng = np.random.default_rng(0)"),),
            ((">= p).astype(hidden.dtype)", ">= p) * 2.0"),),
            (
                ("y = (hidden * mask) @", "mean = 1 if rng is None else 1 - p\n"
                 "    y = (hidden * mask / mean) @"),
            ),
            (("mask = np.ones_like(hidden)", "mask = np.full_like(hidden, 0.5)"),),
        ),
    ),
    "16": Case(
        r"temperature [\d.]+: +(\d+)% known",
        lambda found: found[0] < found[2],
        repairs=(
            (("beta = 1 / temperature", "beta = temperature"),),
            (("    beta = 1 / temperature\n    z = logits / beta\n",
              "    z = logits / temperature\n"),),
        ),
        wrong=(
            (("z = logits / beta", "z = logits"),),
            (("z = logits / beta", "z = logits / temperature**2"),),
            (("(0.4, 1.0, 2.5)", "(2.5, 1.0, 0.4)"),),
            (
                ("p=probabilities(logits, temperature)", "p=probabilities(logits, 1.0)"),
                ("z = logits / beta", "z = logits / temperature"),
            ),
        ),
    ),
    "17": Case(
        r"rainy .*\(([\d.]+)\)",
        lambda found: found[0] > 2,
        repairs=(
            (("ends = np.cumsum(p[before < top_p])",
              "ends = np.cumsum(p[before < top_p] / p[before < top_p].sum())"),),
            (
                (
                    "    dart = rng.random()\n"
                    '    place = np.searchsorted(ends, dart, side="right")\n'
                    "    return int(kept[min(place, len(kept) - 1)])"
                    "  # rounding could lead one place too far\n",
                    "    chances = p[: len(kept)] / ends[-1]\n"
                    "    return int(rng.choice(kept, p=chances))\n",
                ),
            ),
            (("dart = rng.random()", "dart = rng.uniform(0, ends[-1])"),),
        ),
        wrong=(
            (("before < top_p]", "np.cumsum(p) <= top_p]"),),
            (("dart = rng.random()", "dart = rng.random() * top_p"),),
            (("min(place, len(kept) - 1)", "place % len(kept)"),),
            (("kept = order[before < top_p]", "kept = order"), ("p[before < top_p]", "p")),
            (("dart = rng.random()", "dart = 0.0"),),
        ),
    ),
    "18": Case(
        r"after 12 letters differ by ([-+.e\d]+)",
        lambda found: found[0] > 0.1,
        repairs=(
            (("past = cache[\"0\"][0].shape[2] - 1 if cache else 0",
              "past = len(cache[\"0\"][1][0, 0]) if cache else 0"),),
            (("np.arange(past, past + len(ids))",
              "np.arange(past, past + len(ids)) + (1 if cache else 0)"),),
        ),
        wrong=(
            (("shape[2] - 1 if", "shape[2] + 1 if"),),
            (("shape[2] - 1 if cache else 0", "shape[2] if cache else 1"),),
            (("np.arange(past, past + len(ids))", "np.arange(len(ids))"),),
            (("def read(params, config, ids, cache):\n",
              "ALL = {}\n\n\ndef read(params, config, ids, cache):\n"
              "    if not cache:\n"
              "        ALL['ids'] = []\n"
              "    ids = ALL['ids'] = ALL['ids'] + list(ids)\n"
              "    cache.clear()\n"),),
        ),
    ),
    "19": Case(
        r"cut off: loss ([\d.]+)",
        lambda found: found[0] > 0.5,
        repairs=(
            (("softmax(scores, axis=2)", "softmax(scores, axis=-1)"),
             ("weights, axis=2)", "weights, axis=-1)")),
            (
                (
                    "    exp = np.exp(x - x.max(axis=axis, keepdims=True))\n"
                    "    return exp / exp.sum(axis=axis, keepdims=True)\n",
                    "    exp = np.exp(x - x.max(axis=3, keepdims=True))\n"
                    "    return exp / exp.sum(axis=3, keepdims=True)\n",
                ),
                ("(dp * p).sum(axis=axis, keepdims=True)", "(dp * p).sum(axis=3, keepdims=True)"),
            ),
        ),
        wrong=(
            (("softmax(scores, axis=2)", "softmax(scores, axis=3)"),),
            (("weights, axis=2)", "weights, axis=3)"),),
            (("softmax(scores, axis=2)", "softmax(scores, axis=1)"),
             ("weights, axis=2)", "weights, axis=1)")),
            (("return weights @ v,",
              "weights = weights / weights.sum(axis=3, keepdims=True)\n    return weights @ v,"),),
            (("np.finfo(scores.dtype).min", "0"),),
        ),
    ),
    "20": Case(
        r"(\d+) shown",
        lambda found: found != [37, 18, 31],
        repairs=(
            (
                (
                    "    for piece in pieces:\n"
                    '        text = piece.decode("utf-8", "ignore")\n'
                    "        if text:\n"
                    "            yield text\n",
                    '    waiting = b""\n'
                    "    for piece in pieces:\n"
                    "        waiting += piece\n"
                    "        try:\n"
                    '            yield waiting.decode("utf-8")\n'
                    '            waiting = b""\n'
                    "        except UnicodeDecodeError:\n"
                    "            pass\n",
                ),
            ),
            (
                ("import sys\n", "import codecs\nimport sys\n"),
                (
                    "    for piece in pieces:\n"
                    '        text = piece.decode("utf-8", "ignore")\n'
                    "        if text:\n"
                    "            yield text\n",
                    '    yield from codecs.iterdecode(pieces, "utf-8")\n',
                ),
            ),
        ),
        wrong=(
            (('"ignore"', '"replace"'),),
            (('"utf-8", "ignore"', '"latin-1"'),),
            (
                (
                    "    for piece in pieces:\n"
                    '        text = piece.decode("utf-8", "ignore")\n'
                    "        if text:\n"
                    "            yield text\n",
                    '    yield b"".join(pieces).decode("utf-8")\n',
                ),
            ),
        ),
    ),
    "21": Case(
        r"step 100 .*validation +([\d.]+)",
        lambda found: found[0] > 4.04,
        repairs=(
            (("rng = np.random.default_rng(self.seed)", "self.seed += 1_000_000\n"
              "        rng = np.random.default_rng(self.seed)"),),
            (
                ("self.seed = seed", "self.random = np.random.RandomState(seed)"),
                ("        rng = np.random.default_rng(self.seed)\n", ""),
                ("rng.integers(places, size=self.batch_size)",
                 "self.random.randint(0, places, self.batch_size)"),
            ),
        ),
        wrong=(
            (("default_rng(self.seed)", "default_rng()"),),
            (("        rng = np.random.default_rng(self.seed)\n",
              "        self.seed = 1 - self.seed\n"
              "        rng = np.random.default_rng(abs(self.seed))\n"),),
            (("default_rng(self.seed)", "default_rng(len(self.ids))"),),
            (("self.ids[inside + 1]", "self.ids[inside]"),),
        ),
    ),
    "22": Case(
        r"block 2 wave +([-+.e\d]+ +[-+.e\d]+)",
        lambda found: abs(found[0] - found[1]) > 1e-3,
        repairs=(
            (("    dx = dy\n", "    dx = np.array(dy)\n"),),
            (("dx += dsum @ level.T", "dx = dx + dsum @ level.T"),),
            (
                ("    dx = dy\n", ""),
                ("    dx += dsum @ level.T\n", "    part = dsum @ level.T\n"),
                ("    dx += dsum @ wave.T\n", "    dx = dy + part + dsum @ wave.T\n"),
            ),
        ),
        wrong=(
            (("    dx = dy\n", "    dx = np.zeros_like(dy)\n"),),
            (("    dx += dsum @ level.T\n", ""),),
            (("dx += dsum @ wave.T", "dx = dx + dsum @ wave.T"),),
            (("    dsum = dy * np.cos(angles)\n",
              "    dsum = (dy - dsum @ level.T) * np.cos(angles)\n"),
             ("    dx += dsum @ wave.T\n", "")),
            (("np.tanh(x @ level)", "0 * (x @ level)"),),
        ),
    ),
    "23": Case(
        r"all names +\d+% +([\d.]+)",
        lambda found: found[0] < 3,
        repairs=(
            (("count = targets.size", "count = (targets >= 0).sum()"),),
            (("count = targets.size", "count = np.count_nonzero(real)"),),
        ),
        wrong=(
            (("count = targets.size", "count = len(targets)"),),
            (("np.where(real, surprise, 0).sum() / count",
              "np.where(real, surprise, 0).sum() / real.sum()"),),
            (("np.where(real, surprise, 0).sum() / count", "surprise.mean()"),),
            (("count = targets.size", "count = targets.size / 2"),),
            (("np.where(real, surprise, 0).sum() / count",
              "(np.where(real, surprise, 0).sum(axis=1) / real.sum(axis=1)).mean()"),
             ("/ count\n    dtable", "/ real.sum()\n    dtable")),
        ),
    ),
    "24": Case(
        r"perplexity ([\d.]+)",
        lambda found: max(found) > min(found) + 0.1,
        repairs=(
            (
                ("found.append(math.exp(losses(probabilities, batch).mean()))",
                 "found.append(losses(probabilities, batch))"),
                ("return np.mean(found)", "return np.exp(np.concatenate(found).mean())"),
            ),
            (
                ("    found = []\n", "    found, weights = [], []\n"),
                ("found.append(math.exp(losses(probabilities, batch).mean()))",
                 "found.append(losses(probabilities, batch).mean())\n"
                 "        weights.append(sum(len(ids) - 1 for ids in batch))"),
                ("return np.mean(found)", "return np.exp(np.average(found, weights=weights))"),
            ),
            (("    found = []\n", "    found, batch_size = [], len(texts)\n"),),
        ),
        wrong=(
            (
                ("found.append(math.exp(losses(probabilities, batch).mean()))",
                 "found.append(losses(probabilities, batch).mean())"),
                ("return np.mean(found)", "return math.exp(np.mean(found))"),
            ),
            (
                ("found.append(math.exp(losses(probabilities, batch).mean()))",
                 "found.append((math.exp(losses(probabilities, batch).mean()), len(batch)))"),
                ("return np.mean(found)",
                 "return sum(a * n for a, n in found) / sum(n for _, n in found)"),
            ),
            (("return np.mean(found)", "return found[0]"),),
            (("    found = []\n", "    found, batch_size = [], 1\n"),),
        ),
    ),
}  # fmt: skip
NUMBERS = sorted(CASES)


def module_of(text: str) -> types.ModuleType:
    """The functions of a student's file; its main() is not called."""
    module = types.ModuleType("student")
    exec(compile(text, "student.py", "exec"), module.__dict__)
    return module


def edited(text: str, edits: tuple[Edit, ...]) -> str:
    for old, new in edits:
        assert old in text, old
        text = text.replace(old, new)
    return text


def run(text: str, folder) -> str:
    """The output of a program, run in a folder of its own."""
    file = folder / "program.py"
    file.write_text(text, encoding="utf-8")
    environment = {**os.environ, "PYTHONIOENCODING": "utf-8", "OPENBLAS_NUM_THREADS": "1"}
    done = subprocess.run(
        [sys.executable, file.name], cwd=folder, env=environment, timeout=60,
        capture_output=True, encoding="utf-8",
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    return done.stdout


def numbers_in(case: Case, output: str) -> list[float]:
    found = re.findall(case.symptom, output)
    assert found, output
    return [float(number) for match in found for number in match.split()]


@pytest.mark.parametrize("number", NUMBERS)
def test_the_right_program_and_other_repairs_pass(number):
    hunt = hunts()[number]
    assert hunt.verify(module_of(hunt.solution)) is None
    for edits in CASES[number].repairs:
        repaired = edited(hunt.program(), edits)
        assert hunt.verify(module_of(repaired)) is None, edits


@pytest.mark.parametrize("number", NUMBERS)
def test_the_planted_program_and_wrong_repairs_fail(number):
    hunt = hunts()[number]
    for edits in ((), *CASES[number].wrong):
        sentence = hunt.verify(module_of(edited(hunt.program(), edits)))
        assert sentence and sentence[0].isupper() and sentence.endswith("."), edits


@pytest.mark.slow
@pytest.mark.parametrize("number", NUMBERS)
def test_the_symptom_is_seen_in_the_planted_program_only(number, tmp_path):
    hunt, case = hunts()[number], CASES[number]
    assert not case.strange(numbers_in(case, run(hunt.solution, tmp_path)))
    assert case.strange(numbers_in(case, run(hunt.program(), tmp_path)))


@pytest.mark.parametrize("number", NUMBERS)
def test_the_hunt_is_whole(number):
    hunt = hunts()[number]
    lines = hunt.solution.splitlines()
    assert 30 <= len(lines) <= 100 and max(map(len, lines)) <= 100
    assert "Run it. What is strange?" in hunt.program()
    assert "\n\n\n\n" not in hunt.program() and re.fullmatch(r"\d\d", hunt.lesson)
    texts = (hunt.symptom, hunt.answer, *hunt.hints)
    assert all(text.strip() == text and text[-1] in ".?" for text in texts)
    sentences = re.findall(r"[.?](?=\s|$)", hunt.answer)
    assert len(hunt.hints) == 3 and 2 <= len(sentences) <= 6
