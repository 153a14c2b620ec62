"""Lesson 07: softmax, the scaled dot product, heads, and attention made of them."""

from minigpt.classroom.exercise import Exercise, Part
from minigpt.classroom.exercises.attention import dot_product, dot_product_back, whole, whole_back
from minigpt.classroom.exercises.attention.heads import (
    MERGE_MISTAKES,
    SPLIT_MISTAKES,
    merge_cases,
    split_cases,
)
from minigpt.classroom.exercises.attention.softmax import SOFTMAX_MISTAKES, softmax_cases

EXERCISE = Exercise(
    "07",
    "attention",
    "softmax, masked attention and its heads",
    (
        Part(
            "softmax",
            ("softmax", "softmax_backward"),
            softmax_cases,
            SOFTMAX_MISTAKES,
            section=4,
            hints={
                "y": "Take x = (4, 0, 2, 0, 0) of section 1: exp, the sum 65, the shares.",
                "dx": "Take y = (0.5, 0.3, 0.2) and dy = (1, 0, 0) of section 4; print each term.",
            },
        ),
        Part(
            "scaled_dot_product",
            ("scaled_dot_product", "scaled_dot_product_backward"),
            dot_product.dot_product_cases,
            dot_product.FORWARD + dot_product_back.BACKWARD,
            section=5,
            gradients=("dq", "dk", "dv"),
            hints={
                "y": "Print scores, masked scores and weights for the six words of section 1.",
                "dq": "The table of section 5: dq comes from dscores and k, and from the division.",
                "dk": "The table of section 5: dk comes from dscores.T and q, and the division.",
                "dv": "y = weights @ v is a matrix product, as in lesson 05; dv needs no softmax.",
            },
        ),
        Part(
            "split_heads",
            ("split_heads",),
            split_cases,
            SPLIT_MISTAKES,
            section=6,
            hints={"result": "Try x_small of section 6: head 0 has the first channels of all."},
        ),
        Part(
            "merge_heads",
            ("merge_heads",),
            merge_cases,
            MERGE_MISTAKES,
            section=6,
            hints={"result": "merge_heads(split_heads(x, n_head)) must be x again."},
        ),
        Part(
            "attention",
            ("attention", "attention_backward"),
            whole.attention_cases,
            whole.FORWARD + whole_back.BACKWARD,
            section=6,
            hints={
                "y": "Print the shapes: x, qkv, q, q in heads, heads, merged. Then who_notices.",
                "dx": "Undo c_proj, merge, dot product, cuts and c_attn, in this order.",
                "c_attn.weight": "Its three thirds belong to q, k and v: which of them is wrong?",
                "c_attn.bias": "Its three thirds belong to q, k and v: which of them is wrong?",
                "c_proj.weight": "linear_backward needs what the forward gave to linear: merged.",
                "c_proj.bias": "linear_backward gives it from dy alone.",
            },
        ),
    ),
    may_use=frozenset({"linear", "linear_backward"}),
)
