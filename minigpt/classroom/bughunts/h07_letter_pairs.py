"""Bug hunt 07: a table of letter pairs, trained by plain gradient descent."""

import numpy as np

from minigpt.classroom.bughunt import Hunt


def verify(module) -> str | None:
    """Measure the derivative by each number of a table."""
    rng = np.random.default_rng(7)
    for V, N in ((6, 5), (4, 13)):
        table = rng.standard_normal((V, V))
        ids = rng.integers(0, V - 1, N)
        ids[1] = ids[0]
        targets = rng.integers(0, V, N)
        given = table.copy()
        loss, gradient = module.loss_and_gradient(given, ids, targets)
        if not np.array_equal(given, table):
            return "The table is changed by loss_and_gradient itself."
        logs = np.log(np.exp(table).sum(axis=1))
        if not np.isclose(loss, (logs[ids] - table[ids, targets]).mean()):
            return f"For {N} examples the loss is not the mean of -ln softmax(logits)[target]."
        if np.shape(gradient) != (V, V):
            return f"The gradient of a table of shape {(V, V)} has the shape {np.shape(gradient)}."
        measured, h = np.zeros((V, V)), 1e-5
        for i, j in np.ndindex(V, V):
            sides = []
            for sign in (1, -1):
                moved = table.copy()
                moved[i, j] += sign * h
                sides.append(float(module.loss_and_gradient(moved, ids, targets)[0]))
            measured[i, j] = (sides[0] - sides[1]) / (2 * h)
        if not np.allclose(gradient, measured, rtol=1e-5, atol=1e-7):
            i, j = np.unravel_index(np.abs(gradient - measured).argmax(), (V, V))
            return (
                f"With {N} examples and {V} letters, the gradient is {gradient[i, j]:.4f} for a "
                f"number of the table whose measured derivative is {measured[i, j]:.4f}."
            )
    return None


HUNT = Hunt(
    number="07",
    name="letter_pairs",
    symptom="The training is slow, and the commonest letters end as far from their counted loss as "
    "the rare ones.",
    edits=(("np.add.at(dtable, ids, dlogits)", "dtable[ids] += dlogits"),),
    verify=verify,
    hints=(
        "What is learned from many examples is learned badly. Is the gradient right? Measure it: "
        "a small table, a few ids, and differences (lesson 02).",
        "Check with ids in which each letter occurs once, then with ids in which one letter occurs "
        "three times. In which rows of the table is the gradient wrong?",
        "What does `a = np.zeros(3); a[[1, 1, 1]] += 1` leave in a? Look for a line like this.",
    ),
    answer=(
        "`dtable[ids] += dlogits` reads the rows, adds, and writes them back; where a letter "
        "occurs several times, only its last example is kept. So a common letter learned from one "
        "of its examples a step instead of from 190, and no faster than a rare one. It could hide "
        "because there is no error, the direction is right on average and the loss falls; with "
        "Adam, which makes all rows equally quick, it hides even better. Lesson 04, section 6."
    ),
    lesson="04",
)
