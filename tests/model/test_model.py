"""Probes of the whole model: what it may see, what it starts from, that it learns, its manners."""

import math
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from types import SimpleNamespace

import numpy as np
import pytest

from minigpt import kernels, layers
from minigpt.errors import UserError
from minigpt.model import GPT, GPTConfig, draw_dropout, gpt
from minigpt.training import AdamW, Trainer
from minigpt.tree import items, nest, tree_map

SMALL = {"vocab_size": 11, "block_size": 8, "n_layer": 2, "n_head": 3, "n_embd": 12}


def small_model(seed=0, dtype="float32", **changes) -> GPT:
    """Weights of order one, so that every position matters to those that see it."""
    return GPT(GPTConfig(**{**SMALL, "init_std": 0.5, **changes}), seed, "cpu", dtype)


@pytest.fixture
def ids():
    return np.random.default_rng(1).integers(0, 11, (3, 8))


# --- what a position may see ----------------------------------------------------------------------


@pytest.mark.parametrize("k", [0, 1, 3, 6])
def test_no_position_looks_ahead(k, ids):
    model = small_model()
    changed = ids.copy()
    changed[:, k + 1 :] = (ids[:, k + 1 :] + 1) % 11
    before, after = model(ids), model(changed)
    np.testing.assert_allclose(after[:, : k + 1], before[:, : k + 1], atol=1e-6)
    difference = np.abs(after - before)[:, k + 1 :].max(axis=-1)
    assert (difference > 1e-3).all()  # and the positions after it do notice


@pytest.mark.parametrize("k", [0, 2, 6])
def test_every_later_position_sees_each_earlier_one(k, ids):
    model = small_model()
    changed = ids.copy()
    changed[:, k] = (ids[:, k] + 1) % 11
    assert (np.abs(model(changed) - model(ids))[:, k:].max(axis=-1) > 1e-5).all()


def test_the_order_of_the_past_matters():
    model = small_model()
    a, b = model([[1, 2, 3, 4]]), model([[2, 1, 3, 4]])
    assert np.abs(a[0, -1] - b[0, -1]).max() > 1e-3


def test_one_token_repeated_gives_other_logits_at_each_position():
    logits = small_model()(np.full((1, 8), 4))[0]
    for s in range(8):
        for t in range(s):
            assert np.abs(logits[s] - logits[t]).max() > 1e-3, (s, t)


def test_sequences_of_a_batch_do_not_see_each_other(ids):
    model = small_model(dtype="float64")
    alone = np.concatenate([model(row) for row in ids])
    np.testing.assert_allclose(model(ids), alone, atol=1e-12)


def test_padding_is_not_seen(ids):
    """Left padding hidden by the mask: whatever stands there, the logits after it are the same."""
    model = small_model(dtype="float64")
    mask = np.ones((3, 1, 1, 8), dtype=bool)
    mask[1, ..., :3] = False
    changed = ids.copy()
    changed[1, :3] = (ids[1, :3] + 5) % 11
    seen = model(ids, mask=mask)
    np.testing.assert_allclose(model(changed, mask=mask)[1, 3:], seen[1, 3:], atol=1e-12)
    np.testing.assert_allclose(seen[[0, 2]], model(ids)[[0, 2]], atol=1e-12)
    assert np.isfinite(seen).all()


# --- what it starts from, and that it learns ------------------------------------------------------

INITIAL = [
    {"vocab_size": 65, "block_size": 64, "n_layer": 4, "n_head": 4, "n_embd": 128, "bias": False},
    {"vocab_size": 512, "block_size": 32, "n_layer": 2, "n_head": 2, "n_embd": 32},
    {"vocab_size": 1000, "block_size": 64, "n_layer": 2, "n_head": 4, "n_embd": 64,
     "init_std": 0.05},
    {"vocab_size": 2000, "block_size": 32, "n_layer": 1, "n_head": 4, "n_embd": 64,
     "tie_weights": False, "activation": "gelu"},
    {"vocab_size": 100, "block_size": 64, "n_layer": 6, "n_head": 4, "n_embd": 24},
]  # fmt: skip


