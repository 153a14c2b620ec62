"""Many texts at once, and text bit by bit: what examples for Hugging Face's tokenizers call.

Texts have different lengths, an array has one. Padding fills the short rows with a token that
means nothing, and the attention mask says where: 1 is a text's own token, 0 is padding. A model
that continues texts writes at the right end, so there the padding belongs on the left.

>>> from minigpt.tokenizer import Tokenizer
>>> tok = Tokenizer.byte(["<|endoftext|>"])
>>> tok(["to", "be or"], padding=True, padding_side="left")["input_ids"]
[[256, 256, 256, 116, 111], [98, 101, 32, 111, 114]]
>>> list(tok.decode_stream([72, 105, 32, 0xF0, 0x9F, 0x98, 0x80]))
['H', 'i', ' ', '😀']
"""

from __future__ import annotations

import codecs
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from typing import Any

import numpy as np

from minigpt.errors import UserError
from minigpt.tokenizer.huggingface import END_OF_TEXT

DEFAULT_PAD = "<|pad|>"
DEFAULT_SIDE = "right"  # as in `transformers`

# What Hugging Face's examples write. For one text the strategies of cutting are all the same.
_PADDING = {False: None, "do_not_pad": None, True: "longest", "longest": "longest",
            "max_length": "max_length"}
_TRUNCATION = {False: False, "do_not_truncate": False, True: True, "longest_first": True,
               "only_first": True}


class Batch(dict):
    """What `tok(texts)` gives: "input_ids" and "attention_mask", as entries and as attributes.

    >>> batch = Batch(input_ids=[5, 6], attention_mask=[1, 1])
    >>> batch.input_ids is batch["input_ids"]
    True
    """

    def __getattr__(self, name: str) -> Any:
        try:
            return self[name]
        except KeyError:
            raise AttributeError(f"The batch has {list(self)}, but no {name!r}.") from None

    __setattr__ = dict.__setitem__  # so that an attribute and its entry never differ


