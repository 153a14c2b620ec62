"""How to write: the options of `generate`, by the names that the field uses, checked."""

from __future__ import annotations

import dataclasses
import difflib
import math
from collections.abc import Sequence
from dataclasses import dataclass
from numbers import Integral, Real
from typing import Any

from minigpt.errors import UserError

NEW_TOKENS = 20  # when neither max_new_tokens nor max_length is given, as in transformers


@dataclass(frozen=True)
class Options:
    """The options of `generate`.

    Raises:
        UserError: for values out of range and for options that contradict each other.
    """

    max_new_tokens: int | None = None  # how many tokens to add at most (20)
    max_length: int | None = None  # or: how many there may be with the prompt
    do_sample: bool | None = None  # False: the likeliest (greedy); None: draw, unless beams search
    temperature: float = 1.0  # below 1 surer, above 1 wilder; 0: the likeliest
    top_k: int | None = None  # draw among the k likeliest; 0: all
    top_p: float | None = None  # draw among the likeliest with probability p together
    repetition_penalty: float = 1.0  # above 1: what was written becomes less likely
    no_repeat_ngram_size: int = 0  # no sequence of so many tokens comes twice; 0: no limit
    num_beams: int = 1  # above 1: beam search, the likeliest text instead of likely tokens
    length_penalty: float = 1.0  # beams: score / length^penalty; above 0 favours longer texts
    early_stopping: bool | str = (
        False  # beams: True ends with num_beams texts; "never": surely best
    )
    num_return_sequences: int = 1  # texts for each prompt
    eos_token_id: int | Sequence[int] | None = None  # the token or tokens that end a text
    pad_token_id: int | None = None  # what fills up shorter rows; by default the end token, or 0
    stop_strings: str | Sequence[str] = ()  # a text ends with one of these too; needs tokenizer
    tokenizer: Any = None  # a `Tokenizer`, for stop_strings
    seed: int = 0  # of the draws; equal seeds give equal texts

    @classmethod
    def of(cls, given: dict) -> Options:
        """Make options of what a caller gave; a misspelt name is told with the likely one."""
        known = [field.name for field in dataclasses.fields(cls)]
        for name in given:
            if name not in known:
                close = difflib.get_close_matches(name, known, n=1)
                hint = f"did you mean {close[0]!r}?" if close else f"there are {', '.join(known)}."
                raise UserError(f"generate has no option {name!r}; {hint}")
        return cls(**given)

    def __post_init__(self):
        self._check_numbers()
        self._check_contradictions()
        if isinstance(self.stop_strings, str):
            object.__setattr__(self, "stop_strings", (self.stop_strings,))
        for string in self.stop_strings:
            if not isinstance(string, str) or not string:
                raise UserError(f"stop_strings must be texts that are not empty, not {string!r}.")
        if self.stop_strings and self.tokenizer is None:
            raise UserError("stop_strings needs the tokenizer: pass tokenizer=tok as well.")

    def _check_numbers(self):
        least = {
            **dict.fromkeys(("max_new_tokens", "max_length", "num_beams"), 1),
            **dict.fromkeys(("num_return_sequences",), 1),
            **dict.fromkeys(("top_k", "no_repeat_ngram_size", "seed"), 0),
        }
        for name, low in least.items():
            value = getattr(self, name)
            if value is None and name in ("max_new_tokens", "max_length", "top_k"):
                continue
            if isinstance(value, bool) or not isinstance(value, Integral):
                raise UserError(f"{name} must be a whole number, not {value!r}.")
            if value < low:
                raise UserError(f"{name} must be at least {low}, not {value}.")
        for name in ("temperature", "repetition_penalty", "length_penalty", "top_p"):
            value = getattr(self, name)
            if value is None and name == "top_p":
                continue
            if isinstance(value, bool) or not isinstance(value, Real):
                raise UserError(f"{name} must be a number, not {value!r}.")
        if not 0 <= self.temperature < math.inf:
            raise UserError(
                f"temperature must be 0 (greedy) or above, and finite, not {self.temperature}."
            )
        if self.top_p is not None and not 0 < self.top_p <= 1:
            raise UserError(f"top_p must be above 0 and at most 1, not {self.top_p}.")
        if not 0 < self.repetition_penalty < math.inf:
            raise UserError(
                f"repetition_penalty must be above 0 (1 for none), not {self.repetition_penalty}."
            )
        if not math.isfinite(self.length_penalty):
            raise UserError(f"length_penalty must be finite, not {self.length_penalty}.")

    def _check_contradictions(self):
        if self.max_new_tokens is not None and self.max_length is not None:
            raise UserError("max_new_tokens and max_length both limit the length; give one.")
        if self.do_sample not in (None, True, False):
            raise UserError(f"do_sample must be True or False, not {self.do_sample!r}.")
        if self.do_sample and self.temperature == 0:
            raise UserError("do_sample=True contradicts temperature=0, the likeliest; give one.")
        drawing = self.temperature not in (0, 1) or self.top_k or self.top_p
        if self.do_sample is False and drawing:
            raise UserError(
                "do_sample=False takes the likeliest token each time, so temperature, top_k and "
                "top_p would do nothing; leave them out, or do_sample."
            )
        if self.num_beams > 1:
            if self.do_sample or drawing or self.temperature == 0:
                raise UserError(
                    "Beam search draws nothing: num_beams above 1 contradicts do_sample, "
                    "temperature, top_k and top_p; leave them out, or num_beams."
                )
            if self.num_return_sequences > self.num_beams:
                raise UserError(
                    f"num_return_sequences ({self.num_return_sequences}) can't be above num_beams "
                    f"({self.num_beams}); use more beams."
                )
        elif self.greedy and self.num_return_sequences > 1:
            raise UserError(
                "Without drawing all num_return_sequences would be the same text; raise "
                "temperature, or use num_beams."
            )
        if self.early_stopping not in (True, False, "never"):
            raise UserError(
                f"early_stopping must be True, False or 'never', not {self.early_stopping!r}."
            )

    @property
    def greedy(self) -> bool:
        """Whether the likeliest token is taken each time."""
        return self.temperature == 0 or self.do_sample is False

    @property
    def penalizes(self) -> bool:
        """Whether the scores depend on what was written."""
        return self.repetition_penalty != 1 or self.no_repeat_ngram_size > 0

    @property
    def ends(self) -> tuple[int, ...]:
        """The ids of the tokens that end a text."""
        if self.eos_token_id is None:
            return ()
        ids = self.eos_token_id
        return (int(ids),) if isinstance(ids, Integral) else tuple(int(i) for i in ids)

    @property
    def padding(self) -> int:
        """The id that fills up shorter rows."""
        if self.pad_token_id is not None:
            return int(self.pad_token_id)
        return self.ends[0] if self.ends else 0

    def count(self, prompt: int) -> int:
        """How many tokens to add to a prompt of so many tokens.

        Raises:
            UserError: when max_length leaves no room.
        """
        if self.max_length is None:
            return NEW_TOKENS if self.max_new_tokens is None else int(self.max_new_tokens)
        if self.max_length <= prompt:
            raise UserError(
                f"max_length {self.max_length} leaves no room after a prompt of {prompt} tokens; "
                f"raise it, or use max_new_tokens, which does not count the prompt."
            )
        return int(self.max_length) - prompt
