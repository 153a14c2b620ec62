"""Bug hunts 01 to 12: the right program passes, the planted one shows its symptom and fails."""

import ast
import os
import re
import subprocess
import sys
import types
from dataclasses import dataclass

import pytest

from minigpt.classroom.bughunt import hunts

NUMBERS = [f"{number:02}" for number in range(1, 13)]


@dataclass
class Repairs:
    """Edits (old, new) of the planted program: right repairs, and wrong or lazy ones."""

    right: list[list[tuple[str, str]]]
    wrong: list[list[tuple[str, str]]]


REPAIRS = {
    "01": Repairs(
        right=[
            [("self.params[name] = self.params[name] - ", "self.params[name][...] -= ")],
            [("optimizer.step(grads)",
              "optimizer.step(grads)\n"
              "        for name, p in items(model.params):\n"
              "            p[...] = optimizer.params[name]")],
        ],
        wrong=[
            [("self.params[name] = self.params[name] - ", "self.params[name] += ")],
            [("self.params[name] = self.params[name] - self.lr * self.speed[name]",
              "self.params[name] -= self.lr * grad")],
        ],
    ),
    "02": Repairs(
        right=[
            [("normalised * (dy * normalised).mean(axis=-1, keepdims=True)",
              "normalised * np.einsum('...c,...c->...', dn, normalised)[..., None] / C")],
            [("normalised * (dy * normalised).mean(",
              "normalised * (dy * normalised * weight).mean(")],
        ],
        wrong=[
            [(" - normalised * (dy * normalised).mean(axis=-1, keepdims=True)", "")],
            [("    y = normalised * weight\n", "    y = normalised\n"),
             ("dn = dy * weight", "dn = dy")],
        ],
    ),
    "03": Repairs(
        right=[
            [("(back >= 0) & (back < window)", "(back > 0) & (back <= window)")],
            [("np.arange(1, T + 1)[:, None]", "np.arange(T)[:, None]")],
            [("    window = visible(q.shape[-2], WINDOW)",
              "    T = q.shape[-2]\n"
              "    window = np.tri(T, dtype=bool) & ~np.tri(T, k=-WINDOW, dtype=bool)")],
        ],
        wrong=[
            [("(back >= 0) & (back < window)", "(back >= 1) & (back < window)")],
            [("(back >= 0) & (back < window)", "back >= 1")],
        ],
    ),
    "04": Repairs(
        right=[
            [(r"\s+(?!\S)", r"\s+(?!\S)|\s+")],
            [("return PIECES.findall(text)",
              "pieces, end = [], 0\n"
              "    for match in PIECES.finditer(text):\n"
              "        pieces += [*text[end : match.start()], match[0]]\n"
              "        end = match.end()\n"
              "    return pieces + list(text[end:])")],
        ],
        wrong=[
            [(r"\s+(?!\S)", r"\s+(?!\S)|\n")],
            [("return PIECES.findall(text)", "return list(text)")],
            [("return PIECES.findall(text)", "return re.split(r'(\\s)', text)")],
        ],
    ),
    "05": Repairs(
        right=[
            [('        self.start_epoch()\n\n\ndef train',
              '        self.start_epoch()\n        self.position += state["position"]\n\n\n'
              'def train')],
            [("        self.position = 0\n", ""),
             ("        self.start_epoch()\n\n    def start_epoch",
              "        self.position = 0\n        self.start_epoch()\n\n    def start_epoch"),
             ("            self.start_epoch()\n        rows",
              "            self.start_epoch()\n            self.position = 0\n        rows")],
        ],
        wrong=[
            [('        self.rng.bit_generator.state = state["rng"]\n'
              '        self.start_epoch()\n', "")],
            [("self.rng.permutation(len(self.rows))", "np.arange(len(self.rows))"),
             ('        self.start_epoch()\n\n\ndef train', "\n\ndef train")],
        ],
    ),
    "06": Repairs(
        right=[
            [("return filled, labels", "return filled, np.roll(labels, -1, axis=1)"),
             ("    labels = np.where(filled == FILL, layers.IGNORE, filled)",
              "    labels = np.where(filled == FILL, layers.IGNORE, filled)\n"
              "    labels[:, 0] = layers.IGNORE")],
            [("model.loss_and_grads(ids, labels)",
              "model.loss_and_grads(ids[:, :-1], labels[:, 1:])")],
        ],
        wrong=[
            [("return filled, labels", "return filled[:, :-2], labels[:, 2:]")],
            [("return filled, labels", "return filled[:, 1:], labels[:, :-1]")],
        ],
    ),
    "07": Repairs(
        right=[
            [("dtable[ids] += dlogits",
              "for i, row in zip(ids, dlogits, strict=True):\n        dtable[i] += row")],
            [("dtable[ids] += dlogits", "dtable += np.eye(len(table))[ids].T @ dlogits")],
        ],
        wrong=[
            [("    dlogits /= len(ids)\n", "")],
            [("dtable[ids] += dlogits", "dtable[ids] += dlogits * np.bincount(ids)[ids][:, None]")],
        ],
    ),
    "08": Repairs(
        right=[
            [('read_cache)\n    grads["words"] = found["weight"]',
              'read_cache)\n    grads["words"] = grads["words"] + found["weight"]')],
            [('grads = {"words": found["weight"]}', 'grads, scoring = {}, found["weight"]'),
             ('read_cache)\n    grads["words"] = found["weight"]',
              'read_cache)\n    grads["words"] = scoring + found["weight"]')],
        ],
        wrong=[
            [('read_cache)\n    grads["words"] = found["weight"]', "read_cache)")],
            [('read_cache)\n    grads["words"] = found["weight"]',
              'read_cache)\n    grads["words"] = 2 * found["weight"]')],
        ],
    ),
    "09": Repairs(
        right=[
            [("windows(tokens, BLOCK // 4)", "windows(tokens, BLOCK)")],
            [("    rows = rng.permutation(windows(tokens, BLOCK // 4))\n"
              "    cut = int(len(rows) * (1 - share))\n"
              "    return rows[:cut], rows[cut:]\n",
              "    begin = int(len(tokens) * share)\n"
              "    return windows(tokens[begin:], 4), windows(tokens[:begin], 4)\n")],
        ],
        wrong=[
            [("rng.permutation(windows(tokens, BLOCK // 4))", "windows(tokens, BLOCK // 4)")],
            [("return rows[:cut], rows[cut:]", "return rows[:1], rows[cut:]")],
            [("return rows[:cut], rows[cut:]",
              "return windows(tokens[:-40], 4), windows(tokens[-40:], 4)")],
        ],
    ),
    "10": Repairs(
        right=[
            [("    total.buffer /= parts\n", "")],
            [("total.add(grads)\n    total.buffer /= parts\n",
              "share = (targets[rows] != IGNORE).sum() / count\n"
              "        batch_loss += float(loss) * share\n"
              "        for name, grad in grads.items():\n"
              "            tree_add(total[name], grad, share)\n"),
             ("        batch_loss += float(loss)\n", ""),
             (", count=count)", ")"),
             ("def train_step",
              "def tree_add(total, grads, share):\n"
              "    for name, grad in grads.items():\n"
              "        if isinstance(grad, dict):\n"
              "            tree_add(total[name], grad, share)\n"
              "        else:\n"
              "            total[name] += share * grad\n\n\ndef train_step")],
        ],
        wrong=[
            [("np.array_split(np.arange(len(ids)), parts)", "[np.arange(len(ids))]"),
             ("    total.buffer /= parts\n", "")],
            [(", count=count)", ")")],
            [("total.buffer /= parts\n", "total.buffer /= count\n")],
        ],
    ),
    "11": Repairs(
        right=[
            [("            grad *= limit / length\n", "            pass\n"),
             ("    return math.sqrt(squares)\n",
              "    factor = min(1.0, limit / (math.sqrt(squares) + 1e-6))\n"
              "    for _, grad in items(grads):\n"
              "        grad *= factor\n"
              "    return math.sqrt(squares)\n")],
            [("    length = clip(grads, limit)\n",
              "    length = float(np.linalg.norm(grads.buffer))\n"
              "    grads.buffer *= min(1.0, limit / length)\n")],
        ],
        wrong=[
            [("            grad *= limit / length\n", "            pass\n")],
            [("        if length > limit:\n            grad *= limit / length\n",
              "        np.clip(grad, -limit, limit, out=grad)\n")],
            [("    length = clip(grads, limit)\n",
              "    length = float(np.linalg.norm(grads.buffer))\n"
              "    grads.buffer *= limit / length\n")],
        ],
    ),
    "12": Repairs(
        right=[
            [("    for number in range(rounds):\n",
              "    step = -1\n    for number in range(rounds):\n"),
             ("for step, (ids, targets) in enumerate(batches):\n",
              "for ids, targets in batches:\n            step += 1\n")],
            [("enumerate(batches)", "enumerate(batches, start=number * len(batches))")],
        ],
        wrong=[
            [("lr=schedule(step, steps)", "lr=schedule(steps // 2, steps)")],
            [("schedule(step, steps)", "schedule(number, rounds)")],
            [("enumerate(batches)", "enumerate(batches, start=number * len(batches) + 1)")],
            [("    if step < warmup:\n        return lr * (step + 1) / (warmup + 1)\n", ""),
             ("enumerate(batches)", "enumerate(batches, start=number * len(batches))")],
        ],
    ),
}  # fmt: skip


