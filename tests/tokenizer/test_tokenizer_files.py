"""Folders: what is written can be read, is never half written, and damage is named."""

import json
import os
from pathlib import Path

import pytest

from minigpt.errors import UserError
from minigpt.tokenizer import Tokenizer

TEXT = "She sells sea shells; naïve 文字 12345\n\n" * 3
MAKERS = {
    "gpt2": lambda: Tokenizer.train(TEXT, 280),
    "gpt4": lambda: Tokenizer.train(TEXT, 280, pattern="gpt4"),
    "special": lambda: Tokenizer.train(TEXT, 280, ("<|b|>", "plain name", "<|endoftext|>")),
    "no special": lambda: Tokenizer.train("<s> <s> <s>", 290, (), pattern="gpt4"),
    "no merges": lambda: Tokenizer.train("a", 300),
    "char": lambda: Tokenizer.char(TEXT, ("<|endoftext|>",)),
    "char plain": lambda: Tokenizer.char(TEXT),
    "byte": lambda: Tokenizer.byte(),
    "byte special": lambda: Tokenizer.byte(("<|endoftext|>", "<|b|>")),
}


@pytest.mark.parametrize("name", MAKERS)
def test_a_tokenizer_comes_back_from_its_folder(name, tmp_path):
    tok = MAKERS[name]()
    tok.save_pretrained(tmp_path / "new" / "folder")
    twin = Tokenizer.from_pretrained(tmp_path / "new" / "folder")
    for field in ("kind", "pattern", "merges", "special_tokens", "eot", "vocab_size"):
        assert getattr(twin, field) == getattr(tok, field)
    assert [twin.token_bytes(i) for i in range(len(twin))] == [
        tok.token_bytes(i) for i in range(len(tok))]
    text = TEXT if "no special" not in name else "<s> 1234"
    assert twin.encode(text) == tok.encode(text)
    # The same once more from tokenizer.json alone, which is all that transformers 5 writes.
    if (tmp_path / "new" / "folder" / "tokenizer.json").exists():
        (tmp_path / "new" / "folder" / "vocab.json").unlink()
        twin = Tokenizer.from_pretrained(str(tmp_path / "new" / "folder"))
        assert (twin.encode(text), twin.merges, twin.special_tokens, twin.pattern) == (
            tok.encode(text), tok.merges, tok.special_tokens, tok.pattern)


def test_the_files_have_gpt2s_form(tmp_path):
    Tokenizer.train(["the the the", "é é"], 259, ("<|endoftext|>",)).save_pretrained(tmp_path)
    assert (tmp_path / "merges.txt").read_bytes() == b"#version: 0.2\nh e\nt he\n"
    vocab = (tmp_path / "vocab.json").read_bytes()
    assert vocab.startswith(b'{"!": 0, "\\"": 1, "#": 2,')
    assert vocab.endswith(b'"he": 256, "the": 257, "<|endoftext|>": 258}')
    assert json.loads((tmp_path / "special_tokens_map.json").read_text("utf-8")) == {
        "bos_token": "<|endoftext|>", "eos_token": "<|endoftext|>", "unk_token": "<|endoftext|>"}
    assert sorted(path.name for path in tmp_path.iterdir()) == [
        "merges.txt", "special_tokens_map.json", "tokenizer_config.json", "vocab.json"]


def test_saving_over_another_tokenizer_leaves_nothing_of_it(tmp_path):
    MAKERS["gpt4"]().save_pretrained(tmp_path)
    tok = MAKERS["gpt2"]()
    tok.save_pretrained(tmp_path)
    assert not (tmp_path / "tokenizer.json").exists()
    assert Tokenizer.from_pretrained(tmp_path).encode(TEXT) == tok.encode(TEXT)


def test_windows_line_ends_in_merges_are_read(tmp_path):
    tok = MAKERS["gpt2"]()
    tok.save_pretrained(tmp_path)
    path = tmp_path / "merges.txt"
    path.write_bytes(path.read_bytes().replace(b"\n", b"\r\n"))
    assert Tokenizer.from_pretrained(tmp_path).merges == tok.merges


def contents(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in folder.iterdir()}


@pytest.mark.parametrize("failing_write", [0, 1, 3])
def test_a_full_disk_leaves_the_old_files(failing_write, tmp_path, monkeypatch):
    MAKERS["special"]().save_pretrained(tmp_path)
    before = contents(tmp_path)
    real_open, opened = Path.open, []

    class FullDisk:
        def __init__(self, file):
            self.file = file

        def __enter__(self):
            return self

        def __exit__(self, *error):
            self.file.close()

        def write(self, text):
            self.file.write(text[:10])
            raise OSError(28, "No space left on device")

    def open_until_full(path, mode="r", *arguments, **named):
        file = real_open(path, mode, *arguments, **named)
        if "r" in mode:
            return file
        opened.append(path)
        return FullDisk(file) if len(opened) == failing_write + 1 else file

    monkeypatch.setattr(Path, "open", open_until_full)
    with pytest.raises(UserError, match="cannot be written to .*: No space left on device"):
        MAKERS["gpt4"]().save_pretrained(tmp_path)
    assert len(opened) == failing_write + 1
    assert contents(tmp_path) == before


