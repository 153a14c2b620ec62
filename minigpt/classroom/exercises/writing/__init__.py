"""Lesson 13: choosing the next token, and attention with a cache."""

from minigpt.classroom.exercise import Exercise, Part
from minigpt.classroom.exercises.writing import attention_step, choose_token, top_p_ids

EXERCISE = Exercise(
    "13",
    "writing",
    "choose the next token, and attend with a cache",
    (
        Part(
            "top_p_ids",
            ("top_p_ids",),
            top_p_ids.cases,
            top_p_ids.MISTAKES,
            section=4,
            outputs=("ids",),
            arrays=False,
            hints={"": "By hand: of 0.5, 0.3, 0.2 top_p 0.51 keeps two tokens, top_p 0.5 one."},
        ),
        Part(
            "choose_token",
            ("choose_token",),
            choose_token.cases,
            choose_token.MISTAKES,
            section=4,
            outputs=("token",),
            arrays=False,
            hints={
                "": "It may call your top_p_ids: is that right? Then print ids, probabilities and "
                "ends for the case, and put your finger on the dart."
            },
        ),
        Part(
            "attention_step",
            ("attention_step",),
            attention_step.cases,
            attention_step.MISTAKES,
            section=7,
            outputs=("y", "keys", "values"),
            hints={
                "y": "With no past the only weight is 1: y is then c_proj of the new value.",
                "keys": "All but the last position must be the keys that were given.",
                "values": "All but the last position must be the values that were given.",
            },
        ),
    ),
    may_use=frozenset({"linear", "softmax"}),
)
