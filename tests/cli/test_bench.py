"""`minigpt bench`: the table, the JSON, and what is refused."""

import json

import pytest

from minigpt.model import PRESETS


@pytest.fixture
def tiny(monkeypatch):
    sizes = {"vocab_size": 50, "block_size": 40, "n_layer": 1, "n_head": 2, "n_embd": 8}
    monkeypatch.setitem(PRESETS, "tiny", sizes)


def test_decode_prints_a_table_and_writes_its_numbers(cli, tiny):
    words = ("--preset", "tiny", "--tokens", 4, "--batch", 2, "--rounds", 2, "--out", "result")
    code, out, _ = cli("bench", "decode", *words)
    assert code == 0 and "of the limit" in out and "NumPy" in out.splitlines()[0]
    from pathlib import Path

    written = json.loads(Path("result/decode.json").read_text(encoding="utf-8"))
    assert written["preset"] == "tiny" and written["alone"]["tokens_per_second"] > 0


@pytest.mark.parametrize(("words", "told"), [
    ([], "what"),
    (["fly"], "invalid choice"),
    (["decode", "--rounds", "0"], "--rounds must be at least 1, not 0."),
    (["decode", "--tokens", "1"], "--tokens must be at least 2, not 1."),
    (["decode", "--preset", "gpt5"], "Unknown preset 'gpt5'"),
])  # fmt: skip
def test_mistakes_in_one_sentence(cli, words, told):
    code, out, err = cli("bench", *words)
    assert code == 2 and told in err and err.count("\n") == 1 and out == ""
