"""Lesson 13, top_p_ids: the tokens that top-p keeps, the cases and the known mistakes."""

import numpy as np

from minigpt.classroom.exercise import Case, mistake


def cases(rng) -> list[Case]:
    """Sums that are reached exactly, equal tokens, one sure token, everything kept."""

    def case(name, shares, top_p, exact=True):
        p = np.array(shares)
        return Case(name, (p, top_p), sizes={"V": p.size, "p": top_p}, exact=exact)

    return [
        case("plain probabilities", [0.08, 0.35, 0.12, 0.22, 0.05, 0.18], 0.8),
        case("a sum that is exactly top_p", [0.125, 0.5, 0.0625, 0.25, 0.0625], 0.75),
        case("a sum that is just below top_p", [0.2, 0.05, 0.4, 0.25, 0.1], 0.66),
        case("tokens that are equally likely", [0.125, 0.25, 0.125, 0.25, 0.125, 0.125], 0.7),
        case("a top_p of 1", [0.125, 0.0625, 0.5, 0.0625, 0.25], 1.0),
        case("a small top_p", [0.3, 0.1, 0.05, 0.35, 0.2], 0.4),
        case("a token that is likelier than top_p", [0.02, 0.95, 0.03], 0.9, exact=False),
        case("probabilities that are sorted already", [0.45, 0.3, 0.15, 0.07, 0.03], 0.85),
    ]


ORDER = 'order = np.argsort(-p, kind="stable")'
BEFORE = "before = np.cumsum(ranked) - ranked"
KEPT = "kept = order[before < top_p]"
LISTED = "return kept"

MISTAKES = (
    mistake(
        "crossing_token_lost",
        KEPT,
        "kept = order[before + ranked <= top_p]",
        says="the token that crosses top_p is left out, so that those that are kept may have less",
        section=4,
        hint="With 0.5, 0.3, 0.2 and top_p 0.51: do your tokens have at least 0.51 together?",
    ),
    mistake(
        "crossing_token_lost_but_one_kept",
        KEPT,
        "kept = order[: max(1, int((before + ranked <= top_p).sum()))]",
        says="the token that crosses top_p is left out, except where nothing would be left",
        section=4,
        hint="With 0.5, 0.3, 0.2 and top_p 0.51: do your tokens have at least 0.51 together?",
    ),
    mistake(
        "only_below",
        KEPT,
        "kept = order[before + ranked < top_p]",
        says="only tokens are kept whose sum, with them, is still below top_p",
        section=4,
        hint="With 0.5, 0.3, 0.2 and top_p 0.5: one token is enough. How many do you keep?",
    ),
    mistake(
        "one_more_at_equality",
        KEPT,
        "kept = order[before <= top_p]",
        says="where the sum is exactly top_p, one token too many is kept",
        section=4,
        hint="With 0.5, 0.3, 0.2 and top_p 0.5: one token is enough. How many do you keep?",
    ),
    mistake(
        "always_one_more",
        KEPT,
        "kept = order[: int((before < top_p).sum()) + 1]",
        says="one token too many is kept",
        section=4,
        hint="With 0.5, 0.3, 0.2 and top_p 0.6: which two tokens are enough?",
    ),
    mistake(
        "not_sorted",
        ORDER,
        "order = np.arange(len(p))",
        says="the tokens are summed in the order of their ids, not from the likeliest on",
        section=4,
        hint="With 0.2, 0.3, 0.5 and top_p 0.5, which token is kept?",
    ),
    mistake(
        "unlikeliest_first",
        ORDER,
        'order = np.argsort(p, kind="stable")',
        says="the tokens are summed from the unlikeliest on",
        section=4,
        hint="In which direction does np.argsort sort?",
    ),
    mistake(
        "larger_id_first",
        ORDER,
        'order = np.argsort(p, kind="stable")[::-1]',
        says="of equally likely tokens the larger id comes first",
        section=4,
        hint="Sort (0.25, 0.25), then turn the result round. Which id comes first now?",
    ),
    mistake(
        "in_order_of_ids",
        LISTED,
        "return np.sort(kept)",
        says="the right tokens are given in the order of their ids, not likeliest first",
        section=4,
        hint="Which of your ids should be the first one?",
    ),
    mistake(
        "ranks",
        KEPT,
        "kept = np.flatnonzero(before < top_p)",
        says="places in the sorted list are returned instead of the tokens' ids",
        section=4,
        hint="Which token stands at place 0 of the sorted list? Its id is wanted.",
    ),
    mistake(
        "the_rest",
        KEPT,
        "kept = order[before >= top_p]",
        says="the tail is returned, that is, the tokens that should be cut off",
        section=4,
        hint="Is the likeliest token among your ids?",
    ),
    mistake(
        "one_minus_top_p",
        KEPT,
        "kept = order[before < 1 - top_p]",
        says="the tokens are kept that have 1 - top_p together",
        section=4,
        hint="With top_p 0.9, is much kept or little?",
    ),
    mistake(
        "as_a_threshold",
        KEPT,
        "kept = order[ranked >= 1 - top_p]",
        says="each token is kept that has by itself at least 1 - top_p",
        section=4,
        hint="Top-p looks at sums. Where do you add up?",
    ),
    mistake(
        "probabilities",
        KEPT,
        "kept = ranked[before < top_p]",
        says="the probabilities of the tokens are returned instead of their ids",
        section=4,
        hint="What should be chosen from later: numbers between 0 and 1, or ids?",
    ),
)
