"""Training on a student's own functions: they are called, they count, and what can't be is told."""

import shutil
from pathlib import Path

import numpy as np
import pytest

from minigpt import GPT, GPTConfig, Trainer, kernels
from minigpt.classroom.exercise import SOLUTIONS
from minigpt.classroom.exercises import EXERCISES
from minigpt.classroom.own_layers import (
    HEADS,
    USABLE,
    OwnLayers,
    load_own,
)
from minigpt.errors import UserError
from minigpt.tree import items

IDS = np.array([[3, 1, 3, 0, 5], [5, 3, 2, 2, 6]])
TARGETS = np.array([[1, 3, 0, -100, 4], [3, 2, 2, 6, -100]])

COUNT = """
CALLS = {}


def _counted(function):
    def call(*args, **kwargs):
        CALLS[function.__name__] = CALLS.get(function.__name__, 0) + 1
        return function(*args, **kwargs)

    return call


for _name in FUNCTIONS:
    globals()[_name] = _counted(globals()[_name])
"""


@pytest.fixture(scope="module")
def everything(tmp_path_factory):
    """All solutions, loaded as a student's folder."""
    return load_own(copy_of(tmp_path_factory.mktemp("mywork")))


def config(**changes):
    options = {"vocab_size": 7, "block_size": 5, "n_layer": 2, "n_head": 2, "n_embd": 6}
    return GPTConfig(**{**options, "init_std": 0.3, **changes})


def copy_of(folder, *numbers):
    """A student's folder with right files for these lessons; all of them without numbers."""
    for exercise in EXERCISES.values():
        if not numbers or exercise.number in numbers:
            shutil.copy(SOLUTIONS / exercise.file_name, folder)
    return folder


def trainer_of(model):
    tokens = np.random.default_rng(0).integers(0, 7, 200)
    return Trainer(model, tokens, batch_size=4, steps=6, lr=1e-2, min_lr=1e-3, warmup=2,
                   weight_decay=0.1, clip=0.5, threads=2)  # fmt: skip


@pytest.mark.parametrize("changes", [{}, {"bias": False}, {"tie_weights": False}])
def test_right_functions_give_the_packages_numbers(everything, changes):
    own = everything
    assert set(own.names) == set(USABLE) and not own.wrong
    base = GPT(config(**changes), device="cpu", dtype="float64")
    model = GPT(config(**changes), device="cpu", dtype="float64", layers=own.table(kernels))
    loss, grads = base.loss_and_grads(IDS, TARGETS)
    own_loss, own_grads = model.loss_and_grads(IDS, TARGETS)
    assert abs(float(loss) - float(own_loss)) < 1e-12
    assert dict(items(grads)).keys() == dict(items(own_grads)).keys()
    for (path, a), (_, b) in zip(items(grads), items(own_grads), strict=True):
        assert np.abs(a - b).max() < 1e-10, path


@pytest.mark.parametrize("name", ["linear", "layernorm", "mlp", "attention"])
def test_a_model_without_biases_gets_no_gradients_of_them(everything, name):
    pair = {n: f for n, f in everything.functions.items() if n in (name, f"{name}_backward")}
    options = {"device": "cpu", "dtype": "float64"}
    table = OwnLayers(everything.folder, pair).table(kernels)
    _, expected = GPT(config(bias=False), **options).loss_and_grads(IDS, TARGETS)
    _, grads = GPT(config(bias=False), layers=table, **options).loss_and_grads(IDS, TARGETS)
    assert dict(items(grads)).keys() == dict(items(expected)).keys()


def test_shards_add_up_and_steps_agree(everything):
    """Two threads, clipping, AdamW and the schedule: as the package's, step by step."""
    own = everything
    theirs = trainer_of(GPT(config(), device="cpu", dtype="float64"))
    ours = trainer_of(GPT(config(), device="cpu", dtype="float64", layers=own.table(kernels)))
    own.equip(ours)
    for _ in range(6):
        assert abs(ours.step() - theirs.step()) < 1e-7  # clip_by_norm adds its 1e-6 to the norm
        assert ours.grad_norm == pytest.approx(theirs.grad_norm, rel=1e-6)
    for name in "mv":  # what a checkpoint keeps
        assert np.abs(ours.state()[name] - theirs.state()[name]).max() < 1e-6
    for (path, a), (_, b) in zip(
        items(ours.model.params), items(theirs.model.params), strict=True
    ):
        assert np.abs(a - b).max() < 1e-6, path


@pytest.fixture(scope="module")
def counted(tmp_path_factory):
    """All solutions, whose functions count their calls."""
    folder = tmp_path_factory.mktemp("counted")
    for exercise in EXERCISES.values():
        names = [name for name in exercise.functions if name.removesuffix("_backward") in USABLE]
        text = exercise.solution + COUNT.replace("FUNCTIONS", repr(names))
        (folder / exercise.file_name).write_text(text, encoding="utf-8")
    return load_own(folder)


