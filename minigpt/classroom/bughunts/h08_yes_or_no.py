"""Bug hunt 08: a tiny network that answers questions with yes or no."""

import numpy as np

from minigpt.classroom.bughunt import Hunt
from minigpt.tree import FlatTree


def verify(module) -> str | None:
    """Measure the derivative by each parameter of a network of another size."""
    rng = np.random.default_rng(8)
    V, C, N = 7, 3, 6
    params = {"words": rng.standard_normal((V, C)), "mix": rng.standard_normal((2 * C, C))}
    questions, answers = rng.integers(0, V - 2, (N, 2)), rng.integers(1, V, N)
    questions[0] = questions[1, 0]

    def loss(**changed):
        return float(module.loss_and_grads(FlatTree(params | changed), questions, answers)[0])

    x = params["words"][questions].reshape(N, 2 * C) @ params["mix"]
    hidden = 0.5 * x * (1 + np.tanh(np.sqrt(2 / np.pi) * (x + 0.044715 * x**3)))
    logits = hidden @ params["words"].T
    right = (np.log(np.exp(logits).sum(axis=1)) - logits[np.arange(N), answers]).mean()
    if not np.isclose(loss(), right):
        return f"The loss of a network with random numbers is {loss():.4f}, not {right:.4f}."
    _, grads = module.loss_and_grads(FlatTree(params), questions, answers)
    if set(grads) != set(params):
        return f"There are gradients for {sorted(grads)}, not for {sorted(params)}."
    for name, array in params.items():
        if np.shape(grads[name]) != array.shape:
            return f"The gradient of {name} has the shape {np.shape(grads[name])}."
        measured, h = np.zeros_like(array), 1e-5
        for place in np.ndindex(array.shape):
            sides = []
            for sign in (1, -1):
                moved = array.copy()
                moved[place] += sign * h
                sides.append(loss(**{name: moved}))
            measured[place] = (sides[0] - sides[1]) / (2 * h)
        error = np.abs(grads[name] - measured).max() / np.abs(measured).max()
        if error > 1e-6:
            return (
                f"The gradient of {name} is not the derivative that is measured; the error is "
                f"{error:.0%} of its largest number."
            )
    return None


HUNT = Hunt(
    number="08",
    name="yes_or_no",
    symptom="The loss does not come near 0 for such easy questions, and the rows of the two "
    "answers have not moved at all.",
    edits=(
        (
            'read_cache)\n    grads["words"] += found["weight"]',
            'read_cache)\n    grads["words"] = found["weight"]',
        ),
    ),
    verify=verify,
    hints=(
        "A row that never moves has a gradient of 0. Should it? Check loss_and_grads with "
        "measured derivatives (lesson 02), the table and the matrix one after the other.",
        "The table is used in two lines of the forward. What does the rule of lesson 10 say "
        "about the gradient of a weight that is used twice?",
        "Print grads['words'] after each line of the backward that touches it. Is the first part "
        "still there at the end?",
    ),
    answer=(
        "The table is used for reading and for scoring, so its gradient is the sum of two; the "
        "second one was written over the first. The answers are never read, only scored, so "
        "their rows got nothing. Each of the two gradients is right by itself, and the loss does "
        "fall, because the numbers' rows and the matrix can still learn something. Lesson 10, "
        "section 2: a weight that is used twice gets the sum of two gradients."
    ),
    lesson="10",
)
