"""The fast trainer against the slow one, the rules for ties, and what decides a vocabulary."""

import os
import time
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from minigpt.errors import UserError
from minigpt.tokenizer import Tokenizer
from minigpt.tokenizer.encode import merge_long_word, merge_word
from minigpt.tokenizer.slow import encode_word_slowly, learn_merges_slowly
from minigpt.tokenizer.ties import TIES
from minigpt.tokenizer.train import learn_merges

# Few letters, many ties and overlaps; and bytes at the ends of the range for "greatest".
WORDS = st.lists(st.text("ab", max_size=12).map(str.encode) | st.binary(min_size=1, max_size=6)
                 | st.text("abcA \xff", max_size=8).map(lambda t: t.encode("latin-1")),
                 max_size=25) | st.lists(st.text("abcd", max_size=40).map(str.encode), max_size=4)


def counted(words):
    counts = {}
    for word in words:
        counts[word] = counts.get(word, 0) + 1
    return counts


@pytest.mark.parametrize("ties", TIES)
@settings(max_examples=150, deadline=None)
@given(words=WORDS, new_tokens=st.integers(0, 40))
def test_fast_and_slow_trainer_agree(ties, words, new_tokens):
    assert learn_merges(counted(words), new_tokens, ties) == learn_merges_slowly(
        words, new_tokens, ties
    )


@pytest.mark.parametrize("ties", TIES)
def test_fast_and_slow_trainer_agree_on_many_words(ties):
    random = np.random.default_rng(0)
    words = [bytes(random.integers(97, 101, random.integers(1, 12)).tolist()) for _ in range(400)]
    fast = learn_merges(counted(words), 150, ties)
    assert fast == learn_merges_slowly(words, 150, ties)
    assert len(fast) == 150


def test_the_three_rules_for_ties_differ_as_described():
    # Each pair once: "bz" is seen first, "ab" has the smallest ids, "é"'s two bytes are greatest.
    words = ["bz", "ab", "é"]
    first = {ties: Tokenizer.train(words, 257, (), ties=ties).merges[0] for ties in TIES}
    assert first == {"first": (b"b", b"z"), "huggingface": (b"a", b"b"),
                     "greatest": (b"\xc3", b"\xa9")}


def test_ids_of_bytes_follow_gpt2s_order_not_the_bytes_order():
    # A space comes before "!" as a byte, but after all visible characters in GPT-2's order.
    tok = Tokenizer.train(["!!", "  "], 257, ())
    assert tok.merges == [(b"!", b"!")]


def test_the_longer_of_two_strings_with_one_beginning_is_greater():
    words = {b"zzz": 3, b"zy": 1, b"zzy": 1}
    # After zz: (zz, z) three times; then (zz, y) and (z, y) tie, and b"zz" > b"z".
    assert learn_merges(words, 3, "greatest") == [(b"z", b"z"), (b"zz", b"z"), (b"zz", b"y")]


def test_the_first_pair_stays_the_first_when_tokens_before_it_are_merged():
    words = [b"abababcxyabd", b"xyab"]
    # (x, y) and (y, ab) stand twice each; (x, y) starts earlier, at the seventh byte.
    merges = learn_merges(counted(words), 3, "first")
    assert merges == [(b"a", b"b"), (b"ab", b"ab"), (b"x", b"y")]


def test_nothing_is_merged_across_texts():
    assert Tokenizer.train(["ab", "ab"], 300).merges == [(b"a", b"b")]
    assert (b"ab", b"ab") in Tokenizer.train("abab", 300).merges


def test_vocab_size_counts_everything_and_shrinks_when_pairs_run_out():
    tok = Tokenizer.train("low lower lowest", 260, ("<|a|>", "<|b|>"))
    assert (tok.vocab_size, len(tok), len(tok.merges)) == (260, 260, 2)
    assert tok.special_tokens == {"<|a|>": 258, "<|b|>": 259}
    assert [tok.token_bytes(i) for i in (0, 255, 256, 259)] == [b"!", b"\xad", b"lo", b"<|b|>"]
    small = Tokenizer.train("ab", 1000)
    assert (small.vocab_size, small.eot) == (258, 257)


@settings(max_examples=200, deadline=None)
@given(words=st.lists(st.binary(min_size=1, max_size=8) | st.text("ab", max_size=9).map(str.encode),
                      min_size=1, max_size=15),
       word=st.text("ab", max_size=40).map(str.encode) | st.binary(max_size=20))
def test_three_ways_to_encode_a_word_agree(words, word):
    merges = learn_merges(counted(words), 30)
    tokens = [bytes([i]) for i in range(256)] + [left + right for left, right in merges]
    ids = {token: i for i, token in enumerate(tokens)}
    table = {(ids[a], ids[b]): (r, ids[a + b]) for r, (a, b) in enumerate(merges)}
    slow = [ids[token] for token in encode_word_slowly(word, merges)]
    assert merge_word(list(word), table) == slow
    assert merge_long_word(list(word), table) == slow


def test_a_long_word_takes_no_quadratic_time():
    tok = Tokenizer.train("a" * 64, 300)
    start = time.perf_counter()
    ids = tok.encode("a" * 60_001)  # 0.1 s; minutes if each merge searched all pairs again
    assert time.perf_counter() - start < 5
    assert tok.decode(ids) == "a" * 60_001


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        ({"vocab_size": 256}, "vocab_size is 256, but 256 bytes and 1 special tokens need .* 257"),
        ({"vocab_size": 300.5}, "vocab_size is 300.5"),
        ({"pattern": "gpt5"}, "no split pattern 'gpt5'; choose one of .*'gpt2'"),
        ({"ties": "last"}, "no rule 'last' for ties; choose one of .*'first'"),
        ({"texts": ""}, "text to learn from is empty"),
        ({"texts": ["", ""]}, "text to learn from is empty"),
        ({"texts": []}, "text to learn from is empty"),
        ({"texts": b"abc"}, "texts is a bytes"),
        ({"texts": 5}, "texts is a int"),
        ({"texts": ["a", None]}, "Text number 1 is a NoneType"),
        ({"texts": "a\ud800b"}, r"lone surrogate '\\ud800' at position 1"),
        ({"special_tokens": "<|x|>"}, r"pass a list of names: \['<\|x\|>'\]"),
        ({"special_tokens": ("<|x|>", "<|x|>")}, "named twice"),
        ({"special_tokens": ("",)}, "'' is no name"),
        ({"special_tokens": ("ab",)}, "'ab' is also an ordinary token"),
    ],
)
def test_mistakes_in_training_get_one_sentence(arguments, sentence):
    with pytest.raises(UserError, match=sentence):
        Tokenizer.train(**{"texts": "ab ab ab", "vocab_size": 300} | arguments)


@pytest.mark.slow
def test_speed_on_tiny_shakespeare():
    if "MINIGPT_DATA" not in os.environ:
        pytest.skip("MINIGPT_DATA names no folder with tinyshakespeare.txt")
    path = Path(os.environ["MINIGPT_DATA"]) / "tinyshakespeare.txt"
    text = path.read_text(encoding="utf-8")
    start = time.perf_counter()
    tok = Tokenizer.train(text, 1024)
    assert time.perf_counter() - start < 3  # 0.3 s on two cores of an AMD EPYC
    seconds = []
    for _ in range(4):
        start = time.perf_counter()
        ids = tok.encode(text)
        seconds.append(time.perf_counter() - start)
    assert len(text) / 1e6 / min(seconds) > 4  # MB/s; 17 there
    assert tok.decode(ids) == text
    assert tok.vocab_size == 1024