def test_a_failing_rename_leaves_whole_files_only(tmp_path, monkeypatch):
    MAKERS["special"]().save_pretrained(tmp_path)
    before = contents(tmp_path)

    def refuse(source, target):
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(os, "replace", refuse)
    with pytest.raises(UserError, match="Permission denied"):
        MAKERS["gpt2"]().save_pretrained(tmp_path)
    assert contents(tmp_path) == before


def test_a_folder_that_is_a_file(tmp_path):
    (tmp_path / "file").write_text("x", encoding="utf-8")
    with pytest.raises(UserError, match="cannot be written to .*file"):
        MAKERS["byte"]().save_pretrained(tmp_path / "file")
    with pytest.raises(UserError, match="There is no folder .*file"):
        Tokenizer.from_pretrained(tmp_path / "file")


# ---------------------------------------------------------------- damaged files

def edit_json(path: Path, change) -> None:
    value = json.loads(path.read_text(encoding="utf-8"))
    change(value)
    path.write_text(json.dumps(value), encoding="utf-8")


def edit_text(name, change):
    def edit(folder):
        text = (folder / name).read_text(encoding="utf-8")
        (folder / name).write_text(change(text), encoding="utf-8", newline="\n")
    return edit


def edit_vocab(change):
    return lambda folder: edit_json(folder / "vocab.json", change)


def edit_config(change):
    return lambda folder: edit_json(folder / "tokenizer_config.json", change)


DAMAGES = {
    "no vocab": (lambda f: (f / "vocab.json").unlink(), r"vocab\.json does not exist"),
    "no merges": (lambda f: (f / "merges.txt").unlink(), r"merges\.txt does not exist"),
    "vocab cut": (edit_text("vocab.json", lambda t: t[:2000]), r"vocab\.json, line 1: .*not JSON"),
    "vocab a list": (edit_text("vocab.json", lambda t: "[]"), r"vocab\.json, line 1: .*object"),
    "vocab no UTF-8": (lambda f: (f / "vocab.json").write_bytes(b'{"\xff": 0}'),
                       r"vocab\.json is not UTF-8"),
    "key twice": (edit_text("vocab.json", lambda t: '{"!": 5, ' + t[1:]), r"has '!' twice"),
    "id twice": (edit_vocab(lambda v: v.update(a=5)), "id 5 to '&' and to 'a'"),
    "id no number": (edit_vocab(lambda v: v.update(a="5")), "gives 'a' the id '5'"),
    "id negative": (edit_vocab(lambda v: v.update(a=-5)), "gives 'a' the id -5"),
    "id left out": (edit_vocab(lambda v: v.update(a=900)), "gives no token the id 64"),
    "no byte": (edit_vocab(lambda v: v.update(aa=v.pop("a"))), "has no id for the byte 'a'"),
    "merges cut at a line": (edit_text("merges.txt", lambda t: "\n".join(t.split("\n")[:20])),
                             r"tokens that no line of .*merges\.txt makes"),
    "merges cut in a line": (edit_text("merges.txt", lambda t: t[:50].rpartition(" ")[0]),
                             r"merges\.txt, line \d+: "),
    "merge of three": (edit_text("merges.txt", lambda t: t.replace("e l\n", "e l s\n")),
                       r"merges\.txt, line 3: 'e l s' is not two tokens"),
    "merge of one": (edit_text("merges.txt", lambda t: t.replace("e l\n", "e \n")),
                     r"merges\.txt, line 3: 'e ' is not two tokens"),
    "merge unknown": (edit_text("merges.txt", lambda t: t.replace("e l\n", "e q\n")),
                      r"merges\.txt, line 3: the merge 'e q' needs the token 'eq'"),
    "config cut": (edit_text("tokenizer_config.json", lambda t: t[:30]),
                   r"tokenizer_config\.json, line \d: .*not JSON"),
    "kind unknown": (edit_config(lambda c: c.update(minigpt_kind="word")), "minigpt_kind 'word'"),
    "pattern unknown": (edit_config(lambda c: c.update(minigpt_pattern="gpt9")), "'gpt9'"),
    "added damaged": (edit_config(lambda c: c.update(added_tokens_decoder={"x": {}})),
                      "damaged 'added_tokens_decoder'"),
    "added elsewhere": (edit_config(lambda c: c.update(
        added_tokens_decoder={"3": {"content": "<|endoftext|>"}})), "the id 3, but .* the id 279"),
    "added id taken": (edit_config(lambda c: c.update(
        added_tokens_decoder={"3": {"content": "<|new|>"}})), "id 3 to '\\$' and to '<.new.>'"),
    "another class": (edit_config(lambda c: (c.pop("minigpt_kind"),
                                             c.update(tokenizer_class="Qwen2Tokenizer"))),
                      "is for Qwen2Tokenizer, which cuts text otherwise"),
}


