"""The fast twins against the clear ones: odd sizes, tiles, recomputing, threads, whole models."""

import importlib
from concurrent.futures import ThreadPoolExecutor
from functools import partial

import numpy as np
import pytest

from minigpt import kernels, layers
from minigpt.kernels.chunks import row_chunks
from minigpt.model import GPT, GPTConfig
from minigpt.model.account import activations
from minigpt.training import Trainer
from minigpt.tree import items

# By their names in the package these are the functions, not the modules.
ATTENTION = importlib.import_module("minigpt.kernels.attention")
EMBEDDING = importlib.import_module("minigpt.kernels.embedding")
HEAD = importlib.import_module("minigpt.kernels.head_loss")
rng = np.random.default_rng(5)


def test_the_tables_have_the_same_functions():
    own = {"add_rows", "family", "fastest", "head_loss_adding", "loss_only"}
    assert set(kernels.__all__) == set(layers.__all__) | own
    assert kernels.fastest(np) is kernels
    assert GPT(GPTConfig(5, 4, 1, 1, 4), device="cpu").layers is kernels


@pytest.mark.parametrize("shape", [(1, 1), (1, 100_000), (7, 3), (100_000, 2), (300, 700)])
def test_chunks_cover_each_row_once(shape):
    x = np.empty(shape, np.float32)
    rows = [row for part in row_chunks(x) for row in range(part.start, part.stop)]
    assert rows == list(range(shape[0]))


def attention_case(B, T, H, D, dtype="float64"):
    C = H * D
    params = {
        "c_attn": {"weight": rng.normal(size=(C, 3 * C)), "bias": rng.normal(size=3 * C)},
        "c_proj": {"weight": rng.normal(size=(C, C)), "bias": rng.normal(size=C)},
    }
    params = {k: {n: a.astype(dtype) for n, a in v.items()} for k, v in params.items()}
    return rng.normal(size=(B, T, C)).astype(dtype), params


SIZES = [(1, 1, 1, 2), (2, 1, 3, 4), (1, 64, 2, 4), (2, 65, 1, 4), (1, 128, 2, 3), (1, 129, 3, 2),
         (2, 200, 1, 2), (1, 257, 2, 2)]  # fmt: skip


@pytest.mark.parametrize("keep", [True, False], ids=["kept", "computed again"])
@pytest.mark.parametrize("drop", [False, True])
@pytest.mark.parametrize(("B", "T", "H", "D"), SIZES)
def test_attention_in_tiles_is_attention(B, T, H, D, drop, keep, monkeypatch):
    if not keep:
        monkeypatch.setattr(ATTENTION, "MOST_KEPT", 0)
    x, params = attention_case(B, T, H, D)
    mask = layers.dropout_mask(rng, (B, H, T, T), 0.4, x) if drop else None
    y, cache = kernels.attention(x, **params, n_head=H, dropout_mask=mask)
    expected, clear_cache = layers.attention(x, **params, n_head=H, dropout_mask=mask)
    np.testing.assert_allclose(y, expected, atol=1e-11)
    dy = rng.normal(size=y.shape)
    dx, grads = kernels.attention_backward(dy, cache)
    clear_dx, clear = layers.attention_backward(dy, clear_cache)
    np.testing.assert_allclose(dx, clear_dx, atol=1e-10)
    for (name, found), (_, wanted) in zip(items(grads), items(clear), strict=True):
        np.testing.assert_allclose(found, wanted, atol=1e-9, err_msg=name)
    again, _ = kernels.attention_backward(dy, cache)
    assert again.tobytes() == dx.tobytes()


@pytest.mark.parametrize("keep", [True, False], ids=["kept", "computed again"])
def test_attention_in_small_tiles_passes_the_gradient_check(keep, monkeypatch, assert_right):
    monkeypatch.setattr(ATTENTION, "TILE", 3)
    monkeypatch.setattr(ATTENTION, "MOST_KEPT", 1 << 20 if keep else 0)
    x, params = attention_case(2, 8, 3, 2)
    assert_right(partial(kernels.attention, n_head=3), kernels.attention_backward, [x], params)