@pytest.mark.parametrize("name", [name for name in USABLE if name not in HEADS])
def test_each_usable_function_alone_is_called(counted, name):
    pair = {n: f for n, f in counted.functions.items() if n in (name, f"{name}_backward")}
    calls = pair[name].__globals__["CALLS"]
    calls.clear()
    own = OwnLayers(counted.folder, pair)
    trainer = trainer_of(GPT(config(), device="cpu", layers=own.table(kernels)))
    own.equip(trainer)
    trainer.step()
    assert calls.keys() >= pair.keys(), name


def test_heads_are_called_by_ones_own_attention_only(counted, tmp_path):
    calls = counted.functions["attention"].__globals__["CALLS"]
    calls.clear()
    model = GPT(config(), device="cpu", layers=counted.table(kernels))
    model.loss_and_grads(IDS, TARGETS)
    assert calls.keys() >= {*HEADS, "attention", "attention_backward"}
    text = EXERCISES["07"].solution.partition("def attention(")[0]  # the heads alone
    (tmp_path / "07_attention.py").write_text(text, encoding="utf-8")
    own = load_own(tmp_path)
    assert own.names == ["softmax", "scaled_dot_product"] and set(own.idle) == set(HEADS)


def test_a_block_calls_the_students_layer_norm(tmp_path):
    text = EXERCISES["06"].solution + COUNT.replace("FUNCTIONS", '["layernorm"]')
    copy_of(tmp_path, "09")
    (tmp_path / "06_layernorm.py").write_text(text, encoding="utf-8")
    own = load_own(tmp_path)
    model = GPT(config(), device="cpu", layers=own.table(kernels))
    model.loss_and_grads(IDS, TARGETS)
    calls = own.functions["layernorm"].__globals__["CALLS"]
    assert calls["layernorm"] == 2 * 2 + 1  # two in each block, one at the end


def test_a_part_of_the_functions_is_enough(tmp_path):
    own = load_own(copy_of(tmp_path, "06", "02"))
    table = own.table(kernels)
    assert own.names == ["layernorm"] and "swish" in own.idle
    assert table.attention is kernels.attention and table.gelu is kernels.gelu
    loss, _ = GPT(config(), device="cpu", layers=table).loss_and_grads(IDS, TARGETS)
    expected, _ = GPT(config(), device="cpu").loss_and_grads(IDS, TARGETS)
    assert float(loss) == pytest.approx(float(expected), rel=1e-6)


def test_stubs_and_half_written_parts_come_from_the_package(tmp_path):
    exercise = EXERCISES["05"]
    (tmp_path / exercise.file_name).write_text(exercise.stub(), encoding="utf-8")
    half = EXERCISES["06"].solution.partition("def layernorm_backward")[0]
    (tmp_path / "06_layernorm.py").write_text(half, encoding="utf-8")
    with pytest.raises(UserError, match="holds no function that a training could use yet"):
        load_own(tmp_path)
    copy_of(tmp_path, "08")
    assert load_own(tmp_path).names == ["cross_entropy"]


def test_a_wrong_function_trains_and_is_named(tmp_path):
    exercise = EXERCISES["06"]
    mistake = next(m for m in exercise.parts[0].mistakes if m.name == "variance_a_constant")
    text = exercise.edited([mistake])
    (tmp_path / exercise.file_name).write_text(text, encoding="utf-8")
    own = load_own(tmp_path)
    assert own.wrong == ["layernorm"]
    assert np.isfinite(trainer_of(GPT(config(), device="cpu", layers=own.table(kernels))).step())


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("while True: pass\n", "did not end within"),
        ("def layernorm(x weight):\n", "no valid Python"),
        ("def layernorm(x, weight, bias, eps=1e-5):\n    return x.nothing\n", "AttributeError"),
    ],
)
def test_what_would_stop_a_training_is_refused(tmp_path, monkeypatch, text, words):
    monkeypatch.setattr("minigpt.classroom.own_layers.SECONDS", 2)
    (tmp_path / "06_layernorm.py").write_text(text, encoding="utf-8")
    with pytest.raises(UserError, match=words):
        load_own(tmp_path)


def test_folders_that_hold_nothing(tmp_path):
    with pytest.raises(UserError, match="no function that a training could use yet"):
        load_own(tmp_path)
    with pytest.raises(UserError, match="There is no folder"):
        load_own(tmp_path / "none")


