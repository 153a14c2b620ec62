"""Writing: the model's scores for the next token, turned into text, one token after the other."""

from __future__ import annotations

import warnings
from collections.abc import Iterator

import numpy as np

import minigpt.layers
from minigpt import kernels
from minigpt.backend import to_host
from minigpt.errors import UserError
from minigpt.model import beams
from minigpt.model.cache import KVCache, next_logits
from minigpt.model.choose import check_finite, choose, log_softmax, penalize
from minigpt.model.options import Options


class Context:
    """What the model has read so far, and its scores of what may come next.

    When the text outgrows the block, the model sees its last `block_size` tokens. Positions then
    shift with every token, so nothing can be cached and each token costs a whole pass; a warning
    says so when it begins.

    Attributes:
        ids: (B, T) on the host, padded at the left.
        real: boolean (B, T), False at padding.
    """

    def __init__(self, model, prompts: list[np.ndarray], padding: int, count: int):
        T = max(map(len, prompts))
        self.model = model
        self.ids = np.full((len(prompts), T), padding, dtype=np.int64)
        self.real = np.ones((len(prompts), T), dtype=bool)
        for row, prompt in enumerate(prompts):
            self.ids[row, T - len(prompt) :] = prompt
            self.real[row, : T - len(prompt)] = False
        clear = model.layers.attention is minigpt.layers.attention
        self.cached = clear or kernels.family(model.layers, "attention") is not None
        self.size = min(model.config.block_size, T + count - 1)  # the last token is not read
        self.cache = KVCache(model, len(prompts), self.size) if self.cached else None
        self.warned = False

    @property
    def texts(self) -> list[np.ndarray]:
        """The tokens of each row, without the padding."""
        return [ids[real] for ids, real in zip(self.ids, self.real, strict=True)]

    def logits(self) -> np.ndarray:
        """The scores (B, V) of the next token, on the host."""
        if self.ids.shape[1] > self.model.config.block_size:
            self._warn()
        if not self.cached:
            return self._full_pass()
        if self.ids.shape[1] > self.size:
            self.cache.clear()
        start = max(self.cache.length, self.ids.shape[1] - self.size)
        real = self.real[:, start:]
        real = None if real.all() else self.model.xp.asarray(real)
        new = self.model.xp.asarray(self.ids[:, start:])
        return to_host(next_logits(self.model, new, self.cache, real))

    def append(self, tokens: np.ndarray) -> None:
        """Read one more token in each row."""
        self.ids = np.concatenate([self.ids, tokens[:, None]], axis=1)
        real = np.ones((len(tokens), 1), dtype=bool)
        self.real = np.concatenate([self.real, real], axis=1)

    def select(self, rows) -> None:
        """Go on with the rows named, which may repeat and leave out."""
        rows = np.asarray(rows)
        if np.array_equal(rows, np.arange(len(self.ids))):
            return
        if self.cached and self.cache.length == 0:
            self.cache = KVCache(self.model, len(rows), self.size)
        elif self.cached:
            self.cache.select(rows)
        self.ids, self.real = self.ids[rows], self.real[rows]

    def _full_pass(self) -> np.ndarray:
        window = slice(-self.model.config.block_size, None)
        ids, real = self.ids[:, window], self.real[:, window]
        given = {}
        if not real.all():
            positions = (real.cumsum(axis=1) - 1).clip(0)
            given = {"mask": real[:, None, None, :], "positions": positions}
        return to_host(self.model(ids, **given)[:, -1])

    def _warn(self) -> None:
        if not self.warned:
            block_size = self.model.config.block_size
            warnings.warn(
                f"The text has outgrown the block of {block_size} tokens; from here on the model "
                f"sees its last {block_size} only, and each token costs a whole pass.",
                stacklevel=2,
            )
        self.warned = True


def generate(
    model,
    input_ids,
    max_new_tokens: int | None = None,
    *,
    attention_mask=None,
    return_logprobs: bool = False,
    **options,
):
    """Continue each prompt, by drawing tokens from softmax(logits / temperature) or by beam search.

    Args:
        model: a `GPT`.
        input_ids: integers (B, T), or rows of different lengths, each <= block_size.
        max_new_tokens: how many tokens to add at most (20).
        attention_mask: (B, T), 0 at padding, which may stand anywhere; the model never sees it.
        return_logprobs: also return the log-probabilities of the new tokens.
        options: temperature, top_k, top_p, repetition_penalty, num_beams, eos_token_id, seed and
            the others of `Options`.

    Returns:
        Integers (B * num_return_sequences, T + new) on the host, prompts included: shorter prompts
        are padded at the left, rows that ended earlier at the right. With `return_logprobs` also
        (B * num_return_sequences, new): the model's log-probability of each new token in nats,
        before temperature and penalties; 0 at the padding.

    Raises:
        UserError: for prompts that are empty or too long, ids out of range, options out of range
            or against each other, and scores that are not finite.
    """
    options, prompts, count = _prepare(model, input_ids, max_new_tokens, attention_mask, options)
    context = Context(model, prompts, options.padding, count)
    prompt_ids = np.repeat(context.ids, options.num_return_sequences, axis=0)
    if options.num_beams > 1:
        found = beams.search(context, options, count, _ending(options))
        longest = max(len(text.tokens) for text in found)
        new = np.full((len(found), longest), options.padding, dtype=np.int64)
        logprobs = np.zeros(new.shape)
        for row, (_, tokens, given) in enumerate(found):
            new[row, : len(tokens)], logprobs[row, : len(given)] = tokens, given
    else:
        steps = list(_steps(context, options, count, return_logprobs))
        new, logprobs = (np.stack(column, axis=1) for column in zip(*steps, strict=True))
    out = np.concatenate([prompt_ids, new], axis=1)
    return (out, logprobs) if return_logprobs else out


