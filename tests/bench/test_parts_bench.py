"""The benchmarks of layers and of the tokenizer: what they run is right, the numbers are there."""

import sys
from types import SimpleNamespace

import numpy as np
import pytest

from minigpt import layers
from minigpt.bench import parts, tokenizer
from minigpt.errors import UserError
from minigpt.tokenizer import Tokenizer
from minigpt.tree import items

SIZES = {"B": 3, "T": 5, "C": 12, "H": 3, "V": 11}
NAMES = ["linear", "layernorm", "gelu", "mlp", "attention", "embedding", "head + cross-entropy"]


def whole(part):
    """y and dx of all sequences at once, by the clear layers."""
    ((y,), (dx,), grads) = parts.run_ours(part, layers, threads=1)
    return y, dx, grads


def joined(part, result):
    ys, dxs, grads = result
    y = sum(ys) if part.dy is None else np.concatenate(ys)
    return y, None if dxs[0] is None else np.concatenate(dxs), grads


def assert_equal(part, found, expected, turn=lambda array: array):
    (y, dx, grads), (y2, dx2, grads2) = found, expected
    np.testing.assert_allclose(y, y2, rtol=1e-4, atol=1e-4)
    assert (dx is None) == (dx2 is None)
    if dx is not None:
        np.testing.assert_allclose(dx, dx2, rtol=1e-4, atol=1e-4)
    assert grads.keys() == grads2.keys()
    for name in grads:
        np.testing.assert_allclose(turn(grads[name]), grads2[name], rtol=1e-4, atol=1e-4)


@pytest.mark.parametrize("number", range(len(NAMES)), ids=NAMES)
def test_shards_and_fast_layers_give_what_the_clear_ones_give(number):
    part = parts.make_parts(**SIZES)[number]
    assert part.name == NAMES[number]
    expected = whole(part)
    assert set(dict(items(part.params))) == set(expected[2])
    for functions in parts.tables().values():
        assert_equal(part, joined(part, parts.run_ours(part, functions, 2, repeats=2)), expected)


@pytest.mark.oracle
@pytest.mark.parametrize("number", range(len(NAMES)), ids=NAMES)
def test_torch_gives_what_the_clear_ones_give(number):
    pytest.importorskip("torch", reason="PyTorch is not installed; see the extra 'oracles'")
    part = parts.make_parts(**SIZES)[number]
    y, dx, grads = parts.run_torch(part, 1)(repeats=2)
    found = y.detach().numpy(), dx if dx is None else dx.numpy(), {
        name: grad.numpy() for name, grad in grads.items()
    }  # fmt: skip
    assert_equal(part, found, whole(part), lambda array: parts.turned(part, array))


def test_every_layer_is_timed_and_stands_in_the_table():
    found = parts.parts(SIZES, rounds=2, threads=2, turn=0.002)
    assert list(found["parts"]) == NAMES
    for one in found["parts"].values():
        assert one["clear"]["seconds"] > 0 and one["clear"]["spread"] >= 0 and "torch" not in one
    text = parts.as_text(found)
    assert all(name in text for name in NAMES) and max(map(len, text.splitlines())) <= 100
    assert "slowest layer" in parts.message(found)


def test_a_function_without_a_fast_twin_is_left_out(monkeypatch):
    kernels = SimpleNamespace(**{name: getattr(layers, name) for name in layers.__all__})
    kernels.gelu = lambda x: layers.gelu(x)
    monkeypatch.setattr(parts, "tables", lambda: {"clear": layers, "fast": kernels})
    found = parts.parts(SIZES, rounds=1, threads=1, turn=0.001)
    assert [name for name, one in found["parts"].items() if "fast" in one] == ["gelu"]


def test_without_kernels_only_the_clear_ones_are_there(monkeypatch):
    import minigpt

    monkeypatch.setitem(sys.modules, "minigpt.kernels", None)
    monkeypatch.delattr(minigpt, "kernels", raising=False)
    assert list(parts.tables()) == ["clear"]


def test_the_message_counts_the_layers_that_minigpt_wins():
    one = {"clear": {"seconds": 3}, "fast": {"seconds": 1}, "torch": {"seconds": 2}}
    other = {"clear": {"seconds": 3}, "torch": {"seconds": 2}}
    assert "in 1 of 2 layers" in parts.message({"parts": {"a": one, "b": other}})
    assert parts.panels({"parts": {"b": other}}) == {"b": {"minigpt.layers": 3e3, "PyTorch": 2e3}}


# ---------------------------------------------------------------- the tokenizer

TEXT = "the cat sat on the mat; the other cat sat on the cat. 它坐在垫子上。\n" * 30


def test_the_tokenizer_is_timed_at_encoding_and_learning():
    found = tokenizer.tokenizer(TEXT, (260, 280), rounds=2)
    assert list(found["tasks"]) == ["encode, cold", "encode, warm", "train 260", "train 280"]
    size = len(TEXT.encode("utf-8"))
    for one in found["tasks"].values():
        assert list(one) == ["minigpt"] and one["minigpt"]["seconds"] > 0
        speed = one["minigpt"]["megabytes_per_second"]
        assert speed * one["minigpt"]["seconds"] * 1e6 == pytest.approx(size)
    assert "MB/s once warm" in tokenizer.message(found) and found["vocab_size"] == 280
    assert max(map(len, tokenizer.as_text(found).splitlines())) <= 100


def test_a_cold_round_has_a_tokenizer_that_saw_nothing(monkeypatch):
    learned, cold, warm = Tokenizer.train(TEXT, 280), [], []
    tasks = tokenizer._encoding(TEXT, learned, 2, None)

    def watched(name, seen):
        run = tasks[name]["minigpt"]
        assert run() == learned.encode(TEXT)
        seen.append(run)

    watched("encode, cold", cold), watched("encode, warm", warm)
    fresh = next(c.cell_contents for c in cold[0].__closure__ if type(c.cell_contents) is dict)
    assert len(fresh["minigpt"]) == 2  # three were made, one is used up
    assert all(not encode.__self__._vocabulary._words for encode in fresh["minigpt"])


def test_an_empty_text_is_refused():
    with pytest.raises(UserError, match="nothing to time"):
        tokenizer.tokenizer("", (260,), 1)


def test_the_built_in_text_has_the_size_asked_for():
    assert 20_000 <= len(tokenizer.stories(20_000)) < 22_000


@pytest.mark.oracle
def test_the_others_have_the_same_ids_and_are_timed():
    pytest.importorskip("tiktoken", reason="see the extra 'oracles'")
    pytest.importorskip("tokenizers", reason="see the extra 'oracles'")
    found = tokenizer.tokenizer(TEXT, (280,), rounds=1, against="others")
    assert [list(one) for one in found["tasks"].values()] == [
        ["minigpt", "tiktoken", "tokenizers"], ["minigpt", "tiktoken", "tokenizers"],
        ["minigpt", "tokenizers"],
    ]  # fmt: skip
    assert "times as much as tiktoken" in tokenizer.message(found)
    assert max(map(len, tokenizer.as_text(found).splitlines())) <= 100


@pytest.mark.oracle
def test_others_with_other_ids_are_not_timed(monkeypatch):
    pytest.importorskip("tiktoken", reason="see the extra 'oracles'")
    pytest.importorskip("tokenizers", reason="see the extra 'oracles'")
    monkeypatch.setattr(tokenizer, "_tiktoken", lambda learned: lambda text: [1, 2])
    with pytest.raises(UserError, match="tiktoken gives this text other ids"):
        tokenizer.tokenizer(TEXT, (280,), rounds=1, against="others")
