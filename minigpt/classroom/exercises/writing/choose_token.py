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
    many = normal(20)
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
        case("equally likely tokens at the cut of top_k", equal, 0.96, top_k=5),
        case("equally likely tokens and a dart near 1", equal, 0.97, top_k=6),
        case("a sum that is exactly top_p", np.zeros(8), 0.9, top_p=0.5),
        case("a small top_p", steps, 0.55, top_p=0.15),
        case("a large top_p", steps, 0.9, top_p=0.95),
        case("a low temperature and top_k", steps, 0.93, temperature=0.5, top_k=6),
        case("a high temperature and top_k", many, 0.81, temperature=3.0, top_k=12),
        case("many tokens", many, 0.62),
        case("many tokens and top_p", many, 0.87, top_p=0.8),
        case("many tokens and all three options", many, 0.78, temperature=1.5, top_k=14, top_p=0.9),
        case("a dart near 0", many, 0.08, temperature=1.4),
        case("a dart near 0 and top_k", many, 0.21, top_k=15),
        case("a dart on the border of two tokens", np.zeros(8), 0.25),
        case("a dart at 1", few, 1.0, top_k=5),
        case("a dart at 0", steps, 0.0),
        case("top_k larger than the vocabulary", normal(5), 0.8, top_k=9),
        case("a temperature of 0", steps, 0.9, exact=False, temperature=0.0),
        case("a temperature of 0 and equal logits", equal, 0.9, exact=False, temperature=0.0),
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
MARK = "mark = dart * ends[-1]"
HIT = 'place = np.searchsorted(ends, mark, side="right")'
CHOSEN = "return int(ids[place])"
ALL_SHARES = "w = np.exp((logits - logits.max()) / temperature)"

