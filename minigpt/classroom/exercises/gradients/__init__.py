"""Lesson 02: a gradient checker, and a first backward pass."""

from minigpt.classroom.exercise import Exercise, Part
from minigpt.classroom.exercises.gradients import numeric_gradient, relative_error, swish

EXERCISE = Exercise(
    "02",
    "gradients",
    "measure a gradient, and derive a first one",
    (
        Part(
            "numeric_gradient",
            ("numeric_gradient",),
            numeric_gradient.cases,
            numeric_gradient.MISTAKES,
            section=7,
            outputs=("gradient",),
            arrays=False,
            hints={
                "": "Take x = np.array([2.0]) and a loss of x³: with step 0.1 you should get 12.01."
            },
        ),
        Part(
            "relative_error",
            ("relative_error",),
            relative_error.cases,
            relative_error.MISTAKES,
            section=7,
            outputs=("error",),
            arrays=False,
            hints={
                "": "By hand: analytic (3, -4), numeric (3, -5). The difference is 1, the size 5."
            },
        ),
        Part(
            "swish",
            ("swish", "swish_backward"),
            swish.cases,
            swish.MISTAKES,
            section=4,
            hints={
                "y": "By hand: x = 2 and beta = 0.5 give u = 1, s = 0.731, y = 1.462.",
                "dx": "By hand, with dy = 3 (section 3): dx = 2.193 + 0.590. Print both parts.",
                "beta": "By hand, with x = 2, beta = 0.5 and dy = 3 (section 3): dbeta = 2.359.",
            },
        ),
    ),
)
