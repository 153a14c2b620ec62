"""Samples of a trained model, and how many of them are stories."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

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


def sample_texts(
    model, tokenizer, n: int, prompt: str = "", seed: int = 0, max_new_tokens=None, **options
) -> list[str]:
    """Let the model write n texts, each until its end-of-text token or its block is full.

    Args:
        prompt: what each text begins with.
        max_new_tokens: by default, as many as the block has room for.
        options: of `generate`: temperature, top_k, top_p.
    """
    ids = tokenizer.encode(prompt)
    if tokenizer.eot is not None:
        ids = [tokenizer.eot, *ids]
    ids = ids or [0]
    if max_new_tokens is None:
        max_new_tokens = max(1, model.config.block_size - len(ids))
    skip = len(ids) if tokenizer.eot is None and not prompt else 0
    texts = []
    for start in range(0, n, AT_ONCE):
        batch = np.tile(np.array(ids), (min(AT_ONCE, n - start), 1))
        options |= {"eos_token_id": tokenizer.eot, "seed": seed + start}
        out = model.generate(batch, max_new_tokens, **options)
        texts += [tokenizer.decode(row[skip:], skip_special_tokens=True) for row in out.tolist()]
    return texts


def sample_stories(
    model, tokenizer, n: int, language: str, seed: int = 0, temperature=TEMPERATURE, top_p=TOP_P
) -> Samples:
    """Sample n stories of TinyTown and check each."""
    texts = sample_texts(model, tokenizer, n, seed=seed, temperature=temperature, top_p=top_p)
    return Samples(texts, [tinytown.check(text, language) for text in texts])
