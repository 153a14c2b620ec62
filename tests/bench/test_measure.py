"""The stopwatch of the benchmarks, and what the benchmark of writing tells."""

import time

import numpy as np
import pytest

from minigpt.bench.decode import as_text, decode
from minigpt.bench.measure import Timing, in_turns, machine_in_words
from minigpt.model import GPTConfig

TINY = GPTConfig(vocab_size=50, block_size=40, n_layer=2, n_head=2, n_embd=8)


def test_contestants_take_turns_and_the_warm_up_is_not_timed():
    calls = []
    contestants = {name: lambda name=name: calls.append(name) for name in "ab"}
    timings = in_turns(contestants, rounds=3, warmup=2)
    assert calls == list("aabb" + "ab" * 3)
    assert [len(timings[name].seconds) for name in "ab"] == [3, 3]


def test_a_sleep_takes_as_long_as_it_sleeps():
    timing = in_turns({"sleep": lambda: time.sleep(0.02)}, rounds=3)["sleep"]
    assert 0.02 <= timing.median < 0.2


def test_median_and_spread_by_hand():
    timing = Timing("x", [1.0, 2.0, 3.0, 4.0, 100.0])
    assert timing.median == 3.0
    assert timing.spread == pytest.approx(1 / 3)  # quartiles 2 and 4
    assert Timing("x", [5.0]).spread == 0


def test_the_machine_is_told_with_its_versions():
    told = machine_in_words()
    assert np.__version__ in told and "cores" in told


def test_decoding_tells_tokens_a_second_of_all_and_their_ratios():
    found = decode(TINY, tokens=12, batch=3, rounds=2)
    for name in ("alone", "together", "limit"):
        assert found[name]["tokens_per_second"] > 0
    text = as_text(found)
    assert "of the limit" in text and "minigpt, 3 texts at once" in text
    assert "transformers" not in text


@pytest.mark.oracle
def test_decoding_beside_transformers_writes_the_same_tokens():
    pytest.importorskip("transformers", reason="transformers is not installed; see 'oracles'")
    from minigpt.bench.decode import _in_transformers
    from minigpt.model import GPT

    model = GPT(TINY.replace(init_std=0.5), device="cpu")
    ids = np.array([[1, 2, 3]])
    theirs = _in_transformers(model)(ids, 9).numpy()
    assert (model.generate(ids, 9, do_sample=False) == theirs).all()
    assert "transformers, one text" in as_text(decode(TINY, 12, 2, 2, against="torch"))
