"""What Hugging Face's `transformers` needs to read a folder of ours with the same ids, and back.

GPT-2's own class takes `vocab.json` and `merges.txt` and always splits by GPT-2's pattern. For
another pattern, and for characters, we add a `tokenizer.json`, which spells everything out; and
`tokenizer.json` is all that version 5 of `transformers` writes, so we read it as well.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from minigpt.tokenizer.patterns import PATTERNS

END_OF_TEXT = "<|endoftext|>"
# Classes of `transformers` that split text as GPT-2 does; None is GPT-2's published folder.
SPLIT_LIKE_GPT2 = (None, "GPT2Tokenizer", "GPT2TokenizerFast")

_BYTE_LEVEL = {"type": "ByteLevel", "add_prefix_space": False, "trim_offsets": True}


def config_files(
    vocab: Mapping[str, int],
    merges: Sequence[tuple[str, str]],
    special_tokens: Mapping[str, int],
    kind: str,
    pattern: str | None,
) -> dict[str, Any]:
    """The contents of the JSON files beside `vocab.json`, by file name."""
    # GPT-2's class adds <|endoftext|> under a new id unless it is told that there is none.
    end = END_OF_TEXT if END_OF_TEXT in special_tokens else None
    roles = {"bos_token": end, "eos_token": end, "unk_token": end}
    others = [name for name in special_tokens if name != end]
    like_gpt2 = kind == "byte" or pattern == "gpt2"
    if kind == "char":
        del roles["unk_token"]  # an unknown character is an error, not the end of a document
    config = {
        **roles,
        "clean_up_tokenization_spaces": False,
        "added_tokens_decoder": {str(i): _added(name) for name, i in special_tokens.items()},
        "additional_special_tokens": others,
        "tokenizer_class": "GPT2Tokenizer" if like_gpt2 else "PreTrainedTokenizerFast",
        "minigpt_kind": kind,
        "minigpt_pattern": pattern,
    }
    known = {role: name for role, name in roles.items() if name is not None}
    special_map = known | ({"additional_special_tokens": others} if others else {})
    written = {"tokenizer_config.json": config, "special_tokens_map.json": special_map}
    if not like_gpt2:
        written["tokenizer.json"] = _tokenizer_json(vocab, merges, special_tokens, pattern)
    return written


def _added(name: str) -> dict[str, Any]:
    flags = {"lstrip": False, "normalized": False, "rstrip": False, "single_word": False}
    return {"content": name, **flags, "special": True}


def _tokenizer_json(
    vocab: Mapping[str, int],
    merges: Sequence[tuple[str, str]],
    special_tokens: Mapping[str, int],
    pattern: str | None,
) -> dict[str, Any]:
    """The library's own format; without a pattern each character is a word of its own."""
    split = {"type": "Split", "pattern": {"Regex": PATTERNS[pattern] if pattern else r"[\s\S]"},
             "behavior": "Isolated", "invert": False}
    plain = {name: i for name, i in vocab.items() if name not in special_tokens}
    if pattern:
        model = {"type": "BPE", "vocab": plain, "merges": [" ".join(pair) for pair in merges]}
        splits = [split, {**_BYTE_LEVEL, "use_regex": False}]
        decoder: dict[str, Any] = {**_BYTE_LEVEL, "use_regex": False}
    else:
        model = {"type": "WordLevel", "vocab": plain, "unk_token": END_OF_TEXT}
        splits, decoder = [split], {"type": "Fuse"}
    return {
        "version": "1.0",
        "added_tokens": [{"id": i, **_added(name)} for name, i in special_tokens.items()],
        "pre_tokenizer": {"type": "Sequence", "pretokenizers": splits},
        "decoder": decoder,
        "model": model,
    }


def pattern_of(pre_tokenizer: Mapping[str, Any] | None) -> str | None:
    """The name of the pattern that a `tokenizer.json` splits by; None if it is none of ours."""
    steps = [pre_tokenizer or {}]
    if steps[0].get("type") == "Sequence":
        steps = steps[0]["pretokenizers"]
    *splits, last = steps
    if last.get("type") != "ByteLevel" or last.get("add_prefix_space"):
        return None
    if not splits:
        return "gpt2" if last.get("use_regex", True) else None
    if len(splits) > 1 or last.get("use_regex", True):
        return None
    known = {text: name for name, text in PATTERNS.items()}
    return known.get(splits[0].get("pattern", {}).get("Regex"))
