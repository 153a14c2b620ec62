"""Sizes and switches: the published numbers of parameters, and sentences about wrong values."""

import json
import math
import time

import numpy as np
import pytest

from minigpt.errors import UserError
from minigpt.model import GPT, PRESETS, GPTConfig, init_params


@pytest.mark.parametrize(("name", "published"), [
    ("gpt1", 116_534_784),
    ("gpt2", 124_439_808),
    ("gpt2-medium", 354_823_168),
    ("gpt2-large", 774_030_080),
    ("gpt2-xl", 1_557_611_200),
])  # fmt: skip
def test_presets_have_the_published_number_of_parameters(name, published):
    shapes = GPTConfig.preset(name).shapes()
    assert sum(math.prod(shape) for shape in shapes.values()) == published


# Brown et al. (2020): the names in table 2.1, and the millions of parameters in table D.1 with the
# step to which they are rounded.
GPT3 = {
    "gpt3-small": (125, 1), "gpt3-medium": (356, 1), "gpt3-large": (760, 1), "gpt3-xl": (1320, 10),
    "gpt3-2.7b": (2650, 10), "gpt3-6.7b": (6660, 10), "gpt3-13b": (12850, 10),
    "gpt3-175b": (174_600, 100),
}  # fmt: skip


@pytest.mark.parametrize("name", GPT3)
def test_gpt3_has_the_published_number_of_parameters(name):
    start = time.perf_counter()
    shapes = GPTConfig.preset(name).shapes()
    millions, step = sum(math.prod(shape) for shape in shapes.values()) / 1e6, GPT3[name][1]
    assert round(millions / step) * step == GPT3[name][0]
    assert time.perf_counter() - start < 0.5


def test_presets_have_the_published_switches():
    assert [name for name in PRESETS if GPTConfig.preset(name).post_norm] == ["gpt1"]
    assert [name for name in PRESETS if GPTConfig.preset(name).window] == list(GPT3)
    blocks = {name: GPTConfig.preset(name).block_size for name in PRESETS}
    assert all(blocks[name] == 2048 for name in GPT3)
    assert blocks["gpt1"] == 512 and blocks["gpt2-xl"] == 1024
    for name in PRESETS:
        config = GPTConfig.preset(name)
        assert config.n_embd // config.n_head in (64, 80, 96, 128)
        assert config.bias and config.tie_weights and config.activation == "gelu_new"
    sizes = {name: (GPTConfig.preset(name).n_embd, GPTConfig.preset(name).n_head) for name in GPT3}
    assert sizes["gpt3-xl"] == (16 * 128, 16)  # not the 24 heads of 128 that the paper prints
    assert sizes["gpt3-13b"] == (40 * 128, 40)  # nor its 5140


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