def test_attention_keeps_large_scores_finite_and_looks_at_no_future():
    x, params = attention_case(1, 140, 2, 4)
    y, _ = kernels.attention(1e3 * x, **params, n_head=2)
    assert np.isfinite(y).all()
    other = x.copy()
    other[:, 131:] += 1
    a, b = (kernels.attention(each, **params, n_head=2)[0] for each in (x, other))
    assert (a[:, :131] == b[:, :131]).all()
    assert np.abs(a[:, 131:] - b[:, 131:]).max() > 0.1


def test_attention_with_a_mask_or_a_window_is_the_clear_one():
    x, params = attention_case(2, 5, 3, 2)
    mask = np.ones((2, 1, 1, 5), bool)
    mask[0, ..., :2] = False
    for options in ({"mask": mask}, {"window": 2}):
        y, cache = kernels.attention(x, **params, n_head=3, **options)
        expected, clear = layers.attention(x, **params, n_head=3, **options)
        assert (y == expected).all()
        dx = kernels.attention_backward(np.ones_like(y), cache)[0]
        assert (dx == layers.attention_backward(np.ones_like(y), clear)[0]).all()


@pytest.mark.parametrize("V", [1, 2, EMBEDDING.FEW, EMBEDDING.FEW + 1, 1000])
@pytest.mark.parametrize("repeats", [1, 2, 3, 5, 64, 100])
def test_rows_of_equal_ids_are_all_added(V, repeats):
    ids = rng.permutation(np.repeat(rng.integers(0, V, 7), repeats)).reshape(7, repeats)
    dy, found = rng.normal(size=(7, repeats, 3)), rng.normal(size=(V, 3))
    wanted = found.copy()
    np.add.at(wanted, ids, dy)
    before = dy.copy()
    kernels.add_rows(found, ids, dy)
    np.testing.assert_allclose(found, wanted, atol=1e-12)
    assert (dy == before).all()


@pytest.mark.parametrize("piece", [1, 400, 1 << 20])
def test_head_and_loss_in_pieces_are_the_whole(piece, monkeypatch, assert_right):
    monkeypatch.setattr(HEAD, "PIECE", piece)
    monkeypatch.setattr(HEAD, "TOKENS", 3)
    x, weight = rng.normal(size=(3, 4, 5)), rng.normal(size=(7, 5))
    targets = rng.integers(0, 7, (3, 4))
    targets[1, 2:] = -100
    for count in (None, 20):
        loss, cache = kernels.head_loss(x, weight, targets, count)
        expected, clear = layers.head_loss(x, weight, targets, count)
        assert float(loss) == pytest.approx(float(expected), rel=1e-13)
        assert float(kernels.loss_only(x, weight, targets, count)) == float(loss)
        for found, wanted in zip(
            kernels.head_loss_backward(0.7, cache), layers.head_loss_backward(0.7, clear),
            strict=True,
        ):  # fmt: skip
            if isinstance(found, dict):
                found, wanted = found["weight"], wanted["weight"]
            np.testing.assert_allclose(found, wanted, atol=1e-13)
        dx, add = kernels.head_loss_adding(cache)
        total = np.ones_like(weight)
        add(total)
        clear_dx, clear_grads = layers.head_loss_backward(1.0, clear)
        np.testing.assert_allclose(dx, clear_dx, atol=1e-13)
        np.testing.assert_allclose(total - 1, clear_grads["weight"], atol=1e-13)
    bound = partial(kernels.head_loss, targets=targets)
    assert_right(bound, kernels.head_loss_backward, [x], {"weight": weight})


def test_the_logits_of_all_positions_never_exist(monkeypatch):
    """The largest array of a loss over a large vocabulary is a piece of the logits."""
    import tracemalloc

    monkeypatch.setattr(HEAD, "PIECE", 1 << 20)
    x, weight = rng.normal(size=(400, 4)), rng.normal(size=(20_000, 4))
    targets = rng.integers(0, 20_000, 400)
    tracemalloc.start()
    kernels.head_loss(x, weight, targets)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < 8e6 < 400 * 20_000 * 8


