"""Text and bytes come back exactly; special tokens; what the user may get wrong."""

import copy
import doctest
import importlib
import json
import pickle
import pkgutil
from pathlib import Path

import numpy as np
import pytest
import regex
from hypothesis import given, settings
from hypothesis import strategies as st

import minigpt.tokenizer
from minigpt.errors import UserError
from minigpt.tokenizer import Tokenizer, vocabularies
from minigpt.tokenizer.byte_unicode import BYTE_ORDER, BYTE_TO_CHAR, from_printable, to_printable
from minigpt.tokenizer.patterns import PATTERNS, split_words

STRINGS = json.loads((Path(__file__).parent / "hard_strings.json").read_text(encoding="utf-8"))
CORPUS = " ".join(text for text in STRINGS if len(text) < 90)
TOKENIZERS = {
    "gpt2": Tokenizer.train(CORPUS, 400),
    "gpt4": Tokenizer.train(CORPUS, 400, pattern="gpt4"),
    "byte": Tokenizer.byte(("<|endoftext|>",)),
}
TEXTS = st.text() | st.text("ab 'sS\n\t1٣é中😀\u2003\x1c\x85") | st.sampled_from(STRINGS)
each_tokenizer = pytest.mark.parametrize("tok", TOKENIZERS.values(), ids=TOKENIZERS)


@each_tokenizer
@settings(deadline=None)
@given(text=TEXTS)
def test_text_comes_back(tok, text):
    ids = tok.encode(text)
    assert tok.decode(ids) == text
    assert tok.encode_bytes(text.encode("utf-8")) == ids
    assert len(ids) <= len(text.encode("utf-8"))


@each_tokenizer
@settings(deadline=None)
@given(data=st.binary() | st.text().map(lambda t: t.encode("utf-8")[1:]))
def test_bytes_come_back(tok, data):
    assert tok.decode_bytes(tok.encode_bytes(data)) == data
    assert tok.decode(tok.encode_bytes(data)) == data.decode("utf-8", "replace")


@settings(deadline=None)
@given(text=st.text(st.characters(max_codepoint=127)) | st.text("aS's1 \n\r\t\x0b\x1c!"),
       pattern=st.sampled_from(sorted(PATTERNS)))
def test_the_fast_split_of_ascii_text_is_the_pattern(text, pattern):
    assert split_words(text, pattern) == regex.findall(PATTERNS[pattern], text)


def test_the_patterns_differ_where_they_should():
    assert split_words("I'll 12345  x", "gpt2") == ["I", "'ll", " 12345", " ", " x"]
    assert split_words("I'LL 12345\n\nx", "gpt4") == ["I", "'LL", " ", "123", "45", "\n\n", "x"]
    assert split_words("I'LL", "gpt2") == ["I", "'", "LL"]
    endings = ["'s", "'t", "'re", "'ve", "'m", "'ll", "'d"]
    assert split_words("a".join(["", *endings, ""]), "gpt2") == [
        part for ending in endings for part in ("a", ending)] + ["a"]
    joined = "A".join(["", *endings, ""]).upper()
    assert split_words(joined, "gpt4") == [
        part for ending in endings for part in ("A", ending.upper())] + ["A"]


def test_every_byte_has_one_visible_character():
    assert sorted(BYTE_ORDER) == list(range(256))
    assert sorted(BYTE_TO_CHAR.values()) == [BYTE_TO_CHAR[byte] for byte in BYTE_ORDER]
    assert all(char.isprintable() and not char.isspace() for char in BYTE_TO_CHAR.values())
    data = bytes(range(256))
    assert from_printable(to_printable(data)) == data
    assert to_printable(b"\x00 \n\xad") == "ĀĠĊŃ"


def test_char_vocabulary_is_sorted_and_names_what_it_lacks():
    tok = Tokenizer.char(["hello", "wörld 😀"], ("<|endoftext|>",))
    assert [tok.token_text(i) for i in range(len(tok))] == [
        *" dehlorwö😀", "<|endoftext|>"]
    assert tok.decode(tok.encode("lol wörld 😀")) == "lol wörld 😀"
    assert tok.encode_bytes("wö".encode()) == tok.encode("wö")
    with pytest.raises(UserError, match="character 'x' at position 2 is not in the vocabulary"):
        tok.encode("hexe")
    with pytest.raises(UserError, match="Byte 1 is not UTF-8"):
        tok.encode_bytes(b"h\xff")


# ---------------------------------------------------------------- special tokens

@each_tokenizer
def test_a_special_token_is_plain_text_unless_allowed(tok):
    text = "a<|endoftext|>b"
    assert tok.eot not in tok.encode(text)
    assert tok.decode(tok.encode(text)) == text
    ids = tok.encode(text, allowed_special="all")
    assert ids == [*tok.encode("a"), tok.eot, *tok.encode("b")]
    assert ids == tok.encode(text, allowed_special={"<|endoftext|>"})
    assert tok.decode(ids) == text
    assert tok.decode(ids, skip_special_tokens=True) == "ab"
    assert tok.decode_bytes(np.array(ids), skip_special_tokens=True) == b"ab"


