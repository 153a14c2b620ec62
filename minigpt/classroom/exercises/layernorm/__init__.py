"""Lesson 06: layer norm."""

import numpy as np

from minigpt.classroom.exercise import Case, Exercise, Part
from minigpt.classroom.exercises.layernorm.forward import FORWARD
from minigpt.classroom.exercises.layernorm.input_gradient import DX
from minigpt.classroom.exercises.layernorm.parameter_gradients import GRADIENTS


def cases(rng) -> list[Case]:
    """Plain numbers; one axis less; vectors that hardly vary; numbers far from zero, in float32."""
    normal = rng.standard_normal

    def case(name, x, **options):
        C = x.shape[-1]
        params = {"weight": normal(C), "bias": normal(C)}
        N = x.size // C
        sizes = {"C": C, "N": N, **dict(zip("BT", x.shape[:-1], strict=False))}
        return Case(name, (x,), params, sizes=sizes, **options)

    far = (300 + 0.1 * normal((2, 3, 8))).astype(np.float32)
    far_case = case("numbers far from zero, in float32", far, exact=False, tolerance=0.02)
    far_case.params.update({k: v.astype(np.float32) for k, v in far_case.params.items()})
    spread = np.array([[2], [1], [0.05], [1], [0.5]])  # one token hardly varies beside this eps
    return [
        case("plain numbers", normal((2, 3, 5)) * 2 + 1),
        case("x of shape (T, C)", normal((4, 7)) - 1),
        case("vectors that hardly vary", 1 + 0.003 * normal((3, 2, 6))),
        case("another eps", normal((2, 5, 4)) * spread, options={"eps": 0.1}),
        far_case,
    ]


EXERCISE = Exercise(
    "06",
    "layernorm",
    "layer norm and the three terms of its gradient",
    (
        Part(
            "layernorm",
            ("layernorm", "layernorm_backward"),
            cases,
            (*FORWARD, *DX, *GRADIENTS),
            section=6,
            hints={
                "y": "Take x = (1, 3, 4, 5, 7) of section 2: mean 4, variance 4.",
                "dx": "Build dx term by term as in section 4, and print each term for one vector.",
                "weight": "weight (C,) meets each token once: one product, then a sum of all.",
                "bias": "bias (C,) is added to each token: its gradient is a sum of dy.",
            },
        ),
    ),
)
