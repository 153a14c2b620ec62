"""Choosing the next token from the model's scores."""

from __future__ import annotations

import numpy as np

from minigpt.errors import UserError


def check_finite(logits) -> None:
    """Raise UserError when scores are not finite, as after a training that diverged."""
    if not np.isfinite(logits).all():
        raise UserError(
            "The model's scores are not finite numbers; its weights are damaged, probably by a "
            "training that diverged. Use an earlier checkpoint."
        )


def log_softmax(logits) -> np.ndarray:
    """Log-probabilities, log(softmax(logits)), over the last axis, in float64."""
    logits = logits.astype(np.float64)
    shifted = logits - logits.max(axis=-1, keepdims=True)
    return shifted - np.log(np.exp(shifted).sum(axis=-1, keepdims=True))


def penalize(scores, texts, repetition_penalty: float = 1.0, no_repeat_ngram_size: int = 0) -> None:
    """Make it hard, in place, to repeat what was written.

    Args:
        scores: (B, V) float64, logits or log-probabilities.
        texts: for each row its tokens so far, prompt included, padding not.
        repetition_penalty: the score of a token that has occurred is divided by it if positive,
            multiplied by it if negative (Keskar et al., 2019, section 4.1).
        no_repeat_ngram_size: forbid the tokens that would complete an n-gram a second time
            (Paulus et al., 2017, section 2.5); 0 forbids nothing.

    Raises:
        UserError: when nothing is left to choose from.
    """
    for row, text in zip(scores, texts, strict=True):
        if repetition_penalty != 1:
            seen = np.unique(text)
            old = row[seen]
            row[seen] = np.where(old < 0, old * repetition_penalty, old / repetition_penalty)
        if no_repeat_ngram_size:
            row[_completing(text, no_repeat_ngram_size)] = -np.inf
            if np.isneginf(row).all():
                raise UserError(
                    f"no_repeat_ngram_size={no_repeat_ngram_size} forbids every token that could "
                    f"follow; use a larger one, or ask for fewer tokens."
                )


def _completing(text, n: int) -> np.ndarray:
    """The tokens that would complete an n-gram which stands in `text` already."""
    text = np.asarray(text)
    if len(text) < n:
        return text[:0]
    ngrams = np.lib.stride_tricks.sliding_window_view(text, n)
    last = text[len(text) - n + 1 :]
    return ngrams[(ngrams[:, :-1] == last).all(axis=1), -1]


def choose(scores, rng, temperature: float = 1.0, top_k=None, top_p=None) -> np.ndarray:
    """Choose one token a row from scores (B, V), an array on the host; returns (B,).

    Args:
        rng: a `numpy.random.Generator`; one draw a row, none for temperature 0.
        temperature: 0 takes the likeliest token (greedy); else the scores are divided by it.
        top_k: draw among the k likeliest tokens only.
        top_p: draw among the fewest tokens that together have probability p (Holtzman, 2020).
    """
    if temperature == 0:
        return scores.argmax(axis=-1)
    draws = rng.random(len(scores))
    rows = zip(scores, draws, strict=True)
    return np.array([_draw(row, draw, temperature, top_k, top_p) for row, draw in rows])


def _draw(scores, draw: float, temperature: float, top_k, top_p) -> int:
    """The token whose share of the kept probability holds `draw`, a number from 0 to 1."""
    scores = scores.astype(np.float64)
    ids = _kept(scores, temperature, top_k, top_p)
    p = _unnormalised(scores if ids is None else scores[ids], temperature)
    cumulative = np.cumsum(p)
    rank = min(np.searchsorted(cumulative, draw * cumulative[-1], side="right"), len(p) - 1)
    return rank if ids is None else ids[rank]


def _kept(scores, temperature, top_k, top_p) -> np.ndarray | None:
    """The ids to draw from, likeliest first, of equals the first; None for all, as they stand."""
    n = len(scores) if top_k is None else min(top_k, len(scores))
    if top_p is not None and top_p < 1:
        ranked = -np.sort(-scores)[:n]
        p = _unnormalised(ranked, temperature)
        p /= p.sum()
        before = np.cumsum(p) - p  # the probability of all likelier tokens
        n = int((before < top_p).sum())
    if n == len(scores):
        return None
    lowest = np.partition(scores, len(scores) - n)[len(scores) - n]
    ids = np.flatnonzero(scores >= lowest)
    return ids[np.argsort(-scores[ids], kind="stable")][:n]


def _unnormalised(scores, temperature):
    return np.exp((scores - scores.max()) / temperature)
