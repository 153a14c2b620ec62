"""TinyTown: a small world whose stories come with their exact probabilities and their facts."""

from minigpt.corpus.tinytown.corpus import corpus, stories
from minigpt.corpus.tinytown.story import (
    KINDS,
    Entity,
    Question,
    Story,
    Verdict,
    check,
    log_prob,
    parse,
    story,
)
from minigpt.corpus.tinytown.words import LANGUAGES

__all__ = [
    "KINDS",
    "LANGUAGES",
    "Entity",
    "Question",
    "Story",
    "Verdict",
    "check",
    "corpus",
    "log_prob",
    "parse",
    "stories",
    "story",
]