def numbers_after(output, marker):
    """The numbers that follow each occurrence of a marker (a regular expression)."""
    return [float(number) for number in re.findall(rf"{marker}\s*(\d+(?:\.\d+)?)", output)]


def rows(output):
    """The numbers of each line that consists of numbers only."""
    lines = [line.split() for line in output.splitlines()]
    return [
        list(map(float, line))
        for line in lines
        if line and all(re.fullmatch(r"\d+(\.\d+)?", word) for word in line)
    ]


def no_learning(output):
    return min(numbers_after(output, "loss")) > 3


def slopes_differ(output):
    last = output.splitlines()[-2]
    return numbers_after(last, "promised") != numbers_after(last, "measured")


def below_the_floor(output):
    return numbers_after(output, "loss")[-1] < 1 and numbers_after(output, "\n")[-1] < 50


def lines_run_together(output):
    return "grey,the wind" in output and "grey,\nthe wind" not in output


def columns_differ(output):
    return any(row[1] != row[2] for row in rows(output))


def one_letter_again_and_again(output):
    return numbers_after(output, "loss")[-1] < 0.1 and "bbbbbb" in output


def common_letters_far_off(output):
    space = next(line.split() for line in output.splitlines() if line.strip().startswith("' '"))
    return float(space[-2]) - float(space[-1]) > 0.2


