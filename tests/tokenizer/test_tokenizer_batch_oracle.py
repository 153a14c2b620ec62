"""Batches against the installed `transformers`, which reads the folders that we write."""

import json
import warnings
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from minigpt.tokenizer import Tokenizer

pytestmark = pytest.mark.oracle

STRINGS = json.loads((Path(__file__).parent / "hard_strings.json").read_text(encoding="utf-8"))
CORPUS = " ".join(STRINGS)
EOT, PAD = "<|endoftext|>", "<|pad|>"
MAKERS = {  # the first three are read by GPT2TokenizerFast, the others by PreTrainedTokenizerFast
    "gpt2": lambda: Tokenizer.train(CORPUS, 500),
    "gpt2 pad": lambda: Tokenizer.train(CORPUS, 500, (EOT, PAD)),
    "byte": lambda: Tokenizer.byte((EOT, "<p>")),
    "gpt4 pad": lambda: Tokenizer.train(CORPUS, 500, (PAD, EOT), pattern="gpt4"),
    "char": lambda: Tokenizer.char(STRINGS, (EOT,)),
}
NAMES = ("input_ids", "attention_mask")


def read_by_transformers(folder, **options):
    reason = "transformers is not installed; it comes with the 'oracles' extra"
    transformers = pytest.importorskip("transformers", reason=reason)
    return transformers.AutoTokenizer.from_pretrained(folder, **options)


def both(name, folder, side="right"):
    """Ours, and theirs from the folder that ours wrote."""
    tok = MAKERS[name]()
    tok.padding_side = side
    if tok.pad_token is None:
        tok.pad_token = tok.eos_token
    tok.save_pretrained(folder)
    return tok, read_by_transformers(folder)


@pytest.fixture(scope="module", params=MAKERS)
def pair(request, tmp_path_factory):
    return both(request.param, tmp_path_factory.mktemp("tokenizer"))


@pytest.mark.parametrize("side", ["left", "right"])
@pytest.mark.parametrize("name", MAKERS)
def test_they_read_the_padding_that_we_set(name, side, tmp_path):
    tok, theirs = both(name, tmp_path, side)
    assert theirs.is_fast and "GPT2" in type(theirs).__name__ or name in ("gpt4 pad", "char")
    roles = ("eos_token", "eos_token_id", "pad_token", "pad_token_id", "padding_side")
    assert [getattr(tok, role) for role in roles] == [getattr(theirs, role) for role in roles]
    assert tok.padding_side == side and tok.pad_token is not None and len(tok) == len(theirs)
    ours = tok(STRINGS, padding=True, allowed_special="all")
    assert [ours[key] for key in NAMES] == [theirs(STRINGS, padding=True)[key] for key in NAMES]


@pytest.mark.parametrize("side", ["left", "right"])
@pytest.mark.parametrize("name", MAKERS)
def test_we_read_the_padding_that_they_set(name, side, tmp_path):
    MAKERS[name]().save_pretrained(tmp_path / "ours")
    theirs = read_by_transformers(tmp_path / "ours", padding_side=side)
    theirs.add_special_tokens({"pad_token": "[PAD]"})
    theirs.save_pretrained(tmp_path / "theirs")
    tok = Tokenizer.from_pretrained(tmp_path / "theirs")
    assert (tok.pad_token, tok.pad_token_id) == ("[PAD]", theirs.pad_token_id)
    assert tok.padding_side == side
    ours = tok(STRINGS, padding=True, allowed_special="all")
    assert [ours[key] for key in NAMES] == [theirs(STRINGS, padding=True)[key] for key in NAMES]


@settings(deadline=None, max_examples=60)
@given(texts=st.lists(st.sampled_from(STRINGS), min_size=1, max_size=4), single=st.booleans(),
       padding=st.sampled_from([False, "do_not_pad", True, "longest", "max_length"]),
       truncation=st.sampled_from([False, "do_not_truncate", True, "longest_first", "only_first"]),
       max_length=st.integers(1, 40), side=st.sampled_from(["left", "right"]))
def test_a_batch_is_theirs(pair, texts, single, padding, truncation, max_length, side):
    tok, theirs = pair
    cut = truncation in (True, "longest_first", "only_first")
    length = {"max_length": max_length} if cut or padding == "max_length" else {}
    options = {"padding": padding, "truncation": truncation, **length}
    texts = texts[0] if single else texts
    # Their argument padding_side is newer than their attribute.
    tok.padding_side = theirs.padding_side = side
    ours, expected = tok(texts, **options, allowed_special="all"), theirs(texts, **options)
    assert [ours[key] for key in NAMES] == [expected[key] for key in NAMES]
    tok.padding_side = "left" if side == "right" else "right"
    assert tok(texts, **options, padding_side=side, allowed_special="all") == ours
    if single or len(set(map(len, ours.input_ids))) == 1:
        ours = tok(texts, **options, padding_side=side, allowed_special="all", return_tensors="np")
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            expected = theirs(texts, **options, return_tensors="np")
        for key in NAMES:
            assert ours[key].shape == expected[key].shape and ours[key].dtype == np.int64
            np.testing.assert_array_equal(ours[key], expected[key])


def test_encode_and_batch_decode_are_theirs(pair):
    tok, theirs = pair
    for text in filter(None, STRINGS):
        np.testing.assert_array_equal(
            tok.encode(text, "all", return_tensors="np"), theirs.encode(text, return_tensors="np"))
    rows = tok(STRINGS, padding=True, allowed_special="all", return_tensors="np").input_ids
    for skip in (False, True):
        assert tok.batch_decode(rows, skip) == theirs.batch_decode(rows, skip_special_tokens=skip)
        assert tok.batch_decode(rows, skip_special_tokens=skip) == [
            theirs.decode(row, skip_special_tokens=skip) for row in rows]
