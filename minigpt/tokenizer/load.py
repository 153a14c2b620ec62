"""From the files of a folder to a vocabulary and its special tokens."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from minigpt.errors import UserError
from minigpt.tokenizer.batch import DEFAULT_SIDE
from minigpt.tokenizer.byte_unicode import CHAR_TO_BYTE, from_printable
from minigpt.tokenizer.files import check_merges, check_vocab, read_json, read_merges
from minigpt.tokenizer.huggingface import SPLIT_LIKE_GPT2, pattern_of
from minigpt.tokenizer.vocabularies import BytePairs, Characters, PlainBytes

Loaded = tuple[BytePairs | Characters | PlainBytes, dict[str, int]]

_BRACKETED = re.compile(r"<.+>|\[.+\]", re.DOTALL)


@dataclass
class Parts:
    """What the files say, and which file says it."""

    vocab: dict[str, int]
    merges: list[tuple[int, str, str]]  # with the line's number
    vocab_path: Path
    merges_path: Path
    special: Sequence[str] | None = None
    pattern: str | None = "gpt2"


def load_folder(
    folder: Path,
) -> tuple[BytePairs | Characters | PlainBytes, dict[str, int], tuple[str | None, str]]:
    """Read a tokenizer's folder: vocabulary, special tokens, (pad token, padding side).

    UserError for a folder that is missing, damaged or of another kind.
    """
    if not folder.is_dir():
        raise UserError(f"There is no folder {folder}; check the name.")
    path = folder / "tokenizer_config.json"
    config = read_json(path) if path.exists() else {}
    kind = config.get("minigpt_kind", "bpe")
    if kind not in ("bpe", "char", "byte"):
        raise UserError(f"{path} has minigpt_kind {kind!r}; it can be 'bpe', 'char' or 'byte'.")
    if not (folder / "vocab.json").exists() and (folder / "tokenizer.json").exists():
        parts = _from_tokenizer_json(folder / "tokenizer.json")
    else:
        parts = _from_two_files(folder / "vocab.json", folder / "merges.txt")
        parts.special = _listed_special(config, path, parts)
        if "minigpt_kind" not in config and config.get("tokenizer_class") not in SPLIT_LIKE_GPT2:
            raise UserError(
                f"{path} is for {config['tokenizer_class']}, which cuts text otherwise than GPT-2; "
                "use a folder with a GPT2Tokenizer."
            )
        parts.pattern = config.get("minigpt_pattern") or "gpt2"
    vocabulary, special = build(parts, kind)
    return vocabulary, special, _padding(config, path, special)


def load_files(
    vocab_path: Path, merges_path: Path, special: Sequence[str] | None, pattern: str
) -> Loaded:
    """Read GPT-2's two files; UserError unless they are whole and belong together."""
    parts = _from_two_files(vocab_path, merges_path)
    parts.special, parts.pattern = special, pattern
    return build(parts, "bpe")


def _from_two_files(vocab_path: Path, merges_path: Path) -> Parts:
    vocab = check_vocab(read_json(vocab_path), vocab_path)
    return Parts(vocab, read_merges(merges_path), vocab_path, merges_path)


def _from_tokenizer_json(path: Path) -> Parts:
    content = read_json(path)
    try:
        model, added = content["model"], content.get("added_tokens") or []
        vocab = dict(model["vocab"])
        names = [token["content"] for token in sorted(added, key=lambda token: token["id"])]
        vocab |= {token["content"]: token["id"] for token in added}
        pairs = [m.split(" ") if isinstance(m, str) else m for m in model.get("merges", [])]
        merges = [(0, left, right) for left, right in pairs]
        pattern = pattern_of(content.get("pre_tokenizer"))
    except (AttributeError, KeyError, TypeError, ValueError) as error:
        raise UserError(
            f"{path} is not laid out as the tokenizers library does it ({error!r}); get it again."
        ) from None
    return Parts(check_vocab(vocab, path), merges, path, path, names, pattern)