def test_special_tokens_by_name_and_the_longest_first():
    tok = Tokenizer.train("x", 300, ("<a>", "<a><b>", "(.*)", "<b>"))
    ids = tok.special_tokens
    assert tok.encode("<a><b><b>(.*)", "all") == [ids["<a><b>"], ids["<b>"], ids["(.*)"]]
    assert tok.encode("<a><b>", ["<a>"]) == [ids["<a>"], *tok.encode("<b>")]
    assert tok.encode("<a>", ()) == tok.encode("<a>")
    assert tok.eot is None


def test_special_tokens_with_a_char_vocabulary():
    tok = Tokenizer.char("ab", ("<|endoftext|>",))
    assert tok.encode("ab<|endoftext|>a", "all") == [0, 1, 2, 0]
    with pytest.raises(UserError, match="'<' at position 1"):
        tok.encode("a<|endoftext|>")


# ---------------------------------------------------------------- looking inside, mistakes

def test_what_a_tokenizer_tells_about_itself():
    tok = TOKENIZERS["gpt2"]
    assert (tok.kind, tok.pattern, TOKENIZERS["byte"].kind) == ("bpe", "gpt2", "byte")
    assert TOKENIZERS["byte"].pattern is None and TOKENIZERS["byte"].merges == []
    texts = [Tokenizer.byte().token_text(i) for i in (65, 32, 10, 0, 0xE4)]
    assert texts == ["A", " ", r"\n", r"\x00", r"\xe4"]
    assert tok.token_text(tok.eot) == "<|endoftext|>"
    assert repr(tok) == "<Tokenizer bpe: 400 tokens, special: <|endoftext|>>"
    assert all(tok.token_text(i).isprintable() for i in range(len(tok)))
    assert b"".join(tok.merges[-1]) == tok.token_bytes(len(tok) - 2)


def test_invalid_utf8_is_decoded_as_the_replacement_character():
    assert Tokenizer.byte().decode([0x61, 0xFF, 0x62]) == "a\ufffdb"


@pytest.mark.parametrize("make", [list, tuple, np.array, iter, lambda x: np.array(x, np.uint16),
                                  lambda x: list(np.array(x))])
def test_ids_may_be_python_or_numpy_integers(make):
    tok = TOKENIZERS["gpt2"]
    assert tok.decode(make(tok.encode("the end"))) == "the end"
    assert tok.decode([]) == "" and tok.encode("") == []


@pytest.mark.parametrize(
    ("ids", "sentence"),
    [
        ([1, 400], "id 400 is not in the vocabulary, whose ids are 0 to 399"),
        ([-1], "id -1 is not"),
        (np.array([3, -2]), "id -2 is not"),
        ([np.int64(7), np.int64(512)], "id 512 is not"),
        ([1.0], "1.0 is not an id"),
        ([[1, 2]], r"\[1, 2\] is not an id"),
        (["a"], "a is not an id"),
        ("abc", "ids is 'abc'"),
        (5, "ids is 5; pass a sequence"),
        (np.int64(5), "ids is 5; pass a sequence"),
    ],
)
def test_ids_that_are_none(ids, sentence):
    for skip in (False, True):
        with pytest.raises(UserError, match=sentence):
            TOKENIZERS["gpt2"].decode(ids, skip_special_tokens=skip)


@each_tokenizer
def test_mistakes_in_encoding(tok):
    tok.encode_bytes(b"\xff")  # its word must not let a surrogate in through the cache
    for text in ("\udcff", "ab\ud800"):
        with pytest.raises(UserError, match="lone surrogate .* at position"):
            tok.encode(text)
    with pytest.raises(UserError, match="text is a bytes, not a str"):
        tok.encode(b"abc")
    with pytest.raises(UserError, match="data is a str, not bytes"):
        tok.encode_bytes("abc")
    with pytest.raises(UserError, match=r"names '<\|x\|>', but the special tokens are"):
        tok.encode("a", allowed_special=["<|x|>"])
    with pytest.raises(UserError, match="pass 'all' or a collection"):
        tok.encode("a", allowed_special="<|endoftext|>")


def test_the_cache_is_bounded_and_changes_nothing(monkeypatch):
    monkeypatch.setattr(vocabularies, "CACHE_WORDS", 5)
    tok = Tokenizer.train(CORPUS, 400)
    for text in STRINGS * 2:
        assert tok.encode(text) == TOKENIZERS["gpt2"].encode(text)
        assert len(tok._vocabulary._words) <= 5
    tok.encode("long" * 100)
    assert "long" * 100 not in tok._vocabulary._words
    tok.encode("again")
    ids = tok.encode("again")
    ids.append(0)  # what the caller does to the ids must not reach the cache
    assert tok.encode("again") == ids[:-1]


@each_tokenizer
def test_a_tokenizer_can_be_copied_and_sent_to_another_process(tok):
    tok.encode("the end")
    for twin in (pickle.loads(pickle.dumps(tok)), copy.deepcopy(tok)):
        assert twin.encode(CORPUS) == tok.encode(CORPUS)


@pytest.mark.parametrize(
    "name", [module.name for module in pkgutil.iter_modules(minigpt.tokenizer.__path__)]
)
def test_examples_in_docstrings(name):
    module = importlib.import_module(f"minigpt.tokenizer.{name}")
    assert doctest.testmod(module).failed == 0
