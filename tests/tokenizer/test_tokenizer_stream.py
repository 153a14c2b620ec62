"""Text while ids come one by one: whole characters, at once, and the same text in the end."""

import types

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from minigpt.errors import UserError
from minigpt.tokenizer import Tokenizer

EOT, PAD = "<|endoftext|>", "<|pad|>"
TOKENIZERS = {
    "bpe": Tokenizer.train("to be, or not to be: 是也非也 😀😀 " * 3, 300, (EOT, PAD)),
    "byte": Tokenizer.byte((EOT, PAD)),
}

TEXT_BYTES = st.text("a é中😀\u200d👍🏽").map(lambda text: list(text.encode("utf-8")))
ANY_BYTES = st.lists(st.sampled_from(
    [0x41, 0x80, 0x8F, 0x90, 0xA0, 0xBF, 0xC1, 0xC3, 0xE0, 0xE4, 0xED, 0xEF, 0xF0, 0xF4, 0xF5,
     0xFF, 256, 257]) | st.integers(0, 257))


@settings(deadline=None, max_examples=300)
@given(ids=TEXT_BYTES | ANY_BYTES, skip=st.booleans())
def test_the_pieces_are_the_decoded_text_and_come_at_once(ids, skip):
    tok = TOKENIZERS["byte"]
    pieces = []

    def steps():
        for number, i in enumerate(ids, start=1):
            yield i
            # The next id is asked for: only what may begin a character is still held back.
            so_far, text = "".join(pieces), tok.decode(ids[:number], skip)
            assert text in (so_far, so_far + "\ufffd", so_far + 2 * "\ufffd")
            try:
                tok.decode_bytes(ids[:number], skip).decode("utf-8")
            except UnicodeDecodeError:
                continue
            assert text == so_far

    for piece in tok.decode_stream(steps(), skip):
        assert piece
        pieces.append(piece)
    assert "".join(pieces) == tok.decode(ids, skip)


@settings(deadline=None)
@given(data=st.data())
def test_the_pieces_of_merged_tokens_are_the_decoded_text(data):
    tok = TOKENIZERS["bpe"]
    ids = data.draw(st.lists(st.integers(0, len(tok) - 1)))
    for skip in (False, True):
        pieces = list(tok.decode_stream(ids, skip_special_tokens=skip))
        assert "".join(pieces) == tok.decode(ids, skip) and all(pieces)


def test_an_emoji_over_four_tokens_is_one_piece():
    tok = TOKENIZERS["byte"]
    assert list(tok.decode_stream(tok.encode("a😀é!"))) == ["a", "😀", "é", "!"]
    stream = tok.decode_stream(iter([*"😀".encode()[:3], tok.eot, 0x98, 98]))
    assert isinstance(stream, types.GeneratorType)
    assert list(stream) == ["\ufffd<|endoftext|>", "\ufffd", "b"]
    assert list(tok.decode_stream(list("a😀".encode()[:4]))) == ["a", "\ufffd"]
    assert list(tok.decode_stream([])) == [] == list(tok.decode_stream([tok.eot], True))
    halves = [*"😀".encode()[:2], tok.eot, *"😀".encode()[2:]]
    assert list(tok.decode_stream(halves, skip_special_tokens=True)) == ["😀"]


@pytest.mark.parametrize("make", [
    int, np.int64, np.uint16, np.array, lambda i: np.array([i]), lambda i: np.array([[i]])])
def test_steps_may_be_integers_or_arrays_of_one(make):
    tok = TOKENIZERS["bpe"]
    ids = [*tok.encode("to be 😀 是"), tok.eot]
    for skip in (False, True):
        pieces = list(tok.decode_stream((make(i) for i in ids), skip))
        assert "".join(pieces) == tok.decode(ids, skip)
    assert list(tok.decode_stream(np.array(ids))) == list(tok.decode_stream(ids))


@pytest.mark.parametrize(
    ("ids", "sentence"),
    [
        ([97, 999], "id 999 is not in the vocabulary"),
        ([97, np.array([-1])], "id -1 is not in the vocabulary"),
        ([97, np.array([1, 2])], "A step has 2 ids, but a stream is one text"),
        ([97, np.array([])], "A step has 0 ids"),
        (np.array([[97, 2, 3]]), "A step has 3 ids"),
        ([97, [1]], r"\[1\] is not an id"),
        ([97, 1.5], "1.5 is not an id"),
        ([97, np.array([1.5])], "1.5 is not an id"),
    ],
)
def test_steps_that_are_none(ids, sentence):
    stream = TOKENIZERS["byte"].decode_stream(ids)
    with pytest.raises(UserError, match=sentence):
        list(stream)


@pytest.mark.parametrize("ids", ["abc", b"abc", 5, None])
def test_a_stream_of_no_ids_is_refused_at_once(ids):
    with pytest.raises(UserError, match=f"ids is {ids!r}; pass an iterable of integers"):
        TOKENIZERS["byte"].decode_stream(ids)
