"""Every backward of the course text, against three ways to measure a derivative."""

import inspect
from functools import partial

import numpy as np
import pytest
from layer_parts import NAMES, left_padding, parts

from minigpt import kernels, layers

TABLES, TABLE_NAMES = (layers, kernels), ("clear", "fast")


@pytest.mark.parametrize("table", TABLES, ids=TABLE_NAMES)
@pytest.mark.parametrize("name", NAMES)
def test_gradients_are_right(name, table, assert_right):
    part = parts(table=table)[name]
    assert_right(part.forward, part.backward, part.inputs, part.params)


@pytest.mark.parametrize("seed", range(6))
def test_a_steep_function_passes_too(seed, assert_right):
    """Weights of order one saturate the softmax; too large a step rejected this right gradient."""
    part = parts()["attention, padding"]
    assert_right(part.forward, part.backward, part.inputs, part.params, ["directional"], seed=seed)


def test_no_public_backward_is_left_out():
    """A part that is added to `layers` without a case here is noticed."""
    public = {name for name in layers.__all__ if name.endswith("_backward")}
    assert {part.backward.__name__ for part in parts().values()} == public
    assert all(name.removesuffix("_backward") in layers.__all__ for name in public)
    for name in public:
        assert list(inspect.signature(getattr(layers, name)).parameters)[0][0] == "d", name


@pytest.mark.parametrize("table", TABLES, ids=TABLE_NAMES)
@pytest.mark.parametrize(("B", "T", "H"), [(1, 1, 1), (1, 4, 2), (3, 1, 2), (2, 3, 1)])
def test_attention_at_the_smallest_sizes(B, T, H, table, assert_right):
    rng = np.random.default_rng(B * T * H)
    C = 6
    params = {
        "c_attn": {"weight": rng.normal(size=(C, 3 * C)), "bias": rng.normal(size=3 * C)},
        "c_proj": {"weight": rng.normal(size=(C, C)), "bias": rng.normal(size=C)},
    }
    forward = partial(table.attention, n_head=H)
    assert_right(forward, table.attention_backward, [rng.normal(size=(B, T, C))], params)


@pytest.mark.parametrize("name", [name for name in NAMES if "nothing counted" not in name])
def test_no_gradient_is_zero_throughout(name):
    """A check of zeros against zeros would prove nothing."""
    part = parts()[name]
    y, cache = part.forward(*part.inputs, **part.params)
    dx, grads = part.backward(np.random.default_rng(3).standard_normal(np.shape(y)), cache)
    for gradient in dx if isinstance(dx, tuple) else (dx,):
        assert gradient is None or np.abs(gradient).max() > 1e-3


def test_a_query_that_may_look_nowhere_gets_the_mean_and_sends_nothing_to_the_scores():
    rng = np.random.default_rng(0)
    q, k, v = rng.normal(size=(3, 2, 3, 4, 5))
    mask = layers.causal_mask(4, 4, np) & left_padding(2, 4)
    y, cache = layers.scaled_dot_product(q, k, v, mask)
    np.testing.assert_allclose(y[0, :, :2], np.broadcast_to(v[0].mean(-2)[:, None], (3, 2, 5)))
    (dq, dk, dv), _ = layers.scaled_dot_product_backward(rng.normal(size=y.shape), cache)
    assert (dq[0, :, :2] == 0).all()
    assert (dk[0, :, :2] == 0).all()  # and nobody looks at the padding
    assert all(np.isfinite(array).all() for array in (y, dq, dk, dv))
