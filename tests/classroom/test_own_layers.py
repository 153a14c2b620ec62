"""Training on a student's own functions: they are called, they count, and what can't be is told."""

import shutil

import numpy as np
import pytest

from minigpt import GPT, GPTConfig, Trainer, kernels
from minigpt.classroom.exercise import SOLUTIONS
from minigpt.classroom.exercises import EXERCISES
from minigpt.classroom.own_layers import HEADS, LAYERS, TRAINING, USABLE, load_own
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


def test_shards_add_up_and_steps_agree(everything):
    """Two threads, clipping, AdamW and the schedule: as the package's, step by step."""
    own = everything
    theirs = trainer_of(GPT(config(), device="cpu", dtype="float64"))
    ours = trainer_of(GPT(config(), device="cpu", dtype="float64", layers=own.table(kernels)))
    own.equip(ours)
    for _ in range(6):
        assert abs(ours.step() - theirs.step()) < 1e-7  # clip_by_norm adds its 1e-6 to the norm
        assert ours.grad_norm == pytest.approx(theirs.grad_norm, rel=1e-6)
    for (path, a), (_, b) in zip(
        items(ours.model.params), items(theirs.model.params), strict=True
    ):
        assert np.abs(a - b).max() < 1e-6, path


def test_every_usable_function_is_called(tmp_path):
    for exercise in EXERCISES.values():
        names = [name for name in exercise.functions if name.removesuffix("_backward") in USABLE]
        text = exercise.solution + COUNT.replace("FUNCTIONS", repr(names))
        (tmp_path / exercise.file_name).write_text(text, encoding="utf-8")
    own = load_own(tmp_path)
    trainer = trainer_of(GPT(config(), device="cpu", layers=own.table(kernels)))
    own.equip(trainer)
    trainer.step()
    globals_of = {id(f.__globals__): f.__globals__ for f in own.functions.values()}
    called = {name for names in globals_of.values() for name in names["CALLS"]}
    # The student's attention and mlp call the linear, heads and GELU of their own file; what the
    # package's would have called is not needed then.
    assert called >= {*TRAINING, *HEADS, *LAYERS} - {"linear"}
    for name in LAYERS:
        assert name == "linear" or f"{name}_backward" in called, name


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
