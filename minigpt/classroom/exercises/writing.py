"""Lesson 13: choosing the next token, and attention with a cache."""

import numpy as np

from minigpt.classroom.exercise import Case, Exercise, Part, mistake


def top_p_cases(rng) -> list[Case]:
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

TOP_P = (
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


def choose_cases(rng) -> list[Case]:
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

CHOOSE = (
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


def attention_step_cases(rng) -> list[Case]:
    """Several sizes, no past, one head, scores where exp overflows."""
    normal = rng.standard_normal

    def case(name, B, t, H, D, scale=1.0, exact=True):
        C = H * D
        c_attn = {"weight": scale * normal((C, 3 * C)) / np.sqrt(C), "bias": normal(3 * C)}
        c_proj = {"weight": normal((C, C)) / np.sqrt(C), "bias": normal(C)}
        past = scale * normal((B, H, t, D)), normal((B, H, t, D))
        params = {"c_attn": c_attn, "c_proj": c_proj}
        sizes = {"B": B, "t": t or 0.5, "H": H, "D": D, "C": C}
        return Case(name, (normal((B, C)), *past), params, {"n_head": H}, sizes, exact=exact)

    return [
        case("plain numbers", 2, 4, 3, 5),
        case("other sizes", 3, 5, 2, 4),
        case("no past yet", 2, 0, 3, 4),
        case("a single head", 4, 3, 1, 5),
        case("large scores", 2, 3, 4, 3, scale=60.0, exact=False),
    ]


PARTS = "q, k, v = xp.split(qkv, 3, axis=-1)"
Q, K, V = (f"{x} = {x}.reshape(B, n_head, 1, D)" for x in "qkv")
KEYS = "keys = xp.concatenate([keys, k], axis=2)"
VALUES = "values = xp.concatenate([values, v], axis=2)"
SCORES = "scores = q @ keys.swapaxes(-1, -2) / math.sqrt(D)"
WEIGHTS = "weights, _ = softmax(scores)"
HEADS = "heads = (weights @ values).reshape(B, C)"
PROJECTED = "y, _ = linear(heads, **c_proj)"
QKV = "qkv, _ = linear(x, **c_attn)"


def interleaved(name: str) -> str:
    return f"{name} = {name}.reshape(B, D, n_head).swapaxes(1, 2).reshape(B, n_head, 1, D)"


ATTENTION_STEP = (
    mistake(
        "no_scale",
        SCORES,
        "scores = q @ keys.swapaxes(-1, -2)",
        says="the scores are not divided by sqrt(D)",
        section=7,
        hint="Compare your scores with the formula of section 7, factor by factor.",
    ),
    mistake(
        "scale_without_root",
        SCORES,
        "scores = q @ keys.swapaxes(-1, -2) / D",
        says="the scores are divided by D instead of sqrt(D)",
        section=7,
        hint="Compare your scores with the formula of section 7, factor by factor.",
    ),
    mistake(
        "scale_of_all_channels",
        SCORES,
        "scores = q @ keys.swapaxes(-1, -2) / math.sqrt(C)",
        says="the scores are divided by sqrt(C), C of all heads together, instead of sqrt(D)",
        section=7,
        hint="How many numbers are there in one query of one head?",
    ),
    mistake(
        "scale_multiplied",
        SCORES,
        "scores = q @ keys.swapaxes(-1, -2) * math.sqrt(D)",
        says="the scores are multiplied by sqrt(D)",
        section=7,
        hint="Compare your scores with the formula of section 7, factor by factor.",
    ),
    mistake(
        "query_and_key_swapped",
        PARTS,
        "k, q, v = xp.split(qkv, 3, axis=-1)",
        says="the new query and the new key have changed places",
        section=7,
        hint="In which order do query, key and value come out of c_attn? The docstring tells.",
    ),
    mistake(
        "key_and_value_swapped",
        PARTS,
        "q, v, k = xp.split(qkv, 3, axis=-1)",
        says="the new key and the new value have changed places",
        section=7,
        hint="In which order do query, key and value come out of c_attn? The docstring tells.",
    ),
    mistake(
        "query_and_value_swapped",
        PARTS,
        "v, k, q = xp.split(qkv, 3, axis=-1)",
        says="the new query and the new value have changed places",
        section=7,
        hint="In which order do query, key and value come out of c_attn? The docstring tells.",
    ),
    mistake(
        "split_by_heads",
        PARTS,
        "parts = qkv.reshape(B, n_head, 3, D)\n"
        "    q, k, v = parts[:, :, 0], parts[:, :, 1], parts[:, :, 2]",
        says="query, key and value are taken head by head, as if those of one head lay together",
        section=7,
        hint="Where do the first C of the 3 C numbers go? The docstring tells.",
    ),
    mistake(
        "heads_interleaved",
        Q,
        interleaved("q"),
        K,
        interleaved("k"),
        V,
        interleaved("v"),
        says="the heads take turns: each head gets every H-th number instead of D neighbours",
        section=7,
        hint="Which numbers belong to the first head? Print np.arange(6).reshape(2, 3).",
    ),
    mistake(
        "new_ones_in_front",
        KEYS,
        "keys = xp.concatenate([k, keys], axis=2)",
        VALUES,
        "values = xp.concatenate([v, values], axis=2)",
        says="the new key and value are put in front of those of the past",
        section=7,
        hint="Attention does not mind the order, but who reads the cache later does.",
    ),
    mistake(
        "past_forgotten",
        KEYS,
        "keys = k * 1",
        VALUES,
        "values = v * 1",
        says="the past is thrown away: only the new key and value are left",
        section=7,
        hint="Print the shape of your keys before and after. The third number should grow by 1.",
    ),
    mistake(
        "key_as_value",
        VALUES,
        "values = xp.concatenate([values, k], axis=2)",
        says="the new key is put behind the values",
        section=7,
        hint="Read the line that makes the values longer once more.",
    ),
    mistake(
        "value_as_key",
        KEYS,
        "keys = xp.concatenate([keys, v], axis=2)",
        says="the new value is put behind the keys",
        section=7,
        hint="Read the line that makes the keys longer once more.",
    ),
    mistake(
        "key_asks",
        SCORES,
        "scores = k @ keys.swapaxes(-1, -2) / math.sqrt(D)",
        says="the scores are made with the new key instead of the query",
        section=7,
        hint="Who asks, and who is asked? Where is q used in your function?",
    ),
    mistake(
        "values_asked",
        SCORES,
        "scores = q @ values.swapaxes(-1, -2) / math.sqrt(D)",
        says="the scores are made with the values instead of the keys",
        section=7,
        hint="Where are the keys used in your function?",
    ),
    mistake(
        "keys_mixed",
        HEADS,
        "heads = (weights @ keys).reshape(B, C)",
        says="the keys are mixed by the weights instead of the values",
        section=7,
        hint="Where are the values used in your function?",
    ),
    mistake(
        "blind_to_itself",
        WEIGHTS,
        "scores = xp.concatenate([scores[..., :-1], scores[..., -1:] - math.inf], axis=-1)\n"
        f"    {WEIGHTS}",
        says="the new position does not look at itself",
        section=7,
        hint="Position t looks at positions up to t. Is t itself one of them?",
    ),
    mistake(
        "triangle_of_one_row",
        WEIGHTS,
        "scores = xp.concatenate([scores[..., :1], scores[..., 1:] - math.inf], axis=-1)\n"
        f"    {WEIGHTS}",
        says="only the first position is looked at, as with a triangle mask of a single row",
        section=7,
        hint="Print np.tril(np.ones((1, 4))). Does a new position need a mask?",
    ),
    mistake(
        "no_softmax",
        WEIGHTS,
        "weights = scores * 1",
        says="the scores themselves are the weights: the softmax is missing",
        section=7,
        hint="Add up the weights of one head. What should they sum to?",
    ),
    mistake(
        "softmax_over_heads",
        WEIGHTS,
        "weights = softmax(scores.swapaxes(1, -1))[0].swapaxes(1, -1)",
        says="the softmax runs over the heads instead of the positions",
        section=7,
        hint="Add up the weights of one head. What should they sum to?",
    ),
    mistake(
        "overflow",
        WEIGHTS,
        "weights = xp.exp(scores)\n    weights = weights / weights.sum(axis=-1, keepdims=True)",
        says="exp overflows for large scores",
        section=7,
        hint="Lesson 07 subtracts the largest score first. You may also call minigpt's softmax.",
    ),
    mistake(
        "heads_joined_interleaved",
        HEADS,
        "heads = (weights @ values).swapaxes(1, -1).reshape(B, C)",
        says="the heads' outputs are joined number by number instead of head by head",
        section=7,
        hint="Which numbers of the (B, C) array come from the first head?",
    ),
    mistake(
        "not_projected",
        PROJECTED,
        "y = heads * 1",
        says="the last layer, c_proj, is missing",
        section=7,
        hint="Where is c_proj used in your function?",
    ),
    mistake(
        "projected_without_bias",
        PROJECTED,
        'y = heads @ c_proj["weight"]',
        says="the bias of c_proj is not added",
        section=7,
        hint="What does a linear layer do besides the matrix product?",
    ),
    mistake(
        "no_bias_at_the_start",
        QKV,
        'qkv = x @ c_attn["weight"]',
        says="the bias of c_attn is not added",
        section=7,
        hint="What does a linear layer do besides the matrix product?",
    ),
    mistake(
        "no_bias_at_all",
        QKV,
        'qkv = x @ c_attn["weight"]',
        PROJECTED,
        'y = heads @ c_proj["weight"]',
        says="the biases of c_attn and c_proj are not added",
        section=7,
        hint="What does a linear layer do besides the matrix product?",
    ),
    mistake(
        "residual_added",
        PROJECTED,
        f"{PROJECTED}\n    y = y + x",
        says="x is added to the output; that is the task of the block, not of attention",
        section=7,
        hint="Where does the docstring add x?",
    ),
)

EXERCISE = Exercise(
    "13",
    "writing",
    "choose the next token, and attend with a cache",
    (
        Part(
            "top_p_ids",
            ("top_p_ids",),
            top_p_cases,
            TOP_P,
            section=4,
            outputs=("ids",),
            arrays=False,
            hints={"": "By hand: of 0.5, 0.3, 0.2 top_p 0.51 keeps two tokens, top_p 0.5 one."},
        ),
        Part(
            "choose_token",
            ("choose_token",),
            choose_cases,
            CHOOSE,
            section=4,
            outputs=("token",),
            arrays=False,
            hints={
                "": "It may call your top_p_ids: is that right? Then print ids, probabilities and "
                "ends for the case, and put your finger on the dart."
            },
        ),
        Part(
            "attention_step",
            ("attention_step",),
            attention_step_cases,
            ATTENTION_STEP,
            section=7,
            outputs=("y", "keys", "values"),
            hints={
                "y": "With no past the only weight is 1: y is then c_proj of the new value.",
                "keys": "All but the last position must be the keys that were given.",
                "values": "All but the last position must be the values that were given.",
            },
        ),
    ),
    may_use=frozenset({"linear", "softmax"}),
)
