"""Lesson 09: the residual connection, and the block that is made of two of them."""

from minigpt.classroom.exercise import Exercise, Part
from minigpt.classroom.exercises.block.residual import RESIDUAL_MISTAKES, residual_cases
from minigpt.classroom.exercises.block.whole import FORWARD, block_cases
from minigpt.classroom.exercises.block.whole_back import BACKWARD

LINEAR = ("weight", "bias")
BLOCK_HINTS = {
    "y": "Two times three steps: layer norm, branch, addition. Compare after each one.",
    "dx": "The table of section 4, line by line: which rule stands in each?",
    **{f"ln_2.{name}": "layernorm_backward gets what came out of mlp_backward, and ln_2's cache."
       for name in LINEAR},
    **{f"ln_1.{name}": "layernorm_backward gets what came out of attention_backward."
       for name in LINEAR},
    **{f"mlp.{part}.{name}": "mlp_backward gets the dx behind the block: an addition hands it on."
       for part in ("c_fc", "c_proj") for name in LINEAR},
    **{f"attn.{part}.{name}": "attention_backward gets dx after the MLP's branch was added to it."
       for part in ("c_attn", "c_proj") for name in LINEAR},
}  # fmt: skip

EXERCISE = Exercise(
    "09",
    "block",
    "the residual connection and a GPT's block",
    (
        Part(
            "residual",
            ("residual", "residual_backward"),
            residual_cases,
            RESIDUAL_MISTAKES,
            fresh=True,
            section=2,
            hints={
                "y": "Two lines: the branch, and one addition.",
                "dx": "Section 2, three steps: the addition, the branch, the fork.",
                "weight": "The branch alone is lesson 05's linear layer, and its output gets dy.",
            },
        ),
        Part(
            "block",
            ("block", "block_backward"),
            block_cases,
            FORWARD + BACKWARD,
            section=3,
            hints=BLOCK_HINTS,
        ),
    ),
    may_use=frozenset(
        {
            "attention",
            "attention_backward",
            "layernorm",
            "layernorm_backward",
            "mlp",
            "mlp_backward",
            "linear",
            "linear_backward",
            "gelu",
            "gelu_backward",
        }
    ),
)
