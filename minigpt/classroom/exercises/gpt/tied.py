"""Known mistakes of `tied`, and the cases that show them."""

from dataclasses import replace

import numpy as np

from minigpt.classroom.exercise import Case, mistake
from minigpt.classroom.exercises.gpt.unembedding import HERE_XP, UNEMBEDDING


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
SCORE = "scores, score_cache = unembedding(x, weight)"
READING = "_, reading = embedding_backward(dread, read_cache)"
FROM_SCORING = 'from_scoring = scoring["weight"]'
FROM_READING = 'from_reading = reading["weight"]'
SUM = "total = from_scoring + from_reading"
TIED_RESULT = 'return None, {"weight": total}'
COUNT = (
    "ids, weight = read_cache\n"
    "    xp = get_array_module(weight)\n"
    "    count = xp.bincount(ids.reshape(-1), minlength=len(weight))[:, None]\n    "
)

FORWARD = (
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
        "ids_from_one",
        READ,
        "x, read_cache = embedding(ids - 1, weight)",
        says="each id is read from the row before its own",
        section=2,
        hint="Compute the example of section 2 with your function: logits 9 and 6.",
    ),
    mistake(
        "averaged_scores",
        SCORE,
        "scores, score_cache = unembedding(x / x.shape[-1], weight)",
        says="the scores are divided by C",
        section=2,
        hint="With C = 1 you are right, and with C = 4 not. Which C stands in your forward?",
    ),
    mistake(
        "scaled",
        SCORE,
        "scores, score_cache = unembedding(x / x.shape[-1] ** 0.5, weight)",
        says="the scores are divided by √C; that belongs to attention",
        section=2,
        hint="With C = 1 you are right, and with C = 4 not. Which C stands in your forward?",
    ),
    mistake(
        "probabilities",
        SCORE,
        HERE_XP
        + SCORE
        + "\n    xp = get_array_module(x)\n    scores = xp.exp(scores - scores.max(axis=-1, "
        "keepdims=True))\n    scores = scores / scores.sum(axis=-1, keepdims=True)",
        says="the result is probabilities: a softmax was applied to the scores",
        section=2,
        hint="A logit may be negative, and larger than 1. Which part of a GPT does the rest?",
    ),
    mistake(
        "log_probabilities",
        SCORE,
        HERE_XP
        + SCORE
        + "\n    xp = get_array_module(x)\n    scores = scores - scores.max(axis=-1, "
        "keepdims=True)\n    scores = scores - xp.log(xp.exp(scores).sum(axis=-1, keepdims=True))",
        says="the result is logarithms of probabilities: a log-softmax was applied to the scores",
        section=2,
        hint="A logit may be positive too. Which part of a GPT does the rest?",
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
        "all_pairs_of_tokens",
        SCORE,
        SCORE + "\n    scores = weight @ weight.T",
        says="every token is compared with every token: the ids are not used",
        section=2,
        hint="How many rows of scores should there be for ids of shape (B, T)?",
    ),
    mistake(
        "x_returned",
        SCORE,
        SCORE + "\n    scores = x",
        says="the vectors that were read are returned: they are not scored",
        section=2,
        hint="How many scores should each place get? Print the shape of your logits.",
    ),
    mistake(
        "last_place_only",
        SCORE,
        SCORE + "\n    scores = scores[..., -1:, :]",
        says="only the last place of each text is scored; training needs all of them",
        section=2,
        hint="How many ids go in, and how many rows of scores come out?",
    ),
    mistake(
        "places_averaged",
        SCORE,
        SCORE + "\n    scores = scores.mean(axis=-2)",
        says="the vectors of a text are averaged before they are scored",
        section=2,
        hint="How many ids go in, and how many rows of scores come out?",
    ),
    mistake(
        "added_up_along_the_text",
        SCORE,
        HERE_XP + "x = get_array_module(x).cumsum(x, axis=-2)\n    " + SCORE,
        says="each place holds the sum of the vectors before it as well",
        section=2,
        hint="In the smallest GPT no place sees another one. What does place 1 of your x hold?",
    ),
    mistake(
        "rows_of_length_one",
        SCORE,
        HERE_XP
        + "xp = get_array_module(x)\n    scores, score_cache = unembedding(x / xp.sqrt((x * "
        "x).sum(-1, keepdims=True)), weight)",
        says="the vectors that were read are scaled to length 1 before they are scored",
        section=2,
        hint="Compute the example of section 2 with your function: logits 9 and 6.",
    ),
)
BACKWARD = (
    mistake(
        "without_scoring",
        SUM,
        "total = from_reading.copy()",
        says="the gradient from scoring is missing",
        section=2,
        hint="Compute the example of section 2: token 1 was never read. Is its gradient 30?",
    ),
    mistake(
        "without_reading",
        SUM,
        "total = from_scoring.copy()",
        says="the gradient from reading is missing",
        section=2,
        hint="Compute the example of section 2. You get the number of the student: what is x?",
    ),
    mistake(
        "mean_of_both",
        SUM,
        "total = (from_scoring + from_reading) / 2",
        says="the two gradients of weight are averaged instead of added",
        section=2,
        hint="Section 2, step 3: what does the chain rule do with what comes along two paths?",
    ),
    mistake(
        "sum_twice",
        SUM,
        "total = 2 * (from_scoring + from_reading)",
        says="the gradient of weight is twice what it should be",
        section=2,
        hint="Compute the example of section 2: the sum is (26, 30).",
    ),
    mistake(
        "sign_turned",
        SUM,
        "total = -(from_scoring + from_reading)",
        says="the gradient of weight has the wrong sign",
        section=2,
        hint="A gradient points uphill. Who goes downhill, the backward or the optimizer?",
    ),
    mistake(
        "weight_a_constant",
        SUM,
        "total = 0 * (from_scoring + from_reading)",
        says="the gradient of weight is zero",
        section=2,
        hint="Compute the example of section 2: the sum is (26, 30).",
    ),
    mistake(
        "plus_weight",
        SUM,
        "total = from_scoring + from_reading + score_cache[1]",
        says="weight itself is added to its gradient",
        section=2,
        hint="What should the gradient be for dlogits = 0?",
    ),
    mistake(
        "multiplied",
        SUM,
        "total = from_scoring * from_reading",
        says="the two gradients are multiplied instead of added",
        section=2,
        hint="Section 2, step 3: what does the chain rule do with what comes along two paths?",
    ),
    mistake(
        "larger_of_both",
        SUM,
        "larger = abs(from_reading) > abs(from_scoring)\n    total = from_reading * larger + "
        "from_scoring * ~larger",
        says="the larger of the two gradients is returned instead of their sum",
        section=2,
        hint="Section 2, step 3: what does the chain rule do with what comes along two paths?",
    ),
    mistake(
        "scoring_twice",
        SUM,
        "total = from_scoring * 2",
        says="the gradient from scoring is counted twice, and that from reading is missing",
        section=2,
        hint="For a·a alone the derivative is 2a. Why is that no reason to double here?",
    ),
    mistake(
        "reading_twice",
        SUM,
        "total = from_reading * 2",
        says="the gradient from reading is counted twice, and that from scoring is missing",
        section=2,
        hint="Token 1 of the example in section 2 was never read. Which gradient does it get?",
    ),
    mistake(
        "scoring_counted_twice",
        SUM,
        "total = 2 * from_scoring + from_reading",
        says="the gradient from scoring is added twice",
        section=2,
        hint="Compute the example of section 2: the sum is (26, 30).",
    ),
    mistake(
        "reading_counted_twice",
        SUM,
        "total = from_scoring + 2 * from_reading",
        says="the gradient from reading is added twice",
        section=2,
        hint="Compute the example of section 2: the sum is (26, 30).",
    ),
    mistake(
        "one_minus_the_other",
        SUM,
        "total = from_scoring - from_reading",
        says="the gradient from reading is subtracted from that from scoring instead of added",
        section=2,
        hint="In the example of section 2 the sum is 23 + 3. Which number do you get for a?",
    ),
    mistake(
        "reading_minus_scoring",
        SUM,
        "total = from_reading - from_scoring",
        says="the gradient from scoring is subtracted from that from reading instead of added",
        section=2,
        hint="In the example of section 2 the sum is 23 + 3. Which number do you get for a?",
    ),
    mistake(
        "one_or_the_other",
        SUM,
        HERE_XP + COUNT + "total = from_scoring * (count == 0) + from_reading",
        says="the rows of tokens that were read hold the gradient from reading alone, the others "
        "that from scoring: where there are both, they should be added",
        section=2,
        hint="Take the example of section 2, step 2: for `a` there are two numbers, 3 and 23.",
    ),
    mistake(
        "mean_where_there_are_both",
        SUM,
        HERE_XP + COUNT + "total = (from_scoring + from_reading) / (1 + (count > 0))",
        says="in the rows of tokens that were read, the mean of the two gradients stands instead "
        "of their sum",
        section=2,
        hint="Take the example of section 2, step 2: for `a` there are two numbers, 3 and 23.",
    ),
    mistake(
        "reading_averaged",
        FROM_READING,
        'from_reading = 1 / dread[..., 0].size * reading["weight"]',
        says="the gradient from reading is divided by the number of places",
        section=2,
        hint="Does a formula of section 2 divide? A mean, if there is one, belongs to the loss.",
    ),
    mistake(
        "reading_divided_by_the_count",
        FROM_READING,
        HERE_XP + COUNT + 'from_reading = 1 / xp.maximum(count, 1) * reading["weight"]',
        says="in the gradient from reading, each row is divided by how often its token was read",
        section=2,
        hint="Lesson 04, section 8, mistake 2: does the derivative divide by anything?",
    ),
    mistake(
        "last_place_kept",
        READING,
        'ids, weight = read_cache\n    reading = {"weight": weight * 0}\n    '
        'reading["weight"][ids] += dread',
        says="where a token was read several times, only its last place counts in the gradient "
        "from reading",
        section=2,
        hint="Lesson 04, section 6: what does `+=` do with an index that occurs twice?",
    ),
    mistake(
        "first_place_kept",
        READING,
        "ids, weight = read_cache\n    flat = dread.reshape(-1, dread.shape[-1])\n    reading = "
        '{"weight": weight * 0}\n    reading["weight"][ids.reshape(-1)[::-1]] = flat[::-1]',
        says="where a token was read several times, only its first place counts in the gradient "
        "from reading",
        section=2,
        hint="Lesson 04, section 6: what happens to an index that occurs twice?",
    ),
    mistake(
        "lost_within_a_text",
        READING,
        'ids, weight = read_cache\n    reading = {"weight": weight * 0}\n    for row, back in '
        'zip(ids, dread):\n        reading["weight"][row] += back',
        says="where a token was read several times in one text, only the last of these places "
        "counts in the gradient from reading",
        section=2,
        hint="Lesson 04, section 6: what does `+=` do with an index that occurs twice?",
    ),
    mistake(
        "overwritten",
        READING,
        'ids, weight = read_cache\n    reading = {"weight": scoring["weight"] * 0}\n    '
        'scoring["weight"][ids] = dread',
        says="in the rows of tokens that were read, the gradient from reading (of the last place) "
        "replaces that from scoring instead of being added to it",
        section=6,
        hint="`=` or `+=`? Section 6, mistake 2; and lesson 04, section 6, before you choose.",
    ),
    mistake(
        "reading_in_the_order_of_places",
        READING,
        "ids, weight = read_cache\n    flat = dread.reshape(-1, dread.shape[-1])\n    reading = "
        '{"weight": weight * 0}\n    for i, row in enumerate(flat):\n        reading["weight"][i '
        "% len(weight)] += row",
        says="the gradient from reading goes to the rows in the order of the places, not to those "
        "of the tokens that were read",
        section=2,
        hint="Which row did the forward read at place 0? Does your backward use the ids?",
    ),
    mistake(
        "reading_ids_from_one",
        READING,
        "_, reading = embedding_backward(dread, (read_cache[0] - 1, read_cache[1]))",
        says="the gradient from reading goes to the row before that of the token",
        section=2,
        hint="Which row did the forward read? The gradient goes back to the same one.",
    ),
    mistake(
        "reading_of_the_next_token",
        READING,
        "ids, weight = read_cache\n    _, reading = embedding_backward(dread[:, :-1], (ids[:, "
        "1:], weight))",
        says="the gradient from reading goes to the token after the one that was read",
        section=2,
        hint="Which row did the forward read at place 0? The gradient goes back to the same one.",
    ),
    mistake(
        "reading_of_the_first_text",
        READING,
        "ids, weight = read_cache\n    _, reading = embedding_backward(dread[:1], (ids[:1], "
        "weight))",
        says="only the first text reaches the gradient from reading",
        section=2,
        hint="Let only dlogits[1] differ from zero. Which rows must get a gradient?",
    ),
    mistake(
        "reading_of_the_last_text",
        READING,
        "ids, weight = read_cache\n    _, reading = embedding_backward(dread[-1:], (ids[-1:], "
        "weight))",
        says="only the last text reaches the gradient from reading",
        section=2,
        hint="Let only dlogits[0] differ from zero. If you loop over the texts: is it `=` or `+=`?",
    ),
    mistake(
        "reading_of_the_last_places",
        READING,
        "ids, weight = read_cache\n    _, reading = embedding_backward(dread[:, -1:], (ids[:, "
        "-1:], weight))",
        says="only the last place of each text reaches the gradient from reading",
        section=2,
        hint="Which places were read in the forward? Each of them sends a gradient back.",
    ),
    mistake(
        "reading_without_the_first_places",
        READING,
        "ids, weight = read_cache\n    _, reading = embedding_backward(dread[:, 1:], (ids[:, 1:], "
        "weight))",
        says="the first place of each text does not reach the gradient from reading",
        section=2,
        hint="At which index does your loop over the places start?",
    ),
    mistake(
        "scored_rows_read",
        READING,
        "_, reading = embedding_backward(dread * 0 + 1, read_cache)",
        says="the gradient from reading lacks what comes from the head: it only counts the tokens",
        section=2,
        hint="What did your unembedding_backward give as dx, and where does it go?",
    ),
    mistake(
        "reading_with_x",
        READING,
        "_, reading = embedding_backward(score_cache[0], read_cache)",
        says="the gradient from reading is made with x, the vectors that were read, instead of "
        "with their gradient",
        section=2,
        hint="What did your unembedding_backward give as dx, and where does it go?",
    ),
    mistake(
        "reading_of_one_hot",
        READING,
        "_, reading = embedding_backward(dread * score_cache[0], read_cache)",
        says="the gradient from reading is multiplied by the vectors that were read",
        section=2,
        hint="What did your unembedding_backward give as dx, and where does it go?",
    ),
    mistake(
        "reading_summed_over_channels",
        READING,
        "back = dread.sum(axis=-1, keepdims=True) + 0 * dread\n    _, reading = "
        "embedding_backward(back, read_cache)",
        says="the gradient from reading is summed over the channels",
        section=2,
        hint="dx = dlogits @ weight has C channels. What do you do with them?",
    ),
    mistake(
        "scoring_averaged",
        FROM_SCORING,
        'from_scoring = 1 / dread[..., 0].size * scoring["weight"]',
        says="the gradient from scoring is divided by the number of places",
        section=2,
        hint="Does a formula of section 2 divide? A mean, if there is one, belongs to the loss.",
    ),
    mistake(
        "scoring_with_rows_in_order",
        FROM_SCORING,
        "x, weight = score_cache\n    order = [i % len(weight) for i in range(x[..., "
        "0].size)]\n    from_scoring = dlogits.reshape(-1, len(weight)).T @ weight[order]",
        says="the gradient from scoring is made with the rows of weight in their order, not with "
        "those that were read",
        section=2,
        hint="In dweight = dlogits.T @ x: which vectors are x, and where do the ids come in?",
    ),
    mistake(
        "scoring_with_dx",
        FROM_SCORING,
        "V, C = score_cache[1].shape\n    from_scoring = dlogits.reshape(-1, V).T @ "
        "dread.reshape(-1, C)",
        says="the gradient from scoring is made with dx where x should be",
        section=2,
        hint="In dweight = dlogits.T @ x: which vectors are x?",
    ),
    mistake(
        "scoring_without_x",
        FROM_SCORING,
        'from_scoring = dlogits.sum(axis=(0, 1))[:, None] + 0 * scoring["weight"]',
        says="the gradient from scoring lacks x: each row holds the sum of dlogits for its token",
        section=2,
        hint="In dweight = dlogits.T @ x: which vectors are x?",
    ),
    mistake(
        "scoring_without_dlogits",
        FROM_SCORING,
        'from_scoring = score_cache[0].sum(axis=(0, 1)) + 0 * scoring["weight"]',
        says="the gradient from scoring lacks dlogits: each row holds the sum of x",
        section=2,
        hint="Double dlogits. What should happen to the gradient?",
    ),
    mistake(
        "scoring_of_the_last_places",
        FROM_SCORING,
        "from_scoring = dlogits[:, -1].T @ score_cache[0][:, -1]",
        says="only the last place of each text reaches the gradient from scoring",
        section=2,
        hint="At which places does the head score all tokens?",
    ),
    mistake(
        "scoring_of_the_first_text",
        FROM_SCORING,
        "from_scoring = dlogits[0].T @ score_cache[0][0]",
        says="only the first text reaches the gradient from scoring",
        section=2,
        hint="Let only dlogits[1] differ from zero. Which rows must get a gradient?",
    ),
    mistake(
        "scoring_of_the_last_text",
        FROM_SCORING,
        "from_scoring = dlogits[-1].T @ score_cache[0][-1]",
        says="only the last text reaches the gradient from scoring",
        section=2,
        hint="Let only dlogits[0] differ from zero. If you loop over the texts: is it `=` or `+=`?",
    ),
    mistake(
        "scoring_of_the_read_token",
        FROM_SCORING,
        HERE_XP + "V, C = score_cache[1].shape\n    hot = read_cache[0][..., None] == "
        "get_array_module(dlogits).arange(V)\n    from_scoring = (hot * dlogits).reshape(-1, V).T "
        "@ score_cache[0].reshape(-1, C)",
        says="in the gradient from scoring only the score of the token that was read counts, not "
        "all V",
        section=2,
        hint="Look at `b` in section 2: it was never read. What is its gradient, and why?",
    ),
    mistake(
        "nothing_for_unread_tokens",
        FROM_SCORING,
        HERE_XP + COUNT + 'from_scoring = scoring["weight"] * (count > 0)',
        says="the rows of tokens that were not read get no gradient, although they were scored",
        section=2,
        hint="Look at `b` in section 2: it was never read. What is its gradient, and why?",
    ),
    mistake(
        "nothing_for_read_tokens",
        SUM,
        HERE_XP + COUNT + "total = (from_scoring + from_reading) * (count == 0)",
        says="the rows of tokens that were read get no gradient",
        section=2,
        hint="Take the example of section 2, step 2: for `a` there are two numbers, 3 and 23.",
    ),
    mistake(
        "divided_by_the_count",
        SUM,
        HERE_XP + COUNT + "total = (from_scoring + from_reading) / xp.maximum(count, 1)",
        says="each row of the gradient is divided by how often its token was read",
        section=2,
        hint="Does a formula of section 2 divide? A mean, if there is one, belongs to the loss.",
    ),
    mistake(
        "mean_over_places",
        SUM,
        "total = (from_scoring + from_reading) / dread[..., 0].size",
        says="the gradient of weight is divided by the number of places",
        section=2,
        hint="Does a formula of section 2 divide? A mean, if there is one, belongs to the loss.",
    ),
    mistake(
        "divided_by_texts",
        SUM,
        "total = (from_scoring + from_reading) / len(dread)",
        says="the gradient of weight is divided by the number of texts",
        section=2,
        hint="Does a formula of section 2 divide? A mean, if there is one, belongs to the loss.",
    ),
    mistake(
        "turned",
        TIED_RESULT,
        'return None, {"weight": total.T.copy()}',
        says="the gradient of weight is transposed: (C, V) instead of (V, C)",
        section=2,
        hint="A gradient has the shape of the thing itself. Which order of the product gives it?",
    ),
    mistake(
        "one_below_the_other",
        SUM,
        HERE_XP + "total = get_array_module(dread).concatenate([from_scoring, from_reading])",
        says="the two gradients stand one below the other, in 2V rows, instead of being added",
        section=2,
        hint="A gradient has the shape of the thing itself: (V, C).",
    ),
    mistake(
        "gradient_for_the_ids",
        TIED_RESULT,
        'return dread, {"weight": total}',
        says="the gradient of the vectors that were read is returned where None belongs",
        section=2,
        hint="The ids are integers. Can they be moved a little?",
    ),
)

# Mistakes of the scoring inside of it.
OF_SCORING = (
    "distances",
    "sign_turned",
    "mean_over_tokens",
    "dx_divided_by_channels",
    "dy_left_out_of_x",
    "weight_left_out_of_x",
    "weight_reshaped_in_dx",
    "transposed_then_reshaped",
    "dy_reshaped",
    "x_reshaped",
    "shifted_by_one",
    "first_row_only",
    "last_row_only",
    "sums_multiplied_in_dweight",
)
_BY_NAME = {one.name: one for one in UNEMBEDDING}

TIED = (
    *FORWARD,
    *BACKWARD,
    *(
        replace(
            _BY_NAME[name],
            name=f"scoring_{name}",
            says=f"its scoring has this mistake: {_BY_NAME[name].says}",
            hint=f"Look at your unembedding first. {_BY_NAME[name].hint}",
        )
        for name in OF_SCORING
    ),
)