class Batching:
    """The batch side of `Tokenizer`, which is made of this class and its own encode and decode."""

    _pad_token: str | None = None
    _padding_side = DEFAULT_SIDE

    # ------------------------------------------------------------------ many texts

    def __call__(
        self,
        texts: str | Iterable[str],
        padding: bool | str = False,
        truncation: bool | str = False,
        max_length: int | None = None,
        padding_side: str | None = None,
        return_tensors: str | None = None,
        allowed_special: Collection[str] | str = (),
    ) -> Batch:
        """Encode one text or many: a `Batch` with "input_ids" and "attention_mask".

        texts: a str gives flat lists, a list of str gives one row a text.
        padding: True or "longest" fills the rows up to the longest, "max_length" up to max_length,
        with the pad token, or with `<|endoftext|>` if there is none; the mask is 0 there.
        truncation: True keeps the first max_length tokens of each text.
        padding_side: "left" or "right"; None takes `tok.padding_side`.
        return_tensors: "np" gives int64 arrays (B, T), with B = 1 for a str; None gives lists.
        allowed_special: as in `encode`.
        UserError for what `encode` refuses, for no texts, for options that are unknown, do nothing
        or lack max_length, for rows of several lengths as an array, and for no token to pad with.
        """
        how, cut = _checked_lengths(padding, truncation, max_length)
        side = _checked_side(self.padding_side if padding_side is None else padding_side)
        _check_tensors(return_tensors)
        pad_id = _pad_id(self) if how else 0
        single = isinstance(texts, str)
        rows = [self.encode(text, allowed_special) for text in _listed(texts)]
        if cut:
            rows = [row[:max_length] for row in rows]
        lengths = {None: 0, "longest": max(map(len, rows)), "max_length": max_length}
        rows, masks = pad(rows, lengths[how], pad_id, side)
        if return_tensors:
            _check_rectangle(rows, how)
            rows, masks = np.array(rows, dtype=np.int64), np.array(masks, dtype=np.int64)
        elif single:
            rows, masks = rows[0], masks[0]
        return Batch(input_ids=rows, attention_mask=masks)

    def batch_decode(self, rows: Iterable, skip_special_tokens: bool = False) -> list[str]:
        """Decode each row of ids, of a list or of an array (B, T); UserError as for `decode`."""
        return [self.decode(row, skip_special_tokens) for row in _checked_rows(rows)]

    def decode_stream(self, ids: Iterable, skip_special_tokens: bool = False) -> Iterator[str]:
        """Yield text while ids come one by one: each character as soon as its bytes are there.

        ids: any iterable of integers or of arrays with one element, such as a generator of steps.
        The pieces, joined, are what `decode` gives for all ids; none is empty.
        UserError for an unknown id, and for steps of several ids: each text needs its own stream.
        """
        if isinstance(ids, (str, bytes)) or not hasattr(ids, "__iter__"):
            raise UserError(f"ids is {ids!r:.40}; pass an iterable of integers, such as [1, 2].")
        return _pieces(self, ids, skip_special_tokens)

    # ------------------------------------------------------------------ the tokens with a role

    @property
    def eos_token(self) -> str | None:
        """`<|endoftext|>`, or None if there is no such special token; its id is `eot`."""
        return END_OF_TEXT if END_OF_TEXT in self.special_tokens else None

    @property
    def eos_token_id(self) -> int | None:
        """The id of `eos_token`, the same as `eot`."""
        return self.eot

    @property
    def pad_token(self) -> str | None:
        """The special token to pad with; can be set, to the name of a special token.

        Until then, and after setting None, it is `<|pad|>` if there is such a special token, else
        None; then padding takes `<|endoftext|>`, and only the mask tells it from the text's end.
        """
        default = DEFAULT_PAD if DEFAULT_PAD in self.special_tokens else None
        return default if self._pad_token is None else self._pad_token

    @pad_token.setter
    def pad_token(self, name: str | None) -> None:
        if name is not None and not (isinstance(name, str) and name in self.special_tokens):
            raise UserError(
                f"The pad token {name!r:.40} is no special token; choose one of "
                f"{list(self.special_tokens)}, or make the tokenizer with it."
            )
        self._pad_token = name

    @property
    def pad_token_id(self) -> int | None:
        """The id of `pad_token`, None if that is None; can be set, to that of a special token."""
        return self.special_tokens.get(self.pad_token)

    @pad_token_id.setter
    def pad_token_id(self, token_id: int | None) -> None:
        names = [name for name, i in self.special_tokens.items() if i == token_id]
        if token_id is not None and not names:
            raise UserError(
                f"The pad token's id {token_id!r:.40} is no special token's; choose one of "
                f"{self.special_tokens}, or make the tokenizer with it."
            )
        self._pad_token = names[0] if names else None

    @property
    def padding_side(self) -> str:
        """Where padding goes if the call does not say: "right", unless set to "left"."""
        return self._padding_side

    @padding_side.setter
    def padding_side(self, side: str) -> None:
        self._padding_side = _checked_side(side)


def pad(
    rows: Sequence[list[int]], length: int, pad_id: int, side: str
) -> tuple[list[list[int]], list[list[int]]]:
    """Fill each row up to `length`, a longer one stays; the rows, and the masks of 1 and 0.

    >>> pad([[5], [6, 7, 8]], 2, 0, "left")
    ([[0, 5], [6, 7, 8]], [[0, 1], [1, 1, 1]])
    """
    padded, masks = [], []
    for row in rows:
        missing = max(0, length - len(row))
        padding, mask = [pad_id] * missing, [1] * len(row)
        padded.append(padding + row if side == "left" else row + padding)
        masks.append([0] * missing + mask if side == "left" else mask + [0] * missing)
    return padded, masks


def encode_to_array(
    tok: Batching, text: str, allowed_special: Collection[str] | str, return_tensors: str
) -> np.ndarray:
    """The ids of one text as an int64 array (1, T)."""
    _check_tensors(return_tensors)
    return np.array([tok.encode(text, allowed_special)], dtype=np.int64)


def _checked_side(side: Any) -> str:
    """Check a padding side; UserError for one that is neither "left" nor "right"."""
    if side not in ("left", "right"):
        raise UserError(f"padding_side is {side!r:.40}; pass 'left' or 'right'.")
    return side


