"""Lesson 05: the linear layer, GELU and the MLP."""

from minigpt.classroom.exercise import Exercise, Part
from minigpt.classroom.exercises.mlp.gelu import GELU, gelu_cases
from minigpt.classroom.exercises.mlp.linear import LINEAR, linear_cases
from minigpt.classroom.exercises.mlp.mlp import MLP, mlp_cases

EXERCISE = Exercise(
    "05",
    "mlp",
    "linear layer, GELU, and both together: the MLP",
    (
        Part(
            "linear",
            ("linear", "linear_backward"),
            linear_cases,
            LINEAR,
            section=4,
            hints={
                "y": "Compute the example of section 1, with two inputs: y = (16, 21, 35).",
                "dx": "Take x, W and dy of section 2, two rows: dx is dy @ W.T.",
                "weight": "Take x, W and dy of section 2, two rows: dW is x.T @ dy.",
                "bias": "The bias is added to each row of y: over what must dy be summed?",
            },
        ),
        Part(
            "gelu",
            ("gelu", "gelu_backward"),
            gelu_cases,
            GELU,
            section=8,
            hints={
                "y": "Print u, tanh(u) and y for x = 1; they are 0.8336, 0.6824 and 0.8412.",
                "dx": "Print the two terms of step 1 for x = 1; they are 0.8412 and 0.2418.",
                "": "gelu has no parameters: the second thing to return is an empty dict.",
            },
        ),
        Part(
            "mlp",
            ("mlp", "mlp_backward"),
            mlp_cases,
            MLP,
            section=9,
            hints={
                "y": "Print the shapes on the way: (…, C), (…, 4C), (…, 4C), (…, C).",
                "dx": "Go through the table of section 9 from its last row to its first.",
                "c_fc.weight": "c_fc gets what comes out of gelu_backward, and its own cache.",
                "c_fc.bias": "c_fc gets what comes out of gelu_backward, and its own cache.",
                "c_proj.weight": "c_proj is the first step of the backward: dy, and its own cache.",
                "c_proj.bias": "c_proj is the first step of the backward: dy, and its own cache.",
            },
        ),
    ),
)