def stream(model, input_ids, max_new_tokens: int | None = None, *, attention_mask=None, **options):
    """Yield the new tokens as they are chosen, (B,) at each step; arguments as for `generate`.

    Raises:
        UserError: at once, as `generate` does, and for beam search, which knows its text at the
            end only.
    """
    options, prompts, count = _prepare(model, input_ids, max_new_tokens, attention_mask, options)
    if options.num_beams > 1:
        raise UserError("Beam search knows its text at the end only; use generate, or num_beams=1.")
    context = Context(model, prompts, options.padding, count)
    return (tokens for tokens, _ in _steps(context, options, count))


def _steps(
    context: Context, options: Options, count: int, with_logprobs: bool = False
) -> Iterator[tuple]:
    """Yield the tokens (B,) of each step with their log-probabilities (B,), 0 if not wanted."""
    rng, ended = np.random.default_rng(options.seed), _ending(options)
    temperature = 0 if options.greedy else options.temperature
    copies = options.num_return_sequences
    texts: list[list[int]] = [[] for _ in range(len(context.ids) * copies)]
    over = np.zeros(len(texts), dtype=bool)
    for number in range(count):
        logits = context.logits()
        if number == 0 and copies > 1:  # the prompts are read once
            context.select(np.repeat(np.arange(len(logits)), copies))
            logits = np.repeat(logits, copies, axis=0)
        check_finite(logits)
        scores = logits
        if options.penalizes:
            scores = logits.astype(np.float64)
            penalties = options.repetition_penalty, options.no_repeat_ngram_size
            penalize(scores, context.texts, *penalties)
        tokens = choose(scores, rng, temperature, options.top_k or None, options.top_p)
        tokens = np.where(over, options.padding, tokens)
        logprobs = np.zeros(len(tokens))
        if with_logprobs:
            logprobs = np.take_along_axis(log_softmax(logits), tokens[:, None], axis=1)[:, 0]
            logprobs[over] = 0
        for row in np.flatnonzero(~over):
            texts[row].append(int(tokens[row]))
            over[row] = ended(texts[row])
        yield tokens, logprobs
        if over.all():
            return
        if number < count - 1:
            context.append(tokens)


def _ending(options: Options):
    """A function that tells whether a list of new tokens ends with an end token or stop string."""
    ends, strings = set(options.ends), [string.encode() for string in options.stop_strings]
    longest = max(map(len, strings), default=0)

    def ended(text: list[int]) -> bool:
        if text[-1] in ends:
            return True
        if not strings:
            return False
        # No token is shorter than a byte, except for those without any.
        tail = options.tokenizer.decode_bytes(text[-longest - 1 :])
        return any(string in tail for string in strings)

    return ended


def _prepare(model, input_ids, max_new_tokens, attention_mask, given: dict):
    """Check everything; return the options, the prompts without padding, and how many tokens."""
    options = Options.of({"max_new_tokens": max_new_tokens, **given})
    V = model.config.vocab_size
    pad = () if options.pad_token_id is None else (options.pad_token_id,)
    for token in (*options.ends, *pad):
        if not 0 <= token < V:
            raise UserError(
                f"The end or padding token {token} is out of range: the model knows 0 to {V - 1}."
            )
    prompts = _prompts(model, input_ids, attention_mask)
    return options, prompts, options.count(max(map(len, prompts)))


def _prompts(model, input_ids, attention_mask) -> list[np.ndarray]:
    """The tokens of each prompt, without padding."""
    rows, masks = _rows(model, input_ids, "ids"), None
    if attention_mask is not None:
        if getattr(getattr(attention_mask, "dtype", None), "kind", "") == "b":
            attention_mask = attention_mask.astype(np.int64)
        masks = _rows(model, attention_mask, "attention_mask")
        if [len(mask) for mask in masks] != [len(row) for row in rows]:
            raise UserError("attention_mask must have the shape of the ids: a 0 or 1 for each.")
        rows = [row[mask != 0] for row, mask in zip(rows, masks, strict=True)]
    for number, row in enumerate(rows):
        if len(row) == 0 and len(rows) + (masks is not None) > 1:
            raise UserError(
                f"Prompt {number} is empty; give it one token at least, such as the one that "
                f"begins a document (tok.eot)."
            )
        model.check_ids(row)
    if not rows:
        model.check_ids([])
    return rows


def _rows(model, values, name: str) -> list[np.ndarray]:
    """Values (B, T), (T,), or a list of rows of different lengths, as a list of rows."""
    if isinstance(values, (list, tuple)) and all(np.ndim(row) == 1 for row in values):
        return [model.integers(row, name)[0] for row in values]
    return list(model.integers(values, name))