def _checked_lengths(padding: Any, truncation: Any, max_length: Any) -> tuple[str | None, bool]:
    """How to pad, and whether to cut; UserError unless the three options make sense together."""
    how = _option("padding", padding, _PADDING, "True, 'longest', 'max_length' or False")
    cut = _option("truncation", truncation, _TRUNCATION, "True or False")
    if max_length is None:
        if cut or how == "max_length":
            needy = "truncation" if cut else "padding='max_length'"
            raise UserError(f"{needy} needs a length; pass max_length, in tokens, too.")
    elif not hasattr(max_length, "__index__") or max_length < 1:
        raise UserError(f"max_length is {max_length!r:.40}; pass a whole number of 1 or more.")
    elif not cut and how != "max_length":
        raise UserError(
            f"max_length={max_length} does nothing by itself; pass truncation=True to cut longer "
            "texts or padding='max_length' to fill shorter ones, too."
        )
    return how, cut


def _option(name: str, value: Any, known: Mapping, choices: str) -> Any:
    if not isinstance(value, (bool, str)) or value not in known:
        raise UserError(f"{name} is {value!r:.40}; pass {choices}.")
    return known[value]


def _check_tensors(return_tensors: Any) -> None:
    if return_tensors not in (None, "np"):
        raise UserError(
            f"return_tensors is {return_tensors!r:.40}, but minigpt computes with NumPy; pass 'np' "
            "for arrays, or leave it out for lists."
        )


def _listed(texts: Any) -> list[str]:
    if isinstance(texts, str):
        return [texts]
    if isinstance(texts, (bytes, bytearray, Mapping)) or not hasattr(texts, "__iter__"):
        raise UserError(f"texts is a {type(texts).__name__}; pass a str or a list of str.")
    listed = list(texts)
    for number, text in enumerate(listed):
        if not isinstance(text, str):
            raise UserError(
                f"Text number {number} is a {type(text).__name__}, not a str; pass a list of str."
            )
    if not listed:
        raise UserError("There are no texts to encode; pass at least one.")
    return listed


def _pad_id(tok: Batching) -> int:
    pad_id = tok.eos_token_id if tok.pad_token_id is None else tok.pad_token_id
    if pad_id is None:
        raise UserError(
            f"There is neither a pad token nor {END_OF_TEXT} to pad with; set tok.pad_token to one "
            f"of the special tokens {list(tok.special_tokens)}, or make the tokenizer with the "
            f"special token {DEFAULT_PAD!r}."
        )
    return pad_id


def _check_rectangle(rows: list[list[int]], how: str | None) -> None:
    lengths = sorted(set(map(len, rows)))
    if len(lengths) > 1:
        # With padding="max_length" only texts that are too long can be left over.
        missing = "truncation=True" if how else "padding=True"
        raise UserError(
            f"The texts have {lengths[0]} to {lengths[-1]} tokens, but the rows of an array are "
            f"equally long; pass {missing}, too."
        )


def _checked_rows(rows: Any) -> list:
    rows = rows.tolist() if hasattr(rows, "tolist") else rows
    if isinstance(rows, (str, bytes, Mapping)) or not hasattr(rows, "__iter__"):
        raise UserError(f"rows is {rows!r:.40}; pass a list of rows of ids, such as [[1, 2], [3]].")
    rows = list(rows)
    for row in rows:
        if isinstance(row, (str, bytes)) or not hasattr(row, "__iter__"):
            raise UserError(
                f"{row!r:.40} is no row of ids; pass a list of rows, or use decode() for one text."
            )
    return rows


def _pieces(tok: Batching, ids: Iterable, skip_special_tokens: bool) -> Iterator[str]:
    """The generator behind `decode_stream`, which checks at once, not at the first piece."""
    decoder = codecs.getincrementaldecoder("utf-8")("replace")
    for step in ids:
        piece = decoder.decode(tok.decode_bytes([_one_id(step)], skip_special_tokens))
        if piece:
            yield piece
    rest = decoder.decode(b"", final=True)  # what began a character that never ended
    if rest:
        yield rest


def _one_id(step: Any) -> Any:
    if not hasattr(step, "item"):
        return step
    if step.size != 1:  # an array; a NumPy number has the size 1
        raise UserError(
            f"A step has {step.size} ids, but a stream is one text; decode each text by its own "
            "stream."
        )
    return step.item()
