"""Many texts at once: padding, cutting, masks, arrays, and back to texts."""

import copy
import pickle

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from minigpt.errors import UserError
from minigpt.tokenizer import Tokenizer
from minigpt.tokenizer.batch import Batch

CORPUS = "to be, or not to be: that is the question. 是也非也 😀😀 " * 3
EOT, PAD = "<|endoftext|>", "<|pad|>"
MAKERS = {
    "bpe": lambda: Tokenizer.train(CORPUS, 300, (EOT, PAD)),
    "byte": lambda: Tokenizer.byte((EOT, PAD)),
    "char": lambda: Tokenizer.char(CORPUS + EOT, (EOT, PAD)),
}
TOKENIZERS = {name: make() for name, make in MAKERS.items()}
EOT_ONLY = Tokenizer.byte((EOT,))
TEXTS = ["to be", "", "that is the question 😀", f"not {EOT} that"]
each_tokenizer = pytest.mark.parametrize("tok", TOKENIZERS.values(), ids=TOKENIZERS)


def by_hand(tok, texts, padding, cut, max_length, side, allowed):
    """The rows and masks, place by place."""
    rows, masks = [], []
    encoded = [tok.encode(text, allowed) for text in texts]
    encoded = [[i for place, i in enumerate(ids) if not cut or place < max_length]
               for ids in encoded]
    for ids in encoded:
        width = len(ids)
        if padding in (True, "longest"):
            width = max(len(other) for other in encoded)
        elif padding == "max_length" and max_length > width:
            width = max_length
        row, mask = [], []
        for place in range(width):
            at = place - (width - len(ids)) if side == "left" else place
            real = 0 <= at < len(ids)
            row.append(ids[at] if real else tok.special_tokens[PAD])
            mask.append(1 if real else 0)
        rows.append(row)
        masks.append(mask)
    return rows, masks


@each_tokenizer
@settings(deadline=None, max_examples=60)
@given(texts=st.lists(st.sampled_from(TEXTS) | st.text("to be"), min_size=1, max_size=5),
       padding=st.sampled_from([False, "do_not_pad", True, "longest", "max_length"]),
       truncation=st.sampled_from([False, "do_not_truncate", True, "longest_first", "only_first"]),
       max_length=st.integers(1, 30), side=st.sampled_from(["left", "right", None]),
       allowed=st.sampled_from([(), "all"]))
def test_a_batch_is_what_plain_loops_give(
        tok, texts, padding, truncation, max_length, side, allowed):
    cut = truncation in (True, "longest_first", "only_first")
    length = {"max_length": max_length} if cut or padding == "max_length" else {}
    options = {"padding": padding, "truncation": truncation, "padding_side": side,
               "allowed_special": allowed, **length}
    rows, masks = by_hand(tok, texts, padding, cut, max_length, side or "right", allowed)
    batch = tok(texts, **options)
    assert batch == {"input_ids": rows, "attention_mask": masks}
    assert [[i for i, real in zip(row, mask, strict=True) if real] for row, mask in zip(
        batch.input_ids, batch.attention_mask, strict=True)] == [
        tok.encode(text, allowed)[:max_length if cut else None] for text in texts]
    if len(set(map(len, rows))) == 1:
        arrays = tok(texts, **options, return_tensors="np")
        assert list(arrays) == ["input_ids", "attention_mask"]
        for name, lists in batch.items():
            assert arrays[name].dtype == np.int64
            assert arrays[name].shape == (len(texts), len(rows[0]))
            assert arrays[name].tolist() == lists


@each_tokenizer
def test_one_text_is_flat_as_lists_and_one_row_as_array(tok):
    ids = tok.encode("to be")
    assert tok("to be") == {"input_ids": ids, "attention_mask": [1] * len(ids)}
    assert tok("to be", padding=True) == tok("to be")
    assert tok(["to be"]) == {"input_ids": [ids], "attention_mask": [[1] * len(ids)]}
    arrays = tok("to be", return_tensors="np")
    assert arrays.input_ids.shape == arrays.attention_mask.shape == (1, len(ids))
    assert arrays.input_ids.tolist() == [ids]
    padded = tok("to be", padding="max_length", max_length=len(ids) + 2, padding_side="left")
    assert padded.input_ids == [tok.pad_token_id] * 2 + ids
    assert padded.attention_mask == [0, 0] + [1] * len(ids)
    assert tok("", return_tensors="np").input_ids.shape == (1, 0)
    assert tok(["", ""], padding=True, return_tensors="np").input_ids.shape == (2, 0)


