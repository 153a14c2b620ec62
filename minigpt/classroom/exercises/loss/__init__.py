"""Lesson 08: the cross-entropy, and the loss in bits per byte."""

from minigpt.classroom.exercise import Exercise, Part
from minigpt.classroom.exercises.loss.bits import BITS_MISTAKES, bits_cases
from minigpt.classroom.exercises.loss.cross_entropy import FORWARD, cross_entropy_cases
from minigpt.classroom.exercises.loss.cross_entropy_back import BACKWARD

EXERCISE = Exercise(
    "08",
    "loss",
    "cross-entropy with a stable logarithm, and bits per byte",
    (
        Part(
            "cross_entropy",
            ("cross_entropy", "cross_entropy_backward"),
            cross_entropy_cases,
            FORWARD + BACKWARD,
            section=5,
            gradients=("dlogits",),
            hints={
                "y": "Take z = (ln 5, ln 3, ln 2) of section 1 with the target dog: -ln 0.3 = 1.2.",
                "dlogits": "Take p = (0.5, 0.3, 0.2), target dog, N = 1: it is (0.5, -0.7, 0.2).",
            },
        ),
        Part(
            "bits_per_byte",
            ("bits_per_byte",),
            bits_cases,
            BITS_MISTAKES,
            section=8,
            arrays=False,
            hints={"result": "All nats of the text, as bits, divided by all bytes of the text."},
        ),
    ),
    may_use=frozenset({"softmax", "softmax_backward"}),
)
