"""Lesson 10: the head of the GPT, and the matrix that it shares with the embedding."""

from minigpt.classroom.exercise import Exercise, Part
from minigpt.classroom.exercises.gpt.tied import TIED, tied_cases
from minigpt.classroom.exercises.gpt.unembedding import UNEMBEDDING, unembedding_cases

EARLIER = (
    "embedding",
    "linear",
    "gelu",
    "gelu_exact",
    "relu",
    "mlp",
    "layernorm",
    "softmax",
    "scaled_dot_product",
    "attention",
    "cross_entropy",
    "dropout",
)

EXERCISE = Exercise(
    "10",
    "gpt",
    "a score for each token, and one matrix with two jobs",
    (
        Part(
            "unembedding",
            ("unembedding", "unembedding_backward"),
            unembedding_cases,
            UNEMBEDDING,
            section=1,
            hints={
                "y": "Compute the example of section 1: x = (1, 0.5) and three tokens.",
                "dx": "Each score sends dy times its token's row to x: a product with V terms.",
                "weight": "Each place sends dy times x to the row of each token: sum over places.",
            },
        ),
        Part(
            "tied",
            ("tied", "tied_backward"),
            tied_cases,
            TIED,
            section=2,
            gradients=(None,),
            hints={
                "y": "Compute the example of section 2: wte = (3, 2), token 0, scores 9 and 6.",
                "weight": "Print both gradients of the example in section 2; the sum is (26, 30).",
                "": "The ids are integers: None stands in the place of dx.",
            },
        ),
    ),
    may_use=frozenset(
        {
            *EARLIER,
            *(f"{name}_backward" for name in EARLIER),
            "split_heads",
            "merge_heads",
            "causal_mask",
            "dropout_mask",
        }
    ),
)