LAST = "place = min(place, len(ids) - 1)"
Z = "z = logits[ids].astype(np.float64)"

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
        says="one token fewer than top_k is kept",
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
        says="without top_p, the tokens lie on the line in the order of their ids, not likeliest "
        "first",
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
        MARK,
        "mark = dart",
        says="after the cut by top_p the probabilities are not stretched to fill the line",
        section=4,
        hint="What do the probabilities that are left sum to? What does a dart at 0.95 hit?",
    ),
    mistake(
        "not_stretched_after_any_cut",
        SHARES,
        f"{ALL_SHARES}\n    q = q / q.sum()\n    whole = w.sum() / w[ids].sum()",
        MARK,
        "mark = dart * whole",
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
        'place = np.searchsorted(ends, mark, side="left")',
        says="a dart on the border of two tokens hits the first one",
        section=2,
        hint="Look up `side` of np.searchsorted; section 2 uses it.",
    ),
    mistake(
        "from_the_other_end",
        MARK,
        "mark = (1 - dart) * ends[-1]",
        says="the dart is measured from the other end of the line, as 1 - dart",
        section=2,
        hint="Which token does a dart at 0.0001 hit? It should be the likeliest one.",
    ),
    mistake(
        "one_place_behind",
        HIT,
        'place = np.searchsorted(ends, mark, side="right") + 1',
        says="the token after the one that was hit is taken",
        section=2,
        hint="By hand, section 2: 0.5, 0.3, 0.2 and a dart at 0.10 hit token 0.",
    ),
    mistake(
        "one_place_before",
        HIT,
        'place = max(0, np.searchsorted(ends, mark, side="right") - 1)',
        says="the token before the one that was hit is taken",
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
    mistake(
        "cold_below_one",
        COLD,
        COLD.replace("== 0", "< 1"),
        says="every temperature below 1 is treated like 0",
        section=3,
        hint="At temperature 0.5, can the second token be drawn?",
    ),
    mistake(
        "root_of_the_temperature",
        DIVIDED,
        "z = z / np.sqrt(temperature)",
        says="the logits are divided by the root of the temperature",
        section=3,
        hint="Section 3: compare the ratio of two shares at temperature 0.5 and at 1.",
    ),
    mistake(
        "top_p_without_top_k",
        WITH_P,
        "    if top_p is not None and top_k is None:\n",
        says="top_p has no effect where top_k is given",
        section=4,
        hint="Is there an `elif` in your function? Both options may be given.",
    ),
    mistake(
        "top_k_without_top_p",
        FIRST_K,
        "ids = ids[: top_k if top_p is None else None]",
        says="top_k has no effect where top_p is given",
        section=4,
        hint="Is there an `elif` in your function? Both options may be given.",
    ),
    mistake(
        "equals_of_the_last_kept",
        FIRST_K,
        "ids = ids[logits[ids] >= logits[ids[:top_k]].min()]",
        says="tokens as likely as the last one of the top_k are kept as well",
        section=4,
        hint="How many tokens are left with top_k=2, when all tokens are equally likely?",
    ),
    mistake(
        "likelier_than_the_last",
        FIRST_K,
        "ids = ids[: None if top_k is None else int((logits[ids] > logits[ids[:top_k]].min())"
        ".sum())]",
        says="with top_k only those tokens are kept that are likelier than the k-th one",
        section=4,
        hint="Among how many tokens do you draw with top_k=1?",
    ),
    mistake(
        "last_k_kept",
        FIRST_K,
        "ids = ids[: None] if top_k is None else ids[-top_k:]",
        says="the top_k unlikeliest tokens are kept",
        section=4,
        hint="Print the logits of the tokens that are left.",
    ),
    mistake(
        "cut_logits_are_zero",
        FIRST_K,
        "kept = ids[:top_k]",
        Z,
        "z = np.where(np.isin(ids, kept), logits[ids], 0.0)",
        says="the logits of tokens that top_k cuts off are set to 0, which still has a share",
        section=4,
        hint="What is exp(0)? Which logit would have no share at all?",
    ),
    mistake(
        "line_in_order_of_ids",
        ENDS,
        "ids, q = np.sort(ids), q[np.argsort(ids)]\n    ends = np.cumsum(q)",
        says="the tokens that are kept lie on the line in the order of their ids, not likeliest "
        "first",
        section=4,
        hint="Which token does a dart at 0.0001 hit? It should be the likeliest one.",
    ),
    mistake(
        "line_unlikeliest_first",
        ENDS,
        "ids, q = ids[::-1], q[::-1]\n    ends = np.cumsum(q)",
        says="the tokens that are kept lie on the line unlikeliest first",
        section=4,
        hint="Which token does a dart at 0.0001 hit? It should be the likeliest one.",
    ),
    mistake(
        "dart_at_one_goes_round",
        LAST,
        "place = place % len(ids)",
        says="a dart at 1 hits the first token instead of the last",
        section=2,
        hint="Try dart=1.0. Which place do you find, and what do you do with it?",
    ),
    mistake(
        "top_p_as_a_threshold",
        PLACES,
        "places = np.arange(max(1, int((q >= 1 - top_p).sum())))",
        says="with top_p each token is kept that has by itself at least 1 - top_p",
        section=4,
        hint="Top-p looks at sums. Use your top_p_ids.",
    ),
    mistake(
        "top_p_as_a_bound",
        PLACES,
        "places = np.arange(max(1, int((q >= top_p).sum())))",
        says="with top_p only tokens are kept that have by themselves at least top_p",
        section=4,
        hint="Top-p looks at sums. Use your top_p_ids.",
    ),
    mistake(
        "top_p_of_the_likeliest",
        PLACES,
        "places = np.flatnonzero(q >= top_p * q.max())",
        says="with top_p each token is kept that has at least top_p times the largest share",
        section=4,
        hint="That is another method (min-p). Use your top_p_ids.",
    ),
    mistake(
        "one_minus_top_p",
        PLACES,
        "places = top_p_ids(q, 1 - top_p)",
        says="the tokens are kept that have 1 - top_p together",
        section=4,
        hint="With top_p 0.9, is much kept or little?",
    ),
    mistake(
        "top_p_of_the_number",
        PLACES,
        "places = np.arange(max(1, int(top_p * len(q))))",
        says="top_p is taken for a share of the number of tokens",
        section=4,
        hint="Is 0.9 a share of the tokens, or of the probability?",
    ),
    mistake(
        "top_p_in_order_of_ids",
        PLACES,
        "turn = np.argsort(ids)\n        r = q[turn]\n"
        "        places = np.sort(turn[np.cumsum(r) - r < top_p])",
        says="for top_p the shares are added in the order of the ids, not likeliest first",
        section=4,
        hint="Use your top_p_ids: it sorts first.",
    ),
    mistake(
        "top_p_from_the_unlikeliest",
        PLACES,
        "r = q[::-1]\n        places = np.sort(len(q) - 1 - np.flatnonzero(np.cumsum(r) - r < "
        "top_p))",
        says="for top_p the shares are added from the unlikeliest on",
        section=4,
        hint="Use your top_p_ids: which token is always kept?",
    ),
    mistake(
        "stretched_to_top_p",
        MARK,
        "mark = dart * (ends[-1] if top_p is None else top_p)",
        says="the dart is multiplied by top_p instead of what the tokens that are left sum to",
        section=4,
        hint="Print the sum of the shares that are left. Is it exactly top_p?",
    ),
    mistake(
        "stretched_the_wrong_way",
        MARK,
        "mark = dart / ends[-1]",
        says="the dart is divided by the sum of the shares that are left, where it should be "
        "multiplied",
        section=4,
        hint="The line is shorter than 1 after a cut. Where must a dart at 1 end?",
    ),
    mistake(
        "nearest_border",
        HIT,
        "place = np.argmin(np.abs(ends - mark))",
        says="the token is taken whose end is nearest to the dart",
        section=2,
        hint="By hand, section 2: 0.5, 0.3, 0.2 and a dart at 0.10 hit token 0. And 0.6?",
    ),
    mistake(
        "nearest_share",
        HIT,
        "place = np.argmin(np.abs(q - dart))",
        says="the token is taken whose probability is nearest to the dart",
        section=2,
        hint="The pieces lie one after another. Where do you add up?",
    ),
    mistake(
        "one_place_behind_in_a_circle",
        HIT,
        'place = (np.searchsorted(ends, mark, side="right") + 1) % len(ids)',
        says="the token after the one that was hit is taken, and after the last one the first",
        section=2,
        hint="By hand, section 2: 0.5, 0.3, 0.2 and a dart at 0.10 hit token 0.",
    ),
    mistake(
        "always_the_unlikeliest",
        HIT,
        "place = len(ids) - 1",
        says="the unlikeliest of the tokens that are left is always taken",
        section=2,
        hint="Which token does a dart at 0.0001 hit? It should be the likeliest one.",
    ),
    mistake(
        "probability_returned",
        CHOSEN,
        "return float(q[place])",
        says="the probability of the token is returned instead of its id",
        section=4,
        hint="What does the writer append to the text: a share, or an id?",
    ),
    mistake(
        "logit_returned",
        CHOSEN,
        "return float(logits[ids[place]])",
        says="the logit of the token is returned instead of its id",
        section=4,
        hint="What does the writer append to the text: a logit, or an id?",
    ),
    mistake(
        "softmax_twice",
        SHARES,
        SHARES + "\n    q = np.exp(q) / np.exp(q).sum()",
        says="the softmax is taken twice",
        section=3,
        hint="Print your shares, and those that you get by hand for two tokens.",
    ),
    mistake(
        "base_two",
        EXP,
        "q = 2 ** (z - z.max())",
        says="the shares are powers of 2 instead of e",
        section=3,
        hint="Which function does the softmax use?",
    ),
    mistake(
        "no_exp",
        EXP,
        "q = z - z.min()",
        says="the shares are proportional to the logits, without exp",
        section=3,
        hint="The shares are a softmax. What is done with the logits first?",
    ),
    mistake(
        "one_more_at_equality",
        "before < top_p]",
        "before <= top_p]",
        says="where the sum is exactly top_p, one token too many is kept",
        section=4,
        hint="Check top_p_ids first: with 0.5, 0.3, 0.2 and top_p 0.5 one token is enough.",
    ),
    mistake(
        "unlikeliest_first_for_top_p_too",
        RANKED,
        'ids = np.argsort(logits, kind="stable")',
        PLACES,
        "places = np.arange(int((np.cumsum(q) - q < top_p).sum()))",
        says="the tokens are ranked from the unlikeliest to the likeliest, and top_p adds their "
        "shares in this order",
        section=4,
        hint="In which direction does np.argsort sort?",
    ),
    mistake(
        "order_of_ids_for_top_p_too",
        FIRST_K,
        "ids = np.sort(ids[:top_k])",
        PLACES,
        "places = np.arange(int((np.cumsum(q) - q < top_p).sum()))",
        says="the tokens lie on the line in the order of their ids, and top_p adds their shares in "
        "this order",
        section=4,
        hint="Which token does a dart at 0.0001 hit? It should be the likeliest one.",
    ),
)
