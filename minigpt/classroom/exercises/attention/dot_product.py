"""Lesson 07, the scaled dot product: its cases, and the known mistakes of the forward pass."""

import numpy as np

from minigpt.classroom.exercise import Case, mistake


def dot_product_cases(rng) -> list[Case]:
    """A triangle; no leading axes; a mask for each text; very small scores; nothing to look at."""
    normal = rng.standard_normal

    def case(name, shape, mask, **options):
        T, D = shape[-2:]
        sizes = {"T": T, "D": D, **dict(zip("BH", shape[:-2], strict=False))}
        args = tuple(1.2 * normal(shape) for _ in "qkv")
        return Case(name, args, options={"mask": mask}, sizes=sizes, **options)

    several = np.tri(4, dtype=bool) & np.ones((3, 1, 1, 1), bool)
    several[1, 0, :, 2:] = False  # the second text has two tokens and a gap behind
    several[2, 0, 2] = True  # in the third text one place may look ahead
    low = case("scores far below zero", (2, 5, 4), np.tri(5, dtype=bool))
    q, k, _ = low.args
    q[..., 0], k[..., 0] = 300, -300  # each score is smaller by 45,000; the weights stay
    return [
        case("plain numbers", (2, 3, 5, 7), np.tri(5, dtype=bool)),
        case("q of shape (T, D)", (4, 6), np.tri(4, dtype=bool)),
        case("a mask for each text", (3, 2, 4, 5), several),
        low,
        case(
            "a query that may look nowhere",
            (2, 3, 4, 5),
            np.tri(4, dtype=bool) & (np.arange(4) > 0),
        ),
    ]


SCORES = "scores = q @ k.swapaxes(-1, -2)"
SCALE = "scores = scores / math.sqrt(q.shape[-1])"
LOWEST = "lowest = xp.finfo(scores.dtype).min"
HIDE = "scores = xp.where(mask, scores, lowest)"
WEIGHTS = "weights, softmax_cache = softmax(scores)\n"
Y = "y = weights @ v"

