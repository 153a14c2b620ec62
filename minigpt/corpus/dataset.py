"""What a run trains on: texts for training and validation, and what is known about them."""

from __future__ import annotations

import hashlib
import math
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path

import numpy as np

from minigpt.corpus import tinytown
from minigpt.corpus.batches import DocumentBatches, WindowBatches, windows
from minigpt.corpus.download import fetch
from minigpt.corpus.text import read_texts, split_text
from minigpt.errors import UserError
from minigpt.tokenizer import Tokenizer

END_OF_TEXT = "<|endoftext|>"
SHORTEST_SPLIT = 100  # characters


@dataclass
class Dataset:
    """Texts for training and validation.

    `documents` says whether each text is a whole of its own (a story), to be read from its first
    token, or a piece of one long text, cut into windows. `floor_nats` is the sum of -ln p of the
    validation texts under the grammar that wrote them: no model can do better on average.
    """

    name: str
    train: list[str]
    validation: list[str]
    documents: bool
    floor_nats: float | None = None

    @cached_property
    def train_bytes(self) -> int:
        return sum(len(text.encode("utf-8")) for text in self.train)

    @cached_property
    def validation_bytes(self) -> int:
        return sum(len(text.encode("utf-8")) for text in self.validation)


def tinytown_dataset(language: str, megabytes: float, seed: int, val_fraction: float) -> Dataset:
    """Stories of TinyTown with the exact probability of each validation story."""
    if not 0 < megabytes < math.inf:
        raise UserError(f"corpus_mb must be a number above 0, not {megabytes}.")
    train, validation = tinytown.corpus(seed, int(megabytes * 1e6), language, val_fraction)
    if not train or not validation:
        raise UserError(
            f"A corpus of {megabytes} MB with a validation fraction of {val_fraction} leaves no "
            f"story for {'validation' if train else 'training'}; raise corpus_mb or the fraction."
        )
    floor_nats = -sum(story.log_prob for story in validation)
    name = f"TinyTown ({language})"
    texts = [story.text for story in train], [story.text for story in validation]
    return Dataset(name, *texts, documents=True, floor_nats=floor_nats)


def text_files(names: list[str]) -> list[str]:
    """Read texts from files, folders, and public corpora by name."""
    return read_texts([Path(name) if Path(name).exists() else fetch(name) for name in names])


def text_dataset(names: list[str], val_fraction: float) -> Dataset:
    """Text files, folders, or public corpora by name; the last part of each is for validation.

    Texts of less than `SHORTEST_SPLIT` characters are for training only. A name that is no file
    but is known (`shakespeare`) is fetched once and kept.
    """
    if not val_fraction > 0:
        raise UserError(f"val_fraction must be above 0 and below 1, not {val_fraction}.")
    texts = text_files(names)
    shortest = min(SHORTEST_SPLIT, max(map(len, texts)))
    parts = [split_text(text, val_fraction) for text in texts if len(text) >= shortest]
    train = [part for part, _ in parts] + [text for text in texts if len(text) < shortest]
    return Dataset(", ".join(names), train, [part for _, part in parts], documents=False)


@dataclass
class EncodedDataset:
    """A dataset as token ids, ready for training and for a fair validation.

    `predicted_bytes` is the size of what validation asks for: all but the first tokens of texts
    that nothing stands before.
    """

    dataset: Dataset
    train: list[np.ndarray] = field(repr=False)
    validation: list[np.ndarray] = field(repr=False)
    predicted_bytes: int

    @cached_property
    def train_tokens(self) -> np.ndarray:
        """All training tokens in one row; documents keep the separator between them."""
        cut = -1 if self.dataset.documents else None
        return np.concatenate([text[:cut] for text in self.train])

    def batches(self, batch_size: int, block_size: int, seed: int):
        """Batches for the trainer, in an order that the seed decides."""
        if self.dataset.documents:
            return DocumentBatches(self.train, batch_size, block_size, seed)
        return WindowBatches(self.train_tokens, batch_size, block_size, seed)

    def validation_pairs(self, block_size: int) -> list[tuple[np.ndarray, np.ndarray]]:
        """(ids, targets) in which every validation token is a target once, from whole documents
        or from windows side by side; shortest first, so that a batch needs little padding."""
        if not self.dataset.documents:
            return [pair for text in self.validation for pair in windows(text, block_size)]
        longest = max(map(len, self.validation)) - 1
        if longest > block_size:
            raise UserError(
                f"The longest validation story has {longest} tokens, but block_size is "
                f"{block_size}; raise block_size or vocab_size, so that whole stories fit."
            )
        return sorted(((text[:-1], text[1:]) for text in self.validation), key=lambda p: len(p[0]))

    @cached_property
    def floor(self) -> float | None:
        """The loss floor in nats a token, over the tokens that validation counts."""
        if self.dataset.floor_nats is None:
            return None
        return self.dataset.floor_nats / sum(len(text) - 1 for text in self.validation)

    @cached_property
    def fingerprint(self) -> str:
        """A checksum of all tokens, so that a run resumes only on the data it began with."""
        digest = hashlib.sha256()
        for text in (*self.train, *self.validation):
            digest.update(text.astype("<i4").tobytes())
        return digest.hexdigest()


def train_tokenizer(dataset: Dataset, kind: str, vocab_size: int) -> Tokenizer:
    """Make a tokenizer of a kind ("bpe", "char", "byte") from a dataset's training texts.

    A character vocabulary takes validation in too, since it can't spell what it never saw.
    """
    special = (END_OF_TEXT,) if dataset.documents or kind == "bpe" else ()
    if kind == "char":
        return Tokenizer.char([*dataset.train, *dataset.validation], special_tokens=special)
    if kind == "byte":
        return Tokenizer.byte(special_tokens=special)
    return Tokenizer.train(dataset.train, vocab_size=vocab_size, special_tokens=special)


def encode_dataset(dataset: Dataset, tokenizer: Tokenizer) -> EncodedDataset:
    """Encode all texts, each after an end-of-text token, if the tokenizer has one.

    So the model learns how texts begin, and where one ends and another begins; a document has the
    token behind it too, as its end is to be predicted.
    """
    mark = [] if tokenizer.eot is None else [tokenizer.eot]

    def encode(text: str) -> np.ndarray:
        ids = tokenizer.encode(text)
        return np.array([*mark, *ids, *(mark if dataset.documents else [])], dtype=np.int64)

    train, validation = (list(map(encode, part)) for part in (dataset.train, dataset.validation))
    validation = [ids for ids in validation if len(ids) > 1]
    if not validation:
        raise UserError("The validation part of the text has fewer than 2 tokens; use more text.")
    firsts = [] if mark else [tokenizer.token_bytes(int(ids[0])) for ids in validation]
    predicted = dataset.validation_bytes - sum(map(len, firsts))
    return EncodedDataset(dataset, train, validation, predicted)
