"""The account of a model's cost agrees with what models hold and execute, and with the papers."""

import math
import time
import tracemalloc
from types import SimpleNamespace

import numpy as np
import pytest

from minigpt import layers
from minigpt.errors import UserError
from minigpt.model import GPT, PRESETS, GPTConfig, KVCache, gpt, gpt_backward
from minigpt.model.account import flops_per_token, memory, parameters_by_part
from minigpt.training import AdamW
from minigpt.tree import tree_map

SMALL = {"vocab_size": 11, "block_size": 8, "n_layer": 3, "n_head": 2, "n_embd": 6}
VARIANTS = [
    {},
    {"tie_weights": False},
    {"bias": False},
    {"post_norm": True, "tie_weights": False},
    {"window": 3, "n_layer": 4},
]


def small(**changes) -> GPTConfig:
    return GPTConfig(**{**SMALL, **changes})


def number(shapes: dict, *words: str) -> int:
    """Parameters whose name contains one of the words."""
    return sum(math.prod(s) for name, s in shapes.items() if any(word in name for word in words))


# --- parameters -----------------------------------------------------------------------------------


@pytest.mark.parametrize("changes", VARIANTS)
def test_parts_are_those_of_a_real_model(changes):
    config = small(**changes)
    shapes, parts = config.shapes(), parameters_by_part(config)
    assert sum(parts.values()) == GPT(config, device="cpu").n_params
    expected = {
        "token_embedding": number(shapes, "wte"),
        "position_embedding": number(shapes, "wpe"),
        "attention": number(shapes, ".attn."),
        "mlp": number(shapes, ".mlp."),
        "layer_norms": number(shapes, "ln_"),
        "head": number(shapes, "lm_head"),
    }
    if config.tie_weights:
        assert expected.pop("head") == 0
    assert parts == expected


@pytest.mark.parametrize("name", PRESETS)
def test_parts_add_up_to_the_whole(name):
    config = GPTConfig.preset(name)
    assert sum(parameters_by_part(config).values()) == number(config.shapes(), "")


def test_the_largest_model_is_counted_at_once_and_without_memory():
    many = GPTConfig.preset("gpt3-175b", n_layer=10**12)  # a name a block would fill the memory
    one, two = (sum(parameters_by_part(many.replace(n_layer=n)).values()) for n in (1, 2))
    tracemalloc.start()
    start = time.perf_counter()
    total = sum(parameters_by_part(many).values())
    flops, held = flops_per_token(many), memory(many)
    seconds, (_, peak) = time.perf_counter() - start, tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert total == one + (10**12 - 1) * (two - one)
    assert 2 < flops["forward"] / total < 2.02 and held["training"] == 16 * total
    assert seconds < 0.5 and peak < 100_000


# --- FLOPs ----------------------------------------------------------------------------------------


class Counting(np.ndarray):
    """An array that counts what is multiplied and added in the matrix products that it is in."""

    flops = 0

    def __array_ufunc__(self, ufunc, method, *inputs, out=None, **options):
        def plain(x):
            return x.view(np.ndarray) if isinstance(x, Counting) else x

        if out is not None:
            options["out"] = tuple(map(plain, out))
        result = getattr(ufunc, method)(*map(plain, inputs), **options)
        if ufunc is np.matmul:
            Counting.flops += 2 * result.size * inputs[0].shape[-1]
        return None if result is None else np.asarray(result).view(Counting)


Counting.__module__ = "numpy"  # the layers look there for the functions of an array


@pytest.mark.parametrize("changes", VARIANTS)
def test_flops_are_those_that_a_pass_executes(changes, monkeypatch):
    """With a single token no score is hidden, so that every executed product counts."""
    config, B = small(**changes), 5
    params = tree_map(lambda x: x.view(Counting), GPT(config, device="cpu").params)
    monkeypatch.setattr(Counting, "flops", 0)
    logits, cache = gpt(np.zeros((B, 1), int), **params, config=config)
    expected = flops_per_token(config, T=1)
    assert Counting.flops == B * expected["forward"]
    gpt_backward(logits, cache)
    assert Counting.flops == B * expected["training"]


