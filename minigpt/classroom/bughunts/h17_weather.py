"""Bug hunt 17: top-p that gives what it cut off to the last token."""

import numpy as np

from minigpt.classroom.bughunt import Hunt

DRAWS = 2000


def verify(module) -> str | None:
    """Compare the shares of many draws with the probabilities, for several distributions."""
    rng = np.random.default_rng(17)
    cases = [(rng.normal(0, spread, V), top_p)
             for spread, V, top_p in ((1.5, 12, 0.6), (1.0, 30, 0.85), (2.0, 8, 1.0))]  # fmt: skip
    cases += [(np.log([0.02, 0.95, 0.03]), 0.9), (np.log([0.3, 0.2, 0.5]), 0.55)]
    for logits, top_p in cases:
        p = np.exp(logits) / np.exp(logits).sum()
        order = np.argsort(-p)
        before = np.cumsum(p[order]) - p[order]
        want = np.zeros_like(p)
        want[order[before < top_p]] = p[order[before < top_p]]
        want /= want.sum()
        drawn = [int(module.draw_top_p(logits.copy(), top_p, rng)) for _ in range(DRAWS)]
        if min(drawn) < 0 or max(drawn) >= len(p):
            return f"Of {len(p)} tokens, token {max(drawn)} was drawn."
        share = np.bincount(drawn, minlength=len(p)) / DRAWS
        chance = 5 * np.sqrt(want * (1 - want) / DRAWS) + 5 / DRAWS
        far = np.abs(share - want) > np.where(want > 0, chance, 0)
        if far.any():
            rank = int(np.argmax(far[order]))
            token = order[rank]
            return (
                f"With {len(p)} tokens and top_p {top_p}, the token in place {rank + 1} (likeliest "
                f"first) is drawn in {share[token]:.1%} of {DRAWS:,} draws; it should be "
                f"{want[token]:.1%}."
            )
    return None


HUNT = Hunt(
    number="17",
    name="weather",
    symptom="One of the words comes more than twice as often as the model wants it, and the others "
    "not more often than without top-p.",
    edits=(("dart = rng.random() * ends[-1]", "dart = rng.random()"),),
    verify=verify,
    hints=(
        "Which word is it, for each of the two values of top_p? What is its place among those "
        "that are kept?",
        "Print `ends`, for top_p = 0.7. Where on this line can a dart between 0 and 1 land?",
        "Which darts are moved by `min(place, len(kept) - 1)`, and how many of them are there?",
    ),
    answer="What is kept has together only a probability of, say, 0.76, but the dart was thrown at "
    "a line from 0 to 1. Every dart behind the end fell to the last token that was kept, because "
    "of the `min` that is meant for rounding. So the unlikeliest kept token got all that was cut "
    "off, and the texts only look a little odd. The dart must be thrown at the length of the line "
    "that is left, or the probabilities be divided by their sum: lesson 13, sections 2 and 4.",
    lesson="13",
)