@pytest.mark.parametrize("options", INITIAL, ids=[f"V={o['vocab_size']}" for o in INITIAL])
def test_the_initial_loss_is_the_expected_one(options):
    config = GPTConfig(**options)
    model = GPT(config, seed=1, device="cpu")
    rng = np.random.default_rng(2)
    shape = 2048 // config.block_size, config.block_size
    ids, targets = rng.integers(0, config.vocab_size, (2, *shape))
    loss = float(model.loss(ids, targets))
    assert abs(loss - model.expected_initial_loss()) < 0.02
    if config.init_std**2 * config.n_embd / 2 < 0.005:
        assert abs(loss - math.log(config.vocab_size)) < 0.02


def test_adamw_overfits_one_batch():
    model = GPT(GPTConfig(**{**SMALL, "n_embd": 48}), device="cpu")
    rng = np.random.default_rng(0)
    ids, targets = rng.integers(0, 11, (2, 4, 8))  # only remembering helps
    optimizer = AdamW(model.params, lr=3e-3, weight_decay=0.0)
    first = float(model.loss(ids, targets))
    for _ in range(300):
        _, grads = model.loss_and_grads(ids, targets)
        optimizer.step(grads)
    assert first > 2.3
    assert float(model.loss(ids, targets)) < 0.01


def test_the_trainer_overfits_one_window():
    model = GPT(GPTConfig(**{**SMALL, "n_embd": 48}), device="cpu")
    tokens = np.random.default_rng(0).integers(0, 11, 9)  # one window of block_size + 1
    trainer = Trainer(model, tokens, batch_size=2, steps=200, lr=3e-3, warmup=5, weight_decay=0.0)
    trainer.fit()
    assert float(model.loss(tokens[:-1], tokens[1:])) < 0.01


# --- manners --------------------------------------------------------------------------------------


@pytest.mark.parametrize("options", [{}, {"tie_weights": False, "bias": False},
                                     {"activation": "gelu"}])  # fmt: skip
def test_gradients_have_the_names_shapes_and_dtype_of_the_parameters(options, ids):
    for dtype in ("float32", "float64"):
        model = small_model(dtype=dtype, dropout=0.2, **options)
        loss, grads = model.loss_and_grads(ids, ids, np.random.default_rng(0))
        assert loss.dtype == dtype
        assert model(ids).dtype == dtype
        found = {path: (g.shape, g.dtype) for path, g in items(grads)}
        assert found == {path: (p.shape, p.dtype) for path, p in items(model.params)}
        assert list(found) == list(dict(items(model.params)))


class Single(np.ndarray):
    """An array that raises as soon as anything computed from it is a float64, named or not."""

    def __array_finalize__(self, obj):
        assert self.dtype != np.float64, "a float64 array appeared"


Single.__module__ = "numpy"


@pytest.mark.parametrize("activation", ["gelu", "gelu_new"])
def test_a_float32_training_step_makes_no_float64_array(activation, ids):
    model = small_model(dropout=0.2, activation=activation)
    model.params = tree_map(lambda x: x.view(Single), model.params)
    draw = {"buffer": np.empty(1, "float32")}
    model.params = type("Watched", (dict,), draw)(model.params)
    loss, grads = model.loss_and_grads(ids, ids, np.random.default_rng(0), count=ids.size)
    assert isinstance(grads["h"]["0"]["mlp"]["c_fc"]["weight"], Single)  # the alarm was on
    assert loss.dtype == np.float32


