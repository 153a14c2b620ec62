"""Against the installed `tokenizers`, `tiktoken` and `transformers`."""

import importlib.util
import json
import os
import shutil
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from minigpt.tokenizer import Tokenizer
from minigpt.tokenizer.byte_unicode import to_printable

pytestmark = pytest.mark.oracle

HERE = Path(__file__).parent
STRINGS = json.loads((HERE / "hard_strings.json").read_text(encoding="utf-8"))
REASON = "{} is not installed; it comes with the 'oracles' extra"
# Letters that Unicode defined long ago: each library has its own, newer table of categories.
TEXTS = st.text("ab 'slt\n\t1é中😀٣\u00a0\u2003\x1c\x85") | st.text(
    st.characters(max_codepoint=0x24F)) | st.text(st.characters(min_codepoint=0x4E00,
                                                                max_codepoint=0x9FA5))


def make_golden():
    spec = importlib.util.spec_from_file_location("make_golden", HERE / "make_golden.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def data_folder() -> Path:
    if "MINIGPT_DATA" not in os.environ:
        pytest.skip("MINIGPT_DATA names no folder with GPT-2's files and tinyshakespeare.txt")
    return Path(os.environ["MINIGPT_DATA"])


def merges_of(tok: Tokenizer) -> list[str]:
    return [f"{to_printable(left)} {to_printable(right)}" for left, right in tok.merges]


# ---------------------------------------------------------------- tokenizers

@settings(max_examples=150, deadline=None)
@given(texts=st.lists(TEXTS.filter(bool), min_size=1, max_size=8), more=st.integers(0, 60))
def test_training_equals_huggingface_on_random_texts(texts, more):
    pytest.importorskip("tokenizers", reason=REASON.format("tokenizers"))
    golden = make_golden()
    theirs = golden.train_with_huggingface(texts, 257 + more)
    assert merges_of(Tokenizer.train(texts, 257 + more)) == golden.merges_of(theirs)


@pytest.mark.parametrize("letters", ["ab", "abcdefgh", " aé中"])
def test_training_equals_huggingface_on_random_words(letters):
    pytest.importorskip("tokenizers", reason=REASON.format("tokenizers"))
    golden = make_golden()
    for seed in range(5):
        random = np.random.default_rng(seed)
        text = "".join(random.choice([*letters, " "], 3000))
        theirs = golden.train_with_huggingface([text], 457)
        assert merges_of(Tokenizer.train(text, 457)) == golden.merges_of(theirs)


def test_training_equals_huggingface_on_tiny_shakespeare():
    pytest.importorskip("tokenizers", reason=REASON.format("tokenizers"))
    text = (data_folder() / "tinyshakespeare.txt").read_text(encoding="utf-8")
    golden = make_golden()
    theirs = golden.train_with_huggingface([text], 8192)
    tok = Tokenizer.train(text, 8192)
    assert merges_of(tok) == golden.merges_of(theirs)
    assert tok.encode(text[:100_000]) == [i - 1 for i in theirs.encode(text[:100_000]).ids]


# ---------------------------------------------------------------- GPT-2: tiktoken, transformers

@pytest.fixture(scope="module")
def gpt2_folder(tmp_path_factory) -> Path:
    """GPT-2's two files under the names of its published folder."""
    data, folder = data_folder(), tmp_path_factory.mktemp("gpt2")
    for name in ("vocab.json", "merges.txt"):
        shutil.copy(data / f"gpt2-{name}", folder / name)
    return folder


def tiktoken_gpt2(folder: Path):
    pytest.importorskip("tiktoken", reason=REASON.format("tiktoken"))
    theirs = make_golden().gpt2_with_tiktoken(data_folder())
    return (theirs.encode_ordinary, lambda text: theirs.encode(text, allowed_special="all"),
            theirs.decode)


def transformers_gpt2(folder: Path):
    transformers = pytest.importorskip("transformers", reason=REASON.format("transformers"))
    options = {"clean_up_tokenization_spaces": False}
    theirs = transformers.GPT2TokenizerFast.from_pretrained(folder, **options)
    plain = transformers.GPT2TokenizerFast.from_pretrained(
        folder, split_special_tokens=True, **options)
    return plain.encode, theirs.encode, theirs.decode


@pytest.fixture(scope="module", params=[tiktoken_gpt2, transformers_gpt2],
                ids=["tiktoken", "transformers"])
def both_gpt2(request, gpt2_folder):
    """Ours, and theirs: encode with and without special tokens in the text, decode."""
    return Tokenizer.from_pretrained(gpt2_folder), *request.param(gpt2_folder)


def test_gpt2_has_their_ids_on_hard_strings(both_gpt2):
    ours, plain, special, decode = both_gpt2
    for text in [*STRINGS, "".join(STRINGS), " ".join(STRINGS), "\n".join(STRINGS)]:
        ids = ours.encode(text)
        assert ids == plain(text), text
        assert ours.encode(text, "all") == special(text), text
        assert ours.decode(ids) == decode(ids) == text


@settings(max_examples=500, deadline=None)
@given(text=st.text() | TEXTS | st.text("<|endoftx>' \n"))
def test_gpt2_has_their_ids_on_random_unicode(both_gpt2, text):
    ours, plain, _, _ = both_gpt2
    assert ours.encode(text) == plain(text)


@settings(max_examples=200, deadline=None)
@given(parts=st.lists(st.sampled_from(STRINGS) | st.text(), max_size=5))
def test_gpt2_has_their_ids_on_hard_strings_side_by_side(both_gpt2, parts):
    ours, plain, special, _ = both_gpt2
    text = "".join(parts)
    assert ours.encode(text) == plain(text)
    assert ours.encode(text, "all") == special(text)


@settings(max_examples=200, deadline=None)
@given(ids=st.lists(st.integers(0, 50256) | st.integers(95, 255)))
def test_gpt2_decodes_any_ids_as_they_do(both_gpt2, ids):
    ours, _, _, decode = both_gpt2
    assert ours.decode(ids) == "".join(ours.decode_stream(ids)) == decode(ids)


def test_gpt2_has_their_ids_on_tiny_shakespeare(both_gpt2):
    ours, plain, _, _ = both_gpt2
    text = (data_folder() / "tinyshakespeare.txt").read_text(encoding="utf-8")
    assert ours.encode(text) == plain(text)


# ---------------------------------------------------------------- folders for transformers

CORPUS = " ".join(text for text in STRINGS if "\n\n" not in text and "<|" not in text)
MAKERS = {
    "gpt2": lambda: Tokenizer.train(CORPUS, 500),
    "gpt4": lambda: Tokenizer.train(CORPUS, 500, pattern="gpt4"),
    "two special": lambda: Tokenizer.train(CORPUS, 500, ("<pad>", "<|endoftext|>")),
    "other special": lambda: Tokenizer.train(CORPUS, 500, ("<pad>",)),
    "no special": lambda: Tokenizer.train(CORPUS, 500, ()),
    "no merges": lambda: Tokenizer.train("a", 500),
    "byte": lambda: Tokenizer.byte(),
    "byte special": lambda: Tokenizer.byte(("<|endoftext|>",)),
    "char": lambda: Tokenizer.char(STRINGS, ("<|endoftext|>",)),
    "char plain": lambda: Tokenizer.char(STRINGS),
}


@pytest.mark.parametrize("name", MAKERS)
def test_autotokenizer_reads_our_folder_and_we_read_its(name, tmp_path):
    transformers = pytest.importorskip("transformers", reason=REASON.format("transformers"))
    tok = MAKERS[name]()
    tok.save_pretrained(tmp_path / "ours")
    theirs = transformers.AutoTokenizer.from_pretrained(tmp_path / "ours")
    assert len(theirs) == len(tok)
    theirs.save_pretrained(tmp_path / "theirs")
    again = Tokenizer.from_pretrained(tmp_path / "theirs")
    assert (again.special_tokens, again.pattern) == (tok.special_tokens, tok.pattern)
    for text in [*STRINGS, "IT'S 12345 <pad>"]:
        if tok.kind == "char" and not set(text) <= set("".join(STRINGS)):
            continue
        ids = tok.encode(text, allowed_special="all")
        assert theirs.encode(text, add_special_tokens=False) == ids, text
        assert theirs.decode(ids) == text
        assert again.encode(text, allowed_special="all") == ids
