"""Samples of a trained model, and how many of them are stories."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import chain

from minigpt.corpus import tinytown

TEMPERATURE, TOP_P = 0.7, 0.9  # a little surer than the model is; for all samples of a run
AT_ONCE = 100  # texts in a batch, so that memory stays bounded


@dataclass
class Samples:
    """Sampled stories with their verdicts; shares are between 0 and 1."""

    texts: list[str] = field(repr=False)
    verdicts: list = field(repr=False)

    @property
    def well_formed(self) -> float:
        """The share of texts that follow the grammar of one kind of story."""
        return sum(verdict.well_formed for verdict in self.verdicts) / len(self.verdicts)

    @property
    def consistent(self) -> float:
        """The share of texts that also agree with what happened earlier in them."""
        return sum(verdict.consistent for verdict in self.verdicts) / len(self.verdicts)


def prompt_ids(tokenizer, prompt: str) -> list[int]:
    """What the model reads before it writes: the mark between documents, then the prompt.

    Without such a mark and without a prompt it is token 0, which is not part of the text.
    """
    ids = tokenizer.encode(prompt)
    return [*([] if tokenizer.eot is None else [tokenizer.eot]), *ids] or [0]


def sample_texts(
    model, tokenizer, n: int, prompt: str = "", seed: int = 0, max_new_tokens=None, **options
) -> list[str]:
    """Let the model write n texts, each until its end-of-text token or its block is full.

    Args:
        prompt: what each text begins with.
        max_new_tokens: by default, as many as the block has room for.
        options: of `generate`: temperature, top_k, top_p, num_beams and others.
    """
    ids, skip, options = _arranged(model, tokenizer, prompt, max_new_tokens, options)
    texts = []
    for start in range(0, n, AT_ONCE):
        options |= {"num_return_sequences": min(AT_ONCE, n - start), "seed": seed + start}
        if options.get("temperature") == 0:  # all are the same text
            options["num_return_sequences"] = 1
        out = model.generate([ids], **options)
        found = [tokenizer.decode(row[skip:], skip_special_tokens=True) for row in out.tolist()]
        texts += found * (min(AT_ONCE, n - start) // len(found))
    return texts


def stream_text(
    model, tokenizer, prompt: str = "", seed: int = 0, max_new_tokens=None, **options
) -> Iterator[str]:
    """Yield the text that `sample_texts` would give for n = 1, piece by piece as it is written."""
    ids, skip, options = _arranged(model, tokenizer, prompt, max_new_tokens, options)
    steps = model.stream([ids], seed=seed, **options)
    return tokenizer.decode_stream(chain(ids[skip:], steps), skip_special_tokens=True)


def _arranged(model, tokenizer, prompt: str, max_new_tokens, options: dict):
    """The ids to read, how many of them are no text, and the options of `generate`."""
    ids = prompt_ids(tokenizer, prompt)
    if max_new_tokens is None:
        max_new_tokens = max(1, model.config.block_size - len(ids))
    skip = len(ids) if tokenizer.eot is None and not prompt else 0
    ends = {"eos_token_id": tokenizer.eot, "tokenizer": tokenizer}
    return ids, skip, {**options, **ends, "max_new_tokens": max_new_tokens}


def sample_stories(
    model, tokenizer, n: int, language: str, seed: int = 0, temperature=TEMPERATURE, top_p=TOP_P
) -> Samples:
    """Sample n stories of TinyTown and check each."""
    texts = sample_texts(model, tokenizer, n, seed=seed, temperature=temperature, top_p=top_p)
    return Samples(texts, [tinytown.check(text, language) for text in texts])