def test_nothing_is_written_to_and_two_threads_give_the_same_bits(ids):
    model = small_model(dropout=0.3)
    before, given = model.params.buffer.tobytes(), ids.copy()

    def run(seed):
        loss, grads = model.loss_and_grads(ids, ids[:, ::-1], np.random.default_rng(seed))
        return [loss.tobytes(), *(g.tobytes() for _, g in items(grads))]

    alone = [run(seed) for seed in range(8)]
    with ThreadPoolExecutor(2) as pool:
        assert list(pool.map(run, range(8))) == alone
    assert alone[0] != alone[1]  # the masks differ
    assert model.params.buffer.tobytes() == before
    assert (ids == given).all()


def test_dropout_needs_a_generator(ids):
    model = small_model(dropout=0.5)
    assert model.loss_and_grads(ids, ids)[0] == model.loss(ids, ids)
    masked = model.loss_and_grads(ids, ids, np.random.default_rng(0))[0]
    assert abs(masked - model.loss(ids, ids)) > 1e-3
    plain = small_model(dropout=0.0)
    assert plain.loss_and_grads(ids, ids, np.random.default_rng(0))[0] == plain.loss(ids, ids)


def test_each_dropout_mask_has_its_effect(ids):
    """All masks of ones change nothing; doubling any one of them changes the logits."""
    model = small_model(dtype="float64")
    run = partial(gpt, ids, **model.params, config=model.config)
    plain = run()[0]
    drawn = draw_dropout(model.config.replace(dropout=0.3), ids.shape, np.random.default_rng(0),
                         plain)  # fmt: skip
    ones = tree_map(np.ones_like, drawn)
    np.testing.assert_allclose(run(dropout=ones)[0], plain, atol=1e-12)
    for path, mask in items(ones):
        mask *= 2
        assert np.abs(run(dropout=ones)[0] - plain).max() > 1e-3, path
        mask /= 2


def test_the_shards_of_a_batch_add_up(ids):
    model = small_model(dtype="float64")
    targets = np.where(ids == 4, layers.IGNORE, ids)
    count = int((targets != layers.IGNORE).sum())
    whole, grads = model.loss_and_grads(ids, targets)
    parts = [model.loss_and_grads(ids[s], targets[s], count=count) for s in ([0], [1, 2])]
    assert float(sum(loss for loss, _ in parts)) == pytest.approx(float(whole), rel=1e-12)
    total = tree_map(np.add, parts[0][1], parts[1][1])
    for (path, whole), (_, added) in zip(items(grads), items(total), strict=True):
        np.testing.assert_allclose(added, whole, atol=1e-12, err_msg=path)


NAMES = [name for name in layers.__all__ if f"{name}_backward" in layers.__all__]


@pytest.mark.parametrize("base", [layers, kernels], ids=["clear", "fast"])
@pytest.mark.parametrize("name", NAMES)
def test_a_students_function_takes_its_place_everywhere(ids, name, base):
    """In forward, backward and generation, whatever part it is; the numbers stay the same."""
    calls = []

    def counted(name):
        def function(*args, **options):
            calls.append(name)
            return getattr(base, name)(*args, **options)

        return function

    changed = {each: counted(each) for each in (name, f"{name}_backward")}
    table = SimpleNamespace(**{**vars(base), **changed})
    activation = {"gelu_exact": "gelu", "relu": "relu"}.get(name, "gelu_new")
    dropout = 0.3 if name == "dropout" else 0.0
    config = GPTConfig(**SMALL, activation=activation, dropout=dropout)
    model, plain = (GPT(config, device="cpu", layers=each) for each in (table, base))
    _, grads = model.loss_and_grads(ids, ids, np.random.default_rng(3))
    assert calls.count(name) == calls.count(f"{name}_backward") > 0
    _, expected = plain.loss_and_grads(ids, ids, np.random.default_rng(3))
    np.testing.assert_allclose(model.loss(ids, ids), plain.loss(ids, ids), rtol=1e-6)
    np.testing.assert_allclose(grads["wte"]["weight"], expected["wte"]["weight"], atol=1e-6)
    calls.clear()
    model.loss(ids, ids)
    assert (name in calls) == (name != "dropout")
    calls.clear()
    written = model.generate([[1, 2]], 3, seed=1)
    assert (written == plain.generate([[1, 2]], 3, seed=1)).all()
    used_in_writing = name not in ("embedding", "cross_entropy", "head_loss", "dropout")
    assert (len(calls) > 0) == used_in_writing


