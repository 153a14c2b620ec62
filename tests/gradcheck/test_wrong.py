"""The tests can fail: each wrong backward of the zoo is rejected, and the report says where."""

from collections import Counter
from functools import partial

import numpy as np
import pytest
import wrong_layers  # noqa: F401  (registers its own)
import wrong_model  # noqa: F401
from wrong_attention import attention_with, dot_product_backward, swapped
from zoo import PARTS, ZOO

from minigpt import layers
from minigpt.gradcheck import gradcheck

METHODS = ("elementwise", "directional")


def check(part, backward, method):
    return gradcheck(part.forward, backward, part.inputs, part.params, method=method)


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize("name", PARTS)
def test_the_right_one_is_accepted(name, method):
    part = PARTS[name]
    report = check(part, part.backward, method)
    assert report.ok, f"\n{report}"


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize("wrong", ZOO, ids=[f"{wrong.part}-{wrong.name}" for wrong in ZOO])
def test_every_wrong_one_is_rejected(wrong, method):
    report = check(PARTS[wrong.part], wrong.backward, method)
    assert not report.ok
    mistakes = [line for line in str(report).splitlines() if line.startswith("  XX")]
    assert any(line.removeprefix("  XX ").startswith(wrong.tells) for line in mistakes), report


def test_every_part_has_at_least_four():
    counts = Counter(wrong.part for wrong in ZOO)
    assert counts.keys() == PARTS.keys()
    assert min(counts.values()) >= 4, counts
    assert len({(wrong.part, wrong.name) for wrong in ZOO}) == len(ZOO)


def test_a_mistake_in_one_tensor_is_not_blamed_on_another():
    def doubled(dy, cache):
        dx, grads = layers.linear_backward(dy, cache)
        return dx, {**grads, "bias": 2 * grads["bias"]}

    report = check(PARTS["linear"], doubled, "elementwise")
    assert {tensor.name: tensor.ok for tensor in report.tensors} == {
        "x": True, "weight": True, "bias": False
    }  # fmt: skip


def test_upstream_ones_would_accept_zero_for_a_softmax():
    """Why `gradcheck` draws dy at random: with ones, the true gradient of a softmax is zero."""
    y, cache = layers.softmax(np.random.default_rng(0).normal(size=(2, 5)))
    np.testing.assert_allclose(layers.softmax_backward(np.ones_like(y), cache)[0], 0, atol=1e-15)


def small_attention(scale):
    """Attention with weights of size `scale`, and nothing masked but the future."""
    rng = np.random.default_rng(3)
    C = 12
    params = {
        "c_attn": {"weight": scale * rng.normal(size=(C, 3 * C)), "bias": np.zeros(3 * C)},
        "c_proj": {"weight": scale * rng.normal(size=(C, C)), "bias": np.zeros(C)},
    }
    mask = np.ones((2, 3, 5, 5))
    forward = partial(layers.attention, n_head=3, dropout_mask=mask)
    return forward, [rng.normal(size=(2, 5, C))], params


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize(
    "product",
    [swapped, partial(dot_product_backward, k_transposed=False)],
    ids=["dq and dk swapped", "dk not transposed"],
)
def test_the_published_trap(product, method):
    """A wrong attention gradient that weights of 0.02 and an absolute tolerance let pass.

    The gradient by the keys points elsewhere, but at this scale it is a small part of everything;
    an absolute tolerance accepts it, the relative error does not.
    """
    forward, inputs, params = small_attention(0.02)
    wrong = attention_with(product)
    y, cache = forward(*inputs, **params)
    dy = np.random.default_rng(4).normal(size=y.shape)
    right = layers.attention_backward(dy, cache)[1]["c_attn"]["weight"]
    found = wrong(dy, cache)[1]["c_attn"]["weight"]
    assert np.allclose(found, right, rtol=0, atol=1e-2)  # such a test passes
    right, found = right[:, 12:24], found[:, 12:24]  # the columns that make the keys
    cosine = (right * found).sum() / (np.linalg.norm(right) * np.linalg.norm(found))
    assert abs(cosine) < 0.5  # although the direction is another

    assert gradcheck(forward, layers.attention_backward, inputs, params, method=method).ok
    report = gradcheck(forward, wrong, inputs, params, method=method)
    assert not {tensor.name: tensor.ok for tensor in report.tensors}["c_attn.weight"], report