def test_dropout_is_refused_in_one_sentence(tmp_path):
    own = load_own(copy_of(tmp_path, "07"))
    model = GPT(config(dropout=0.1), device="cpu", layers=own.table(kernels))
    with pytest.raises(UserError, match="knows no dropout; train with --dropout 0"):
        model.loss_and_grads(IDS, TARGETS, rng=np.random.default_rng(0))
    with pytest.raises(UserError, match="Your attention knows no dropout"):
        own.refuse(config(dropout=0.1))
    own.refuse(config())


def test_an_exception_in_the_training_is_one_sentence(tmp_path):
    text = EXERCISES["06"].solution.replace(
        "    xp = get_array_module(x)\n",
        '    xp = get_array_module(x)\n    if x.shape[-1] == 6 and x.shape[0] == 2:\n'
        '        raise KeyError("six")\n', 1)  # fmt: skip
    (tmp_path / "06_layernorm.py").write_text(text, encoding="utf-8")
    own = load_own(tmp_path)
    model = GPT(config(), device="cpu", layers=own.table(kernels))
    with pytest.raises(UserError, match="Your layernorm stopped in the training with KeyError"):
        model.loss_and_grads(IDS, TARGETS)


def test_generation_gives_the_same_text(everything):
    model = GPT(config(), device="cpu", layers=everything.table(kernels))
    expected = GPT(config(), device="cpu").generate(IDS[:1, :2], max_new_tokens=3, temperature=0)
    assert np.array_equal(model.generate(IDS[:1, :2], max_new_tokens=3, temperature=0), expected)


def test_a_part_that_is_missing_comes_from_the_package(tmp_path):
    """One function of three is there; a crash in what no training calls stops nobody."""
    solution = EXERCISES["11"].solution
    start, end = solution.index("def warmup_cosine"), solution.index("def clip_by_norm")
    text = solution[: solution.index("def adamw_step")] + solution[start:end]
    (tmp_path / "11_adam.py").write_text(text, encoding="utf-8")
    (tmp_path / "03_tokens.py").write_text("def count_pairs(pieces):\n    return 1 / 0\n",
                                           encoding="utf-8")  # fmt: skip
    own = load_own(tmp_path)
    assert own.names == ["warmup_cosine"] and "count_pairs" in own.idle


def test_the_packages_own_function_is_not_yours(tmp_path):
    text = "from minigpt.layers import layernorm, layernorm_backward\n"
    (tmp_path / "06_layernorm.py").write_text(text, encoding="utf-8")
    with pytest.raises(UserError, match="minigpt's own function"):
        load_own(tmp_path)


def test_a_schedule_may_return_an_array(tmp_path):
    text = EXERCISES["11"].solution.replace("def warmup_cosine(", "def _plan(") + (
        "\n\nimport numpy as np\n\n\ndef warmup_cosine(step, steps, lr, min_lr, warmup):\n"
        "    return np.asarray(_plan(step, steps, lr, min_lr, warmup))\n"
    )
    (tmp_path / "11_adam.py").write_text(text, encoding="utf-8")
    own = load_own(tmp_path)
    trainer = trainer_of(GPT(config(), device="cpu", layers=own.table(kernels)))
    own.equip(trainer)
    assert type(trainer.current_lr) is float


def test_what_a_file_sets_ends_with_its_loading(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "other").mkdir()
    head = (
        "import os, warnings\nimport numpy as np\nnp.seterr(all='raise')\n"
        "warnings.simplefilter('error')\nos.chdir('other')\n"
    )
    text = head + EXERCISES["06"].solution
    (tmp_path / "06_layernorm.py").write_text(text, encoding="utf-8")
    before = np.geterr()
    assert load_own(tmp_path).names == ["layernorm"]
    assert np.geterr() == before and Path.cwd() == tmp_path


def test_recomputing_with_own_functions(everything):
    options = {"bias": False, "tie_weights": False}
    base = GPT(config(**options), device="cpu", dtype="float64")
    model = GPT(config(**options), device="cpu", dtype="float64", recompute=True,
                layers=everything.table(kernels))  # fmt: skip
    _, grads = base.loss_and_grads(IDS, TARGETS)
    _, own_grads = model.loss_and_grads(IDS, TARGETS)
    for (path, a), (_, b) in zip(items(grads), items(own_grads), strict=True):
        assert np.abs(a - b).max() < 1e-10, path


def test_on_a_gpu(cupy, tmp_path):
    """On the stand-in for CuPy: optimizer and clipping stay the package's, all else is yours."""
    own = load_own(copy_of(tmp_path))
    base = GPT(config(), device="cuda")
    model = GPT(config(), device="cuda", layers=own.table(kernels.fastest(cupy)))
    trainer, theirs = trainer_of(model), trainer_of(base)
    own.equip(trainer)
    assert {"adamw_step", "clip_by_norm"} <= set(own.idle) and "warmup_cosine" in own.names
    for _ in range(2):
        assert trainer.step() == pytest.approx(theirs.step(), rel=1e-3)