@pytest.mark.parametrize("T", [1, 5, 8])
@pytest.mark.parametrize("window", [None, 1, 3, 5, 100])
@pytest.mark.parametrize("n_layer", [1, 2, 3])
def test_pairs_are_those_that_get_a_weight(n_layer, window, T):
    pairs = []

    def softmax(x):
        weights, cache = layers.softmax(x)
        pairs.append(np.count_nonzero(weights[0, 0]))
        return weights, cache

    config = small(n_layer=n_layer, window=window)
    table = SimpleNamespace(**{**vars(layers), "softmax": softmax})
    GPT(config, device="cpu", layers=table)(np.arange(T)[None])
    assert len(pairs) == n_layer
    expected = 4 * config.n_embd * sum(pairs) / T
    assert flops_per_token(config, T)["attention_pairs"] == pytest.approx(expected, rel=1e-12)


def test_the_parts_of_the_flops_add_up_and_a_whole_block_is_the_default():
    config = small(window=3)
    flops = flops_per_token(config)
    assert flops == flops_per_token(config, 8) != flops_per_token(config, 7)
    parts = flops["linear_layers"] + flops["attention_pairs"] + flops["head"]
    assert flops["forward"] == parts and flops["training"] == 3 * parts


# Brown et al. (2020), table D.1: operations for 300 billion tokens, 6 a parameter. The paper counts
# no attention pairs, of which small models of long blocks have most.
PAPER = {
    **{"gpt3-small": 2.25e20, "gpt3-medium": 6.41e20, "gpt3-large": 1.37e21, "gpt3-xl": 2.38e21},
    **{"gpt3-2.7b": 4.77e21, "gpt3-6.7b": 1.20e22, "gpt3-13b": 2.31e22, "gpt3-175b": 3.14e23},
}


@pytest.mark.parametrize("name", PAPER)
def test_gpt3_took_the_published_operations(name):
    flops = flops_per_token(GPTConfig.preset(name))
    matrices = 3 * (flops["linear_layers"] + flops["head"])
    assert 300e9 * matrices == pytest.approx(PAPER[name], rel=0.015)
    assert 1 < 300e9 * flops["training"] / PAPER[name] < 1.1


@pytest.mark.parametrize("T", [0, 9])
def test_a_sequence_must_fit_the_block(T):
    with pytest.raises(UserError) as caught:
        flops_per_token(small(), T)
    assert str(caught.value) == f"T must be from 1 to the block_size of 8, not {T}."


# --- memory ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(("dtype", "size"), [("float32", 4), ("float64", 8)])
@pytest.mark.parametrize("changes", VARIANTS)
def test_memory_is_what_the_arrays_of_a_model_take(changes, dtype, size):
    model = GPT(small(**changes), device="cpu", dtype=dtype)
    held, adam, cache = memory(model.config, size), AdamW(model.params), KVCache(model, 1)
    _, grads = model.loss_and_grads([[1, 2]], [[2, 3]])
    gradients = model.params.zeros_like()
    gradients.assign(grads)
    weights = model.params.buffer
    assert held["weights"] == weights.nbytes
    trained = (weights, gradients.buffer, adam.m, adam.v)
    assert held["training"] == sum(each.nbytes for each in trained)
    cached = [*cache.keys.values(), *cache.values.values()]
    assert held["kv_cache"] == sum(each.nbytes for each in cached)


def test_training_takes_16_bytes_a_parameter_in_float32():
    assert memory(GPTConfig.preset("gpt2"))["training"] == 16 * 124_439_808
    assert memory(GPTConfig.preset("gpt2"), 2)["weights"] == 2 * 124_439_808
