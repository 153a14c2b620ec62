"""Lesson 10: the head of the GPT, and the matrix that it shares with the embedding."""

import numpy as np

from minigpt.classroom.exercise import Case, Exercise, Part, mistake


def unembedding_cases(rng) -> list[Case]:
    """Plain numbers; one axis less; texts of one place; as many channels as tokens."""
    normal = rng.standard_normal

    def case(name, x, V):
        C = x.shape[-1]
        N = x.size // C
        T = x.shape[-2]
        sizes = {"V": V, "C": C, "N": N, "T": T, "B": N // T}
        return Case(name, (x,), {"weight": normal((V, C))}, sizes=sizes)

    return [
        case("plain numbers", normal((2, 3, 4)), V=7),
        case("x of shape (T, C)", normal((6, 3)), V=5),
        case("a single place in each text, T = 1", normal((3, 1, 2)), V=4),
        case("as many channels as tokens, C = V", normal((3, 2, 5)), V=5),
    ]


SCORES = "logits = x @ weight.T"
DX = "dx = dy @ weight"
DWEIGHT = "dweight = drows.T @ rows"
IMPORT = "from minigpt.layers import embedding, embedding_backward"
WITH_XP = "from minigpt.backend import get_array_module\n" + IMPORT

UNEMBEDDING = (
    mistake(
        "reshaped_not_transposed",
        SCORES,
        "logits = x @ weight.reshape(weight.shape[1], weight.shape[0])",
        says="weight is brought to (C, V) by a reshape, which mixes the rows of the tokens; it "
        "should be transposed",
        section=1,
        hint="Compare rows.T and rows.reshape(2, 3) for the table of section 1.",
    ),
    mistake(
        "scaled",
        SCORES,
        "logits = x @ weight.T * x.shape[-1] ** -0.5",
        says="the scores are divided by √C; that belongs to attention",
        section=1,
        hint="Compute the example of section 1 with your function: x = (1, 0.5), three scores.",
    ),
    mistake(
        "divided_by_channels",
        SCORES,
        "logits = x @ weight.T / x.shape[-1]",
        says="each score is a mean over the channels instead of a sum",
        section=1,
        hint="Compute the example of section 1 with your function. Is a dot product divided?",
    ),
    mistake(
        "probabilities",
        SCORES,
        "logits = x @ weight.T\n    xp = get_array_module(x)\n    "
        "logits = xp.exp(logits - logits.max(axis=-1, keepdims=True))\n    "
        "logits = logits / logits.sum(axis=-1, keepdims=True)",
        IMPORT,
        WITH_XP,
        says="the result is probabilities: a softmax was applied to the scores",
        section=1,
        hint="A logit may be negative, and larger than 1. Which part of a GPT does the rest?",
    ),
    mistake(
        "directions_only",
        SCORES,
        "xp = get_array_module(x)\n    "
        "logits = x @ (weight / xp.sqrt((weight * weight).sum(axis=-1, keepdims=True))).T",
        IMPORT,
        WITH_XP,
        says="each row of weight is first brought to length 1",
        section=1,
        hint="Make one row of weight twice as long. What happens to its score, and what should?",
    ),
    mistake(
        "left_as_a_table",
        SCORES,
        "logits = x.reshape(-1, x.shape[-1]) @ weight.T",
        says="the logits are left as a table with one row a place: they lack the axes of x",
        section=1,
        hint="x is (B, T, C). Which shape should the logits have, and which one do yours have?",
    ),
    mistake(
        "last_place_only",
        SCORES,
        "logits = x[..., -1:, :] @ weight.T",
        says="only the last place of each text is scored; training needs all of them",
        section=1,
        hint="How many vectors go in, and how many rows of scores come out?",
    ),
    mistake(
        "tokens_before_places",
        SCORES,
        "logits = weight @ x.swapaxes(-1, -2)",
        says="the last two axes of the logits are swapped: (V, T) instead of (T, V)",
        section=1,
        hint="Is it weight @ x.T or x @ weight.T? Write both shapes down.",
    ),
    mistake(
        "weight_transposed",
        DWEIGHT,
        "dweight = rows.T @ drows",
        says="the gradient of weight is transposed: (C, V) instead of (V, C)",
        section=1,
        hint="A gradient has the shape of the thing itself. Which order of the product gives it?",
    ),
    mistake(
        "transposed_then_reshaped",
        DWEIGHT,
        "dweight = (rows.T @ drows).reshape(V, C)",
        says="the gradient of weight was computed as (C, V) and then only reshaped to (V, C)",
        section=1,
        hint="A reshape keeps the order of the numbers in memory. Does a transpose keep it?",
    ),
    mistake(
        "dy_reshaped",
        DWEIGHT,
        "dweight = dy.reshape(V, -1) @ rows",
        says="in the gradient of weight, dy is brought to (V, N) by a reshape, which mixes places "
        "and tokens; it should be transposed",
        section=1,
        hint="Take dy = np.arange(6).reshape(3, 2), and compare dy.T with dy.reshape(2, 3).",
    ),
    mistake(
        "mean_over_places",
        DWEIGHT,
        "dweight = drows.T @ rows / len(rows)",
        says="the gradient of weight is a mean over the places instead of a sum",
        section=1,
        hint="weight is used once at each place. What happens to gradients that meet?",
    ),
    mistake(
        "not_summed_over_texts",
        DWEIGHT,
        "dweight = dy.swapaxes(-1, -2) @ x",
        says="the gradient of weight is not summed over the texts: there is one for each of them",
        section=1,
        hint="Look at the shape of your gradient. Which axis does weight not have?",
    ),
    mistake(
        "last_text_only",
        DWEIGHT,
        "T = x.shape[-2]\n    dweight = drows[-T:].T @ rows[-T:]",
        says="only the last text reaches the gradient of weight",
        section=1,
        hint="Let only dy[0] differ from zero. If you loop over the texts: is it `=` or `+=`?",
    ),
    mistake(
        "dy_left_out_of_weight",
        DWEIGHT,
        "dweight = (drows * 0 + 1).T @ rows",
        says="the gradient of weight lacks dy: all its rows are the sum of x",
        section=1,
        hint="Double dy. What should happen to the gradient of weight?",
    ),
    mistake(
        "dy_left_out_of_x",
        DX,
        "dx = (dy * 0 + 1) @ weight",
        says="dx lacks dy: it is the sum of the rows of weight at each place",
        section=1,
        hint="Double dy. What should happen to dx?",
    ),
    mistake(
        "mean_over_tokens",
        DX,
        "dx = dy @ weight / V",
        says="dx is a mean over the tokens instead of a sum",
        section=1,
        hint="x is used once for each of V scores. What happens to gradients that meet?",
    ),
    mistake(
        "dx_as_a_table",
        DX,
        "dx = drows @ weight",
        says="dx is left as a table with one row a place: it lacks the axes of x",
        section=1,
        hint="A gradient has the shape of the thing itself. Print dx.shape and x.shape.",
    ),
    mistake(
        "weight_reshaped_in_dx",
        DX,
        "dx = dy @ weight.T.reshape(V, C)",
        says="dx uses weight with its numbers in another order, as a transpose followed by a "
        "reshape leaves it",
        section=1,
        hint="dy is (…, V) and dx is (…, C). Does weight, (V, C), need to be turned at all?",
    ),
)


def tied_cases(rng) -> list[Case]:
    """Distinct tokens; repeated ones; every token read; the example of the lesson."""

    def case(name, ids, V, C, weight=None):
        ids = np.array(ids)
        B, T = ids.shape
        count = np.bincount(ids.reshape(-1), minlength=V)[:, None]
        places = {
            "the rows of repeated tokens": count > 1,
            "the rows of tokens that were read": count > 0,
            "the rows of tokens that were not read": count == 0,
        }
        marks = {"weight": {word: mark for word, mark in places.items() if mark.any()}}
        weight = rng.standard_normal((V, C)) if weight is None else np.array(weight)
        sizes = {"V": V, "C": C, "N": B * T, "T": T, "B": B}
        return Case(name, (ids,), {"weight": weight}, sizes=sizes, marks=marks)

    return [
        case("tokens that all differ", [[5, 0, 3], [2, 6, 1]], V=8, C=4),
        case("repeated tokens", [[3, 0, 3, 4], [0, 3, 1, 1], [4, 4, 0, 3]], V=7, C=3),
        case("texts in which every token occurs", [[2, 0, 1, 3, 4], [1, 4, 1, 0, 2]], V=5, C=2),
        case("the two tokens of section 2", [[0]], V=2, C=1, weight=[[3.0], [2.0]]),
    ]


READ = "x, read_cache = embedding(ids, weight)"
SUM = 'total = scoring["weight"] + reading["weight"]'
READING = "_, reading = embedding_backward(dread, read_cache)"
TIED_RESULT = 'return None, {"weight": total}'
COUNT = (
    "ids, weight = read_cache\n"
    "    read = get_array_module(weight).zeros((len(weight), 1), dtype=bool)\n"
    "    read[ids.reshape(-1)] = True\n    "
)

TIED = (
    mistake(
        "rows_made_longer",
        READ,
        READ + "\n    x = x * x.shape[-1] ** 0.5",
        says="the vectors are multiplied by √C after reading, as the first transformer of 2017 "
        "did; GPT does not",
        section=2,
        hint="With C = 1 you are right, and with C = 4 not. Which C stands in your forward?",
    ),
    mistake(
        "averaged_scores",
        "scores, score_cache = unembedding(x, weight)",
        "scores, score_cache = unembedding(x, weight)\n    scores = scores / x.shape[-1]",
        says="the scores are divided by C",
        section=2,
        hint="With C = 1 you are right, and with C = 4 not. Which C stands in your forward?",
    ),
    mistake(
        "tokens_compared_with_the_text",
        "scores, score_cache = unembedding(x, weight)",
        "scores, score_cache = unembedding(x, weight)\n    scores = x @ x.swapaxes(-1, -2)",
        says="each vector is compared with the vectors of its text instead of with all V tokens",
        section=2,
        hint="How many scores should each place get? Print the shape of your logits.",
    ),
    mistake(
        "without_scoring",
        SUM,
        'total = reading["weight"]',
        says="the gradient from scoring is missing",
        section=2,
        hint="Compute the example of section 2: token 1 was never read. Is its gradient 30?",
    ),
    mistake(
        "without_reading",
        SUM,
        'total = scoring["weight"]',
        says="the gradient from reading is missing",
        section=2,
        hint="Compute the example of section 2. You get the number of the student: what is x?",
    ),
    mistake(
        "mean_of_both",
        SUM,
        'total = (scoring["weight"] + reading["weight"]) / 2',
        says="the two gradients of weight are averaged instead of added",
        section=2,
        hint="Section 2, step 3: what does the chain rule do with what comes along two paths?",
    ),
    mistake(
        "scoring_twice",
        SUM,
        'total = scoring["weight"] * 2',
        says="the gradient from scoring is counted twice, and that from reading is missing",
        section=2,
        hint="For a·a alone the derivative is 2a. Why is that no reason to double here?",
    ),
    mistake(
        "reading_twice",
        SUM,
        'total = reading["weight"] * 2',
        says="the gradient from reading is counted twice, and that from scoring is missing",
        section=2,
        hint="Token 1 of the example in section 2 was never read. Which gradient does it get?",
    ),
    mistake(
        "one_minus_the_other",
        SUM,
        'total = scoring["weight"] - reading["weight"]',
        says="one of the two gradients is taken away from the other instead of being added",
        section=2,
        hint="In the example of section 2 the sum is 23 + 3. Which number do you get for a?",
    ),
    mistake(
        "last_place_kept",
        READING,
        "ids, weight = read_cache\n    "
        'reading = {"weight": weight * 0}\n    reading["weight"][ids] += dread',
        says="where a token was read several times, only its last place counts in the gradient "
        "from reading",
        section=2,
        hint="Lesson 04, section 6: what does `+=` do with an index that occurs twice?",
    ),
    mistake(
        "overwritten",
        READING,
        "ids, weight = read_cache\n    "
        'reading = {"weight": scoring["weight"] * 0}\n    '
        'scoring["weight"][ids] = dread',
        says="in the rows of tokens that were read, the gradient from reading (of the last place) "
        "replaces that from scoring instead of being added to it",
        section=6,
        hint="`=` or `+=`? Section 6, mistake 2; and lesson 04, section 6, before you choose.",
    ),
    mistake(
        "one_or_the_other",
        SUM,
        COUNT + 'total = scoring["weight"] * ~read + reading["weight"]',
        IMPORT,
        WITH_XP,
        says="the rows of tokens that were read hold the gradient from reading alone, the others "
        "that from scoring: where there are both, they should be added",
        section=2,
        hint="Take the example of section 2, step 2: for `a` there are two numbers, 3 and 23.",
    ),
    mistake(
        "nothing_for_unread_tokens",
        SUM,
        COUNT + 'total = (scoring["weight"] + reading["weight"]) * read',
        IMPORT,
        WITH_XP,
        says="the rows of tokens that were not read get no gradient, although they were scored",
        section=2,
        hint="Look at `b` in section 2: it was never read. What is its gradient, and why?",
    ),
    mistake(
        "mean_over_places",
        SUM,
        'total = (scoring["weight"] + reading["weight"]) / dread[..., 0].size',
        says="the gradient of weight is divided by the number of places",
        section=2,
        hint="Does a formula of section 2 divide? A mean, if there is one, belongs to the loss.",
    ),
    mistake(
        "scored_rows_read",
        READING,
        "_, reading = embedding_backward(dread * 0 + 1, read_cache)",
        says="the gradient from reading lacks what comes from the head: it only counts the tokens",
        section=2,
        hint="What did your unembedding_backward give as dx, and where does it go?",
    ),
)

EARLIER = (
    "embedding",
    "linear",
    "gelu",
    "gelu_exact",
    "relu",
    "mlp",
    "layernorm",
    "softmax",
    "scaled_dot_product",
    "attention",
    "cross_entropy",
    "dropout",
)

EXERCISE = Exercise(
    "10",
    "gpt",
    "a score for each token, and one matrix with two jobs",
    (
        Part(
            "unembedding",
            ("unembedding", "unembedding_backward"),
            unembedding_cases,
            UNEMBEDDING,
            section=1,
            hints={
                "y": "Compute the example of section 1: x = (1, 0.5) and three tokens.",
                "dx": "Each score sends dy times its token's row to x: a product with V terms.",
                "weight": "Each place sends dy times x to the row of each token: sum over places.",
            },
        ),
        Part(
            "tied",
            ("tied", "tied_backward"),
            tied_cases,
            TIED,
            section=2,
            gradients=(None,),
            hints={
                "y": "Compute the example of section 2: wte = (3, 2), token 0, scores 9 and 6.",
                "weight": "Print both gradients of the example in section 2; the sum is (26, 30).",
                "": "The ids are integers: None stands in the place of dx.",
            },
        ),
    ),
    may_use=frozenset(
        {
            *EARLIER,
            *(f"{name}_backward" for name in EARLIER),
            "split_heads",
            "merge_heads",
            "causal_mask",
            "dropout_mask",
        }
    ),
)
