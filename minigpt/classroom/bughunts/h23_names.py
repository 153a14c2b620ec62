"""Bug hunt 23: a mean over padding, too."""

import math

import numpy as np

from minigpt.classroom.bughunt import Hunt
from minigpt.layers import IGNORE, cross_entropy, cross_entropy_backward


def verify(module) -> str | None:
    """Batches with more and less padding: a table of zeros, then random ones, then gradients."""
    rng = np.random.default_rng(23)
    V, B, T = 7, 4, 9
    for lengths in ((9, 9, 9, 9), (9, 1, 2, 1), (3, 9, 5, 4), (1, 9, 1, 1)):
        ids, targets = rng.integers(0, V, (2, B, T))
        for row, length in enumerate(lengths):
            ids[row, length:], targets[row, length:] = 0, IGNORE
        share = np.mean(targets == IGNORE)
        loss, _ = module.loss_and_gradient(np.zeros((V, V)), ids, targets)
        if not math.isclose(float(loss), math.log(V), rel_tol=1e-9):
            return (
                f"A table of zeros with {V} letters has the loss {float(loss):.3f} on a batch with "
                f"{share:.0%} padding; it should be ln {V} = {math.log(V):.3f}."
            )
        table = rng.standard_normal((V, V))
        want, cache = cross_entropy(table[ids], targets)
        loss, dtable = module.loss_and_gradient(table, ids, targets)
        if not math.isclose(float(loss), float(want), rel_tol=1e-9):
            return (
                f"A random table has the loss {float(loss):.3f} on a batch with {share:.0%} "
                f"padding; it should be {float(want):.3f}."
            )
        dlogits, _ = cross_entropy_backward(1.0, cache)
        wanted = np.zeros_like(table)
        np.add.at(wanted, ids, dlogits)
        if np.shape(dtable) != (V, V) or not np.allclose(dtable, wanted, atol=1e-10):
            return f"On a batch with {share:.0%} padding the gradient is not that of the loss."
    return None


HUNT = Hunt(
    number="23",
    name="names",
    symptom="A table that knows nothing has a loss below ln 27, and the smaller, the more padding "
    "a batch has.",
    edits=(("count = real.sum()", "count = targets.size"),),
    verify=verify,
    hints=(
        "One batch has the right loss before learning. In what does it differ from the others?",
        "Divide each wrong loss by ln 27, and compare the result with the share of zeros.",
        "The loss is a sum, divided by a number. Print both for a batch of two names, and count "
        "the letters by hand.",
    ),
    answer="The sum left the padding out, but it was divided by the number of all places, padding "
    "included. So a batch that is half padding seemed twice as good, and its gradient was half as "
    "long. The gradient fits the loss, so gradcheck is content, and with batches of one length "
    "nothing is wrong; only the known value, ln V for a model that knows nothing, shows it. "
    "Lesson 08, section 6 (ln V), and lesson 12, section 2 (counting).",
    lesson="08",
)