def build(parts: Parts, kind: str) -> Loaded:
    """Check that the parts fit together and make the vocabulary of them."""
    vocab, path = parts.vocab, parts.vocab_path
    special_names = parts.special
    if special_names is None:
        made = set(CHAR_TO_BYTE) | {left + right for _, left, right in parts.merges}
        unmade = [name for name in vocab if name not in made]
        special_names = [name for name in unmade if _BRACKETED.fullmatch(name)]
    special = _take_special(vocab, special_names, path)
    plain = {name: i for name, i in vocab.items() if name not in special}
    if kind == "char":
        return _characters(plain, path), special
    if kind == "byte":
        if plain != CHAR_TO_BYTE:
            raise UserError(f"{path} does not give each byte itself as id; get the file again.")
        return PlainBytes(), special
    return _byte_pairs(plain, parts), special


def _characters(plain: Mapping[str, int], path: Path) -> Characters:
    for name in plain:
        if len(name) != 1:
            raise UserError(f"{path} has {name!r}, which is not one character; get it again.")
    return Characters(dict(plain))


def _byte_pairs(plain: Mapping[str, int], parts: Parts) -> BytePairs:
    if parts.pattern is None:
        raise UserError(
            f"{parts.vocab_path} cuts text in a way that is not known here; use a tokenizer that "
            "splits as GPT-2 or GPT-4 do."
        )
    for char in CHAR_TO_BYTE:
        if char not in plain:
            raise UserError(f"{parts.vocab_path} has no id for the byte {char!r}; get it again.")
    merges = check_merges(parts.merges, plain, parts.merges_path)
    made = set(CHAR_TO_BYTE) | {left + right for _, left, right in parts.merges}
    lost = [name for name in plain if name not in made]
    if lost:
        raise UserError(
            f"{parts.vocab_path} has {len(lost)} tokens that no line of {parts.merges_path} makes, "
            f"such as {lost[0]!r}; the merges are cut short, or of another vocabulary."
        )
    return BytePairs({from_printable(name): i for name, i in plain.items()}, merges, parts.pattern)


def _take_special(vocab: dict[str, int], names: Sequence[str], path: Path) -> dict[str, int]:
    """Look up the special tokens, add those that are new, and check that no id is left out."""
    for name in names:
        vocab.setdefault(name, len(vocab))
    missing = set(range(len(vocab))) - set(vocab.values())
    if missing:
        raise UserError(
            f"{path} gives no token the id {min(missing)}, though it has larger ids; get the file "
            "again."
        )
    return {name: vocab[name] for name in names}


def _listed_special(config: Mapping[str, Any], path: Path, parts: Parts) -> list[str] | None:
    """The special tokens that `tokenizer_config.json` lists by id; None if it lists none."""
    if "added_tokens_decoder" not in config:
        return None
    try:
        added = {token["content"]: int(i) for i, token in config["added_tokens_decoder"].items()}
    except (AttributeError, KeyError, TypeError, ValueError):
        raise UserError(f"{path} has a damaged 'added_tokens_decoder'; get it again.") from None
    for name, i in added.items():
        if parts.vocab.setdefault(name, i) != i:
            raise UserError(
                f"{path} gives {name!r} the id {i}, but {parts.vocab_path} the id "
                f"{parts.vocab[name]}; the two files do not belong together."
            )
    check_vocab(parts.vocab, parts.vocab_path)  # the added ids may be taken
    return sorted(added, key=lambda name: added[name])


def _padding(
    config: Mapping[str, Any], path: Path, special: Mapping[str, int]
) -> tuple[str | None, str]:
    """The pad token and the padding side of `tokenizer_config.json`; UserError naming the file."""
    name, side = config.get("pad_token"), config.get("padding_side", DEFAULT_SIDE)
    if isinstance(name, dict):  # with its flags, as older versions of `transformers` write it
        name = name.get("content")
    if name is not None and not (isinstance(name, str) and name in special):
        raise UserError(
            f"{path} names the pad token {name!r}, but the special tokens are {list(special)}; "
            "correct the file or get it again."
        )
    if side not in ("left", "right"):
        raise UserError(f"{path} has padding_side {side!r}; it can be 'left' or 'right'.")
    return name, side
