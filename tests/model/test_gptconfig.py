"""Sizes and switches: the published numbers of parameters, and sentences about wrong values."""

import json
import math

import numpy as np
import pytest

from minigpt.errors import UserError
from minigpt.model import GPT, PRESETS, GPTConfig, init_params


@pytest.mark.parametrize(("name", "published"), [
    ("gpt2", 124_439_808),
    ("gpt2-medium", 354_823_168),
    ("gpt2-large", 774_030_080),
    ("gpt2-xl", 1_557_611_200),
])  # fmt: skip
def test_presets_have_the_published_number_of_parameters(name, published):
    shapes = GPTConfig.preset(name).shapes()
    assert sum(math.prod(shape) for shape in shapes.values()) == published


@pytest.mark.parametrize("bias", [True, False])
@pytest.mark.parametrize("tie_weights", [True, False])
def test_shapes_are_those_of_the_parameters(bias, tie_weights):
    config = GPTConfig(vocab_size=11, block_size=7, n_layer=2, n_head=3, n_embd=12, bias=bias,
                       tie_weights=tie_weights)  # fmt: skip
    params = init_params(config)
    assert {name: value.shape for name, value in params.items()} == config.shapes()
    assert any(name.endswith("bias") for name in params) == bias
    assert ("lm_head.weight" in params) != tie_weights
    per_block = 12 * 12 * 12 + 24 + bias * (9 * 12 + 24)
    total = (11 + 7) * 12 + 2 * per_block + 12 + bias * 12 + (not tie_weights) * 11 * 12
    assert GPT(config, device="cpu").n_params == total


def test_initial_weights_are_those_of_gpt2():
    config = GPTConfig(vocab_size=500, block_size=64, n_layer=8, n_head=4, n_embd=64)
    params = init_params(config, seed=3)
    for name, value in params.items():
        assert value.dtype == np.float32
        if value.ndim == 2:
            std = 0.02 / math.sqrt(16) if name.endswith("c_proj.weight") else 0.02
            assert abs(value.std() / std - 1) < 5 / math.sqrt(2 * value.size)
            assert abs(value.mean()) < 5 * std / math.sqrt(value.size)
        else:
            assert (value == name.endswith("weight")).all(), name
    same, other = init_params(config, seed=3), init_params(config, seed=4)
    assert all((same[name] == params[name]).all() for name in params)
    assert (other["wte.weight"] != params["wte.weight"]).all()


@pytest.mark.parametrize(("options", "sentence"), [
    ({"vocab_size": 0}, "vocab_size must be a whole number of at least 1, not 0."),
    ({"n_layer": -3}, "n_layer must be a whole number of at least 1, not -3."),
    ({"block_size": 8.0}, "block_size must be a whole number of at least 1, not 8.0."),
    ({"n_head": True}, "n_head must be a whole number of at least 1, not True."),
    ({"n_embd": "768"}, "n_embd must be a whole number of at least 1, not '768'."),
    ({"n_embd": 10, "n_head": 4}, "n_embd (10) must be divisible by n_head (4), "
                                  "because each head gets an equal part of the channels."),
    ({"dropout": 1.0}, "dropout must be at least 0 and below 1, not 1.0."),
    ({"dropout": -0.1}, "dropout must be at least 0 and below 1, not -0.1."),
    ({"dropout": math.nan}, "dropout must be at least 0 and below 1, not nan."),
    ({"dropout": "0.1"}, "dropout must be a number, not '0.1'."),
    ({"init_std": None}, "init_std must be a number, not None."),
    ({"init_std": 0}, "init_std must be above 0 and at most 10, not 0.0."),
    ({"layer_norm_epsilon": -1.0}, "layer_norm_epsilon must be above 0 and at most 10, not -1.0."),
    ({"activation": "silu"}, "Unknown activation 'silu'; use one of: gelu_new, gelu, relu."),
    ({"bias": "no"}, "bias must be True or False, not 'no'."),
    ({"post_norm": 1}, "post_norm must be True or False, not 1."),
    ({"window": 0}, "window must be at least 1, not 0."),
    ({"window": 2.5}, "window must be a whole number or None, not 2.5."),
])  # fmt: skip
def test_wrong_values_are_named_in_one_sentence(options, sentence):
    with pytest.raises(UserError) as caught:
        GPTConfig(**options)
    assert str(caught.value) == sentence


def test_unknown_preset():
    with pytest.raises(UserError) as caught:
        GPTConfig.preset("gpt5")
    assert str(caught.value) == f"Unknown preset 'gpt5'; use one of: {', '.join(PRESETS)}."


def test_presets_can_be_changed():
    config = GPTConfig.preset("gpt2", n_layer=3)
    assert (config.n_layer, config.n_embd) == (3, 768)
    assert config.replace(n_layer=12) == GPTConfig.preset("gpt2")
    assert all(GPTConfig.preset(name) for name in PRESETS)


def test_numbers_of_numpy_become_numbers_of_python():
    """`vocab_size=tokens.max() + 1` is common; and a NumPy float would turn float32 to float64."""
    config = GPTConfig(vocab_size=np.int64(11), block_size=np.uint8(7), n_layer=np.int32(1),
                       n_head=3, n_embd=12, dropout=np.float64(0.25), init_std=np.float32(0.5),
                       layer_norm_epsilon=np.float64(1e-3))  # fmt: skip
    assert config == GPTConfig(11, 7, 1, 3, 12, 0.25, init_std=0.5, layer_norm_epsilon=1e-3)
    assert json.dumps(vars(config))
    ids = np.zeros((2, 5), int)
    model = GPT(config, device="cpu")
    _, grads = model.loss_and_grads(ids, ids, np.random.default_rng(0))
    assert grads["wte"]["weight"].dtype == np.float32
