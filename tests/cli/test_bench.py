"""`minigpt bench`: the table, the JSON, and what is refused."""

import functools
import json
from pathlib import Path

import pytest

from minigpt.bench import parts, scaling, tokenizer, train
from minigpt.model import PRESETS


@pytest.fixture
def tiny(monkeypatch):
    sizes = {"vocab_size": 50, "block_size": 40, "n_layer": 1, "n_head": 2, "n_embd": 8}
    monkeypatch.setitem(PRESETS, "tiny", sizes)


def test_decode_prints_a_table_and_writes_its_numbers(cli, tiny):
    words = ("--preset", "tiny", "--tokens", 4, "--batch", 2, "--rounds", 2, "--out", "result")
    code, out, _ = cli("bench", "decode", *words)
    assert code == 0 and "of the limit" in out and "NumPy" in out.splitlines()[0]
    written = json.loads(Path("result/decode.json").read_text(encoding="utf-8"))
    assert written["preset"] == "tiny" and written["alone"]["tokens_per_second"] > 0


@pytest.fixture
def quick(monkeypatch, tiny):
    """Each benchmark in tiny sizes and short turns."""
    configs = {"small": (1, 2, 8, 8, 2, 50), "long": (1, 2, 8, 16, 2, 9)}
    monkeypatch.setattr(train, "CONFIGS", configs)
    monkeypatch.setattr(train, "peak_memory", lambda *args: {"peak_mb": 12.0})
    monkeypatch.setattr(scaling, "peak_memory", lambda *args: {"peak_mb": 12.0})
    monkeypatch.setattr(scaling, "BASE", {"T": 8, "width": 16, "batch": 2})
    monkeypatch.setattr(scaling, "AXES", {"T": (8, 16), "threads": (1, 2)})
    for module, name in ((train, "train"), (parts, "parts"), (scaling, "scaling")):
        short = functools.partial(getattr(module, name), turn=0.002)
        monkeypatch.setattr(module, name, short)
    monkeypatch.setattr(tokenizer, "stories", lambda: "a story of a cat and a mat. " * 40)


@pytest.mark.parametrize(("words", "told", "key"), [
    (["decode", "--preset", "tiny", "--tokens", "4"], "of the limit", "alone"),
    (["train", "--config", "small", "long", "--threads", "2"], "12 MB", "configs"),
    (["parts", "--sizes", "2", "4", "8", "2", "9"], "B = 2, T = 4, C = 8", "parts"),
    (["scaling", "--memory"], "us/token", "rows"),
    (["tokenizer"], "encode, cold", "tasks"),
])  # fmt: skip
def test_each_prints_a_table_and_writes_numbers_and_a_picture(cli, quick, words, told, key):
    code, out, err = cli("bench", *words, "--rounds", 1, "--out", "result")
    assert code == 0 and told in out and "NumPy" in out.splitlines()[0], err
    written = json.loads(Path("result", f"{words[0]}.json").read_text(encoding="utf-8"))
    assert written["machine"] in out and written[key]
    picture = Path("result", f"{words[0]}.png").read_bytes()
    assert picture.startswith(b"\x89PNG\r\n") and len(picture) > 10_000
    assert sorted(path.name for path in Path("result").iterdir()) == [
        f"{words[0]}.json", f"{words[0]}.png"
    ]  # fmt: skip


def test_the_tokenizer_reads_a_file_of_one_s_own(cli, quick):
    Path("notes.txt").write_text("notes " * 500, encoding="utf-8")
    code, out, _ = cli("bench", "tokenizer", "--text", "notes.txt", "--rounds", 1)
    assert code == 0 and "0.00 MB of text" in out
    code, out, err = cli("bench", "tokenizer", "--text", "missing.txt")
    assert code == 2 and "missing.txt" in err and err.count("\n") == 1


@pytest.mark.parametrize(("words", "told"), [
    (["train", "--config", "huge"], "invalid choice"),
    (["train", "--compile"], "--compile is PyTorch's; add --against torch."),
    (["train", "--threads", "0"], "--threads must be at least 1, not 0."),
    (["train", "--tokens", "5"], "--tokens belongs to `bench decode`, not to `bench train`"),
    (["decode", "--threads", "2"], "--threads belongs to `bench train`, `parts`, `scaling`, not"),
    (["decode", "--text", "a.txt"], "--text belongs to `bench tokenizer`"),
    (["scaling", "--compile", "--against", "torch"], "--compile belongs to `bench train`"),
    (["parts", "--sizes", "1", "2", "9", "2", "5"], "C divisible by H"),
    (["parts", "--sizes", "1", "0", "8", "2", "5"], "at least 1 each"),
    ([], "what"),
    (["fly"], "invalid choice"),
    (["decode", "--rounds", "0"], "--rounds must be at least 1, not 0."),
    (["decode", "--tokens", "1"], "--tokens must be at least 2, not 1."),
    (["decode", "--preset", "gpt5"], "Unknown preset 'gpt5'"),
])  # fmt: skip
def test_mistakes_in_one_sentence(cli, words, told):
    code, out, err = cli("bench", *words)
    assert code == 2 and told in err and err.count("\n") == 1 and out == ""
