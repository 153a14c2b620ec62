"""Lesson 11: AdamW, its learning rate, and clipping."""

from minigpt.classroom.exercise import Exercise, Part
from minigpt.classroom.exercises.adam import adamw_step, clip_by_norm, warmup_cosine

EXERCISE = Exercise(
    "11",
    "adam",
    "AdamW, the schedule of its learning rate, and clipping",
    (
        Part(
            "adamw_step",
            ("adamw_step",),
            adamw_step.cases,
            adamw_step.MISTAKES,
            fresh=True,
            section=6,
            outputs=("p", "m", "v"),
            hints={
                "p": "Follow the two numbers of section 7, and print m_hat, v_hat and the step.",
                "m": "By hand, section 7: betas = (0.5, 0.75) and g = 4 give m = 2 at first.",
                "v": "By hand, section 7: betas = (0.5, 0.75) and g = 4 give v = 4 at first.",
            },
        ),
        Part(
            "warmup_cosine",
            ("warmup_cosine",),
            warmup_cosine.cases,
            warmup_cosine.MISTAKES,
            section=9,
            outputs=("rate",),
            arrays=False,
            hints={
                "": "Section 9 prints it for steps=100, lr=1, min_lr=0.1, warmup=20: compare "
                "steps 0, 19, 20, 60 and 99."
            },
        ),
        Part(
            "clip_by_norm",
            ("clip_by_norm",),
            clip_by_norm.cases,
            clip_by_norm.MISTAKES,
            fresh=True,
            section=10,
            outputs=("grads", "norm"),
            hints={
                "norm": "Two arrays, (3,) and (4,): the norm of both together is 5.",
                "": "Print your factor. The norm of the clipped gradients should be the limit.",
            },
        ),
    ),
)
