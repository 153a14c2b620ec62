"""The block, the GPT and the GPT with its loss, against measured derivatives."""

import numpy as np
import pytest
from model_parts import VARIANTS, block_part, gpt_part, loss_part

from minigpt.tree import items

SMALL = {"vocab_size": 7, "n_head": 2, "n_embd": 6, "block_size": 5, "B": 3, "T": 4}


@pytest.mark.parametrize("variant", VARIANTS)
def test_block(variant, assert_right):
    part = block_part(variant)
    methods = ["directional"] if variant == "other eps" else ["directional", "complex"]
    assert_right(part.forward, part.backward, part.inputs, part.params, methods)


def test_block_elementwise(assert_right):
    part = block_part("padding and dropout, untied")
    assert_right(part.forward, part.backward, part.inputs, part.params, ["elementwise"])


@pytest.mark.parametrize("variant", VARIANTS)
def test_gpt(variant, assert_right):
    part = gpt_part(variant)
    assert_right(part.forward, part.backward, part.inputs, part.params, ["directional"])


@pytest.mark.parametrize("variant", VARIANTS)
def test_gpt_with_its_loss(variant, assert_right):
    part = loss_part(variant)
    assert_right(part.forward, part.backward, part.inputs, part.params, ["directional"])


@pytest.mark.parametrize("method", ["elementwise", "complex"])
@pytest.mark.parametrize("make", [gpt_part, loss_part])
def test_a_small_gpt_element_by_element(make, method, assert_right):
    part = make("padding and dropout, untied", **SMALL, tie_weights=True)
    assert_right(part.forward, part.backward, part.inputs, part.params, [method])


@pytest.mark.parametrize("sizes", [{"B": 1}, {"T": 1}, {"B": 1, "T": 1}, {"n_head": 1}])
def test_gpt_at_the_smallest_sizes(sizes, assert_right):
    part = gpt_part("tied", **sizes)
    assert_right(part.forward, part.backward, part.inputs, part.params, ["directional"])


def test_no_gradient_is_zero_throughout():
    part = loss_part("padding and dropout, untied")
    loss, cache = part.forward(*part.inputs, **part.params)
    _, grads = part.backward(1.0, cache)
    assert all(np.abs(g).max() > 1e-6 for _, g in items(grads))


@pytest.mark.parametrize("variant", VARIANTS)
@pytest.mark.parametrize("make", [block_part, gpt_part, loss_part])
def test_manners(make, variant, assert_manners):
    part = make(variant, dtype="float32")
    assert_manners(part.forward, part.backward, part.inputs, part.params)
