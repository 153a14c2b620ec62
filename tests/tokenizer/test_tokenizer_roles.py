"""The tokens with a role and the side of padding: set, refused, and kept in files."""

import copy
import json
import pickle

import pytest

from minigpt.errors import UserError
from minigpt.tokenizer import Tokenizer

CORPUS = "to be, or not to be: that is the question. 是也非也 😀😀 " * 3
EOT, PAD = "<|endoftext|>", "<|pad|>"
EOT_ONLY = Tokenizer.byte((EOT,))
MAKERS = {
    "bpe": lambda special: Tokenizer.train(CORPUS, 300, special),
    "byte": lambda special: Tokenizer.byte(special),
    "char": lambda special: Tokenizer.char(CORPUS, special),
}
each_kind = pytest.mark.parametrize("kind", MAKERS)


def test_the_end_token_has_three_names():
    for make in MAKERS.values():
        tok = make((EOT, PAD))
        assert (tok.eos_token, tok.eos_token_id) == (EOT, tok.eot)
        assert tok.token_text(tok.eos_token_id) == EOT
    plain = Tokenizer.byte()
    assert plain.eos_token is plain.eos_token_id is plain.pad_token is plain.pad_token_id is None


def test_the_pad_token_is_the_one_set_or_pad_or_for_padding_the_end():
    tok = Tokenizer.byte((EOT, PAD))
    assert (tok.pad_token, tok.pad_token_id) == (PAD, 257)
    tok.pad_token = tok.eos_token
    assert (tok.pad_token, tok.pad_token_id) == (EOT, 256)
    assert tok(["a", "ab"], padding=True).input_ids[0] == [97, 256]
    tok.pad_token = None
    assert tok.pad_token == PAD
    tok = Tokenizer.byte((EOT, "<p>"))
    assert (tok.pad_token, tok.pad_token_id) == (None, None)
    assert tok(["a", "ab"], padding=True) == {
        "input_ids": [[97, 256], [97, 98]], "attention_mask": [[1, 0], [1, 1]]}
    tok.pad_token_id = tok.special_tokens["<p>"]
    assert (tok.pad_token, tok.pad_token_id) == ("<p>", 257)
    assert tok(["a", "ab"], padding=True).input_ids[0] == [97, 257]
    tok.pad_token_id = None
    assert tok.pad_token is None
    tok = Tokenizer.byte(("<p>",))
    tok.pad_token = "<p>"
    assert tok(["a", "ab"], padding=True).input_ids[0] == [97, 256]


@pytest.mark.parametrize(
    ("name", "value", "sentence"),
    [
        ("pad_token", "<|p|>", r"pad token '<\|p\|>' is no special token; choose one of \['<\|end"),
        ("pad_token", "a", "pad token 'a' is no special token"),
        ("pad_token", 256, "pad token 256 is no special token"),
        ("pad_token", [EOT], r"pad token \['<\|endoftext\|>'\] is no special token"),
        ("pad_token_id", 97, r"id 97 is no special token's; choose one of \{'<\|end"),
        ("padding_side", "top", "padding_side is 'top'; pass 'left' or 'right'"),
        ("padding_side", None, "padding_side is None; pass 'left' or 'right'"),
    ],
)
def test_settings_that_cannot_be(name, value, sentence):
    tok = Tokenizer.byte((EOT, PAD))
    before = (tok.pad_token, tok.padding_side)
    with pytest.raises(UserError, match=sentence):
        setattr(tok, name, value)
    assert (tok.pad_token, tok.padding_side) == before


# ---------------------------------------------------------------- files

def config_of(folder):
    return json.loads((folder / "tokenizer_config.json").read_text(encoding="utf-8"))


@each_kind
@pytest.mark.parametrize("side", ["left", "right"])
@pytest.mark.parametrize("pad_token", [EOT, PAD, "<p>", None])
def test_the_padding_comes_back_from_a_folder(kind, side, pad_token, tmp_path):
    special = (EOT, "<p>") if pad_token is None else (EOT, "<p>", PAD)
    tok = MAKERS[kind](special)
    tok.pad_token, tok.padding_side = pad_token, side
    tok.save_pretrained(tmp_path)
    twin = Tokenizer.from_pretrained(tmp_path)
    assert (twin.pad_token, twin.padding_side) == (pad_token, side)
    texts = ["to be", "or not to be"]
    assert twin(texts, padding=True) == tok(texts, padding=True)
    config = config_of(tmp_path)
    assert config.get("pad_token") == pad_token and ("pad_token" in config) == bool(pad_token)
    assert config.get("padding_side") == ("left" if side == "left" else None)
    special_map = json.loads((tmp_path / "special_tokens_map.json").read_text(encoding="utf-8"))
    assert special_map.get("pad_token") == pad_token and "padding_side" not in special_map


@each_kind
def test_the_padding_goes_with_a_copy(kind):
    for copied in (lambda t: pickle.loads(pickle.dumps(t)), copy.deepcopy):
        tok = MAKERS[kind]((EOT, PAD))
        tok.pad_token, tok.padding_side = EOT, "left"
        assert (copied(tok).pad_token, copied(tok).padding_side) == (EOT, "left")


def edited(folder, **change):
    EOT_ONLY.save_pretrained(folder)
    path = folder / "tokenizer_config.json"
    path.write_text(json.dumps(config_of(folder) | change), encoding="utf-8")
    return folder


def test_a_pad_token_with_its_flags_is_read(tmp_path):
    flags = {"__type": "AddedToken", "content": EOT, "lstrip": False, "special": True}
    assert Tokenizer.from_pretrained(edited(tmp_path, pad_token=flags)).pad_token == EOT
    assert Tokenizer.from_pretrained(edited(tmp_path, pad_token=None)).pad_token is None


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        ({"pad_token": "[PAD]"}, r"names the pad token '\[PAD\]', but the special tokens are \['"),
        ({"pad_token": "a"}, "names the pad token 'a', but"),
        ({"pad_token": 3}, "names the pad token 3, but"),
        ({"pad_token": {"content": ["x"]}}, r"names the pad token \['x'\], but"),
        ({"padding_side": "top"}, "has padding_side 'top'; it can be 'left' or 'right'"),
        ({"padding_side": ["left"]}, r"has padding_side \['left'\]"),
    ],
)
def test_padding_that_a_folder_cannot_have(change, sentence, tmp_path):
    with pytest.raises(UserError, match=rf"tokenizer_config\.json {sentence}"):
        Tokenizer.from_pretrained(edited(tmp_path, **change))
