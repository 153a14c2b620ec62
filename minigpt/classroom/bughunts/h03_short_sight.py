"""Bug hunt 03: a GPT with short-sighted attention, on walks through a town."""

import numpy as np

from minigpt.classroom.bughunt import Hunt

WINDOW = 4  # of the program


def verify(module) -> str | None:
    """Change one token after the other and see which places notice: the leak probe of lesson 10."""
    n_squares, T = 9, 11
    model = module.build_model(n_squares, seed=5)
    ids = np.random.default_rng(3).integers(0, n_squares, T)
    before = np.asarray(model(ids[None]))[0]
    if before.shape != (T, n_squares):
        return f"For one walk of {T} squares the model gives scores of shape {before.shape}."
    moved = np.zeros((T, T), dtype=bool)  # [k, t]
    for k in range(T):
        other = ids.copy()
        other[k] = (other[k] + 1) % n_squares
        moved[k] = np.abs(np.asarray(model(other[None]))[0] - before).max(axis=-1) > 1e-6
    for k, t in np.argwhere(np.tril(moved, -1)):
        return f"The scores at place {t} change when the token at place {k} is another one."
    seen = np.triu(np.tri(T, T, WINDOW - 1, dtype=bool))
    for k, t in np.argwhere(moved != seen):
        change = "change" if moved[k, t] else "stay the same"
        return (
            f"The scores at place {t} {change} when the token at place {k} is another one, but "
            f"each place should see exactly {WINDOW} places, its own included."
        )
    return None


HUNT = Hunt(
    number="03",
    name="short_sight",
    symptom="The loss falls far below the best that there can be, and the model's own walks are "
    "worse than blind guessing.",
    edits=(("(back >= 1) & (back <= window)", "(back >= 0) & (back < window)"),),
    verify=verify,
    hints=(
        "A loss below the floor means that the model sees the answer. In training the answer "
        "stands in the row; when the model walks alone, nobody gives it.",
        "Do the leak probe of lesson 10: change the token at place k and look at which places the "
        "logits change. Which places notice that should not?",
        "Print visible(5, 2).astype(int). How many ones may stand to the right of the diagonal? "
        "Which value of `back` do they have?",
    ),
    answer=(
        "`back` counts from the next token, so the place's own token has back = 1 and the next "
        "token itself has back = 0. The limits 0 and window - 1 let each place see its own "
        "answer. The width of the window was right, no shape was wrong, and the gradient check "
        "passes, since the backward belongs to the forward; only a loss below the floor and the "
        "leak probe of lesson 10, section 7, can show it. The mask itself is in lesson 07, "
        "section 2."
    ),
    lesson="10",
)
