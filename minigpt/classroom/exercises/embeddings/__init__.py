"""Lesson 04: embeddings of tokens and of positions."""

from minigpt.classroom.exercise import Exercise, Part
from minigpt.classroom.exercises.embeddings.embedding import EMBEDDING, embedding_cases
from minigpt.classroom.exercises.embeddings.positions import POSITIONS, positions_cases

EXERCISE = Exercise(
    "04",
    "embeddings",
    "rows for tokens and for places, and where their gradients go",
    (
        Part(
            "embedding",
            ("embedding", "embedding_backward"),
            embedding_cases,
            EMBEDDING,
            section=7,
            gradients=(None,),
            hints={
                "y": "Take the table and the sentence of section 2: its row replaces each id.",
                "weight": "Take dy and ids of section 5, and follow each row of dy to its token.",
                "": "The ids are integers: None stands in the place of dx.",
            },
        ),
        Part(
            "positions",
            ("positions", "positions_backward"),
            positions_cases,
            POSITIONS,
            fresh=True,
            section=4,
            hints={
                "y": "Take x = 0, so that y shows which row of wpe each place of each text gets.",
                "dx": "y = x + wpe: how much does y move when x moves by a little?",
                "wpe": "Let one place of one text have dy = 1, all others 0: which row gets it?",
            },
        ),
    ),
)
