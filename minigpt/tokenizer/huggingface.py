"""What `transformers.AutoTokenizer` needs to read a folder of ours with the same ids."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

END_OF_TEXT = "<|endoftext|>"


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
    config = {
        **roles,
        "add_prefix_space": False,
        "clean_up_tokenization_spaces": False,
        "added_tokens_decoder": {
            str(i): {"content": name, "lstrip": False, "normalized": False, "rstrip": False,
                     "single_word": False, "special": True}
            for name, i in special_tokens.items()
        },
        "additional_special_tokens": others,
        "tokenizer_class": "GPT2Tokenizer",
        "minigpt_kind": kind,
        "minigpt_pattern": pattern,
    }
    known = {role: name for role, name in roles.items() if name is not None}
    special_map = known | ({"additional_special_tokens": others} if others else {})
    return {"tokenizer_config.json": config, "special_tokens_map.json": special_map}
