"""Writing: the cache against the full pass, and that what is drawn follows the probabilities."""

import numpy as np
import pytest

from minigpt.errors import UserError
from minigpt.model import GPT, GPTConfig, KVCache, next_logits
from minigpt.model.choose import check_finite, choose

SIZES = {"vocab_size": 11, "block_size": 8, "n_layer": 2, "n_head": 3, "n_embd": 12}


def small_model(dtype="float32", **changes) -> GPT:
    return GPT(GPTConfig(**{**SIZES, "init_std": 0.5, **changes}), 0, "cpu", dtype)


@pytest.fixture
def ids():
    return np.random.default_rng(1).integers(0, 11, (3, 8))


VARIANTS = [{}, {"tie_weights": False}, {"bias": False}, {"activation": "gelu"},
            {"layer_norm_epsilon": 0.3}]  # fmt: skip


@pytest.mark.parametrize(("dtype", "tolerance"), [("float32", 1e-5), ("float64", 1e-10)])
@pytest.mark.parametrize("options", VARIANTS)
@pytest.mark.parametrize("pieces", [[8], [1] * 8, [3, 1, 4], [7, 1]])
def test_next_logits_are_those_of_the_full_pass(pieces, options, dtype, tolerance, ids):
    model = small_model(dtype, **options)
    full, cache, start = model(ids), KVCache(model, 3), 0
    for length in pieces:
        logits = next_logits(model, ids[:, start : start + length], cache)
        start += length
        assert cache.length == start
        assert logits.dtype == dtype
        np.testing.assert_allclose(logits, full[:, start - 1], rtol=0, atol=tolerance)


def uncached_greedy(model, ids, n):
    """The definition: the likeliest token after the last `block_size`, again and again."""
    for _ in range(n):
        logits = model(ids[:, -model.config.block_size :])[:, -1]
        ids = np.concatenate([ids, logits.argmax(axis=-1)[:, None]], axis=1)
    return ids


@pytest.mark.parametrize("length", [1, 5, 8])
def test_greedy_tokens_are_those_without_a_cache_also_past_the_block(length, ids):
    model = small_model("float64")
    out = model.generate(ids[:, :length], 12, temperature=0)
    assert (out == uncached_greedy(model, ids[:, :length], 12)).all()
    assert out.shape == (3, length + 12)


def test_a_batch_is_its_sequences(ids):
    model = small_model()
    together = model.generate(ids[:, :4], 6, temperature=0)
    alone = [model.generate(row[:4], 6, temperature=0)[0] for row in ids]
    assert (together == alone).all()


def test_seeds_reproduce_and_differ(ids):
    model = small_model()
    first, again, other = (model.generate(ids[:, :3], 20, seed=seed) for seed in (5, 5, 6))
    assert (first == again).all()
    assert (first != other).any()
    assert (first[:, :3] == ids[:, :3]).all()
    assert first.min() >= 0
    assert first.max() < 11


def test_top_k_1_and_a_tiny_top_p_and_temperature_are_greedy(ids):
    model = small_model()
    greedy = model.generate(ids[:, :3], 10, temperature=0)
    for options in ({"top_k": 1}, {"top_p": 1e-9}, {"temperature": 1e-4}):
        assert (model.generate(ids[:, :3], 10, **options) == greedy).all(), options


def test_options_that_exclude_nothing_change_nothing(ids):
    model = small_model()
    plain = model.generate(ids[:, :3], 10, seed=3)
    nothing = {"top_k": 11}, {"top_k": 99}, {"top_k": 0}, {"top_p": 1.0}, {"eos_token_id": None}
    for options in nothing:
        assert (model.generate(ids[:, :3], 10, seed=3, **options) == plain).all(), options


def test_stop_ends_a_row_and_then_everything(ids):
    model = small_model()
    prompt = ids[:, :2]
    free = model.generate(prompt, 30, seed=1)
    stop = int(free[0, 4])
    out = model.generate(prompt, 30, seed=1, eos_token_id=stop)
    for row, written in zip(free, out, strict=True):
        new = row[2 : out.shape[1]].tolist()
        end = new.index(stop) + 1 if stop in new else len(new)
        assert written[2 : 2 + end].tolist() == new[:end]  # as without it, up to the stop
        assert (written[2 + end :] == stop).all()  # and nothing but `stop` after it
    assert (out == stop).any()
    alone = model.generate(prompt[:1], 30, temperature=0)
    stop = int(alone[0, 2])
    assert model.generate(prompt[:1], 30, temperature=0, eos_token_id=stop).shape == (1, 3)


def test_a_prompt_of_bytes_can_be_continued_with_larger_ids():
    model = GPT(GPTConfig(**{**SIZES, "vocab_size": 700}), device="cpu")
    prompt = np.array([[1, 2]])
    plain = model.generate(prompt, 20, seed=2)
    assert plain.max() > 255
    for dtype in ("uint8", "int8", "uint16", "uint64"):
        out = model.generate(prompt.astype(dtype), 20, seed=2)
        assert (out == plain).all()
        assert out.dtype == np.int64, dtype


