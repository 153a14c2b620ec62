"""Bug hunt 24: a mean of means, and of exponentials."""

import math

import numpy as np

from minigpt.classroom.bughunt import Hunt


def verify(module) -> str | None:
    """Measure texts of very different lengths, in batches of many sizes."""
    rng = np.random.default_rng(24)
    V = 6
    lengths = (2, 40, 3, 25, 2, 7, 60)
    for spread in (0.0, 1.5):
        table = np.exp(spread * rng.standard_normal((V, V)))
        table /= table.sum(axis=1, keepdims=True)
        texts = [rng.integers(0, V, length) for length in lengths]
        losses = [-np.log(table[ids[:-1], ids[1:]]) for ids in texts]
        want = math.exp(np.concatenate(losses).mean())
        for batch_size in (7, 1, 2, 3, 4, 6, 20):
            found = float(module.perplexity(table, texts, batch_size))
            if not math.isclose(found, want, rel_tol=1e-9):
                model = "gives all letters the same probability" if spread == 0 else "is random"
                return (
                    f"For {len(texts)} texts of different lengths, {batch_size} at a time, and a "
                    f"table of {V} letters that {model}, the perplexity is {found:.3f}; it should "
                    f"be {want:.3f}."
                )
    return None


HUNT = Hunt(
    number="24",
    name="station",
    symptom="The perplexity of the same model on the same text depends on how many announcements "
    "are measured at a time.",
    edits=(
        (
            "    total, count = 0.0, 0\n",
            "    found = []\n",
        ),
        (
            "        found = losses(probabilities, texts[start : start + batch_size])\n"
            "        total += found.sum()\n"
            "        count += len(found)\n"
            "    return math.exp(total / count)\n",
            "        batch = texts[start : start + batch_size]\n"
            "        found.append(math.exp(losses(probabilities, batch).mean()))\n"
            "    return np.mean(found)\n",
        ),
    ),
    verify=verify,
    hints=(
        "Which batch size gives the right number? Compute it by hand: the losses of all letters in "
        "one array, their mean, the exponential.",
        "Take two announcements, a long easy one and a short hard one, one at a time. How much "
        "does each count in the result, and how much should it?",
        "Two things are wrong with the mean at the end: what it is a mean of (perplexities), and "
        "that each batch counts the same, whatever the number of its letters.",
    ),
    answer="The program took the mean of the batches' perplexities. A short batch counted as much "
    "as a long one, and exp(mean) is never larger than the mean of exps, so one hard batch weighs "
    "more than it should: two mistakes which both vanish when everything is one batch, and nearly "
    "vanish with large ones. Add up the losses and count the letters over all batches; take "
    "the mean once, and the exponential last. Perplexity: lesson 08, section 8; weighted means: "
    "lesson 12, section 2.",
    lesson="08",
)
