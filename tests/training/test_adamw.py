"""AdamW against the formulas of its papers, one number at a time."""

import math

import numpy as np
import pytest

import minigpt.training.adamw as adamw
from minigpt.errors import UserError
from minigpt.training import AdamW
from minigpt.tree import FlatTree, items


def paper(p, gradients, lr, betas, eps, weight_decay):
    """Algorithm 2 of Loshchilov and Hutter (2019), with learning rate times decay as in PyTorch.

    Plain Python floats; `lr` has one number for each gradient.
    """
    beta1, beta2 = betas
    m = v = 0.0
    for t, (g, rate) in enumerate(zip(gradients, lr, strict=True), start=1):
        m = beta1 * m + (1 - beta1) * g
        v = beta2 * v + (1 - beta2) * g**2
        m_hat = m / (1 - beta1**t)
        v_hat = v / (1 - beta2**t)
        p = p - rate * (m_hat / (math.sqrt(v_hat) + eps) + weight_decay * p)
    return p


def tree(rng, dtype="float64"):
    shapes = {"ln": {"weight": (5,), "bias": (5,)}, "fc": {"weight": (3, 4), "bias": (4,)}}
    return {
        part: {name: rng.normal(size=shape).astype(dtype) for name, shape in parts.items()}
        for part, parts in shapes.items()
    }


@pytest.mark.parametrize("steps", [1, 2, 25])
@pytest.mark.parametrize("options", [
    {},
    {"betas": (0.9, 0.99), "weight_decay": 0.1},
    {"betas": (0.5, 0.7), "eps": 0.3, "weight_decay": 2.0},
    {"betas": (0.0, 0.0), "weight_decay": 0.0},
])  # fmt: skip
def test_each_number_follows_the_papers_formula(options, steps):
    rng = np.random.default_rng(4)
    start, gradients = tree(rng), [tree(rng) for _ in range(steps)]
    rates = list(rng.uniform(0.01, 0.1, steps))
    params = FlatTree(start)
    optimizer = AdamW(params, **options)
    for grads, rate in zip(gradients, rates, strict=True):
        optimizer.step(grads, rate)

    numbers = {"betas": (0.9, 0.999), "eps": 1e-8, "weight_decay": 0.01} | options
    series = [dict(items(grads)) for grads in gradients]
    for name, value in items(start):
        decay = numbers["weight_decay"] if value.ndim >= 2 else 0.0
        for i in np.ndindex(value.shape):
            g = [float(grads[name][i]) for grads in series]
            expected = paper(float(value[i]), g, rates, **{**numbers, "weight_decay": decay})
            assert dict(items(params))[name][i] == pytest.approx(expected, rel=1e-12, abs=1e-14)


def test_the_learning_rate_given_at_the_start_is_used_without_another():
    start, grads = tree(np.random.default_rng(0)), tree(np.random.default_rng(1))
    first, second = FlatTree(start), FlatTree(start)
    AdamW(first, lr=0.3).step(grads)
    AdamW(second, lr=7.0).step(grads, lr=0.3)
    assert first.buffer.tobytes() == second.buffer.tobytes()
    third = FlatTree(start)
    AdamW(third, lr=7.0).step(grads, lr=0.0)
    assert third.buffer.tobytes() == FlatTree(start).buffer.tobytes()


@pytest.mark.parametrize("scale", [1e-3, 1.0, 1e4])
def test_the_first_step_is_the_learning_rate_whatever_the_gradients_size(scale):
    """Both means start at 0; the correction by 1 - beta^t makes the first step sign(g) * lr."""
    params = FlatTree({"w": np.zeros((4, 3))})
    rng = np.random.default_rng(0)
    g = scale * rng.choice([-1.0, 1.0], (4, 3)) * rng.uniform(0.5, 2, (4, 3))
    AdamW(params, lr=0.25, weight_decay=0.0).step({"w": g})
    np.testing.assert_allclose(params["w"], -0.25 * np.sign(g), rtol=1e-4)


