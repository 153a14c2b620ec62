"""A corpus of TinyTown stories from a seed: the same bytes everywhere."""

from __future__ import annotations

import random

from minigpt.corpus.tinytown.story import Story, check_language, story
from minigpt.errors import UserError


def stories(seed: int = 0, n_bytes: int = 2_000_000, language: str = "en") -> list[Story]:
    """The first stories of the seed, until their texts have at least n_bytes bytes of UTF-8.

    Asking for more bytes only appends stories. The same seed tells the same stories in both
    languages, story by story.
    """
    check_language(language)
    if n_bytes <= 0:
        raise UserError(f"n_bytes is {n_bytes}: ask for a positive number of bytes")
    rng = random.Random(seed)
    told, size = [], 0
    while size < n_bytes:
        told.append(story(rng, language=language))
        size += len(told[-1].text.encode("utf-8"))
    return told


def corpus(
    seed: int = 0, n_bytes: int = 2_000_000, language: str = "en", val_fraction: float = 0.1
) -> tuple[list[Story], list[Story]]:
    """Training and validation stories, of which no text is in both.

    Story i goes to validation where floor((i + 1) * val_fraction) > floor(i * val_fraction), so
    validation stories are spread evenly. A text that training also has (a repeat: rare) is left
    out of validation.
    """
    if not 0.0 <= val_fraction < 1.0:
        raise UserError(f"val_fraction is {val_fraction}: choose a number from 0 to below 1")
    train, validation = [], []
    for i, one in enumerate(stories(seed, n_bytes, language)):
        held_out = int((i + 1) * val_fraction) > int(i * val_fraction)
        (validation if held_out else train).append(one)
    known = {one.text for one in train}
    return train, [one for one in validation if one.text not in known]
