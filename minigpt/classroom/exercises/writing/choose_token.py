"""Lesson 13, choose_token: one token by a dart, the cases and the known mistakes."""

import numpy as np

from minigpt.classroom.exercise import Case, mistake


def cases(rng) -> list[Case]:
    """Darts at many places; each option alone, and together."""
    normal = rng.standard_normal

    def case(name, logits, dart, exact=True, **options):
        sizes = {"V": len(logits)}
        return Case(name, (np.asarray(logits, float), dart), options=options, sizes=sizes,
                    exact=exact)  # fmt: skip

    def ranked(*p):
        """Logits with these probabilities, in an order of their own."""
        ids = np.random.default_rng(len(p)).permutation(len(p))
        return np.log(np.array(p))[ids]

    steps = ranked(0.20, 0.17, 0.14, 0.12, 0.10, 0.08, 0.07, 0.06, 0.04, 0.02)
    few = ranked(0.30, 0.25, 0.18, 0.12, 0.08, 0.05, 0.02)
    equal = np.array([1.0, 2.0, 1.0, 2.0, 2.0, 2.0, 1.0])
    return [
        case("plain logits", steps, 0.47),
        case("a dart near 1", steps, 0.93),
        case("a low temperature", steps, 0.71, temperature=0.5),
        case("a high temperature", steps, 0.66, temperature=2.0),
        case("top_k", steps, 0.75, top_k=4),
        case("top_k with a dart near 1", few, 0.99, top_k=3),
        case("top_p", steps, 0.83, top_p=0.55),
        case("top_p with a dart near 1", few, 0.97, top_p=0.6),
        case("top_p with a dart in the middle", few, 0.6, top_p=0.6),
        case("top_p at a low temperature", steps, 0.9, temperature=0.6, top_p=0.7),
        case("top_p at a high temperature", few, 0.97, temperature=1.8, top_p=0.7),
        case("top_k and top_p together", steps, 0.96, top_k=5, top_p=0.6),
        case("all three options", few, 0.88, temperature=0.7, top_k=4, top_p=0.9),
        case("tokens that are equally likely", equal, 0.4, top_k=6),
        case("a dart on the border of two tokens", np.zeros(8), 0.25),
        case("a dart at 1", few, 1.0, top_k=5),
        case("a dart at 0", steps, 0.0),
        case("top_k larger than the vocabulary", normal(5), 0.8, top_k=9),
        case("a temperature of 0", steps, 0.9, exact=False, temperature=0.0),
        case("large logits", [500.0, 1001.0, 1000.0, 999.5], 0.5, exact=False),
    ]


COLD = "    if temperature == 0:\n        return int(logits.argmax())\n"
RANKED = 'ids = np.argsort(-logits, kind="stable")'
FIRST_K = "ids = ids[:top_k]"
DIVIDED = "z = z / temperature"
EXP = "q = np.exp(z - z.max())"
SHARES = "q = q / q.sum()"
PLACES = "places = top_p_ids(q, top_p)"
WITH_P = "    if top_p is not None:\n"
ENDS = "ends = np.cumsum(q)"
HIT = 'place = np.searchsorted(ends, dart * ends[-1], side="right")'
CHOSEN = "return int(ids[place])"
ALL_SHARES = "w = np.exp((logits - logits.max()) / temperature)"

