"""From the files of a folder to a vocabulary and its special tokens."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from minigpt.errors import UserError
from minigpt.tokenizer.byte_unicode import CHAR_TO_BYTE, from_printable
from minigpt.tokenizer.files import check_merges, read_json, read_merges, read_vocab
from minigpt.tokenizer.patterns import compile_pattern
from minigpt.tokenizer.vocabularies import BytePairs, Characters, PlainBytes

Loaded = tuple[BytePairs | Characters | PlainBytes, dict[str, int]]

_BRACKETED = re.compile(r"<.+>|\[.+\]", re.DOTALL)
_SPLIT_LIKE_GPT2 = (None, "GPT2Tokenizer", "GPT2TokenizerFast")


def load_folder(folder: Path) -> Loaded:
    """Read a tokenizer's folder; UserError for one that is missing, damaged or of another kind."""
    if not folder.is_dir():
        raise UserError(f"There is no folder {folder}; check the name.")
    path = folder / "tokenizer_config.json"
    config = read_json(path) if path.exists() else {}
    names = _special_names(config, path)
    kind = config.get("minigpt_kind", "bpe")
    if kind == "bpe":
        pattern = config.get("minigpt_pattern") or _pattern_of_class(config, path)
        return load_bpe(folder / "vocab.json", folder / "merges.txt", names, pattern)
    if kind not in ("char", "byte"):
        raise UserError(f"{path} has minigpt_kind {kind!r}; it can be 'bpe', 'char' or 'byte'.")
    vocab_path = folder / "vocab.json"
    vocab = read_vocab(vocab_path)
    special = _take_special(vocab, names or [], vocab_path)
    plain = {name: i for name, i in vocab.items() if name not in special}
    read = _load_bytes if kind == "byte" else _load_chars
    return read(plain, vocab_path), special


def load_bpe(
    vocab_path: Path, merges_path: Path, special_tokens: Sequence[str] | None, pattern: str
) -> Loaded:
    """Read GPT-2's two files and check that they belong together."""
    compile_pattern(pattern)
    vocab = read_vocab(vocab_path)
    merges = read_merges(merges_path)
    made = set(CHAR_TO_BYTE) | {left + right for left, right in merges}
    if special_tokens is None:
        special_tokens = [n for n in vocab if n not in made and _BRACKETED.fullmatch(n)]
    special = _take_special(vocab, special_tokens, vocab_path)
    checked = check_merges(merges, vocab, merges_path)
    for char in CHAR_TO_BYTE:
        if char not in vocab:
            raise UserError(f"{vocab_path} has no id for the byte {char!r}; get the file again.")
    lost = [name for name in vocab if name not in made and name not in special]
    if lost:
        raise UserError(
            f"{vocab_path} has {len(lost)} tokens that no line of {merges_path} makes, such as "
            f"{lost[0]!r}; {merges_path.name} is cut short, or is not of this vocabulary."
        )
    ids = {from_printable(name): i for name, i in vocab.items() if name not in special}
    return BytePairs(ids, checked, pattern), special


def _load_chars(plain: Mapping[str, int], path: Path) -> Characters:
    for name in plain:
        if len(name) != 1:
            raise UserError(f"{path} has {name!r}, which is not one character; get it again.")
    return Characters(dict(plain))


def _load_bytes(plain: Mapping[str, int], path: Path) -> PlainBytes:
    if dict(plain) != CHAR_TO_BYTE:
        raise UserError(f"{path} does not give each byte itself as its id; get the file again.")
    return PlainBytes()


def _take_special(vocab: dict[str, int], names: Sequence[str], path: Path) -> dict[str, int]:
    """Look up the special tokens, add those that are new, and check that no id is left out."""
    for name in names:
        vocab.setdefault(name, len(vocab))
    if sorted(vocab.values()) != list(range(len(vocab))):
        missing = min(set(range(len(vocab))) - set(vocab.values()))
        raise UserError(
            f"{path} gives no token the id {missing}, though it has larger ids; get the file again."
        )
    return {name: vocab[name] for name in names}


def _special_names(config: Mapping[str, Any], path: Path) -> list[str] | None:
    """The special tokens that `tokenizer_config.json` lists by id; None if it lists none."""
    if "added_tokens_decoder" not in config:
        return None
    try:
        added = {int(i): token["content"] for i, token in config["added_tokens_decoder"].items()}
    except (AttributeError, KeyError, TypeError, ValueError):
        raise UserError(f"{path} has a damaged 'added_tokens_decoder'; get it again.") from None
    return [added[i] for i in sorted(added)]


def _pattern_of_class(config: Mapping[str, Any], path: Path) -> str:
    if config.get("tokenizer_class") not in _SPLIT_LIKE_GPT2:
        raise UserError(
            f"{path} is for {config['tokenizer_class']}, which cuts text otherwise than GPT-2; "
            "use a folder with a GPT2Tokenizer."
        )
    return "gpt2"