@pytest.mark.parametrize("make", [tuple, iter, np.array])
def test_texts_may_be_any_series_of_str(make):
    tok = TOKENIZERS["bpe"]
    assert tok(make(["to be", "or"])) == tok(["to be", "or"])


def test_max_length_may_be_a_numpy_integer():
    batch = TOKENIZERS["byte"](["a", "abc"], "max_length", True, np.int64(2))
    assert batch.input_ids == [[97, 257], [97, 98]]


def test_the_lists_are_fresh():
    tok = TOKENIZERS["bpe"]
    tok(["to be"]).input_ids[0].append(0)
    tok("to be").input_ids.append(0)
    assert tok(["to be"]).input_ids == [tok.encode("to be")]


def test_the_side_is_the_calls_or_else_the_tokenizers():
    tok = MAKERS["byte"]()
    assert tok.padding_side == "right"
    assert tok(["a", "abc"], padding=True).input_ids[0] == [97, 257, 257]
    tok.padding_side = "left"
    assert tok(["a", "abc"], padding=True).input_ids[0] == [257, 257, 97]
    assert tok(["a", "abc"], padding=True, padding_side="right").input_ids[0] == [97, 257, 257]
    assert tok.padding_side == "left" and MAKERS["byte"]().padding_side == "right"


# ---------------------------------------------------------------- the batch itself

def test_a_batch_is_a_dict_with_attributes():
    batch = TOKENIZERS["byte"](["a", "bc"])
    assert batch.input_ids is batch["input_ids"]

    def call(input_ids, attention_mask):
        return input_ids, attention_mask

    assert call(**batch) == ([[97], [98, 99]], [[1], [1, 1]])
    batch.labels = [5]
    assert batch["labels"] == [5]
    batch["labels"] = [6]
    assert batch.labels == [6]
    assert not hasattr(batch, "token_type_ids")
    with pytest.raises(AttributeError, match="'attention_mask', 'labels'.*but no 'to'"):
        batch.to("cpu")
    for twin in (pickle.loads(pickle.dumps(batch)), copy.copy(batch), copy.deepcopy(batch)):
        assert type(twin) is Batch and twin == batch and twin.labels == [6]


# ---------------------------------------------------------------- mistakes

@pytest.mark.parametrize(
    ("options", "sentence"),
    [
        ({"truncation": True}, "truncation needs a length; pass max_length, in tokens"),
        ({"truncation": "longest_first", "padding": True}, "truncation needs a length"),
        ({"padding": "max_length"}, "padding='max_length' needs a length; pass max_length"),
        ({"max_length": 5}, "max_length=5 does nothing by itself; pass truncation=True"),
        ({"max_length": 5, "padding": True}, "max_length=5 does nothing by itself"),
        ({"truncation": True, "max_length": 0}, "max_length is 0; pass a whole number of 1"),
        ({"padding": "max_length", "max_length": -2}, "max_length is -2; pass a whole number"),
        ({"truncation": True, "max_length": 2.0}, "max_length is 2.0; pass a whole number"),
        ({"truncation": True, "max_length": "2"}, "max_length is '2'; pass a whole number"),
        ({"padding": "left"}, "padding is 'left'; pass True, 'longest', 'max_length' or False"),
        ({"padding": 1}, "padding is 1; pass True"),
        ({"padding": None}, "padding is None; pass True"),
        ({"padding": ["longest"]}, r"padding is \['longest'\]; pass True"),
        ({"truncation": "left", "max_length": 2}, "truncation is 'left'; pass True or False"),
        ({"truncation": 1, "max_length": 2}, "truncation is 1; pass True or False"),
        ({"padding_side": "up", "padding": True}, "padding_side is 'up'; pass 'left' or 'right'"),
        ({"padding_side": ["left"]}, r"padding_side is \['left'\]; pass"),
        ({"return_tensors": "pt"}, "'pt', but minigpt computes with NumPy; pass 'np'"),
        ({"return_tensors": "tf"}, "'tf', but minigpt computes with NumPy; pass 'np'"),
        ({"return_tensors": True}, "return_tensors is True, but"),
        ({"return_tensors": "np"}, "texts have 2 to 5 tokens, but .*; pass padding=True, too"),
        ({"return_tensors": "np", "truncation": True, "max_length": 4},
         "texts have 2 to 4 tokens, but .*; pass padding=True, too"),
        ({"return_tensors": "np", "padding": "max_length", "max_length": 3},
         "texts have 3 to 5 tokens, but .*; pass truncation=True, too"),
        ({"allowed_special": ["<|x|>"]}, r"allowed_special names '<\|x\|>'"),
    ],
)
def test_options_that_cannot_be(options, sentence):
    with pytest.raises(UserError, match=sentence) as caught:
        EOT_ONLY(["or", "to be"], **options)
    assert "\n" not in str(caught.value) and str(caught.value).endswith(".")


