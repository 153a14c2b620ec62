"""The tokenizer: text to ids and back."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import regex

from minigpt.errors import UserError
from minigpt.hub import pretrained_folder
from minigpt.tokenizer import files
from minigpt.tokenizer.batch import Batching, encode_to_array
from minigpt.tokenizer.byte_unicode import BYTE_ORDER
from minigpt.tokenizer.load import load_files, load_folder
from minigpt.tokenizer.stream import Streaming
from minigpt.tokenizer.ties import check_ties
from minigpt.tokenizer.train import check_surrogates, count_words, iterate_texts, learn_merges
from minigpt.tokenizer.vocabularies import BytePairs, Characters, PlainBytes

END_OF_TEXT = "<|endoftext|>"


class Tokenizer(Batching, Streaming):
    """Text to ids and back; made by `train`, `char`, `byte`, `from_pretrained`, `from_files`.

    >>> tok = Tokenizer.train("low lower lowest", vocab_size=260)
    >>> [tok.token_text(i) for i in tok.encode("low lowest")]
    ['low', ' low', 'e', 's', 't']
    >>> tok.decode(tok.encode("any 文字 at all"))
    'any 文字 at all'

    Calling it, `tok(texts, padding=True)`, encodes many texts at once: see `batch.py`; a file
    of any size, `tok.encode_file(path)`: see `stream.py`.
    """

    def __init__(
        self, vocabulary: BytePairs | Characters | PlainBytes, special_tokens: dict[str, int]
    ) -> None:
        self._vocabulary = vocabulary
        self.special_tokens = dict(special_tokens)
        self._special_ids = frozenset(special_tokens.values())
        by_id = {i: token for token, i in vocabulary.ids.items()}
        by_id |= {i: name.encode("utf-8") for name, i in special_tokens.items()}
        assert sorted(by_id) == list(range(len(vocabulary.ids) + len(special_tokens)))
        self._tokens = [by_id[i] for i in range(len(by_id))]

    # ------------------------------------------------------------------ making one

    @classmethod
    def train(
        cls,
        texts: str | Iterable[str],
        vocab_size: int = 512,
        special_tokens: Sequence[str] = (END_OF_TEXT,),
        pattern: str = "gpt2",
        ties: str = "huggingface",
    ) -> Tokenizer:
        """Learn a byte-level BPE vocabulary (Sennrich et al. 2016; Radford et al. 2019).

        texts: a str, or an iterable of str; nothing is merged across two texts. A special token's
        name in a text counts as plain text, so pass documents as texts of their own instead of
        joining them by `<|endoftext|>`.
        vocab_size: counts everything, the 256 bytes, the merges and the special tokens, in this
        order of ids. A text with too few pairs gives a smaller vocabulary: see `tok.vocab_size`.
        pattern: how text is cut into words first, see `patterns.py`. ties: which of equally
        common pairs is merged, see `ties.py`.
        """
        special_tokens = _checked_names(special_tokens)
        smallest = 256 + len(special_tokens)
        if not hasattr(vocab_size, "__index__") or vocab_size < smallest:
            raise UserError(
                f"vocab_size is {vocab_size!r}, but 256 bytes and {len(special_tokens)} special "
                f"tokens need at least {smallest}; pass a whole number of {smallest} or more."
            )
        check_ties(ties)
        words = count_words(texts, pattern)
        merges = learn_merges(words, vocab_size - smallest, ties)
        ids = {bytes([byte]): i for i, byte in enumerate(BYTE_ORDER)}
        for left, right in merges:
            ids.setdefault(left + right, len(ids))
        return cls._with_special_tokens(BytePairs(ids, merges, pattern), special_tokens)

    @classmethod
    def char(cls, texts: str | Iterable[str], special_tokens: Sequence[str] = ()) -> Tokenizer:
        """One token for each distinct character of the texts, in sorted order.

        >>> Tokenizer.char("hello").encode("hole")
        [1, 3, 2, 0]
        """
        characters: set[str] = set()
        for text in iterate_texts(texts):
            characters.update(text)
        vocabulary = Characters({char: i for i, char in enumerate(sorted(characters))})
        return cls._with_special_tokens(vocabulary, _checked_names(special_tokens))

    @classmethod
    def byte(cls, special_tokens: Sequence[str] = ()) -> Tokenizer:
        """One token for each of the 256 bytes; the id is the byte.

        >>> Tokenizer.byte().encode("é!")
        [195, 169, 33]
        """
        return cls._with_special_tokens(PlainBytes(), _checked_names(special_tokens))

    @classmethod
    def _with_special_tokens(cls, vocabulary: Any, names: Sequence[str]) -> Tokenizer:
        start = len(vocabulary.ids)
        tokenizer = cls(vocabulary, {name: start + i for i, name in enumerate(names)})
        tokenizer._refuse_doubles()
        return tokenizer

    def _refuse_doubles(self) -> None:
        ordinary = {files.file_name_of(token, self.kind) for token in self._vocabulary.ids}
        for name in self.special_tokens:
            if name in ordinary:
                raise UserError(
                    f"The special token {name!r} is also an ordinary token, so a file could not "
                    "tell them apart; choose a name such as '<|name|>'."
                )

    # ------------------------------------------------------------------ text to ids and back

    def encode(
        self,
        text: str,
        allowed_special: Collection[str] | str = (),
        return_tensors: str | None = None,
    ) -> list[int] | np.ndarray:
        """Cut a text into tokens and return their ids.

        allowed_special: names of special tokens that become their id where they stand in the
        text, or "all". Any other is plain text: what a user types cannot end a document.
        return_tensors: "np" gives an int64 array (1, T) instead of a list.
        UserError for what is no str, for a lone surrogate, for an unknown special token or kind of
        tensor, and, with a character vocabulary, for an unknown character.
        """
        if return_tensors is not None:
            return encode_to_array(self, text, allowed_special, return_tensors)
        if not isinstance(text, str):
            raise UserError(f"text is a {type(text).__name__}, not a str; pass one text at a time.")
        check_surrogates(text)
        allowed = self._checked_allowed(allowed_special)
        if not allowed:
            return self._vocabulary.encode(text)
        ids: list[int] = []
        # Longest first, so that "<|a|><|b|>" wins over "<|a|>" if both are special tokens.
        names = "|".join(regex.escape(name) for name in sorted(allowed, key=len, reverse=True))
        for number, part in enumerate(regex.split(f"({names})", text)):
            if number % 2:  # a split with a group gives text, name, text, name, ..., text
                ids.append(self.special_tokens[part])
            else:
                ids.extend(self._vocabulary.encode(part))
        return ids

    def encode_bytes(self, data: bytes) -> list[int]:
        """Encode any bytes, UTF-8 or not; `decode_bytes` gives exactly these bytes again.

        For UTF-8 the ids are those of `encode`. A character vocabulary takes only UTF-8.
        """
        if not isinstance(data, (bytes, bytearray, memoryview)):
            raise UserError(f"data is a {type(data).__name__}, not bytes; use encode() for text.")
        return self._vocabulary.encode_bytes(bytes(data))

    def decode(self, ids: Iterable[int], skip_special_tokens: bool = False) -> str:
        """Join the tokens' text; bytes that are no UTF-8 become U+FFFD, the replacement character.

        A token may be half a character, so decode ids together, not one by one.
        """
        return self.decode_bytes(ids, skip_special_tokens).decode("utf-8", "replace")

    def decode_bytes(self, ids: Iterable[int], skip_special_tokens: bool = False) -> bytes:
        """Join the tokens' bytes. ids: Python or NumPy integers; UserError for an unknown id."""
        if hasattr(ids, "tolist"):
            ids = ids.tolist()  # an array: Python integers are faster to look up
        if isinstance(ids, (str, bytes)) or not hasattr(ids, "__iter__"):
            raise UserError(f"ids is {ids!r:.40}; pass a sequence of integers, such as [1, 2].")
        ids = list(ids)
        self._check_ids(ids)
        if skip_special_tokens:
            ids = [i for i in ids if i not in self._special_ids]
        return b"".join(map(self._tokens.__getitem__, ids))

    def _check_ids(self, ids: list[Any]) -> None:
        # Only by type and extremes at first: a look at each id costs more than decoding does.
        if set(map(type, ids)) <= {int} and (
            not ids or (min(ids) >= 0 and max(ids) < len(self._tokens))
        ):
            return
        for i in ids:
            if not hasattr(i, "__index__"):
                raise UserError(f"{str(i)[:40]} is not an id; pass a flat sequence of integers.")
            if not 0 <= i < len(self._tokens):
                raise UserError(
                    f"The id {i} is not in the vocabulary, whose ids are 0 to "
                    f"{len(self._tokens) - 1}; these ids come from another tokenizer or model."
                )

    def _checked_allowed(self, allowed: Collection[str] | str) -> set[str]:
        if isinstance(allowed, str):
            if allowed != "all":
                raise UserError(
                    f"allowed_special is {allowed!r}; pass 'all' or a collection: [{allowed!r}]."
                )
            return set(self.special_tokens)
        unknown = sorted(set(allowed) - set(self.special_tokens))
        if unknown:
            raise UserError(
                f"allowed_special names {unknown[0]!r}, but the special tokens are "
                f"{list(self.special_tokens)}; name one of these."
            )
        return set(allowed)

    # ------------------------------------------------------------------ looking inside

    @property
    def kind(self) -> str:
        """ "bpe", "char" or "byte"."""
        return self._vocabulary.kind

    @property
    def pattern(self) -> str | None:
        """The name of the split pattern; None if there is no splitting."""
        return self._vocabulary.pattern

    @property
    def merges(self) -> list[tuple[bytes, bytes]]:
        """The merges in the order in which they were learned; empty unless kind is "bpe"."""
        return list(self._vocabulary.merges)

    @property
    def vocab_size(self) -> int:
        """How many ids there are: bytes, merged tokens and special tokens."""
        return len(self._tokens)

    def __len__(self) -> int:
        return len(self._tokens)

    def __repr__(self) -> str:
        special = ", ".join(self.special_tokens) or "none"
        return f"<Tokenizer {self.kind}: {len(self)} tokens, special: {special}>"

    @property
    def eot(self) -> int | None:
        """The id of `<|endoftext|>`, the mark between documents; None if there is none."""
        return self.special_tokens.get(END_OF_TEXT)

    def token_bytes(self, token_id: int) -> bytes:
        """The bytes of one token; a special token's are its name."""
        return self.decode_bytes([token_id])

    def token_text(self, token_id: int) -> str:
        """One token for the eye: what cannot be printed is escaped, as in '\\\\n' or '\\\\xe4'."""
        text = self.token_bytes(token_id).decode("utf-8", "backslashreplace")
        return "".join(c if c.isprintable() else repr(c)[1:-1] for c in text)

    # ------------------------------------------------------------------ files

    def save_pretrained(self, folder: str | Path) -> None:
        """Write the folder's tokenizer files as GPT-2 has them; see `files.py`."""
        vocabulary = {
            files.file_name_of(token, self.kind): i for token, i in self._vocabulary.ids.items()
        }
        files.save(folder, vocabulary | self.special_tokens, self.merges, self.special_tokens,
                   self.kind, self.pattern, self.pad_token, self.padding_side)

    @classmethod
    def from_pretrained(cls, folder_or_name: str | Path, revision: str | None = None) -> Tokenizer:
        """Read a folder with GPT-2's files, such as `save_pretrained` writes, or a hub's model.

        folder_or_name, revision: see `minigpt.hub`. UserError, naming file and line, for files that
        are missing, damaged or cut short.
        """
        folder = pretrained_folder(folder_or_name, revision)
        vocabulary, special_tokens, padding = load_folder(folder)
        tokenizer = cls(vocabulary, special_tokens)
        tokenizer.pad_token, tokenizer.padding_side = padding
        return tokenizer

    @classmethod
    def from_files(
        cls,
        vocab_json: str | Path,
        merges_txt: str | Path,
        special_tokens: Sequence[str] | None = None,
        pattern: str = "gpt2",
    ) -> Tokenizer:
        """Read GPT-2's two files under any name.

        special_tokens: names; one that the vocabulary lacks gets the next free id. None takes
        what no merge makes and is written in brackets, such as `<|endoftext|>`.
        """
        return cls(*load_files(Path(vocab_json), Path(merges_txt), special_tokens, pattern))


def _checked_names(names: Sequence[str]) -> tuple[str, ...]:
    """Check the names of special tokens; UserError for one that is no name or comes twice."""
    if isinstance(names, str):
        raise UserError(f"special_tokens is the str {names!r}; pass a list of names: [{names!r}].")
    names = tuple(names)
    for number, name in enumerate(names):
        if not isinstance(name, str) or not name:
            raise UserError(f"The special token {name!r} is no name; pass non-empty strings.")
        check_surrogates(name)
        if name in names[:number]:
            raise UserError(f"The special token {name!r} is named twice; name it once.")
    return names
