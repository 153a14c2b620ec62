"""Texts cut into pieces, and patterns spelled out for `re`: the same words, always."""

import copy
import json
from pathlib import Path
from unittest.mock import patch

import pytest
import regex
from hypothesis import given, settings
from hypothesis import strategies as st

from minigpt.tokenizer import Tokenizer, patterns
from minigpt.tokenizer.patterns import PATTERNS, SAFE_CUTS, last_safe_cut, split_words

STRINGS = json.loads((Path(__file__).parent / "hard_strings.json").read_text(encoding="utf-8"))
TEXTS = st.text() | st.text("a's1\u00e9\u4e2d\U0001f600.! \n\r\t\u2003\x1c\x85") | st.lists(
    st.sampled_from(STRINGS)).map("".join)
each_pattern = pytest.mark.parametrize("pattern", PATTERNS)


def safe_cuts(text: str, pattern) -> list[int]:
    return [found.start() for found in regex.finditer(SAFE_CUTS[pattern], text)]


@each_pattern
@settings(deadline=None, max_examples=500)
@given(text=TEXTS)
def test_a_safe_cut_changes_no_word(pattern, text):
    words = regex.findall(PATTERNS[pattern], text)
    for cut in safe_cuts(text, pattern):
        parts = text[:cut], text[cut:]
        assert [w for part in parts for w in regex.findall(PATTERNS[pattern], part)] == words


@pytest.mark.parametrize("pattern", SAFE_CUTS)
@settings(deadline=None)
@given(text=TEXTS, data=st.data())
def test_the_last_safe_cut_is_the_last(pattern, text, data):
    end = data.draw(st.none() | st.integers(-1, len(text)))
    limited = text[: max(0, end)] if end is not None else text
    assert last_safe_cut(text, pattern, end) == max(safe_cuts(limited, pattern), default=0)


def test_there_are_safe_cuts_in_common_texts():
    assert safe_cuts("to be\n\nor it's", "gpt2") == [2, 5, 9]
    assert safe_cuts("to be.\n\nor it's", "gpt4") == [2, 8, 10]
    assert safe_cuts("abc", None) == [1, 2]
    assert [last_safe_cut("tobe.", pattern) for pattern in ("gpt2", "gpt4")] == [0, 0]


@each_pattern
def test_every_character_is_spelled_out_as_the_pattern_has_it(pattern):
    for end in (128, 1 << 16):
        text = "".join(f"a{c}b {c}{c}1{c}'{c}t\n{c} {c}" for c in map(chr, range(end)))
        spelled = patterns._spelled_out(PATTERNS[pattern], end)
        assert spelled.findall(text) == regex.findall(PATTERNS[pattern], text)


@each_pattern
@settings(deadline=None)
@given(text=TEXTS, piece=st.integers(1, 9), spell_out=st.sampled_from([0, 5, 1000]))
def test_words_of_pieces_are_the_words_of_the_text(pattern, text, piece, spell_out):
    with patch.multiple(patterns, PIECE=piece, SPELL_OUT=spell_out):
        assert split_words(text, pattern) == regex.findall(PATTERNS[pattern], text)


def test_a_long_text_is_cut_into_pieces_and_each_takes_its_fastest_pattern():
    splitter = patterns.Splitter("gpt2")
    text = "to be " * 20_000 + "\u00e9 " * 10 + "or not " * 20_000 + "\U0001f600"
    pieces = list(splitter._pieces(text))
    assert "".join(pieces) == text
    assert all(len(piece) <= 2 * patterns.PIECE for piece in pieces) and len(pieces) > 10
    assert sum(not piece.isascii() for piece in pieces) == 2
    with patch.object(patterns, "SPELL_OUT", 0), patch.object(splitter, "_any") as slow:
        slow.findall.return_value = ["slow"]
        assert splitter._words("\u00e9 \u4e2d") == ["\u00e9", " \u4e2d"]
        assert splitter._words("\u00e9 \U0001f600") == ["slow"]
        with patch.object(patterns, "SPELL_OUT", 1000):
            assert splitter._words("\u00e9 \u4e2d") == ["slow"]


def test_a_copy_for_another_process_leaves_the_cache_of_words_behind():
    tok = Tokenizer.train("to be or not to be", 270)
    tok.encode("to be")
    assert len(tok._vocabulary._words) == 2
    twin = copy.deepcopy(tok)
    assert len(twin._vocabulary._words) == 0
    assert twin.encode("to be or") == tok.encode("to be or")