MISTAKES = (
    mistake(
        "temperature_multiplied",
        DIVIDED,
        "z = z * temperature",
        says="the logits are multiplied by the temperature",
        section=3,
        hint="At a low temperature the likeliest token should gain. Does it?",
    ),
    mistake(
        "temperature_ignored",
        DIVIDED,
        "z = z * 1.0",
        says="the temperature has no effect",
        section=3,
        hint="Where do you divide by it: before the softmax, or after it, where nothing changes?",
    ),
    mistake(
        "square_of_the_temperature",
        DIVIDED,
        "z = z / temperature / temperature",
        says="the logits are divided by the temperature twice",
        section=3,
        hint="At how many places of your function does the temperature stand?",
    ),
    mistake(
        "temperature_of_0",
        COLD,
        "",
        says="with a temperature of 0 it does not take the likeliest token",
        section=3,
        hint="What is a number divided by 0? This case needs a line of its own.",
    ),
    mistake(
        "top_k_ignored",
        FIRST_K,
        "ids = ids * 1",
        says="top_k has no effect",
        section=4,
        hint="Among how many tokens do you draw with top_k=4?",
    ),
    mistake(
        "one_token_more",
        FIRST_K,
        "ids = ids[: None if top_k is None else top_k + 1]",
        says="one token more than top_k is kept",
        section=4,
        hint="Among how many tokens do you draw with top_k=1?",
    ),
    mistake(
        "one_token_less",
        FIRST_K,
        "ids = ids[: None if top_k is None else top_k - 1]",
        says="one token less than top_k is kept",
        section=4,
        hint="Among how many tokens do you draw with top_k=2?",
    ),
    mistake(
        "first_ids",
        RANKED,
        'ids = np.argsort(-logits[:top_k], kind="stable")',
        says="the first top_k ids are kept, whatever their logits are",
        section=4,
        hint="Sort first, then cut. In which order do you do that?",
    ),
    mistake(
        "unlikeliest_first",
        RANKED,
        'ids = np.argsort(logits, kind="stable")',
        says="the tokens are ranked from the unlikeliest to the likeliest",
        section=4,
        hint="In which direction does np.argsort sort?",
    ),
    mistake(
        "larger_id_first",
        RANKED,
        'ids = np.argsort(logits, kind="stable")[::-1]',
        says="of equally likely tokens the larger id comes first",
        section=4,
        hint="Sort two equal numbers, then turn the result round. Which id comes first now?",
    ),
    mistake(
        "in_order_of_ids",
        FIRST_K,
        "ids = np.sort(ids[:top_k])",
        says="the tokens lie on the line in the order of their ids, not likeliest first",
        section=4,
        hint="Which token does a dart at 0.0001 hit? It should be the likeliest one.",
    ),
    mistake(
        "top_p_ignored",
        WITH_P,
        "    if top_p is not None and top_p > 1:\n",
        says="top_p has no effect",
        section=4,
        hint="With a top_p of 0.01 only the likeliest token is left. And in yours?",
    ),
    mistake(
        "crossing_token_lost",
        PLACES,
        "places = np.arange(max(1, int((np.cumsum(q) <= top_p).sum())))",
        says="top_p leaves out the token that crosses it",
        section=4,
        hint="Use your top_p_ids. With 0.5, 0.3, 0.2 and top_p 0.51 two tokens must be left.",
    ),
    mistake(
        "always_one_more",
        PLACES,
        "places = np.arange(min(len(q), len(top_p_ids(q, top_p)) + 1))",
        says="top_p keeps one token too many",
        section=4,
        hint="Use your top_p_ids. With 0.5, 0.3, 0.2 and top_p 0.4 one token must be left.",
    ),
    mistake(
        "top_p_of_all_tokens",
        PLACES,
        f"{ALL_SHARES}\n        r = w[ids] / w.sum()\n"
        "        places = np.flatnonzero(np.cumsum(r) - r < top_p)",
        says="top_p is measured by the probabilities among all tokens, also where top_k has cut "
        "some off",
        section=4,
        hint="Steps 3 and 4 of the docstring: among which tokens do the probabilities sum to 1?",
    ),
    mistake(
        "top_p_before_the_temperature",
        PLACES,
        "r = np.exp(logits[ids] - logits.max())\n        r = r / r.sum()\n"
        "        places = np.flatnonzero(np.cumsum(r) - r < top_p)",
        says="top_p is applied to the probabilities at temperature 1, whatever the temperature is",
        section=4,
        hint="Steps 3 and 4 of the docstring: which comes first?",
    ),
    mistake(
        "dart_not_stretched",
        HIT,
        'place = np.searchsorted(ends, dart, side="right")',
        says="after the cut by top_p the probabilities are not stretched to fill the line",
        section=4,
        hint="What do the probabilities that are left sum to? What does a dart at 0.95 hit?",
    ),
    mistake(
        "not_stretched_after_any_cut",
        SHARES,
        f"{ALL_SHARES}\n    q = q / q.sum()\n    whole = w.sum() / w[ids].sum()",
        HIT,
        'place = np.searchsorted(ends / whole, dart, side="right")',
        says="after a cut, by top_k or by top_p, the probabilities are not stretched to fill the "
        "line",
        section=4,
        hint="What do the probabilities that are left sum to? What does a dart at 0.95 hit?",
    ),
    mistake(
        "always_the_likeliest",
        HIT,
        "place = 0",
        says="the likeliest token is always taken, wherever the dart hits",
        section=2,
        hint="Where is `dart` used in your function?",
    ),
    mistake(
        "rank_returned",
        CHOSEN,
        "return int(place)",
        says="the place on the line is returned instead of the token's id",
        section=4,
        hint="Place 0 is the likeliest token. Which id does it have?",
    ),
    mistake(
        "border_to_the_first",
        HIT,
        'place = np.searchsorted(ends, dart * ends[-1], side="left")',
        says="a dart on the border of two tokens hits the first one",
        section=2,
        hint="Look up `side` of np.searchsorted; section 2 uses it.",
    ),
    mistake(
        "from_the_other_end",
        HIT,
        'place = np.searchsorted(ends, (1 - dart) * ends[-1], side="right")',
        says="the dart is measured from the other end of the line, as 1 - dart",
        section=2,
        hint="Which token does a dart at 0.0001 hit? It should be the likeliest one.",
    ),
    mistake(
        "one_place_behind",
        HIT,
        'place = np.searchsorted(ends, dart * ends[-1], side="right") + 1',
        says="the token behind the one that was hit is taken",
        section=2,
        hint="By hand, section 2: 0.5, 0.3, 0.2 and a dart at 0.10 hit token 0.",
    ),
    mistake(
        "one_place_before",
        HIT,
        'place = max(0, np.searchsorted(ends, dart * ends[-1], side="right") - 1)',
        says="the token in front of the one that was hit is taken",
        section=2,
        hint="By hand, section 2: 0.5, 0.3, 0.2 and a dart at 0.55 hit token 1.",
    ),
    mistake(
        "overflow",
        EXP,
        "q = np.exp(z)",
        says="exp overflows for large logits",
        section=4,
        hint="What is exp(1000) in float64? Subtract something that changes no share.",
    ),
    mistake(
        "equal_shares",
        EXP,
        "q = np.exp(0 * z)",
        says="all tokens that are left have the same share of the line",
        section=2,
        hint="How long is the piece of a token with the probability 0.5?",
    ),
)