def test_parameters_may_be_given():
    model = small_model(seed=5)
    other = GPT(model.config, device="cpu", params=dict(items(model.params)))
    assert (other.params.buffer == model.params.buffer).all()
    assert not np.shares_memory(other.params.buffer, model.params.buffer)
    assert nest(dict(items(model.params))).keys() == other.params.keys()


# --- mistakes by the user -------------------------------------------------------------------------


@pytest.mark.parametrize(("ids", "words"), [
    ([[3, 11]], "Token id 11 is out of range: the model knows 0 to 10; was the text encoded "
                "with another tokenizer?"),
    ([[3, -1]], "Token id -1 is out of range: the model knows 0 to 10; was the text encoded "
                "with another tokenizer?"),
    (np.array([[300]], dtype="uint16"), "Token id 300 is out of range"),
    ([[0] * 9], "A sequence of 9 tokens is longer than the model's block_size of 8; shorten it."),
    ([], "There are no token ids; give the model at least one."),
    (np.zeros((0, 3), int), "There are no token ids; give the model at least one."),
    ([[0.5, 1.0]], "ids must be whole numbers of shape (B, T), not float64 of (1, 2)."),
    ([[True]], "ids must be whole numbers of shape (B, T), not bool of (1, 1)."),
    (np.zeros((1, 2, 3), int), "ids must be whole numbers of shape (B, T), not int64 of (1, "),
    (3, "ids must be whole numbers of shape (B, T), not int64 of ()."),
    ("abc", "ids must be whole numbers of shape (B, T)"),
    ([[1, 2], [3]], "ids must be rows of one length; pad the shorter ones."),
])  # fmt: skip
def test_wrong_ids(ids, words):
    model = small_model()
    calls = [model, lambda ids: model.loss(ids, ids), lambda ids: model.generate(ids, 1)]
    if "one length" in words:
        calls.pop()  # `generate` takes prompts of different lengths
    for call in calls:
        with pytest.raises(UserError) as caught:
            call(ids)
        assert str(caught.value).startswith(words)
        assert "\n" not in str(caught.value)


@pytest.mark.parametrize(("targets", "words"), [
    ([[1, 11]], "Target 11 is out of range"),
    ([[1, -1]], "Target -1 is out of range"),
    ([[1]], "The targets have shape (1, 1), the ids (1, 2); each id needs a target"),
    ([[1, 2], [3, 4]], "The targets have shape (2, 2), the ids (1, 2); each id needs a target"),
    ([[1.0, 2.0]], "targets must be whole numbers of shape (B, T), not float64 of (1, 2)."),
])  # fmt: skip
def test_wrong_targets(targets, words):
    model = small_model()
    for call in (model.loss, model.loss_and_grads):
        with pytest.raises(UserError) as caught:
            call([[1, 2]], targets)
        assert str(caught.value).startswith(words)


def test_one_sequence_may_come_without_its_batch(ids):
    model = small_model()
    assert (model(ids[0]) == model(ids[:1])).all()
    assert model.loss(list(ids[0]), ids[0].astype("uint8")) == model.loss(ids[:1], ids[:1])


def test_unknown_dtype_and_device():
    with pytest.raises(UserError, match="Unknown dtype 'float16'; use one of: float32, float64"):
        GPT(GPTConfig(**SMALL), dtype="float16")
    with pytest.raises(UserError, match="Unknown device 'tpu'; use one of: auto, cpu, cuda"):
        GPT(GPTConfig(**SMALL), device="tpu")