FORWARD = (
    mistake(
        "not_scaled",
        SCALE,
        "",
        says="the scores are not divided by sqrt(D)",
        section=3,
        hint="Compare the size of your scores for D = 4 and D = 400.",
    ),
    mistake(
        "divided_by_D",
        SCALE,
        "scores = scores / q.shape[-1]",
        says="the scores are divided by D instead of sqrt(D)",
        section=3,
        hint="Which grows as D, the variance of a dot product or its standard deviation?",
    ),
    mistake(
        "multiplied_by_the_root",
        SCALE,
        "scores = scores * math.sqrt(q.shape[-1])",
        says="the scores are multiplied by sqrt(D) where they should be divided by it",
        section=3,
        hint="Should the scores of long vectors become smaller or larger?",
    ),
    mistake(
        "root_of_T",
        SCALE,
        "scores = scores / math.sqrt(q.shape[-2])",
        says="the scores are divided by sqrt(T) instead of sqrt(D)",
        section=3,
        hint="How many products are added up in one score? Which axis of q is that?",
    ),
    mistake(
        "weights_scaled",
        SCALE,
        "",
        Y,
        "weights = weights / math.sqrt(q.shape[-1])\n    y = weights @ v",
        says="the division by sqrt(D) comes after the softmax, where it should come before it",
        section=3,
        hint="What do your weights add up to? At which of the four steps does section 3 divide?",
    ),
    mistake(
        "no_mask",
        HIDE,
        "",
        says="the mask is not used: each query looks at all keys",
        section=2,
        hint="Change the last key and value. May the first rows of y change?",
    ),
    mistake(
        "mask_turned_round",
        HIDE,
        "scores = xp.where(mask, lowest, scores)",
        says="the mask is turned round: a query looks where the mask is False",
        section=2,
        hint="xp.where(a, b, c) is b where a is True. Where should your scores stay as they are?",
    ),
    mistake(
        "hidden_by_zero",
        LOWEST,
        "lowest = 0",
        says="hidden scores become 0, or a number that is nearly 0, and exp(0) is 1: what is "
        "hidden still gets a weight",
        section=2,
        hint="Which number must stand before exp so that 0 comes out after it?",
    ),
    mistake(
        "mask_too_late",
        HIDE,
        "",
        Y,
        "weights = weights * mask\n    y = weights @ v",
        says="the mask comes after the softmax: the hidden scores still stand in its sum",
        section=2,
        hint="What does each row of your weights add up to?",
    ),
    mistake(
        "minus_infinity",
        LOWEST,
        'lowest = -float("inf")',
        says="a query that may look nowhere gives NaN (0 / 0) instead of the mean of all values",
        section=5,
        hint="What is (-inf) - (-inf)? Read in the docstring which number to take instead.",
    ),
    mistake(
        "lowered_not_replaced",
        HIDE,
        "scores = xp.where(mask, scores, scores - 1e9)",
        says="hidden scores are made smaller instead of replaced by one number: a query that may "
        "look nowhere still sees their differences, and does not get the plain mean",
        section=5,
        hint="Which weights should a query have that may look nowhere? Print yours.",
    ),
    mistake(
        "not_low_enough",
        LOWEST,
        "lowest = -1e4",
        says="the number that stands for a hidden score is not small enough: a real score can lie "
        "below it, and then the hidden place wins",
        section=2,
        hint="Which is the smallest float? `xp.finfo` knows.",
    ),
    mistake(
        "own_triangle",
        HIDE,
        "mask = xp.tri(q.shape[-2], dtype=bool)\n    scores = xp.where(mask, scores, lowest)",
        says="the argument mask is ignored: a triangle is used whatever the caller asks for",
        section=5,
        hint="Call your function with a mask of all True. Does y change?",
    ),
    mistake(
        "rows_are_keys",
        SCORES,
        "scores = k @ q.swapaxes(-1, -2)",
        says="queries and keys have changed places in the scores",
        section=2,
        hint="scores[i, j]: which of the two should be the query, i or j?",
    ),
    mistake(
        "softmax_over_the_queries",
        "weights, softmax_cache = softmax(scores)\n",
        "weights, softmax_cache = softmax(scores.swapaxes(-1, -2))\n"
        "    weights = weights.swapaxes(-1, -2)\n",
        says="the softmax runs over the queries instead of the keys: the columns of the weights "
        "add up to 1",
        section=2,
        hint="One query shares out its attention. Which numbers of the weights must add up to 1?",
    ),
    mistake(
        "weights_transposed",
        Y,
        "y = weights.swapaxes(-1, -2) @ v",
        says="y is weights.T @ v, where the weights should not be transposed",
        section=5,
        hint="y[i] = sum of weights[i, j] * v[j] over j. Which matrix product is that?",
    ),
    mistake(
        "keys_averaged",
        Y,
        "y = weights @ k",
        says="the keys are averaged instead of the values",
        section=1,
        hint="Which of the three vectors is what a place hands over?",
    ),
    mistake(
        "compared_with_the_values",
        SCORES,
        "scores = q @ v.swapaxes(-1, -2)",
        says="the queries are compared with the values instead of the keys",
        section=1,
        hint="Which of the three vectors is the label that a place is found by?",
    ),
    mistake(
        "multiplied_by_D",
        SCALE,
        "scores = scores * q.shape[-1]",
        says="the scores are multiplied by D where they should be divided by sqrt(D)",
        section=3,
        hint="Should the scores of long vectors become smaller or larger?",
    ),
    mistake(
        "fourth_root",
        SCALE,
        "scores = scores / math.sqrt(math.sqrt(q.shape[-1]))",
        says="the scores are divided by the fourth root of D instead of sqrt(D)",
        section=3,
        hint="Which power of D is the typical size of a dot product? Is your whole factor in it?",
    ),
    mistake(
        "divided_by_the_square",
        SCALE,
        "scores = scores / q.shape[-1] ** 2",
        says="the scores are divided by D² instead of sqrt(D)",
        section=3,
        hint="Which power of D is a square root? Print your factor for D = 4.",
    ),
    mistake(
        "root_of_axis_1",
        SCALE,
        "scores = scores / math.sqrt(q.shape[1])",
        says="the scores are divided by the root of the length of axis 1 instead of the last axis",
        section=3,
        hint="Print the number that you divide by for q of shape (2, 3, 5, 7). Is it sqrt(7)?",
    ),
    mistake(
        "root_of_axis_0",
        SCALE,
        "scores = scores / math.sqrt(q.shape[0])",
        says="the scores are divided by the root of the length of the first axis",
        section=3,
        hint="Print the number that you divide by for q of shape (2, 3, 5, 7). Is it sqrt(7)?",
    ),
    mistake(
        "divided_by_T",
        SCALE,
        "scores = scores / q.shape[-2]",
        says="the scores are divided by T instead of sqrt(D)",
        section=3,
        hint="How many products are added up in one score? Which axis of q is that?",
    ),
    mistake(
        "length_of_the_vectors",
        SCORES,
        "lengths = xp.sqrt((q * q).sum(axis=-1, keepdims=True))\n"
        "    scores = (q / lengths) @ (k / xp.sqrt((k * k).sum(axis=-1, keepdims=True)))"
        ".swapaxes(-1, -2)",
        SCALE,
        "",
        says="the scores are cosines: each query and key is divided by its own length, where the "
        "scores should be divided by sqrt(D)",
        section=3,
        hint="Is the number that you divide by the same for all queries? Should it be?",
    ),
    mistake(
        "output_scaled_too",
        Y,
        "y = weights @ v / math.sqrt(q.shape[-1])",
        says="y is divided by sqrt(D) as well: the scores need it, and nothing else",
        section=3,
        hint="What do your weights add up to, and what are all values together multiplied by?",
    ),
    mistake(
        "mask_added",
        HIDE,
        "scores = scores + mask",
        says="hidden scores are only smaller by 1 (as if the mask were added as a number), and "
        "still get a weight",
        section=2,
        hint="By how much smaller becomes a hidden score in yours? How much would be enough?",
    ),
    mistake(
        "hidden_by_minus_1",
        LOWEST,
        "lowest = -1.0",
        says="hidden scores are replaced by -1, which still gets a weight",
        section=2,
        hint="How large is exp of the number that you put in? What should be left of it?",
    ),
    mistake(
        "hidden_by_minus_10",
        LOWEST,
        "lowest = -10.0",
        says="hidden scores are replaced by -10, which still gets a small weight",
        section=2,
        hint="How large is exp of the number that you put in? What should be left of it?",
    ),
    mistake(
        "lowered_by_10",
        HIDE,
        "scores = xp.where(mask, scores, scores - 10)",
        says="hidden scores are only made smaller by 10, and still get a small weight",
        section=2,
        hint="By which factor does your mask make a hidden weight smaller? Is it nearly 0?",
    ),
    mistake(
        "sign_of_hidden",
        HIDE,
        "scores = xp.where(mask, scores, -scores)",
        says="hidden scores get the opposite sign instead of the smallest float",
        section=2,
        hint="Which number must stand before exp so that 0 comes out after it?",
    ),
    mistake(
        "hidden_by_the_smallest_score",
        LOWEST,
        "lowest = scores.min()",
        says="hidden scores are replaced by the smallest of all scores, which still gets a weight",
        section=2,
        hint="How small is the number that you put in? Which one is small enough for all scores?",
    ),
    mistake(
        "largest_float",
        LOWEST,
        "lowest = xp.finfo(scores.dtype).max",
        says="hidden scores are replaced by the largest float, and take all of the attention",
        section=2,
        hint="Which number must stand before exp so that 0 comes out after it?",
    ),
    mistake(
        "plus_infinity",
        LOWEST,
        'lowest = float("inf")',
        says="hidden scores become plus infinity, and give NaN",
        section=2,
        hint="Which sign must infinity have so that exp of it is 0? And see the docstring.",
    ),
    mistake(
        "zero_times_infinity",
        HIDE,
        'scores = scores + (1 - mask) * -float("inf")',
        says="infinity meets places that should stay as they are: 0 times infinity is NaN, and y "
        "is NaN everywhere",
        section=2,
        hint="What is 0 * np.inf? Choose between two numbers instead of multiplying.",
    ),
    mistake(
        "lowered_where_allowed",
        HIDE,
        "scores = xp.where(mask, scores - 1e9, scores)",
        says="scores are made smaller where the mask is True, and stay where it is False",
        section=2,
        hint="Where may a query look, at True or at False? Which scores should stay?",
    ),
    mistake(
        "mask_transposed",
        HIDE,
        "scores = xp.where(mask.swapaxes(-1, -2), scores, lowest)",
        says="the mask is transposed: a query looks at the keys that may look at it",
        section=2,
        hint="Rows of the mask are queries. What are the rows of your scores?",
    ),
    mistake(
        "triangle_besides",
        HIDE,
        "mask = mask & xp.tri(q.shape[-2], dtype=bool)\n"
        "    scores = xp.where(mask, scores, lowest)",
        says="a triangle hides the later places even where the caller's mask allows them",
        section=5,
        hint="Who decides where a query may look? Call your function with a mask of all True.",
    ),
    mistake(
        "zeros_for_nowhere",
        Y,
        "weights = weights * mask\n    y = weights @ v",
        says="a query that may look nowhere gets zeros instead of the mean of all values",
        section=5,
        hint="What should y be for a query that may look nowhere? The docstring tells.",
    ),
    mistake(
        "keys_with_keys",
        SCORES,
        "scores = k @ k.swapaxes(-1, -2)",
        says="the keys are compared with the keys: the queries are not used",
        section=1,
        hint="Change q. Does your y change?",
    ),
    mistake(
        "queries_with_queries",
        SCORES,
        "scores = q @ q.swapaxes(-1, -2)",
        says="the queries are compared with the queries: the keys are not used",
        section=1,
        hint="Change k. Does your y change?",
    ),
    mistake(
        "values_with_keys",
        SCORES,
        "scores = v @ k.swapaxes(-1, -2)",
        says="the values are compared with the keys, where the queries should be",
        section=1,
        hint="Change q. Does your y change?",
    ),
    mistake(
        "minus_the_scores",
        SCORES,
        "scores = -q @ k.swapaxes(-1, -2)",
        says="the scores have the wrong sign: a query looks where its key fits worst",
        section=1,
        hint="Take the six words of section 1. Where does `she` look in yours?",
    ),
    mistake(
        "queries_averaged",
        Y,
        "y = weights @ q",
        says="the queries are averaged instead of the values",
        section=1,
        hint="Which of the three vectors is what a place hands over?",
    ),
    mistake(
        "softmax_over_the_table",
        WEIGHTS,
        "weights, _ = softmax(scores.reshape(*scores.shape[:-2], -1))\n"
        "    weights = weights.reshape(scores.shape)\n    softmax_cache = weights\n",
        says="the softmax runs over the whole table of queries and keys: all weights together add "
        "up to 1, not those of each query",
        section=2,
        hint="One query shares out its attention. What does each row of your weights add up to?",
    ),
    mistake(
        "softmax_over_everything",
        WEIGHTS,
        "weights, _ = softmax(scores.reshape(-1))\n"
        "    weights = weights.reshape(scores.shape)\n    softmax_cache = weights\n",
        says="the softmax runs over all scores of all texts and heads together",
        section=2,
        hint="One query shares out its attention. What does each row of your weights add up to?",
    ),
    mistake(
        "softmax_twice",
        WEIGHTS,
        "weights, softmax_cache = softmax(softmax(scores)[0])\n",
        says="the softmax is taken twice",
        section=1,
        hint="May a hidden place have a weight? Print your weights for the six words.",
    ),
    mistake(
        "exp_without_sum",
        WEIGHTS,
        "weights = xp.exp(scores)\n    softmax_cache = weights\n",
        says="the weights are exp of the scores, not divided by their sum",
        section=1,
        hint="What does each row of your weights add up to?",
    ),
    mistake(
        "without_softmax",
        WEIGHTS,
        "weights = xp.where(mask, scores, 0)\n    softmax_cache = weights\n",
        says="the softmax is missing: the scores themselves are the weights, and 0 where they are "
        "hidden",
        section=1,
        hint="Are your weights positive? What does each row add up to?",
    ),
    mistake(
        "query_added",
        Y,
        "y = weights @ v + q",
        says="q is added to the average of the values",
        section=5,
        hint="What should y be when all values are 0?",
    ),
    mistake(
        "own_value_added",
        Y,
        "y = weights @ v + v",
        says="each place's own value is added to the average",
        section=5,
        hint="If all values are (1, 1, …), what must their average be?",
    ),
    mistake(
        "largest_weight_only",
        WEIGHTS,
        "weights = 1.0 * (scores == scores.max(axis=-1, keepdims=True))\n"
        "    weights = weights / weights.sum(axis=-1, keepdims=True)\n"
        "    softmax_cache = weights\n",
        says="each query takes the value of its best key alone, instead of an average",
        section=1,
        hint="What does `she` get from `Tom` in section 1?",
    ),
    mistake(
        "keys_reshaped",
        SCORES,
        "scores = q @ k.reshape(*k.shape[:-2], k.shape[-1], k.shape[-2])",
        says="k is reshaped where it should be transposed: the numbers of different keys are mixed",
        section=5,
        hint="A reshape reads the numbers in the same order. Which function exchanges two axes?",
    ),
    mistake(
        "plain_mean",
        SCORES,
        "scores = 0 * (q @ k.swapaxes(-1, -2))",
        says="each query takes the plain mean of all values that it may see: the scores are not "
        "used",
        section=1,
        hint="Change q and k. Does your y change?",
    ),
    mistake(
        "hidden_by_minus_5",
        LOWEST,
        "lowest = -5.0",
        says="hidden scores are replaced by -5, which still gets a weight",
        section=2,
        hint="How large is exp of the number that you put in? What should be left of it?",
    ),
)