@pytest.mark.parametrize(
    ("texts", "sentence"),
    [
        ([], "There are no texts to encode; pass at least one"),
        (["a", 5], "Text number 1 is a int, not a str; pass a list of str"),
        ([["a", "b"]], "Text number 0 is a list, not a str"),
        (["a", b"b"], "Text number 1 is a bytes, not a str"),
        ([None], "Text number 0 is a NoneType"),
        (b"abc", "texts is a bytes; pass a str or a list of str"),
        (5, "texts is a int; pass a str or a list of str"),
        (None, "texts is a NoneType; pass"),
        ({"text": "a"}, "texts is a dict; pass a str or a list of str"),
        (["a", "\ud800"], "lone surrogate"),
    ],
)
def test_texts_that_are_none(texts, sentence):
    with pytest.raises(UserError, match=sentence):
        EOT_ONLY(texts)


def test_no_token_to_pad_with():
    tok = Tokenizer.byte(("<p>",))
    assert tok(["a", "b"]).input_ids == [[97], [98]]
    for padding in (True, "longest"):  # even where nothing would be padded: not by chance
        with pytest.raises(UserError, match=r"neither a pad token nor <\|endoftext\|> .*'<p>'"):
            tok(["a", "b"], padding=padding)


# ---------------------------------------------------------------- encode and batch_decode

@each_tokenizer
def test_encode_gives_one_row_of_an_array(tok):
    for text in TEXTS:
        array = tok.encode(text, "all", return_tensors="np")
        assert isinstance(array, np.ndarray) and array.dtype == np.int64
        assert array.shape == (1, len(tok.encode(text, "all")))
        assert array.tolist() == [tok.encode(text, "all")]
        assert type(tok.encode(text, return_tensors=None)) is list
    for wrong in ("pt", "", False):
        with pytest.raises(UserError, match=f"{wrong!r}, but minigpt computes with NumPy; pass"):
            tok.encode("a", return_tensors=wrong)
    with pytest.raises(UserError, match="text is a list, not a str"):
        tok.encode(["a"], return_tensors="np")


@each_tokenizer
@pytest.mark.parametrize("side", ["left", "right"])
def test_texts_come_back_from_a_padded_batch(tok, side):
    batch = tok(TEXTS, padding=True, padding_side=side, return_tensors="np")
    assert tok.batch_decode(batch.input_ids, skip_special_tokens=True) == TEXTS
    lists = tok(TEXTS)["input_ids"]
    assert tok.batch_decode(lists) == tok.batch_decode(map(np.array, lists)) == TEXTS
    assert tok.batch_decode(batch["input_ids"]) == [tok.decode(row) for row in batch.input_ids]
    assert tok.batch_decode(batch["input_ids"]) != TEXTS
    assert tok.batch_decode([]) == []
    assert [tok.decode(row, skip_special_tokens=True) for row in batch.input_ids] == TEXTS


@pytest.mark.parametrize(
    ("rows", "sentence"),
    [
        ([1, 2], r"1 is no row of ids; pass a list of rows, or use decode\(\) for one text"),
        (np.array([1, 2]), "1 is no row of ids"),
        (["ab"], "'ab' is no row of ids"),
        ("ab", "rows is 'ab'; pass a list of rows of ids"),
        (5, "rows is 5; pass a list of rows of ids"),
        (np.int64(5), "rows is 5; pass"),
        (EOT_ONLY(["a"]), "rows is .*; pass a list of rows of ids"),
        ([[1], [999]], "id 999 is not in the vocabulary"),
        ([[[1]]], r"\[1\] is not an id"),
    ],
)
def test_rows_that_are_none(rows, sentence):
    with pytest.raises(UserError, match=sentence):
        EOT_ONLY.batch_decode(rows)