@pytest.mark.parametrize("name", DAMAGES)
def test_a_damaged_folder_is_refused_with_the_place(name, tmp_path):
    damage, sentence = DAMAGES[name]
    MAKERS["gpt2"]().save_pretrained(tmp_path)
    damage(tmp_path)
    with pytest.raises(UserError, match=sentence) as caught:
        Tokenizer.from_pretrained(tmp_path)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("kind", "change", "sentence"),
    [
        ("char", lambda v: v.update(ab=len(v)), "'ab', which is not one character"),
        ("byte", lambda v: v.update(a=98, b=97), "does not give each byte itself"),
    ],
)
def test_damaged_char_and_byte_vocabularies(kind, change, sentence, tmp_path):
    MAKERS[kind]().save_pretrained(tmp_path)
    edit_vocab(change)(tmp_path)
    with pytest.raises(UserError, match=sentence):
        Tokenizer.from_pretrained(tmp_path)


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        (lambda t: t.pop("model"), "not laid out as the tokenizers library does it"),
        (lambda t: t.update(model=[]), "not laid out"),
        (lambda t: t["model"]["merges"].append("a"), "not laid out"),
        (lambda t: t["model"]["merges"].append("q q"), "needs the token 'qq'"),
        (lambda t: t.update(pre_tokenizer={"type": "Whitespace"}), "in a way that is not known"),
        (lambda t: t.update(pre_tokenizer={"type": "Sequence", "pretokenizers": []}), "not laid"),
        (lambda t: t["pre_tokenizer"]["pretokenizers"].insert(1, {"type": "Digits"}),
         "in a way that is not known"),
        (lambda t: t["pre_tokenizer"]["pretokenizers"][-1].update(use_regex=True),
         "in a way that is not known"),
        (lambda t: t["pre_tokenizer"]["pretokenizers"][0].update(pattern={"Regex": "x"}),
         "in a way that is not known"),
        (lambda t: t.update(pre_tokenizer={"type": "ByteLevel", "use_regex": False}),
         "in a way that is not known"),
        (lambda t: t.update(pre_tokenizer={"type": "ByteLevel", "add_prefix_space": True}),
         "in a way that is not known"),
    ],
)
def test_a_damaged_tokenizer_json(change, sentence, tmp_path):
    MAKERS["gpt4"]().save_pretrained(tmp_path)
    (tmp_path / "vocab.json").unlink()
    edit_json(tmp_path / "tokenizer.json", change)
    with pytest.raises(UserError, match=sentence):
        Tokenizer.from_pretrained(tmp_path)


def test_from_files_takes_any_names_and_new_special_tokens(tmp_path):
    tok = MAKERS["gpt2"]()
    tok.save_pretrained(tmp_path)
    vocab, merges = tmp_path / "a.json", tmp_path / "b.txt"
    (tmp_path / "vocab.json").rename(vocab)
    (tmp_path / "merges.txt").rename(merges)
    assert Tokenizer.from_files(str(vocab), merges).special_tokens == tok.special_tokens
    more = Tokenizer.from_files(vocab, merges, ("<|endoftext|>", "<|new|>"))
    assert more.special_tokens == {"<|endoftext|>": 279, "<|new|>": 280}
    assert more.encode("a<|new|>", "all") == [*tok.encode("a"), 280]
    assert Tokenizer.from_files(vocab, merges, pattern="gpt4").pattern == "gpt4"
    with pytest.raises(UserError, match="no split pattern 'x'"):
        Tokenizer.from_files(vocab, merges, pattern="x")
    with pytest.raises(UserError, match="nowhere.txt does not exist"):
        Tokenizer.from_files(vocab, tmp_path / "nowhere.txt")
    lines = merges.read_text(encoding="utf-8").split("\n")
    merges.write_text("\n".join(lines[:10]), encoding="utf-8")
    with pytest.raises(UserError, match=r"has 14 tokens that no line of .*b\.txt makes"):
        Tokenizer.from_files(vocab, merges)


def test_a_folder_with_gpt2s_two_files_only(tmp_path):
    tok = Tokenizer.train("sea shells", 262, ("<|endoftext|>", "<pad>"))
    tok.save_pretrained(tmp_path)
    for name in ("tokenizer_config.json", "special_tokens_map.json"):
        (tmp_path / name).unlink()
    twin = Tokenizer.from_pretrained(tmp_path)
    assert (twin.special_tokens, twin.merges) == (tok.special_tokens, tok.merges)
