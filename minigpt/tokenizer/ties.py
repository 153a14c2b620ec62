"""Which pair to merge when several are equally common: a rule by name, so runs can be repeated.

- "huggingface": the pair with the smallest ids, compared left id first. This is what the
  `tokenizers` library does; a byte's id is its place in GPT-2's order (`BYTE_ORDER`).
- "first": the pair that is seen first in the text, as it is cut into tokens at that moment. This
  is what a plain `max(counts, key=counts.get)` does (minbpe, for example).
- "greatest": the greatest pair of byte strings in dictionary order (Stanford's CS336).
"""

from minigpt.errors import UserError

TIES = ("huggingface", "first", "greatest")


def check_ties(ties: str) -> None:
    """Raise UserError for a rule that does not exist."""
    if ties not in TIES:
        raise UserError(f"There is no rule {ties!r} for ties; choose one of {list(TIES)}.")