def test_generation_writes_to_nothing(ids):
    model = small_model()
    before, given = model.params.buffer.tobytes(), ids.copy()
    model.generate(ids, 5)
    assert model.params.buffer.tobytes() == before
    assert (ids == given).all()


# --- choosing -------------------------------------------------------------------------------------


LOGITS = np.array([0.3, 2.0, -1.0, 1.2, 0.0, 2.1, -4.0])


def softmax(x):
    e = np.exp(x - x.max())
    return e / e.sum()


def draw(n, **options):
    rng = np.random.default_rng(12)
    return np.bincount(choose(np.tile(LOGITS, (n, 1)), rng, **options), minlength=len(LOGITS))


@pytest.mark.parametrize(("options", "kept"), [
    ({}, [0, 1, 2, 3, 4, 5, 6]),
    ({"temperature": 0.5}, [0, 1, 2, 3, 4, 5, 6]),
    ({"temperature": 3.0}, [0, 1, 2, 3, 4, 5, 6]),
    ({"top_k": 3}, [1, 3, 5]),
    ({"top_p": 0.7}, [1, 5]),  # 0.38 + 0.35 of the likeliest two pass 0.7
    ({"top_p": 0.75}, [1, 3, 5]),
    ({"top_k": 3, "temperature": 2.0}, [1, 3, 5]),
    ({"top_k": 4, "top_p": 0.9}, [1, 3, 5]),  # the nucleus of what the top k left
])  # fmt: skip
def test_frequencies_follow_the_softmax_of_what_is_kept(options, kept):
    p = np.zeros(len(LOGITS))
    p[kept] = softmax(LOGITS[kept] / options.get("temperature", 1.0))
    n = 20000
    counts = draw(n, **options)
    assert set(np.flatnonzero(counts)) <= set(kept)
    expected = n * p[kept]
    chi_square = ((counts[kept] - expected) ** 2 / expected).sum()
    degrees = len(kept) - 1
    assert chi_square < degrees + 4 * np.sqrt(2 * degrees) + 4  # beyond the 99.9th percentile


@pytest.mark.parametrize("top_p", [0.05, 0.3, 0.5, 0.8, 0.95, 0.999])
def test_top_p_is_the_smallest_set_that_reaches_p(top_p):
    rng = np.random.default_rng(0)
    for _ in range(20):
        logits = 2 * rng.normal(size=15)
        p = softmax(logits)
        order = np.argsort(-p)
        size = int(np.searchsorted(np.cumsum(p[order]), top_p)) + 1
        drawn = choose(np.tile(logits, (400, 1)), rng, top_p=top_p)
        assert set(drawn) <= set(order[:size])
        if size > 1 and p[order[size - 1]] > 0.05:
            assert order[size - 1] in drawn  # the token that crosses p belongs to it


def test_each_row_draws_for_itself():
    rng = np.random.default_rng(0)
    rows = np.where(np.eye(4, dtype=bool), 50.0, 0.0)
    assert choose(rows, rng).tolist() == [0, 1, 2, 3]
    flat = choose(np.zeros((1000, 4)), rng)
    assert np.bincount(flat, minlength=4).min() > 180


def test_ties_and_extreme_scores():
    rng = np.random.default_rng(0)
    assert choose(np.zeros((1, 5)), rng, temperature=0).tolist() == [0]
    assert choose(np.array([[1e4, -1e4, 0.0]]), rng).tolist() == [0]
    assert set(choose(np.zeros((50, 5)), rng, top_k=2)) == {0, 1}


@pytest.mark.parametrize("bad", [np.nan, np.inf, -np.inf])
def test_scores_that_are_not_finite_are_told(bad):
    with pytest.raises(UserError, match="scores are not finite numbers; its weights are damaged"):
        check_finite(np.array([[1.0, bad]]))
    model = small_model()
    model.params["ln_f"]["weight"][0] = np.nan
    with pytest.raises(UserError, match="Use an earlier checkpoint"):
        model.generate([[1]], 1)


@pytest.mark.parametrize(("options", "sentence"), [
    ({"max_new_tokens": 0}, "max_new_tokens must be at least 1, not 0."),
    *(
        (
            {"temperature": value},
            f"temperature must be 0 (greedy) or above, and finite, not {value}.",
        )
        for value in (-1.0, float("nan"), float("inf"))
    ),
    ({"top_k": -1}, "top_k must be at least 0, not -1."),
    ({"top_p": 0.0}, "top_p must be above 0 and at most 1, not 0.0."),
    ({"top_p": 1.1}, "top_p must be above 0 and at most 1, not 1.1."),
])  # fmt: skip
def test_options_out_of_range(options, sentence):
    with pytest.raises(UserError) as caught:
        small_model().generate([[1]], **{"max_new_tokens": 1, **options})
    assert str(caught.value) == sentence


def test_a_prompt_longer_than_the_block():
    with pytest.raises(UserError, match="A sequence of 9 tokens is longer than the model's block"):
        small_model().generate([[1] * 9], 1)