def test_decay_shrinks_matrices_only_and_does_not_pass_through_the_gradient():
    params = FlatTree({"a": {"weight": np.full((2, 3), 8.0), "bias": np.full(3, 8.0)}})
    optimizer = AdamW(params, lr=0.5, weight_decay=0.1)
    for _ in range(3):
        optimizer.step({"a": {"weight": np.zeros((2, 3)), "bias": np.zeros(3)}})
    np.testing.assert_allclose(params["a"]["weight"], 8.0 * (1 - 0.5 * 0.1) ** 3, rtol=1e-14)
    assert (params["a"]["bias"] == 8.0).all()
    assert not optimizer.m.any() and not optimizer.v.any()


@pytest.mark.parametrize("chunk", [1, 7, 12, 60, 61, 10**6])
def test_the_size_of_the_chunks_changes_no_bit(chunk, monkeypatch):
    def run():
        rng = np.random.default_rng(2)
        params = FlatTree({"v": rng.normal(size=17), "m": rng.normal(size=(6, 10))})
        optimizer = AdamW(params, lr=0.1, weight_decay=0.5)
        for _ in range(3):
            optimizer.step({"v": rng.normal(size=17), "m": rng.normal(size=(6, 10))})
        return params.buffer.tobytes()

    expected = run()
    monkeypatch.setattr(adamw, "CHUNK", chunk)
    assert run() == expected


def test_a_buffer_of_several_chunks_is_updated_to_its_last_number():
    n = adamw.CHUNK
    rng = np.random.default_rng(3)
    start = {"m": rng.normal(size=(n + 5, 2)), "v": rng.normal(size=n + 1)}
    grads = [{"m": rng.normal(size=(n + 5, 2)), "v": rng.normal(size=n + 1)} for _ in range(2)]
    params = FlatTree(start)
    optimizer = AdamW(params, lr=0.1, betas=(0.9, 0.99), weight_decay=0.5)
    for g in grads:
        optimizer.step(g)
    for name, decay in (("m", 0.5), ("v", 0.0)):
        flat, series = start[name].reshape(-1), [g[name].reshape(-1) for g in grads]
        for i in (0, 1, n - 1, n, n + 1, 2 * n - 1, 2 * n, 2 * n + 9):
            if i < flat.size:
                g = [float(s[i]) for s in series]
                expected = paper(float(flat[i]), g, [0.1] * 2, (0.9, 0.99), 1e-8, decay)
                assert params[name].reshape(-1)[i] == pytest.approx(expected, rel=1e-12)
    assert (params["m"] != start["m"]).all() and (params["v"] != start["v"]).all()


def test_float32_stays_and_the_gradients_are_only_read():
    rng = np.random.default_rng(5)
    params, grads = FlatTree(tree(rng, "float32")), FlatTree(tree(rng, "float32"))
    before = grads.buffer.copy()
    optimizer = AdamW(params, lr=0.1)
    optimizer.step(grads, np.float64(0.1).item())
    assert {params.buffer.dtype, optimizer.m.dtype, optimizer.v.dtype} == {np.dtype("float32")}
    assert grads.buffer.tobytes() == before.tobytes()


def test_a_plain_dict_of_parameters_is_refused():
    """Its arrays would not be views of one buffer, and the step would change a copy."""
    with pytest.raises(UserError, match="FlatTree"):
        AdamW(tree(np.random.default_rng(0)))


@pytest.mark.parametrize("wrap", [dict, FlatTree])
def test_gradients_find_their_parameters_by_name_in_any_order_of_the_keys(wrap):
    """A student's layer may return {"bias": ..., "weight": ...}."""
    rng = np.random.default_rng(6)
    start, grads = tree(rng), tree(rng)
    swapped = {part: dict(reversed(grads[part].items())) for part in reversed(grads)}
    first, second = FlatTree(start), FlatTree(start)
    AdamW(first).step(grads)
    AdamW(second).step(wrap(swapped))
    assert first.buffer.tobytes() == second.buffer.tobytes()


def test_gradients_of_other_names_or_shapes_are_noticed():
    params = FlatTree({"a": np.ones((2, 3)), "b": np.ones(3)})
    before = params.buffer.copy()
    for wrong in (
        {"a": np.ones((2, 3))},
        {"a": np.ones((2, 3)), "c": np.ones(3)},
        {"a": np.ones((3, 2)), "b": np.ones(3)},
    ):
        with pytest.raises(AssertionError):
            AdamW(params).step(wrong)
    assert params.buffer.tobytes() == before.tobytes()
