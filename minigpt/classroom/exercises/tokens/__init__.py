"""Lesson 03: byte-pair encoding."""

from minigpt.classroom.exercise import Exercise, Part
from minigpt.classroom.exercises.tokens import count_pairs, decode, encode, learn, merge

EXERCISE = Exercise(
    "03",
    "tokens",
    "byte-pair encoding, from counting to decoding",
    (
        Part(
            "count_pairs",
            ("count_pairs",),
            count_pairs.cases,
            count_pairs.MISTAKES,
            section=3,
            outputs=("counts",),
            arrays=False,
            hints={"": "By hand: at, ate, rat have the pair (a, t) three times. Print your dict."},
        ),
        Part(
            "merge",
            ("merge",),
            merge.cases,
            merge.MISTAKES,
            section=3,
            outputs=("tokens",),
            arrays=False,
            hints={"": "Walk through a, b, a, b, c by hand with the pair (a, b): ab, ab, c."},
        ),
        Part(
            "learn",
            ("learn",),
            learn.cases,
            learn.MISTAKES,
            section=4,
            outputs=("merges",),
            arrays=False,
            hints={
                "": "It calls your count_pairs and merge: are both right? Then print the best pair "
                "of each round, with its count, and compare with section 3."
            },
        ),
        Part(
            "encode",
            ("encode",),
            encode.cases,
            encode.MISTAKES,
            section=5,
            outputs=("tokens",),
            arrays=False,
            hints={"": "Print the tokens after each merge of the list, for the word of the case."},
        ),
        Part(
            "decode",
            ("decode",),
            decode.cases,
            decode.MISTAKES,
            section=5,
            outputs=("text",),
            arrays=False,
            hints={"": "Join the bytes first, then read them. Compare both with repr()."},
        ),
    ),
)
