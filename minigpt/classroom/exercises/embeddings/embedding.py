"""Known mistakes of `embedding`, and the cases that show them."""

import numpy as np

from minigpt.classroom.exercise import Case, mistake


def embedding_cases(rng) -> list[Case]:
    """Distinct tokens; repeated ones; one axis less; the same token everywhere."""

    def case(name, ids, V, C):
        ids = np.array(ids)
        count = np.bincount(ids.reshape(-1), minlength=V)[:, None]
        places = {
            "the rows of repeated tokens": count > 1,
            "the rows that nobody looked up": count == 0,
            "row 0": np.arange(V)[:, None] == 0,
        }
        marks = {"weight": {word: mark for word, mark in places.items() if mark.any()}}
        sizes = {"V": V, "C": C, "N": ids.size, "T": ids.shape[-1], "B": ids.size // ids.shape[-1]}
        params = {"weight": rng.standard_normal((V, C))}
        return Case(name, (ids,), params, sizes=sizes, marks=marks)

    return [
        case("tokens that all differ", [[5, 0, 3], [2, 6, 1]], V=8, C=4),
        case("repeated tokens", [[3, 0, 3, 5], [0, 3, 1, 2], [5, 5, 0, 4]], V=9, C=2),
        case("ids of shape (T,)", [4, 1, 4, 2, 0], V=5, C=3),
        case("the same token in all places", [[2, 2, 2, 2, 2], [2, 2, 2, 2, 2]], V=4, C=3),
    ]


LOOKUP = "y = weight[ids]"
FLAT = "flat = ids.reshape(-1)"
DROWS = "drows = dy.reshape(-1, C)"
ZEROS = "dweight = xp.zeros_like(weight)"
SCATTER = "xp.add.at(dweight, flat, drows)"
RESULT = 'return None, {"weight": dweight}'
AS_TEXTS = "texts = ids.reshape(-1, ids.shape[-1])\n    "
COUNT = "\n    count = xp.bincount(flat, minlength=len(weight))[:, None]"

FORWARD = (
    mistake(
        "ids_from_one",
        LOOKUP,
        "y = weight[ids - 1]",
        says="each id gets the row before its own, as if ids were counted from 1",
        section=2,
        hint="Which row should id 0 get, and which one does it get?",
    ),
    mistake(
        "row_after",
        LOOKUP,
        "y = weight[ids + 1]",
        says="each id gets the row after its own",
        section=2,
        hint="Which row should id 0 get, and which one does it get?",
    ),
    mistake(
        "counted_from_the_end",
        LOOKUP,
        "y = weight[::-1][ids]",
        says="the rows are counted from the end of the table",
        section=2,
        hint="Which row should id 0 get, and which one does it get?",
    ),
    mistake(
        "left_flat",
        LOOKUP,
        "y = weight[ids.reshape(-1)]",
        says="y has one axis for all places together instead of the axes of ids",
        section=2,
        hint="Look at the shapes in section 2: what becomes of ids of shape (2, 5)?",
    ),
    mistake(
        "numbers_instead_of_rows",
        LOOKUP,
        "y = weight.reshape(-1)[ids]",
        says="each id gets one number of the flattened table instead of a row, as `take` without "
        "an axis does",
        section=2,
        hint="How many numbers should stand for one token? Print the shape of your y.",
    ),
    mistake(
        "columns_for_rows",
        LOOKUP,
        "y = weight.T[ids]",
        says="each id gets a column of weight instead of a row",
        section=2,
        hint="weight is (V, C). Which of its two axes counts the tokens?",
    ),
    mistake(
        "second_axis_indexed",
        LOOKUP,
        "y = weight[:, ids]",
        says="the ids choose from the second axis of weight, the channels; y begins with an axis "
        "of length V",
        section=2,
        hint="weight is (V, C). Which of its two axes counts the tokens? Print the shape of y.",
    ),
    mistake(
        "time_first",
        LOOKUP,
        "y = weight[ids.T]",
        says="texts and places have changed their axes: y is (T, B, C)",
        section=2,
        hint="Each id should be replaced by its row, where it stands. Print ids.shape and y.shape.",
    ),
    mistake(
        "channels_first",
        LOOKUP,
        "y = weight[ids].swapaxes(-1, -2)",
        says="the last two axes of y are swapped: the channels stand before the places",
        section=2,
        hint="Each id should be replaced by its row, where it stands. Print ids.shape and y.shape.",
    ),
    mistake(
        "first_text_alone",
        LOOKUP,
        "y = weight[ids[0]]",
        says="only the first entry along the first axis of ids is looked up",
        section=2,
        hint="Print ids.shape and y.shape. What has become of the first axis?",
    ),
    mistake(
        "added_up",
        LOOKUP,
        "y = weight[ids].sum(axis=-2)",
        says="the rows of a text are added up: there is one vector a text instead of one a place",
        section=2,
        hint="Print ids.shape and y.shape. How many rows should a text of T tokens give?",
    ),
    mistake(
        "averaged",
        LOOKUP,
        "y = weight[ids].mean(axis=-2)",
        says="the rows of a text are averaged: there is one vector a text instead of one a place",
        section=2,
        hint="Print ids.shape and y.shape. How many rows should a text of T tokens give?",
    ),
    mistake(
        "each_token_once",
        LOOKUP,
        "y = weight[get_array_module(ids).unique(ids)]",
        says="each token that occurs is looked up once, in the order of the ids, instead of at "
        "each of its places",
        section=2,
        hint='In section 2 "the" stands at two places. How many rows does your y have for it?',
    ),
    mistake(
        "rows_made_longer",
        LOOKUP,
        "y = weight[ids] * weight.shape[1] ** 0.5",
        says="the rows are multiplied by √C, as the first transformer of 2017 did; GPT does not",
        section=2,
        hint="A lookup copies rows. What else does your forward do with them?",
    ),
    mistake(
        "rows_made_shorter",
        LOOKUP,
        "y = weight[ids] / weight.shape[1] ** 0.5",
        says="the rows are divided by √C",
        section=2,
        hint="A lookup copies rows. What else does your forward do with them?",
    ),
    mistake(
        "rows_of_length_one",
        LOOKUP,
        "xp = get_array_module(weight)\n    y = (weight / xp.sqrt((weight * weight).sum(axis=1, "
        "keepdims=True)))[ids]",
        says="each row is brought to length 1",
        section=2,
        hint="A lookup copies rows. What else does your forward do with them?",
    ),
    mistake(
        "id_zero_is_empty",
        LOOKUP,
        "y = weight[ids] * (ids != 0)[..., None]",
        says="id 0 gets zeros instead of its row, as if it were a filler",
        section=2,
        hint="Is token 0 a token like any other? Which row does it get?",
    ),
    mistake(
        "row_times_id",
        LOOKUP,
        "y = weight[ids] * ids[..., None]",
        says="each row is multiplied by its id",
        section=1,
        hint="The id is only a name of the token. What does section 1 say about computing with it?",
    ),
)

BACKWARD = (
    mistake(
        "last_place_kept",
        SCATTER,
        "dweight[flat] += drows",
        says="where a token occurs several times, only the gradient of its last place is kept",
        section=6,
        hint="Run section 6 again: what did `lossy` lose, and which function of NumPy does not?",
    ),
    mistake(
        "first_place_kept",
        SCATTER,
        "dweight[flat[::-1]] = drows[::-1]",
        says="where a token occurs several times, only the gradient of its first place is kept",
        section=5,
        hint="Two arrows end at the same row. What happens to the second gradient that arrives?",
    ),
    mistake(
        "lost_within_a_text",
        SCATTER,
        "for i in range(len(ids)):\n        dweight[ids[i]] += dy[i]",
        says="where a token occurs several times in one entry along the first axis of ids (in one "
        "text), only the gradient of its last place is kept",
        section=6,
        hint="The texts are added up, but within one text ids may repeat: what does `+=` do then?",
    ),
    mistake(
        "lost_at_one_place",
        SCATTER,
        "for t in range(ids.shape[1]):\n        dweight[ids[:, t]] += dy[:, t]",
        says="where several texts have the same token at the same place, only the last of them "
        "counts",
        section=6,
        hint="Within a text the gradients are added, but ids[:, t] may repeat: what does `+=` do "
        "then?",
    ),
    mistake(
        "repeated_get_nothing",
        SCATTER,
        SCATTER + COUNT + "\n    dweight = dweight * (count == 1)",
        says="tokens that occur several times get no gradient at all",
        section=5,
        hint="What does the row of a token get that occurs twice, in section 5?",
    ),
    mistake(
        "first_text_only",
        FLAT,
        "flat = ids[0].reshape(-1)",
        DROWS,
        "drows = dy[0].reshape(-1, C)",
        says="only the first entry along the first axis of ids sends its gradient",
        section=5,
        hint="Let only dy[1] differ from zero. Does your gradient see it?",
    ),
    mistake(
        "first_text_of_several",
        FLAT,
        "flat = ids.reshape(-1)[: ids.shape[-1]]",
        DROWS,
        "drows = dy.reshape(-1, C)[: len(flat)]",
        says="only the first text sends its gradient; those after it are lost",
        section=5,
        hint="Let only dy[1] differ from zero. Does your gradient see it?",
    ),
    mistake(
        "last_text_only",
        FLAT,
        "flat = ids[-1].reshape(-1)",
        DROWS,
        "drows = dy[-1].reshape(-1, C)",
        says="only the last entry along the first axis of ids sends its gradient; those before it "
        "are lost",
        section=5,
        hint="Let only dy[0] differ from zero. If you loop: what does each turn start from?",
    ),
    mistake(
        "last_text_of_several",
        FLAT,
        "flat = ids.reshape(-1)[-ids.shape[-1] :]",
        DROWS,
        "drows = dy.reshape(-1, C)[-len(flat) :]",
        says="only the last text sends its gradient; those before it are lost",
        section=5,
        hint="Let only dy[0] differ from zero. If you loop: what does each turn start from?",
    ),
    mistake(
        "first_place_left_out",
        FLAT,
        "flat = ids.reshape(-1)[1:]",
        DROWS,
        "drows = dy.reshape(-1, C)[1:]",
        says="the very first place, the first token of the first text, sends no gradient",
        section=5,
        hint="At which index does your loop start? Where does dy of place 0 go?",
    ),
    mistake(
        "last_place_left_out",
        FLAT,
        "flat = ids.reshape(-1)[:-1]",
        DROWS,
        "drows = dy.reshape(-1, C)[:-1]",
        says="the very last place, the last token of the last text, sends no gradient",
        section=5,
        hint="At which index does your loop end? Where does dy of the last place go?",
    ),
    mistake(
        "first_of_each_text_left_out",
        FLAT,
        "flat = ids[..., 1:].reshape(-1)",
        DROWS,
        "drows = dy[..., 1:, :].reshape(-1, C)",
        says="the first place of each text sends no gradient",
        section=5,
        hint="At which index does your loop over the places start?",
    ),
    mistake(
        "last_of_each_text_left_out",
        FLAT,
        "flat = ids[..., :-1].reshape(-1)",
        DROWS,
        "drows = dy[..., :-1, :].reshape(-1, C)",
        says="the last place of each text sends no gradient",
        section=5,
        hint="At which index does your loop over the places end?",
    ),
    mistake(
        "last_place_of_each_text_only",
        FLAT,
        "flat = ids[..., -1].reshape(-1)",
        DROWS,
        "drows = dy[..., -1, :].reshape(-1, C)",
        says="only the last place of each text sends its gradient",
        section=5,
        hint="Let only dy[0, 0] differ from zero. Does your gradient see it?",
    ),
    mistake(
        "first_place_of_each_text_only",
        FLAT,
        "flat = ids[..., 0].reshape(-1)",
        DROWS,
        "drows = dy[..., 0, :].reshape(-1, C)",
        says="only the first place of each text sends its gradient",
        section=5,
        hint="Let only dy[0, 1] differ from zero. Does your gradient see it?",
    ),
    mistake(
        "row_zero_left_out",
        SCATTER,
        SCATTER + "\n    dweight[0] = 0",
        says="the row of id 0 gets no gradient",
        section=5,
        hint="Is token 0 a token like any other? Look for an `if` that treats it otherwise.",
    ),
    mistake(
        "row_before_in_the_backward",
        FLAT,
        "flat = -1 + ids.reshape(-1)",
        says="the gradient of a place goes to the row before that of its token",
        section=5,
        hint="Which row did the forward read? The gradient goes back to the same one.",
    ),
    mistake(
        "row_after_in_the_backward",
        FLAT,
        "flat = 1 + ids.reshape(-1)",
        says="the gradient of a place goes to the row after that of its token",
        section=5,
        hint="Which row did the forward read? The gradient goes back to the same one.",
    ),
    mistake(
        "to_the_next_token",
        FLAT,
        "flat = ids[..., 1:].reshape(-1)",
        DROWS,
        "drows = dy[..., :-1, :].reshape(-1, C)",
        says="the gradient of a place goes to the row of the token that comes after it in its text",
        section=5,
        hint="Forward, which token did place 0 read? Its gradient goes back to the same row.",
    ),
    mistake(
        "rows_by_place",
        FLAT,
        "flat = xp.arange(ids.size) % len(weight)",
        says="the gradients go to the rows in the order of the places, not to the rows of their "
        "tokens",
        section=5,
        hint="Which row did the forward read at place 0? Does your backward use the ids?",
    ),
    mistake(
        "ids_column_by_column",
        FLAT,
        "flat = ids.T.reshape(-1)",
        says="ids and dy are brought to one axis in different orders, so gradients meet wrong "
        "tokens",
        section=5,
        hint="Is place number 1 of your flat ids also place number 1 of your flat dy?",
    ),
    mistake(
        "every_row_gets_all",
        SCATTER,
        "dweight[:] = drows.sum(axis=0)",
        says="every row gets the sum over all places, whatever token they read",
        section=5,
        hint="Only the places that took row v belong to row v. Where do you choose them?",
    ),
    mistake(
        "gradient_of_the_text",
        DROWS,
        "drows = (dy.sum(axis=-2, keepdims=True) + 0 * dy).reshape(-1, C)",
        says="each place sends the sum of dy over its whole text instead of its own dy",
        section=5,
        hint="Section 5, step 3: over which places i does the sum for row v run?",
    ),
    mistake(
        "gradient_of_the_text_once",
        SCATTER,
        AS_TEXTS + "for row, summed in zip(texts, dy.reshape(*texts.shape, "
        "C).sum(axis=1)):\n        dweight[row] += summed",
        says="each token of a text gets the sum of dy over the whole text, once, instead of that "
        "over its own places",
        section=5,
        hint="Section 5, step 3: over which places i does the sum for row v run?",
    ),
    mistake(
        "texts_summed_first",
        FLAT,
        "flat = ids[0].reshape(-1)",
        DROWS,
        "drows = dy.sum(axis=0).reshape(-1, C)",
        says="dy is summed over its first axis before it is given to the tokens of the first entry",
        section=5,
        hint="Two texts have different tokens at the same place. May their gradients be added?",
    ),
    mistake(
        "mean_of_places",
        SCATTER,
        SCATTER + COUNT + "\n    dweight = dweight / xp.maximum(count, 1)",
        says="each row gets the mean of the gradients of its places instead of their sum",
        section=8,
        hint="By what do you divide, and does the formula of section 5 divide by anything?",
    ),
    mistake(
        "root_of_the_count",
        SCATTER,
        SCATTER + COUNT + "\n    dweight = dweight / xp.sqrt(xp.maximum(count, 1))",
        says="each row is divided by the root of how often its token occurs",
        section=8,
        hint="By what do you divide, and does the formula of section 5 divide by anything?",
    ),
    mistake(
        "times_the_count",
        SCATTER,
        SCATTER + COUNT + "\n    dweight = dweight * count",
        says="each row is multiplied by how often its token occurs, although the sum counts that "
        "already",
        section=5,
        hint="A token occurs twice, with dy = 1 each time. What does its row get, and what should "
        "it?",
    ),
    mistake(
        "mean_of_all",
        DROWS,
        "drows = 1 / ids.size * dy.reshape(-1, C)",
        says="the gradient is divided by the number of all places",
        section=5,
        hint="Does the formula divide by anything? A mean, if there is one, belongs to the loss.",
    ),
    mistake(
        "mean_of_texts",
        DROWS,
        "drows = ids.shape[-1] / ids.size * dy.reshape(-1, C)",
        says="the gradient is divided by the number of texts, B",
        section=5,
        hint="Does the formula divide by anything? A mean, if there is one, belongs to the loss.",
    ),
    mistake(
        "divided_by_the_length",
        DROWS,
        "drows = 1 / ids.shape[-1] * dy.reshape(-1, C)",
        says="the gradient is divided by T, the number of places of a text",
        section=5,
        hint="Does the formula divide by anything? A mean, if there is one, belongs to the loss.",
    ),
    mistake(
        "divided_by_the_first_axis",
        DROWS,
        "drows = 1 / len(ids) * dy.reshape(-1, C)",
        says="the gradient is divided by the length of the first axis of ids",
        section=5,
        hint="Does the formula divide by anything? A mean, if there is one, belongs to the loss.",
    ),
    mistake(
        "divided_by_V",
        DROWS,
        "drows = 1 / len(weight) * dy.reshape(-1, C)",
        says="the gradient is divided by V, the number of rows",
        section=5,
        hint="Does the formula divide by anything? A mean, if there is one, belongs to the loss.",
    ),
    mistake(
        "times_root_of_C",
        DROWS,
        "drows = C**0.5 * dy.reshape(-1, C)",
        says="the gradient is multiplied by √C, although the rows are not multiplied in the "
        "forward",
        section=5,
        hint="Each factor of the backward belongs to one of the forward. Which one is yours?",
    ),
    mistake(
        "subtracted",
        DROWS,
        "drows = -dy.reshape(-1, C)",
        says="the gradients are subtracted instead of added: all of dweight has the wrong sign",
        section=5,
        hint="A gradient points uphill. Who goes downhill, the backward or the optimizer?",
    ),
    mistake(
        "counted_twice",
        DROWS,
        "drows = 2 * dy.reshape(-1, C)",
        says="the gradient is twice what it should be",
        section=5,
        hint="Is there a place in your code that adds dy a second time?",
    ),
    mistake(
        "dy_ignored",
        DROWS,
        "drows = xp.ones_like(dy.reshape(-1, C))",
        says="each place sends a 1 instead of its dy, so the gradient counts the tokens",
        section=5,
        hint="Section 5, step 1: which two factors does each way to the loss have?",
    ),
    mistake(
        "channels_summed",
        SCATTER,
        SCATTER + "\n    dweight = dweight.sum(axis=1, keepdims=True) + 0 * dweight",
        says="all channels of a row get the same number, the sum over the channels",
        section=5,
        hint="Section 5, step 3: over what does the sum run? If you use `sum`, look at its axis.",
    ),
    mistake(
        "times_the_row",
        DROWS,
        "drows = (dy * weight[ids]).reshape(-1, C)",
        says="each gradient is multiplied by the row that was looked up",
        section=5,
        hint="Section 5, step 2: what is the derivative of y by the number that it copies?",
    ),
    mistake(
        "plus_the_row",
        DROWS,
        "drows = (dy + weight[ids]).reshape(-1, C)",
        says="the row that was looked up is added to each gradient",
        section=5,
        hint="Double dy. What should happen to the gradient of weight, and what does happen?",
    ),
    mistake(
        "times_the_id",
        DROWS,
        "drows = (dy * ids[..., None]).reshape(-1, C)",
        says="each gradient is multiplied by its id",
        section=5,
        hint="Section 5, step 2: what is the derivative of y by the number that it copies?",
    ),
    mistake(
        "starts_from_the_weight",
        ZEROS,
        "dweight = weight.copy()",
        says="the gradient is added to the weight itself instead of to zeros",
        section=5,
        hint="What should a row hold that nobody looked up, and what does yours hold?",
    ),
    mistake(
        "starts_from_ones",
        ZEROS,
        "dweight = xp.ones_like(weight)",
        says="the gradient is added to ones instead of to zeros",
        section=5,
        hint="What should a row hold that nobody looked up, and what does yours hold?",
    ),
    mistake(
        "channels_mixed",
        DROWS,
        "drows = dy.reshape(C, -1).T",
        says="places and channels of dy are mixed up, as `dy.reshape(C, -1).T` does",
        section=7,
        hint="Take dy = np.arange(6).reshape(3, 2): which numbers belong to place 0, before and "
        "after your reshape?",
    ),
    mistake(
        "not_scattered",
        RESULT,
        'return None, {"weight": drows.copy()}',
        says="the gradient has a row for each place: dy is not added up by token",
        section=5,
        hint="A gradient has the shape of the thing itself. Which rows of dy meet in row v?",
    ),
    mistake(
        "dy_itself",
        RESULT,
        'return None, {"weight": dy.copy()}',
        says="the gradient of weight is dy itself, not added up by token",
        section=5,
        hint="A gradient has the shape of the thing itself. Which rows of dy meet in row v?",
    ),
    mistake(
        "gathered_again",
        RESULT,
        'return None, {"weight": dweight[ids]}',
        says="the rows are read out again for each place, where the table itself should be "
        "returned",
        section=5,
        hint="A gradient has the shape of the thing itself. Print the shape of yours.",
    ),
    mistake(
        "one_table_for_each_text",
        RESULT,
        AS_TEXTS + "hot = (texts[..., None] == xp.arange(len(weight))) * 1.0\n    tables = "
        'hot.swapaxes(-1, -2) @ dy.reshape(*texts.shape, C)\n    return None, {"weight": tables '
        "if ids.ndim > 1 else tables[0]}",
        says="the gradient is not summed over the texts: there is a table for each of them",
        section=5,
        hint="Look at the shape of your gradient. Which axis does weight not have?",
    ),
    mistake(
        "too_few_rows",
        RESULT,
        'return None, {"weight": dweight[: int(ids.max()) + 1]}',
        says="the gradient ends with the row of the largest id instead of having V rows",
        section=5,
        hint="A gradient has the shape of the thing itself. Where do you get the number of rows?",
    ),
    mistake(
        "table_transposed",
        RESULT,
        'return None, {"weight": dweight.T.copy()}',
        says="the gradient is transposed: (C, V) instead of (V, C)",
        section=5,
        hint="With one-hot rows, is it one_hot.T @ dy or dy.T @ one_hot?",
    ),
    mistake(
        "gradient_for_the_ids",
        RESULT,
        'return dy.copy(), {"weight": dweight}',
        says="dy is returned as the gradient of the ids, where None belongs",
        section=7,
        hint="Can an id be moved a little? What does section 7 return in the place of dx?",
    ),
)

EMBEDDING = FORWARD + BACKWARD
