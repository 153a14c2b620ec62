"""The same merges and ids as `tokenizers` and `tiktoken`, from `golden.json`, without either."""

import json
import os
import unicodedata
from pathlib import Path

import pytest

from minigpt.tokenizer import Tokenizer
from minigpt.tokenizer.byte_unicode import to_printable

HERE = Path(__file__).parent
GOLDEN = json.loads((HERE / "golden.json").read_text(encoding="utf-8"))
STRINGS = json.loads((HERE / "hard_strings.json").read_text(encoding="utf-8"))


def corpora() -> dict[str, tuple[list[str], int]]:
    import importlib.util

    spec = importlib.util.spec_from_file_location("make_golden", HERE / "make_golden.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return {name: (module.CORPORA[name], module.VOCAB_SIZES[name]) for name in module.CORPORA}


@pytest.mark.parametrize("name", GOLDEN["trained"])
def test_training_gives_the_merges_and_ids_of_huggingface(name):
    texts, vocab_size = corpora()[name]
    tok = Tokenizer.train(texts, vocab_size)
    merges = [f"{to_printable(left)} {to_printable(right)}" for left, right in tok.merges]
    assert merges == GOLDEN["trained"][name]["merges"]
    assert len(merges) > 20
    for text, ids in zip(STRINGS, GOLDEN["trained"][name]["ids"], strict=True):
        if "<|endoftext|>" not in text:  # the library always takes it for the special token
            assert tok.encode(text) == ids, text


ENDINGS = ["'s", "'t", "'re", "'ve", "'m", "'ll", "'d"]
KINDS_OF_TROUBLE = {
    "leading space": lambda t: t[:1] == " " and t[1:2].isalpha(),
    "leading spaces": lambda t: t.startswith("   ") and not t.isspace(),
    "newlines": lambda t: "\n\n" in t and "\r\n" in t,
    "contractions": lambda t: all(f"{ending} " in t + " " for ending in ENDINGS),
    "no contractions, in capitals": lambda t: "'SELF" in t and "'self" in t,
    "emoji": lambda t: "😀" in t and "\u200d" in t,
    "Chinese": lambda t: t and all("\u4e00" <= c <= "\u9fff" for c in t.rstrip("。")),
    "Hebrew": lambda t: {unicodedata.bidirectional(c) for c in t} >= {"R", "RLO"},
    "Arabic": lambda t: {unicodedata.bidirectional(c) for c in t} == {"AL", "WS"},
    "control characters": lambda t: sum(unicodedata.category(c) == "Cc" for c in t) == 65,
    "long runs of a letter": lambda t: len(t) >= 250 and set(t) == {"a"},
    "long runs of a sign": lambda t: len(t) >= 150 and len(set(t)) == 1 and not t.isalnum(),
    "long runs of digits": lambda t: len(t) >= 100 and t.isdigit(),
    "long runs of spaces": lambda t: " " * 100 in t,
    "long runs of newlines": lambda t: "\n" * 100 in t,
    "long runs of Chinese": lambda t: "语" * 100 in t,
    "long runs of emoji": lambda t: "😀" * 50 in t,
}


@pytest.mark.parametrize("kind", KINDS_OF_TROUBLE)
def test_the_hard_strings_have_each_kind_of_trouble(kind):
    assert any(map(KINDS_OF_TROUBLE[kind], STRINGS))


def gpt2_from_data() -> Tokenizer:
    if "MINIGPT_DATA" not in os.environ:
        pytest.skip("MINIGPT_DATA names no folder with gpt2-vocab.json and gpt2-merges.txt")
    folder = Path(os.environ["MINIGPT_DATA"])
    return Tokenizer.from_files(folder / "gpt2-vocab.json", folder / "gpt2-merges.txt")


def test_gpt2_ids_of_hard_strings():
    tok = gpt2_from_data()
    assert (len(tok), tok.eot, tok.special_tokens) == (50257, 50256, {"<|endoftext|>": 50256})
    for text, ids in zip(STRINGS, GOLDEN["gpt2"], strict=True):
        assert tok.encode(text) == ids, text
        assert tok.decode(ids) == text
    assert tok.encode("a<|endoftext|>b", allowed_special="all") == [64, 50256, 65]


def test_gpt2_files_are_written_byte_for_byte_as_published(tmp_path):
    gpt2_from_data().save_pretrained(tmp_path)
    data = Path(os.environ["MINIGPT_DATA"])
    for ours, theirs in (("vocab.json", "gpt2-vocab.json"), ("merges.txt", "gpt2-merges.txt")):
        assert (tmp_path / ours).read_bytes() == (data / theirs).read_bytes()
    assert Tokenizer.from_pretrained(tmp_path).encode(" the end") == [262, 886]
