"""Lesson 07: softmax, the scaled dot product, heads, and attention made of them."""

import numpy as np

from minigpt.classroom.exercise import Case, Exercise, Part, mistake


def softmax_cases(rng) -> list[Case]:
    """Plain numbers; fewer and more axes; numbers for which exp is infinite, or 0 everywhere."""
    normal = rng.standard_normal

    def case(name, x, **options):
        N = x.shape[-1]
        return Case(name, (x,), sizes={"N": N, "rows": x.size // N, "all": x.size}, **options)

    spread = 900 * rng.random((3, 4, 5))
    spread[..., 2:4] = 5000 + normal((3, 4, 2))  # two that share, so that dx is not 0
    apart = normal((2, 4, 3))
    apart[1, 1:] -= 2000
    return [
        case("plain numbers", 1.5 * normal((2, 3, 5))),
        case("x of shape (T, N)", 1.5 * normal((4, 7)) - 1),
        case("x with four axes", 1.5 * normal((2, 3, 5, 4))),
        case("large numbers", 1000 + normal((2, 4, 3)), exact=False),
        case("rows whose numbers are far apart", spread, exact=False),
        case("rows that are far from each other", apart, exact=False),
    ]


LARGEST = "largest = x.max(axis=-1, keepdims=True)"
SUM = "total = exp.sum(axis=-1, keepdims=True)"
DIVISION = "y = exp / total"
AVERAGE = "average = (dy * y).sum(axis=-1, keepdims=True)"
SOFTMAX_DX = "dx = y * (dy - average)"

SOFTMAX_MISTAKES = (
    mistake(
        "other_axis",
        LARGEST,
        "largest = x.max(axis=-2, keepdims=True)",
        SUM,
        "total = exp.sum(axis=-2, keepdims=True)",
        says="it runs over the last axis but one: the columns add up to 1 instead of the rows",
        section=1,
        hint="Print `y.sum(axis=-1)` and `y.sum(axis=-2)`. Which one should be all ones?",
    ),
    mistake(
        "axis_1",
        LARGEST,
        "largest = x.max(axis=1, keepdims=True)",
        SUM,
        "total = exp.sum(axis=1, keepdims=True)",
        says="it runs over axis 1, which is the last one only if x has two axes",
        section=1,
        hint="Which number names the last axis, however many there are?",
    ),
    mistake(
        "over_everything",
        LARGEST,
        "largest = x.max()",
        SUM,
        "total = exp.sum()",
        says="the sum runs over the entire array, so that all numbers together add up to 1",
        section=1,
        hint="How many sums should there be for x of shape (2, 3, 5)?",
    ),
    mistake(
        "one_sum_for_all_rows",
        SUM,
        "total = exp.sum()",
        says="each row has its own largest number, but all rows are divided by one sum",
        section=1,
        hint="Print the shape of your sum for x of shape (2, 3, 5). Should it be one number?",
    ),
    mistake(
        "not_divided",
        DIVISION,
        "y = exp",
        says="exp is not divided by its sum, so the numbers of a row do not add up to 1",
        section=1,
        hint="What is the largest number in each of your rows? May every row hold that one?",
    ),
    mistake(
        "divided_by_the_mean",
        SUM,
        "total = exp.mean(axis=-1, keepdims=True)",
        says="exp is divided by the mean of its row instead of the sum: y is N times too large",
        section=1,
        hint="What do the numbers of one row of your y add up to?",
    ),
    mistake(
        "without_exp",
        "exp = xp.exp(x - largest)",
        "exp = x",
        says="exp is missing: x itself is divided by its sum",
        section=1,
        hint="Are all of your numbers positive? Which function makes them so?",
    ),
    mistake(
        "turned_round",
        "exp = xp.exp(x - largest)",
        "exp = xp.exp(-x + x.min(axis=-1, keepdims=True))",
        says="the sign of x is turned round: the smallest number of a row gets the largest share",
        section=1,
        hint="Take x = (0, 1). Which of the two should get more, and which one does in yours?",
    ),
    mistake(
        "nothing_subtracted",
        LARGEST,
        "largest = 0",
        says="the largest number is not subtracted before exp: exp is infinite for large numbers",
        section=2,
        hint="What is np.exp(1000)? Which number may be subtracted from a row without changing y?",
    ),
    mistake(
        "largest_of_everything",
        LARGEST,
        "largest = x.max()",
        says="what is subtracted is the largest number of the entire array, not that of the row: "
        "in a row of far smaller numbers all exp are 0",
        section=2,
        hint="Take two rows, (0, 1) and (-2000, -1999). What does exp give in the second one?",
    ),
    mistake(
        "not_the_largest",
        LARGEST,
        "largest = x.mean(axis=-1, keepdims=True)",
        says="what is subtracted from a row is not its largest number, so exp can be infinite",
        section=2,
        hint="Take x = (0, 0, 3000). What is left of 3000 after your subtraction?",
    ),
    mistake(
        "only_the_diagonal",
        SOFTMAX_DX,
        "dx = dy * y * (1 - y)",
        says="only the diagonal of the Jacobian is there: each y is treated as if it depended on "
        "its own x alone",
        section=4,
        hint="If x_0 grows, does y_1 stay as it is? Where is that in your formula?",
    ),
    mistake(
        "only_the_local_slope",
        SOFTMAX_DX,
        "dx = y * (1 - y)",
        says="dx is y (1 - y): dy is not used",
        section=4,
        hint="Call your backward with dy and with 2 * dy. How should dx change?",
    ),
    mistake(
        "average_forgotten",
        SOFTMAX_DX,
        "dx = y * dy",
        says="the average is missing: dx is y * dy",
        section=4,
        hint="Add up the dx of one row. It must be 0, since adding 1 to all x changes nothing.",
    ),
    mistake(
        "weight_forgotten",
        SOFTMAX_DX,
        "dx = dy - average",
        says="the factor y in front is missing: a score must move in proportion to its share",
        section=4,
        hint="How much can an x move anything whose share is 0? And in your formula?",
    ),
    mistake(
        "average_added",
        SOFTMAX_DX,
        "dx = y * (dy + average)",
        says="the average is added where it should be subtracted",
        section=4,
        hint="What should dx be for a dy of all ones? Put it into your formula.",
    ),
    mistake(
        "wrong_sign",
        SOFTMAX_DX,
        "dx = y * (average - dy)",
        says="dx has the wrong sign",
        section=4,
        hint="A score whose dy is better than the average should go up. Does yours?",
    ),
    mistake(
        "bracket_forgotten",
        SOFTMAX_DX,
        "dx = y * dy - average",
        says="the average is not multiplied by y: there should be brackets, y * (dy - average)",
        section=4,
        hint="Write step 5 of the derivation again. Which of its two terms has the factor y?",
    ),
    mistake(
        "average_without_weights",
        AVERAGE,
        "average = dy.mean(axis=-1, keepdims=True)",
        says="the plain mean of dy is subtracted, where the mean should be weighted with y",
        section=4,
        hint="Do all dy count the same in the average? Look at the rule in words.",
    ),
    mistake(
        "sum_without_weights",
        AVERAGE,
        "average = dy.sum(axis=-1, keepdims=True)",
        says="the sum of dy is subtracted, where each dy should first be multiplied by its y",
        section=4,
        hint="For a dy of all ones dx must be 0. What does your sum give then?",
    ),
    mistake(
        "mean_of_the_products",
        AVERAGE,
        "average = (dy * y).mean(axis=-1, keepdims=True)",
        says="the products dy * y are averaged where they should be added up",
        section=4,
        hint="The weights y add up to 1 already. Does a weighted mean need a division then?",
    ),
    mistake(
        "average_of_everything",
        AVERAGE,
        "average = (dy * y).sum()",
        says="there is one average for the entire array instead of one for each row",
        section=4,
        hint="How many averages should there be for dy of shape (2, 3, 5)?",
    ),
    mistake(
        "average_over_the_other_axis",
        AVERAGE,
        "average = (dy * y).sum(axis=-2, keepdims=True)",
        says="the average is taken over the last axis but one instead of the last one",
        section=4,
        hint="Which numbers of y add up to 1? The average runs over the same ones.",
    ),
    mistake(
        "input_for_output",
        "return y, y",
        "return y, x",
        says="dx is computed with x, where y belongs",
        section=4,
        hint="The formula of step 5 needs the shares. What is in your cache?",
    ),
    mistake(
        "exp_for_output",
        "return y, y",
        "return y, exp",
        says="dx is computed with exp before the division, where y belongs",
        section=4,
        hint="The formula of step 5 needs numbers that add up to 1. What is in your cache?",
    ),
)


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
Y = "y = weights @ v"
SCALE_BACK = "dscores = dscores * (1 / math.sqrt(q.shape[-1]))"
SOFTMAX_BACK = "dscores, _ = softmax_backward(dweights, softmax_cache)"
DQ = "dq = dscores @ k"
DK = "dk = dscores.swapaxes(-1, -2) @ q"
DV = "dv = weights.swapaxes(-1, -2) @ dy"

DOT_PRODUCT_MISTAKES = (
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
        says="hidden scores are replaced by 0, and exp(0) is 1: what is hidden still gets a weight",
        section=2,
        hint="Which number must stand before exp so that 0 comes out behind it?",
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
        says="a query that may look nowhere gives nan (0 / 0) instead of the mean of all values",
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
        "softmax_of_each_element",
        SOFTMAX_BACK,
        "dscores = dweights * weights * (1 - weights)",
        says="only the diagonal of the softmax's Jacobian is in dq and dk",
        section=5,
        hint="dv is right, dq and dk are not: which of the four changes of section 5 does that?",
    ),
    mistake(
        "softmax_skipped",
        SOFTMAX_BACK,
        "dscores = dweights",
        says="the way back to dq and dk goes past the softmax: dweights is taken for dscores",
        section=5,
        hint="Count the steps of the forward and those of your backward. Which one is missing?",
    ),
    mistake(
        "scale_lost_on_the_way_back",
        SCALE_BACK,
        "",
        says="dq and dk are not divided by sqrt(D)",
        section=5,
        hint="Is your error the same factor everywhere? scores = q @ k.T / …: what is its slope?",
    ),
    mistake(
        "scale_lost_in_dq",
        SCALE_BACK,
        "",
        DK,
        "dk = dscores.swapaxes(-1, -2) @ q / math.sqrt(q.shape[-1])",
        says="dq is not divided by sqrt(D)",
        section=5,
        hint="dk is right. Does the way to q pass the division as well?",
    ),
    mistake(
        "scale_lost_in_dk",
        SCALE_BACK,
        "",
        DQ,
        "dq = dscores @ k / math.sqrt(q.shape[-1])",
        says="dk is not divided by sqrt(D)",
        section=5,
        hint="dq is right. Does the way to k pass the division as well?",
    ),
    mistake(
        "scaled_twice",
        SCALE_BACK,
        "dscores = dscores / q.shape[-1]",
        says="dq and dk are divided by D instead of sqrt(D)",
        section=5,
        hint="How often is the division done in the forward pass, and how often in your backward?",
    ),
    mistake(
        "multiplied_on_the_way_back",
        SCALE_BACK,
        "dscores = dscores * math.sqrt(q.shape[-1])",
        says="dq and dk are multiplied by sqrt(D) where they should be divided by it",
        section=5,
        hint="The slope of y = x / 2 is 1/2. What does the backward of a division do?",
    ),
    mistake(
        "hidden_scores_moved",
        "dscores = xp.where(mask, dscores, 0)",
        "",
        says="hidden scores get a gradient when a query may look nowhere; they are constants",
        section=5,
        hint="Which of the four changes of section 5 passed its check, and with which mask did it "
        "not?",
    ),
    mistake(
        "dk_not_transposed",
        DK,
        "dk = dscores @ q",
        says="dk is dscores @ q: dscores is not transposed",
        section=5,
        hint="dk[j] collects from all queries i that looked at j. Over which axis is your sum?",
    ),
    mistake(
        "dq_transposed",
        DQ,
        "dq = dscores.swapaxes(-1, -2) @ k",
        says="dq is dscores.T @ k: dscores should not be transposed there",
        section=5,
        hint="dq[i] collects from all keys j that i looked at. Over which axis is your sum?",
    ),
    mistake(
        "dv_not_transposed",
        DV,
        "dv = weights @ dy",
        says="dv is weights @ dy: the weights are not transposed",
        section=5,
        hint="A value gets its gradient from all places that looked at it: a row or a column?",
    ),
    mistake(
        "q_and_k_confused",
        DQ,
        "dq = dscores @ q",
        DK,
        "dk = dscores.swapaxes(-1, -2) @ k",
        says="dq is computed with q and dk with k; it should be the other factor each time",
        section=5,
        hint="From y = a @ b follows da = dy @ b.T. Which factor does not stand there?",
    ),
    mistake(
        "dq_and_dk_exchanged",
        "return (dq, dk, dv), {}",
        "return (dk, dq, dv), {}",
        says="dq and dk have changed places",
        section=5,
        hint="Look at the tuple that you return.",
    ),
)


def numbered(B, T, C):
    """Numbers that tell where they come from: 1203 is text 1, token 2, channel 3."""
    texts, tokens, channels = np.ogrid[:B, :T, :C]
    return 1000.0 * texts + 100.0 * tokens + channels


def heads_sizes(B, H, T, D):
    return {"B": B, "H": H, "T": T, "D": D, "C": H * D}


def split_cases(rng) -> list[Case]:
    """Numbers that tell their place; random ones; more heads than channels in a head."""

    def case(name, B, T, H, D, x):
        marks = {"result": {"the first token of each head": np.zeros((B, H, T, D), bool)}}
        marks["result"]["the first token of each head"][:, :, 0] = True
        return Case(
            name, (x,), options={"n_head": H}, sizes=heads_sizes(B, H, T, D), marks=marks
        )  # fmt: skip

    return [
        case("numbered channels", 2, 5, 3, 4, numbered(2, 5, 12)),
        case("random numbers", 3, 4, 2, 5, rng.standard_normal((3, 4, 10))),
        case("many small heads", 4, 3, 7, 2, rng.standard_normal((4, 3, 14))),
    ]


PIECES = "pieces = x.reshape(B, T, n_head, D)"
SPLIT = "return pieces.swapaxes(1, 2)"

SPLIT_MISTAKES = (
    mistake(
        "reshaped_at_once",
        PIECES,
        "pieces = x.reshape(B, n_head, T, D)",
        SPLIT,
        "return pieces",
        says="x is read as (B, H, T, D) at once: a head gets pieces of other tokens",
        section=6,
        hint="In the small case of section 6, which of the two results is yours?",
    ),
    mistake(
        "not_swapped",
        SPLIT,
        "return pieces",
        says="the axis of the heads stands behind that of the tokens: (B, T, H, D)",
        section=6,
        hint="Compare the shape of your result with the docstring.",
    ),
    mistake(
        "interleaved",
        PIECES,
        "pieces = x.reshape(B, T, D, n_head).swapaxes(2, 3)",
        says="the channels are dealt out like cards: head 0 gets channels 0, H, 2H, … instead of "
        "the first D",
        section=6,
        hint="Print head 0 of the numbered channels. Which channels should be in it?",
    ),
    mistake(
        "heads_and_channels_confused",
        PIECES,
        "pieces = x.reshape(B, T, D, n_head)",
        says="there are D heads of n_head channels instead of n_head heads of D channels",
        section=6,
        hint="Compare the shape of your result with the docstring, axis by axis.",
    ),
    mistake(
        "tokens_last",
        SPLIT,
        "return pieces.swapaxes(1, 2).swapaxes(2, 3)",
        says="the last two axes are exchanged: (B, H, D, T)",
        section=6,
        hint="Compare the shape of your result with the docstring, axis by axis.",
    ),
    mistake(
        "heads_first",
        SPLIT,
        "return pieces.swapaxes(1, 2).swapaxes(0, 1)",
        says="the axis of the heads stands in front of that of the texts: (H, B, T, D)",
        section=6,
        hint="Which axis should be the first one?",
    ),
    mistake(
        "swapped_before_the_cut",
        PIECES,
        "pieces = x.swapaxes(1, 2).reshape(B, n_head, T, D)",
        SPLIT,
        "return pieces",
        says="the axes are exchanged before the reshape instead of after it",
        section=6,
        hint="A reshape reads the numbers row by row. Which D numbers should stay side by side?",
    ),
)


def merge_cases(rng) -> list[Case]:
    """What split_heads makes of numbered channels; random ones; many small heads."""

    def case(name, x):
        B, H, T, D = x.shape
        marks = {"result": {"the channels of head 0": np.zeros((B, T, H * D), bool)}}
        marks["result"]["the channels of head 0"][..., :D] = True
        return Case(name, (x,), sizes=heads_sizes(B, H, T, D), marks=marks)

    channels = numbered(2, 5, 12).reshape(2, 5, 3, 4).swapaxes(1, 2).copy()
    return [
        case("numbered channels", channels),
        case("random numbers", rng.standard_normal((3, 2, 4, 5))),
        case("many small heads", rng.standard_normal((4, 7, 3, 2))),
    ]


TOKENS = "tokens = x.swapaxes(1, 2)"
MERGE = "return tokens.reshape(B, T, H * D)"

MERGE_MISTAKES = (
    mistake(
        "reshaped_at_once",
        TOKENS,
        "tokens = x",
        says="the swap is missing: x is reshaped as it is, which mixes tokens",
        section=6,
        hint="Merge the heads of one token by hand. Do its numbers lie side by side in x?",
    ),
    mistake(
        "interleaved",
        MERGE,
        "return tokens.swapaxes(2, 3).reshape(B, T, H * D)",
        says="the channels of the heads alternate instead of standing head by head",
        section=6,
        hint="Which channels of the result should come from head 0?",
    ),
    mistake(
        "heads_as_tokens",
        TOKENS,
        "tokens = x",
        MERGE,
        "return tokens.reshape(B, H * T, D)",
        says="the heads are put one after the other as if they were more tokens: (B, H T, D)",
        section=6,
        hint="How many tokens and how many channels should the result have?",
    ),
    mistake(
        "not_merged",
        MERGE,
        "return tokens",
        says="the heads are not merged: the result is (B, T, H, D)",
        section=6,
        hint="Which two axes should become one?",
    ),
    mistake(
        "added_up",
        MERGE,
        "return tokens.sum(axis=2)",
        says="the heads are added up instead of put side by side",
        section=6,
        hint="How many channels should a token have, D or H * D?",
    ),
    mistake(
        "wrong_swap",
        TOKENS,
        "tokens = x.swapaxes(2, 3)",
        says="the wrong two axes are exchanged before the reshape: those of T and D",
        section=6,
        hint="Before the reshape, which two axes must stand last?",
    ),
    mistake(
        "channels_first",
        TOKENS,
        "tokens = x.swapaxes(2, 3)",
        MERGE,
        "return tokens.reshape(B, H * D, T)",
        says="the channels stand in front of the tokens: (B, C, T)",
        section=6,
        hint="Compare the shape of your result with the docstring.",
    ),
)


def attention_cases(rng) -> list[Case]:
    """Several heads, larger heads, a single head, and a single token."""
    normal = rng.standard_normal

    def case(name, B, T, H, D):
        C = H * D
        params = {
            "c_attn": {"weight": 1.5 * normal((C, 3 * C)) / C**0.5, "bias": normal(3 * C)},
            "c_proj": {"weight": normal((C, C)) / C**0.5, "bias": normal(C)},
        }
        sizes = heads_sizes(B, H, T, D) | {"N": B * T}
        return Case(name, (normal((B, T, C)),), params, {"n_head": H}, sizes)

    return [
        case("plain numbers", 2, 5, 3, 4),
        case("two larger heads", 4, 3, 2, 6),
        case("one head", 2, 4, 1, 5),
        case("texts of one token", 2, 1, 3, 4),
    ]


CAUSAL = "causal = xp.tri(x.shape[1], dtype=bool)"
THREE = "q, k, v = xp.split(qkv, 3, axis=-1)"
SPLIT_Q = "q = split_heads(q, n_head)"
SPLIT_K = "k = split_heads(k, n_head)"
SPLIT_V = "v = split_heads(v, n_head)"
HEADS = "heads, heads_cache = scaled_dot_product(q, k, v, causal)"
MERGED = "merged = merge_heads(heads)"
LINEAR_IN = "qkv, attn_cache = linear(x, **c_attn)"
LINEAR_OUT = "y, proj_cache = linear(merged, **c_proj)"
DHEADS = "dheads = split_heads(dmerged, n_head)"
DQKV = "dqkv = [merge_heads(dq), merge_heads(dk), merge_heads(dv)]"
ATTENTION_DX = "dx, dc_attn = linear_backward(dqkv, attn_cache)"
AT_ONCE = ".reshape(x.shape[0], n_head, x.shape[1], -1)"

ATTENTION_MISTAKES = (
    mistake(
        "no_mask",
        CAUSAL,
        "causal = xp.ones((x.shape[1], x.shape[1]), dtype=bool)",
        says="there is no mask: each place sees all later ones",
        section=2,
        hint="Change the last token of x. May y change at the first place?",
    ),
    mistake(
        "one_place_too_far",
        CAUSAL,
        "causal = xp.tri(x.shape[1], k=1, dtype=bool)",
        says="the mask is one place too far: each place sees the next one",
        section=2,
        hint="Print your mask for T = 3. What may the first place see?",
    ),
    mistake(
        "not_itself",
        CAUSAL,
        "causal = xp.tri(x.shape[1], k=-1, dtype=bool)",
        says="the mask forbids a place to look at itself",
        section=2,
        hint="Print your mask for T = 3. What may the first place see?",
    ),
    mistake(
        "into_the_future",
        CAUSAL,
        "causal = xp.tri(x.shape[1], dtype=bool).T",
        says="the mask is transposed: a place sees itself and the later ones, not the earlier ones",
        section=2,
        hint="Rows of the mask are queries. Which triangle is True for earlier keys?",
    ),
    mistake(
        "one_head",
        SPLIT_Q,
        "q = split_heads(q, 1)",
        SPLIT_K,
        "k = split_heads(k, 1)",
        SPLIT_V,
        "v = split_heads(v, 1)",
        DHEADS,
        "dheads = split_heads(dmerged, 1)",
        says="there is one head with all channels, whatever n_head is",
        section=6,
        hint="How many softmaxes should each place have? How many has it in your function?",
    ),
    mistake(
        "scaled_by_all_channels",
        HEADS,
        "heads, heads_cache = scaled_dot_product(q / math.sqrt(n_head), k, v, causal)",
        says="the scores are divided by sqrt(C), where it should be sqrt(D) of one head",
        section=3,
        hint="How many products are added up in one score of one head?",
    ),
    mistake(
        "q_and_k_exchanged",
        THREE,
        "k, q, v = xp.split(qkv, 3, axis=-1)",
        says="queries and keys have changed places: c_attn gives q first, then k, then v",
        section=6,
        hint="In which order do q, k and v stand in the 3C numbers of a place?",
    ),
    mistake(
        "k_and_v_exchanged",
        THREE,
        "q, v, k = xp.split(qkv, 3, axis=-1)",
        says="keys and values have changed places: c_attn gives q first, then k, then v",
        section=6,
        hint="In which order do q, k and v stand in the 3C numbers of a place?",
    ),
    mistake(
        "cut_into_heads_first",
        THREE,
        "q, k, v = xp.split(split_heads(qkv, n_head), 3, axis=-1)",
        SPLIT_Q,
        "",
        SPLIT_K,
        "",
        SPLIT_V,
        "",
        says="the 3C numbers of a place are cut into heads first, and then into q, k and v",
        section=6,
        hint="First all queries, then all keys, then all values: which cut has to come first?",
    ),
    mistake(
        "heads_without_swap",
        SPLIT_Q,
        "q = q" + AT_ONCE,
        SPLIT_K,
        "k = k" + AT_ONCE,
        SPLIT_V,
        "v = v" + AT_ONCE,
        says="q, k and v are reshaped to (B, H, T, D) at once: a head gets pieces of other tokens",
        section=6,
        hint="Which two ways to cut does section 6 compare? Which one is yours?",
    ),
    mistake(
        "merged_without_swap",
        MERGED,
        "merged = heads.reshape(x.shape)",
        says="the heads are merged by a reshape alone, which mixes the tokens",
        section=6,
        hint="Who notices a change of the last token? Section 6 has a function that tells.",
    ),
    mistake(
        "no_projection",
        LINEAR_OUT,
        "y, proj_cache = linear(merged, **c_proj)\n    y = merged",
        says="c_proj is not applied at the end",
        section=6,
        hint="Which of the parameters does your y depend on? Try a c_proj of zeros.",
    ),
    mistake(
        "bias_of_c_proj_forgotten",
        LINEAR_OUT,
        'y, proj_cache = linear(merged, **c_proj)\n    y = y - c_proj["bias"]',
        says="the bias of c_proj is not added",
        section=6,
        hint="What is y for a c_proj whose weight is all zeros?",
    ),
    mistake(
        "bias_of_c_attn_forgotten",
        LINEAR_IN,
        'qkv, attn_cache = linear(x, **c_attn)\n    qkv = qkv - c_attn["bias"]',
        says="the bias of c_attn is not added",
        section=6,
        hint="What are q, k and v for an x of all zeros?",
    ),
    mistake(
        "x_added",
        LINEAR_OUT,
        "y, proj_cache = linear(merged, **c_proj)\n    y = y + x",
        says="x is added to y; that is the matter of the block (lesson 09), not of attention",
        section=6,
        hint="What should y be when all parameters are 0?",
    ),
    mistake(
        "heads_of_dy_without_swap",
        DHEADS,
        "dheads = dmerged.reshape(dy.shape[0], n_head, dy.shape[1], -1)",
        says="on the way back the gradient is cut into heads by a reshape alone",
        section=6,
        hint="Which function undoes merge_heads?",
    ),
    mistake(
        "gradients_merged_without_swap",
        DQKV,
        "dqkv = [dq.reshape(dy.shape), dk.reshape(dy.shape), dv.reshape(dy.shape)]",
        says="dq, dk and dv are merged by a reshape alone, which mixes the tokens",
        section=6,
        hint="Which function undoes split_heads?",
    ),
    mistake(
        "dq_and_dk_exchanged",
        DQKV,
        "dqkv = [merge_heads(dk), merge_heads(dq), merge_heads(dv)]",
        says="dq and dk have changed places in front of c_attn",
        section=6,
        hint="In which order did you cut q, k and v out? They must go back in the same one.",
    ),
    mistake(
        "dk_and_dv_exchanged",
        DQKV,
        "dqkv = [merge_heads(dq), merge_heads(dv), merge_heads(dk)]",
        says="dk and dv have changed places in front of c_attn",
        section=6,
        hint="In which order did you cut q, k and v out? They must go back in the same one.",
    ),
    mistake(
        "weights_are_constants",
        DQKV,
        "dqkv = [0 * merge_heads(dq), 0 * merge_heads(dk), merge_heads(dv)]",
        says="only the values get a gradient: queries and keys are treated as constants",
        section=5,
        hint="Which thirds of the gradient of c_attn are zero? Can the model learn where to look?",
    ),
    mistake(
        "past_c_proj",
        DHEADS,
        "dheads = split_heads(dy, n_head)",
        says="the gradient goes into the heads without passing c_proj",
        section=6,
        hint="The backward starts with the last line of the forward. Which one was it?",
    ),
    mistake(
        "dy_added",
        ATTENTION_DX,
        "dx, dc_attn = linear_backward(dqkv, attn_cache)\n    dx = dx + dy",
        says="dy is added to dx, as if there were a residual connection here (lesson 09)",
        section=6,
        hint="On how many ways does x reach y inside this function?",
    ),
)

EXERCISE = Exercise(
    "07",
    "attention",
    "softmax, masked attention and its heads",
    (
        Part(
            "softmax",
            ("softmax", "softmax_backward"),
            softmax_cases,
            SOFTMAX_MISTAKES,
            section=4,
            hints={
                "y": "Take x = (4, 0, 2, 0, 0) of section 1: exp, the sum 65, the shares.",
                "dx": "Take y = (0.5, 0.3, 0.2) and dy = (1, 0, 0) of section 4; print each term.",
            },
        ),
        Part(
            "scaled_dot_product",
            ("scaled_dot_product", "scaled_dot_product_backward"),
            dot_product_cases,
            DOT_PRODUCT_MISTAKES,
            section=5,
            gradients=("dq", "dk", "dv"),
            hints={
                "y": "Print scores, masked scores and weights for the six words of section 1.",
                "dq": "The table of section 5: dq comes from dscores and k, and from the division.",
                "dk": "The table of section 5: dk comes from dscores.T and q, and the division.",
                "dv": "y = weights @ v is a matrix product, as in lesson 05; dv needs no softmax.",
            },
        ),
        Part(
            "heads",
            ("split_heads",),
            split_cases,
            SPLIT_MISTAKES,
            section=6,
            hints={"result": "Try x_small of section 6: head 0 has the first channels of all."},
        ),
        Part(
            "merge",
            ("merge_heads",),
            merge_cases,
            MERGE_MISTAKES,
            section=6,
            hints={"result": "merge_heads(split_heads(x, n_head)) must be x again."},
        ),
        Part(
            "attention",
            ("attention", "attention_backward"),
            attention_cases,
            ATTENTION_MISTAKES,
            section=6,
            hints={
                "y": "Print the shapes: x, qkv, q, q in heads, heads, merged. Then who_notices.",
                "dx": "Undo c_proj, merge, dot product, cuts and c_attn, in this order.",
                "c_attn.weight": "Its three thirds belong to q, k and v: which of them is wrong?",
                "c_attn.bias": "Its three thirds belong to q, k and v: which of them is wrong?",
                "c_proj.weight": "linear_backward needs what the forward gave to linear: merged.",
                "c_proj.bias": "linear_backward gives it from dy alone.",
            },
        ),
    ),
    may_use=frozenset({"linear", "linear_backward"}),
)
