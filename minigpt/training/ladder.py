"""The ladder of losses: what a model must beat, rung by rung, to have learned something."""

from __future__ import annotations

import math

import numpy as np

from minigpt.layers import IGNORE


def ladder(train_tokens: np.ndarray, pairs, vocab_size: int, floor: float | None) -> dict:
    """The losses, in nats a token, of models that need no training.

    - uniform: ln V, every token as likely as any other
    - unigram: counted frequencies, p(b) = (n(b) + 1) / (N + V)
    - bigram: counted pairs, p(b after a) = (n(a, b) + p(b)) / (n(a) + 1)
    - floor: the entropy of the source, where it is known

    Args:
        train_tokens: integers (N,), from which the counts are taken.
        pairs: validation (ids, targets), on which the losses are measured.
        vocab_size: V.
        floor: nats a token, or None.
    """
    before = np.concatenate([ids for ids, _ in pairs])
    after = np.concatenate([targets for _, targets in pairs])
    counted = after != IGNORE
    before, after = before[counted], after[counted]

    unigram = (np.bincount(train_tokens, minlength=vocab_size) + 1.0) / (
        len(train_tokens) + vocab_size
    )
    keys, counts = np.unique(
        train_tokens[:-1].astype(np.int64) * vocab_size + train_tokens[1:], return_counts=True
    )
    wanted = before.astype(np.int64) * vocab_size + after
    place = np.searchsorted(keys, wanted).clip(max=len(keys) - 1)
    pair_counts = np.where(keys[place] == wanted, counts[place], 0)
    firsts = np.bincount(train_tokens[:-1], minlength=vocab_size)
    bigram = (pair_counts + unigram[after]) / (firsts[before] + 1.0)

    rungs = {
        "uniform": math.log(vocab_size),
        "unigram": float(-np.log(unigram[after]).mean()),
        "bigram": float(-np.log(bigram).mean()),
    }
    return rungs if floor is None else rungs | {"floor": floor}
