"""Beam search: keep the few likeliest beginnings, and find a text that is likely as a whole."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from minigpt.model.choose import check_finite, log_softmax, penalize
from minigpt.model.options import Options

NEVER = -1e9  # the score of a beam that does not exist


class Text(NamedTuple):
    """Tokens, the model's log-probability of each, and the score of them all."""

    score: float
    tokens: list[int]
    logprobs: list[float]


class Beams:
    """The search for one prompt: `num_beams` running texts, and the best finished ones.

    The score of a text is the sum of its tokens' log-probabilities, and a finished one's is
    divided by (its number of tokens) ^ length_penalty, because each further token can only lower
    the sum (Wu et al., 2016, section 7, in the simpler form that transformers uses).

    Args:
        options: of `generate`.
        count: the largest number of tokens.
        ended: tells whether a list of tokens is a finished text.
    """

    def __init__(self, options: Options, count: int, ended):
        self.options, self.count, self.ended = options, count, ended
        nobody = [Text(NEVER, [], [])] * (options.num_beams - 1)
        self.running = [Text(0.0, [], []), *nobody]  # all are the same prompt: only one counts
        self.finished: list[Text] = []
        self.done = False

    def advance(self, scores, logprobs) -> list[int]:
        """Let each running text grow by one token; return which of them each new one continues.

        Args:
            scores: (num_beams, V), log-probabilities of the next token, penalties applied.
            logprobs: (num_beams, V), the model's own.
        """
        n, V = scores.shape
        totals = (scores + np.array([text.score for text in self.running])[:, None]).ravel()
        length = len(self.running[0].tokens) + 1
        going_on, parents, found = [], [], []
        for rank, place in enumerate(_likeliest(totals, max(2, 1 + len(self.options.ends)) * n)):
            beam, token = divmod(int(place), V)
            before, logprob = self.running[beam], float(logprobs[beam, token])
            text = Text(totals[place], [*before.tokens, token], [*before.logprobs, logprob])
            if length == self.count or self.ended(text.tokens):
                found += [text] * (rank < n)  # further down it is only a spare for the running
            elif len(going_on) < n:
                going_on.append(text)
                parents.append(beam)
        if not self.done:
            self._finish(found, length)
            self.done = not going_on or self._is_settled(going_on[0].score, length)
        while len(going_on) < n:  # this search may be over, while others of the batch go on
            going_on.append(Text(NEVER, [0] * length, [0.0] * length))
            parents.append(0)
        self.running = going_on
        return parents

    def _finish(self, found: list[Text], length: int) -> None:
        """Take finished texts among the best `num_beams`."""
        divisor = length**self.options.length_penalty
        self.finished += [text._replace(score=text.score / divisor) for text in found]
        self.finished.sort(key=lambda text: -text.score)
        del self.finished[self.options.num_beams :]

    def _is_settled(self, best_running: float, length: int) -> bool:
        """Whether no running text can be expected to beat the worst finished one."""
        if len(self.finished) < self.options.num_beams:
            return False
        if self.options.early_stopping is True:
            return True
        penalty = self.options.length_penalty
        if self.options.early_stopping == "never" and penalty > 0:
            length = self.count  # the longest text divides its loss by most
        return best_running / length**penalty <= self.finished[-1].score

    def best(self) -> list[Text]:
        """The best `num_return_sequences` texts, best first."""
        return self.finished[: self.options.num_return_sequences]


def search(context, options: Options, count: int, ended) -> list[Text]:
    """Search for all prompts of a `Context`; return `num_return_sequences` texts for each."""
    n = options.num_beams
    beams = [Beams(options, count, ended) for _ in context.ids]
    while True:
        logits = context.logits()
        if len(logits) == len(beams):  # the prompts are read once, then copied to their beams
            context.select(np.repeat(np.arange(len(beams)), n))
            logits = np.repeat(logits, n, axis=0)
        check_finite(logits)
        logprobs = log_softmax(logits)
        scores = logprobs.copy()
        if options.penalizes:
            penalties = options.repetition_penalty, options.no_repeat_ngram_size
            penalize(scores, context.texts, *penalties)
        parents = []
        for i, one in enumerate(beams):
            mine = slice(i * n, i * n + n)
            parents += [i * n + k for k in one.advance(scores[mine], logprobs[mine])]
        if all(one.done for one in beams):
            return [text for one in beams for text in one.best()]
        context.select(parents)
        context.append(np.array([text.tokens[-1] for one in beams for text in one.running]))


def _likeliest(scores, n: int) -> np.ndarray:
    """The places of the n largest scores, largest first, of equals the first."""
    n = min(n, len(scores))
    lowest = np.partition(scores, len(scores) - n)[len(scores) - n]
    places = np.flatnonzero(scores >= lowest)
    return places[np.argsort(-scores[places], kind="stable")][:n]