def test_two_threads_at_once_compute_what_one_does():
    x, params = attention_case(2, 150, 2, 8, "float32")
    mlp = {"c_fc": {"weight": rng.normal(size=(16, 64)).astype("f4"), "bias": np.ones(64, "f4")},
           "c_proj": {"weight": rng.normal(size=(64, 16)).astype("f4")}}  # fmt: skip

    def run(_):
        y, cache = kernels.attention(x, **params, n_head=2)
        dx, _ = kernels.attention_backward(y, cache)
        z, cache = kernels.mlp(y, **mlp)
        return dx.tobytes() + kernels.mlp_backward(z, cache)[0].tobytes()

    with ThreadPoolExecutor(4) as pool:
        assert len(set(pool.map(run, range(16)))) == 1


# --- whole models ---------------------------------------------------------------------------------

TINY = GPTConfig(vocab_size=13, block_size=8, n_layer=2, n_head=2, n_embd=8, init_std=0.3)


@pytest.mark.parametrize("dropout", [0.0, 0.3])
@pytest.mark.parametrize("changes", [{}, {"tie_weights": False}, {"post_norm": True},
                                     {"window": 3}, {"bias": False}])  # fmt: skip
def test_clear_and_fast_train_to_the_same_losses(changes, dropout):
    tokens = rng.integers(0, 13, 300)
    told = {}
    for table in (layers, kernels):
        config = TINY.replace(dropout=dropout, **changes)
        model = GPT(config, 1, "cpu", "float64", layers=table)
        trainer = Trainer(model, tokens, batch_size=4, steps=20, lr=1e-2, warmup=2, threads=2)
        told[table] = [trainer.step() for _ in range(20)]
    np.testing.assert_allclose(told[kernels], told[layers], rtol=1e-9)
    assert told[layers][-1] < told[layers][0]


@pytest.mark.parametrize("changes", [{}, {"post_norm": True, "dropout": 0.2}])
def test_recomputing_changes_no_bit(changes):
    ids = rng.integers(0, 13, (3, 8))
    found = []
    for recompute in (False, True):
        model = GPT(TINY.replace(**changes), 1, "cpu", recompute=recompute)
        loss, grads = model.loss_and_grads(ids, ids, np.random.default_rng(4))
        found.append([np.asarray(loss).tobytes(), *(g.tobytes() for _, g in items(grads))])
    assert found[0] == found[1]


def arrays_in(cache, found=None) -> dict:
    """All arrays that a cache keeps alive, each memory once."""
    found = {} if found is None else found
    if isinstance(cache, np.ndarray):
        base = cache if cache.base is None else cache.base
        found[id(base)] = base
    elif isinstance(cache, dict):
        for value in cache.values():
            arrays_in(value, found)
    elif isinstance(cache, (tuple, list)):
        for value in cache:
            arrays_in(value, found)
    return found


@pytest.mark.parametrize("recompute", [False, True])
@pytest.mark.parametrize(("B", "T"), [(3, 8), (2, 5)])
def test_the_account_of_activations_is_what_a_step_remembers(B, T, recompute):
    from minigpt.model.gpt import gpt_loss

    model = GPT(TINY, 1, "cpu")
    ids = rng.integers(0, 13, (B, T))
    options = {"config": TINY, "layers": kernels, "recompute": recompute}
    _, cache = gpt_loss(ids, ids, **model.params, **options)
    kept = arrays_in(cache)
    kept = [a for a in kept.values() if a is not model.params.buffer and a.dtype == np.float32]
    expected = activations(TINY, B, T, recompute)
    if recompute:  # the one block that is computed again is not there yet
        one = activations(TINY.replace(n_layer=1), B, T)
        of_a_block = sum(one[part] for part in ("attention", "mlp", "layer_norms"))
        of_a_block -= 4 * (B * T * 8 + B * T)  # the last norm
        assert sum(a.nbytes for a in kept) == sum(expected.values()) - of_a_block
    else:
        assert sum(a.nbytes for a in kept) == sum(expected.values())
