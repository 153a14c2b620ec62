"""The learning rate over a run, and the limit on the gradient's norm."""

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from minigpt.training import clip_by_global_norm, warmup_cosine
from minigpt.tree import FlatTree

RULE = {"steps": 110, "lr": 1.0, "min_lr": 0.2, "warmup": 10}


@pytest.mark.parametrize("step, expected", [
    (0, 1 / 11),  # never 0: the first step is not wasted
    (4, 5 / 11),
    (9, 10 / 11),
    (10, 1.0),  # the top, right after the warm-up
    (35, 0.6 + 0.4 * math.sqrt(0.5)),  # a quarter of the way down: cos(pi/4)
    (60, 0.6),  # half-way: the middle between lr and min_lr
    (109, 0.2 + 0.4 * (1 + math.cos(math.pi * 0.99))),
    (110, 0.2),
    (111, 0.2),  # past the end it stays
    (10_000, 0.2),
])  # fmt: skip
def test_the_rate_at_each_part_of_the_run(step, expected):
    assert warmup_cosine(step, **RULE) == pytest.approx(expected, rel=1e-12)


def test_without_warmup_it_starts_at_the_top():
    assert warmup_cosine(0, steps=50, lr=3.0, min_lr=1.0, warmup=0) == 3.0


@pytest.mark.parametrize("warmup", [20, 50])
def test_a_run_that_is_all_warmup_only_rises(warmup):
    rates = [warmup_cosine(step, 20, 1.0, 0.1, warmup) for step in range(20)]
    assert rates == sorted(rates)
    assert rates[-1] == pytest.approx(20 / (warmup + 1))
    assert math.isfinite(warmup_cosine(20, 20, 1.0, 0.1, warmup))


@settings(deadline=None)
@given(st.integers(1, 300), st.integers(0, 300), st.floats(0, 1))
def test_it_rises_then_falls_and_stays_between_its_limits(steps, warmup, share):
    rates = [warmup_cosine(step, steps, 2.0, 2.0 * share, warmup) for step in range(steps + 3)]
    assert rates[0] > 0 and all(0 <= rate <= 2.0 for rate in rates)
    up, down = rates[: warmup + 1], rates[warmup:]
    assert up == sorted(up) and down == sorted(down, reverse=True)
    assert all(rate >= 2.0 * share - 1e-12 for rate in down)


def gradients(dtype="float64"):
    rng = np.random.default_rng(0)
    return FlatTree({"a": rng.normal(size=(3, 4)), "b": {"c": rng.normal(size=5)}}, dtype)


def norm_of(tree) -> float:
    return math.sqrt(sum(float(g) ** 2 for g in tree.buffer))


def test_a_large_gradient_is_shrunk_to_the_limit_and_keeps_its_direction():
    grads = gradients()
    before = grads.buffer.copy()
    norm = clip_by_global_norm(grads, 0.5)
    assert float(norm) == pytest.approx(norm_of(gradients()), rel=1e-13)  # of all, before
    assert norm_of(grads) == pytest.approx(0.5, rel=1e-5)
    assert norm_of(grads) <= 0.5
    ratios = grads.buffer / before
    np.testing.assert_allclose(ratios, ratios[0], rtol=1e-13)
    assert grads["a"].base is not None and grads["a"].flat[0] == grads.buffer[0]  # in place


@pytest.mark.parametrize("limit", [0, 100.0])
def test_below_the_limit_and_without_one_no_bit_changes(limit):
    grads = gradients()
    norm = clip_by_global_norm(grads, limit)
    assert grads.buffer.tobytes() == gradients().buffer.tobytes()
    assert float(norm) == pytest.approx(norm_of(grads))


@pytest.mark.parametrize("limit", [0, 0.5, 100.0])
def test_float32_stays(limit):
    grads = gradients("float32")
    clip_by_global_norm(grads, limit)
    assert grads.buffer.dtype == grads["b"]["c"].dtype == np.float32


def test_gradients_of_zero_stay_zero():
    grads = FlatTree({"a": np.zeros(4)})
    assert clip_by_global_norm(grads, 1.0) == 0
    assert not grads.buffer.any()


@pytest.mark.parametrize("bad", [np.nan, np.inf])
def test_a_norm_that_is_no_number_is_told(bad):
    grads = gradients()
    grads["b"]["c"][2] = bad
    with np.errstate(invalid="ignore"):
        assert not np.isfinite(clip_by_global_norm(grads, 1.0))