def answers_stay(output):
    return numbers_after(output, "yes") == numbers_after(output, "no") == [0.0]


def exam_far_off(output):
    return numbers_after(output, "exam:")[0] - numbers_after(output, "validation")[-1] > 0.3


def parts_differ(output):
    return any(max(row[1:]) - min(row[1:]) > 0.1 for row in rows(output))


def steps_too_long(output):
    return any(row[-1] > 0.31 for row in rows(output))


def schedule_worse(output):
    return rows(output)[-1][1] > rows(output)[-1][2] + 0.1


SYMPTOMS = dict(zip(NUMBERS, (
    no_learning, slopes_differ, below_the_floor, lines_run_together, columns_differ,
    one_letter_again_and_again, common_letters_far_off, answers_stay, exam_far_off, parts_differ,
    steps_too_long, schedule_worse,
), strict=True))  # fmt: skip


def load(text):
    """The module that a student's file would be."""
    module = types.ModuleType("student")
    exec(compile(text, "student.py", "exec"), module.__dict__)
    return module


def edited(text, edits):
    for old, new in edits:
        assert text.count(old) == 1, old
        text = text.replace(old, new)
    return text


def cases(kind):
    return [
        pytest.param(number, edits, id=f"{number}-{i}")
        for number in NUMBERS
        for i, edits in enumerate(getattr(REPAIRS[number], kind))
    ]


def test_every_number_has_its_hunt():
    assert set(NUMBERS) <= hunts().keys()


@pytest.mark.parametrize("number", NUMBERS)
def test_the_right_program_passes_and_the_planted_one_fails(number):
    hunt = hunts()[number]
    assert hunt.verify(load(hunt.solution)) is None
    sentence = hunt.verify(load(hunt.program()))
    assert sentence and sentence.endswith(".") and "\n" not in sentence


@pytest.mark.parametrize(("number", "edits"), cases("right"))
def test_another_right_repair_passes(number, edits):
    hunt = hunts()[number]
    assert hunt.verify(load(edited(hunt.program(), edits))) is None


@pytest.mark.parametrize(("number", "edits"), cases("wrong"))
def test_a_wrong_or_lazy_repair_fails(number, edits):
    hunt = hunts()[number]
    assert hunt.verify(load(edited(hunt.program(), edits)))


@pytest.mark.slow
@pytest.mark.parametrize("number", NUMBERS)
def test_only_the_planted_program_shows_the_symptom(number, tmp_path):
    hunt, outputs = hunts()[number], []
    one_thread = {"OPENBLAS_NUM_THREADS": "1", "MKL_NUM_THREADS": "1"}  # other tests run beside it
    for text in (hunt.solution, hunt.program()):
        file = tmp_path / hunt.file_name
        file.write_text(text, encoding="utf-8")
        done = subprocess.run(
            [sys.executable, file.name], cwd=tmp_path, env={**os.environ, **one_thread},
            capture_output=True, encoding="utf-8",
        )  # fmt: skip
        assert done.returncode == 0 and not done.stderr, done.stderr
        outputs.append(done.stdout)
    shows = SYMPTOMS[number]
    assert [shows(output) for output in outputs] == [False, True], "\n".join(outputs)
    assert [path.name for path in tmp_path.iterdir()] == [hunt.file_name]


@pytest.mark.parametrize("number", NUMBERS)
def test_the_program_is_told_as_it_should_be(number):
    hunt = hunts()[number]
    for text in (hunt.solution, hunt.program()):
        tree = ast.parse(text)
        assert "Run it. What is strange?" in ast.get_docstring(tree)
        functions = [node for node in tree.body if isinstance(node, ast.FunctionDef)]
        assert all(ast.get_docstring(function) for function in functions)
        code = [line for line in text.splitlines() if line.strip()]
        assert 30 <= len(code) <= 80
    assert len(hunt.hints) == 3 and hunt.symptom.endswith(".") and hunt.answer
