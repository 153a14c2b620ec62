"""Lesson 04: embeddings of tokens and of positions."""

import numpy as np

from minigpt.classroom.exercise import Case, Exercise, Part, mistake


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
ZEROS = "dweight = xp.zeros_like(weight)"
SCATTER = "xp.add.at(dweight, ids.reshape(-1), dy.reshape(-1, C))"
RESULT = 'return None, {"weight": dweight}'

EMBEDDING = (
    mistake(
        "ids_from_one",
        LOOKUP,
        "y = weight[ids - 1]",
        says="each id gets the row before its own, as if ids were counted from 1",
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
        "time_first",
        LOOKUP,
        "y = weight[ids.T]",
        says="texts and places have changed their axes: y is (T, B, C)",
        section=2,
        hint="Each id should be replaced by its row, where it stands. Print ids.shape and y.shape.",
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
        "last_place_kept",
        SCATTER,
        "dweight[ids] += dy",
        says="where a token occurs several times, only the gradient of its last place is kept",
        section=6,
        hint="Run section 6 again: what did `lossy` lose, and which function of NumPy does not?",
    ),
    mistake(
        "first_place_kept",
        SCATTER,
        "dweight[ids.reshape(-1)[::-1]] = dy.reshape(-1, C)[::-1]",
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
        "mean_of_places",
        SCATTER,
        SCATTER + "\n    count = xp.bincount(ids.reshape(-1), minlength=len(weight))"
        "\n    dweight = dweight / xp.maximum(count, 1)[:, None]",
        says="each row gets the mean of the gradients of its places instead of their sum",
        section=8,
        hint="By what do you divide, and does the formula of section 5 divide by anything?",
    ),
    mistake(
        "mean_of_all",
        SCATTER,
        SCATTER + "\n    dweight = dweight / ids.size",
        says="the gradient is divided by the number of all places",
        section=5,
        hint="Does the formula divide by anything? A mean, if there is one, belongs to the loss.",
    ),
    mistake(
        "first_text_only",
        SCATTER,
        "xp.add.at(dweight, ids[0].reshape(-1), dy[0].reshape(-1, C))",
        says="only the first entry along the first axis of ids sends its gradient",
        section=5,
        hint="Let only dy[1] differ from zero. Does your gradient see it?",
    ),
    mistake(
        "last_text_only",
        SCATTER,
        "xp.add.at(dweight, ids[-1].reshape(-1), dy[-1].reshape(-1, C))",
        says="only the last entry along the first axis of ids sends its gradient; those before it "
        "are lost",
        section=5,
        hint="Let only dy[0] differ from zero. If you loop: what does each turn start from?",
    ),
    mistake(
        "dy_ignored",
        SCATTER,
        "xp.add.at(dweight, ids.reshape(-1), 1)",
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
        SCATTER,
        "xp.add.at(dweight, ids.reshape(-1), (dy * weight[ids]).reshape(-1, C))",
        says="each gradient is multiplied by the row that was looked up",
        section=5,
        hint="Section 5, step 2: what is the derivative of y by the number that it copies?",
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
        "starts_from_the_weight",
        ZEROS,
        "dweight = weight.copy()",
        says="the gradient is added to the weight itself instead of to zeros",
        section=5,
        hint="What should a row hold that nobody looked up, and what does yours hold?",
    ),
    mistake(
        "channels_mixed",
        SCATTER,
        "xp.add.at(dweight, ids.reshape(-1), dy.reshape(C, -1).T)",
        says="places and channels of dy are mixed up, as `dy.reshape(C, -1).T` does",
        section=7,
        hint="Take dy = np.arange(6).reshape(3, 2): which numbers belong to place 0, before and "
        "after your reshape?",
    ),
)


def positions_cases(rng) -> list[Case]:
    """More rows than places; one more; a single text; as many texts as places."""
    normal = rng.standard_normal

    def case(name, B, T, C, rows):
        used = np.arange(rows)[:, None] < T
        marks = {"wpe": {"the rows that were not used": ~used}}
        sizes = {"B": B, "T": T, "C": C, "N": B * T, "T_max": rows}
        return Case(name, (normal((B, T, C)),), {"wpe": normal((rows, C))}, sizes=sizes,
                    marks=marks)  # fmt: skip

    return [
        case("plain numbers", B=2, T=3, C=4, rows=7),
        case("only one row left over", B=3, T=5, C=2, rows=6),
        case("a single text", B=1, T=4, C=3, rows=6),
        case("as many texts as places, B = T", B=4, T=4, C=5, rows=9),
    ]


PLACES = "y = x + wpe[:T]"
DX = "dx = dy.copy()"
DWPE_ZEROS = "dwpe = xp.zeros_like(wpe)"
DWPE = "dwpe[:T] = dy.sum(axis=0)"

POSITIONS = (
    mistake(
        "not_added",
        PLACES,
        "y = x.copy()",
        says="wpe is not added: y is x",
        section=4,
        hint="Swap two tokens of a text. Do only rows of your y swap, or do numbers change?",
    ),
    mistake(
        "row_of_the_text",
        PLACES,
        "y = x + wpe[: len(x)][:, None]",
        says="the row is chosen by the number of the text, not by the place in it",
        section=4,
        hint="In x of shape (B, T, C), which axis counts the places?",
    ),
    mistake(
        "places_from_one",
        PLACES,
        "y = x + wpe[1 : T + 1]",
        says="place t gets row t + 1, as if places were counted from 1",
        section=4,
        hint="Which row of wpe should the first token get, and which one does it get?",
    ),
    mistake(
        "last_rows",
        PLACES,
        "y = x + wpe[len(wpe) - T :]",
        says="the last T rows of wpe are added instead of the first T",
        section=4,
        hint="Let wpe have more rows than the text has places: which of them are used?",
    ),
    mistake(
        "counted_from_the_end",
        PLACES,
        "y = x + wpe[:T][::-1]",
        says="places are counted from the end of the text",
        section=4,
        hint="Which row of wpe should the first token get, and which one does it get?",
    ),
    mistake(
        "always_row_zero",
        PLACES,
        "y = x + wpe[0]",
        says="every place gets row 0",
        section=4,
        hint="What is the difference between the rows that two places get in your y?",
    ),
    mistake(
        "multiplied",
        PLACES,
        "y = x * wpe[:T]",
        says="x is multiplied by wpe where it should be added",
        section=4,
        hint="What should y be for wpe = 0?",
    ),
    mistake(
        "only_used_rows",
        DWPE,
        "dwpe = dy.sum(axis=0)",
        says="the gradient of wpe has rows for the T places only, not for all T_max",
        section=5,
        hint="A gradient has the shape of the thing itself. What do unused rows get?",
    ),
    mistake(
        "not_summed",
        DWPE,
        "dwpe = dy.copy()",
        says="the gradient of wpe is dy itself: it is not summed over the texts",
        section=5,
        hint="Forward, wpe was broadcast over the texts. What undoes a broadcast?",
    ),
    mistake(
        "mean_of_texts",
        DWPE,
        "dwpe[:T] = dy.mean(axis=0)",
        says="the gradient of wpe is the mean over the texts instead of the sum",
        section=5,
        hint="B texts use the same row. What happens to gradients that meet?",
    ),
    mistake(
        "last_text_kept",
        DWPE,
        "dwpe[:T] = dy[-1]",
        says="only the last text sends its gradient to wpe; those before it are lost",
        section=6,
        hint="This looks like section 6: what does `+=` do with an index that occurs twice?",
    ),
    mistake(
        "first_text_kept",
        DWPE,
        "dwpe[:T] = dy[0]",
        says="only the first text sends its gradient to wpe",
        section=5,
        hint="How many texts took the row of place 0?",
    ),
    mistake(
        "summed_over_places_too",
        DWPE,
        "dwpe[:T] = dy.sum(axis=(0, 1))",
        says="the gradient of wpe is summed over the places too, so that all used rows are equal",
        section=5,
        hint="Which of the places t took row 3?",
    ),
    mistake(
        "summed_over_places",
        DWPE,
        "dwpe[: dy.shape[0]] = dy.sum(axis=1)",
        says="the gradient of wpe is summed over the places instead of the texts",
        section=5,
        hint="In dy of shape (B, T, C), along which axis was wpe broadcast?",
    ),
    mistake(
        "gradient_in_the_last_rows",
        DWPE,
        "dwpe[len(wpe) - T :] = dy.sum(axis=0)",
        says="the gradient of wpe stands in the last T rows instead of the first T",
        section=5,
        hint="Which rows did the forward take? The gradient goes back to the same ones.",
    ),
    mistake(
        "unused_rows_not_zero",
        DWPE_ZEROS,
        "dwpe = wpe.copy()",
        says="the unused rows of the gradient hold the numbers of wpe instead of zeros",
        section=5,
        hint="If a row of wpe that was not used changes a little, how does the loss change?",
    ),
    mistake(
        "gradient_shared",
        DX,
        "dx = dy / 2",
        DWPE,
        "dwpe[:T] = dy.sum(axis=0) / 2",
        says="dy is shared, one half for x and one half for wpe; an addition gives all of it to "
        "both",
        section=5,
        hint="y = x + wpe. If x grows by 0.01, by how much does y grow?",
    ),
    mistake(
        "half_for_x",
        DX,
        "dx = dy / 2",
        says="dx is half of dy",
        section=5,
        hint="y = x + wpe. If x grows by 0.01, by how much does y grow?",
    ),
    mistake(
        "half_for_wpe",
        DWPE,
        "dwpe[:T] = dy.sum(axis=0) / 2",
        says="the gradient of wpe is half of what it should be",
        section=5,
        hint="y = x + wpe. If wpe grows by 0.01, by how much does each y grow?",
    ),
    mistake(
        "places_added_backward",
        DX,
        "dx = dy + wpe[:T]",
        says="wpe is added to dx as well; it belongs to the forward only",
        section=5,
        hint="What should dx be for dy = 0?",
    ),
)

EXERCISE = Exercise(
    "04",
    "embeddings",
    "rows for tokens and for places, and where their gradients go",
    (
        Part(
            "embedding",
            ("embedding", "embedding_backward"),
            embedding_cases,
            EMBEDDING,
            section=7,
            gradients=(None,),
            hints={
                "y": "Take the table and the sentence of section 2: its row replaces each id.",
                "weight": "Take dy and ids of section 5, and follow each row of dy to its token.",
                "": "The ids are integers: None stands in the place of dx.",
            },
        ),
        Part(
            "positions",
            ("positions", "positions_backward"),
            positions_cases,
            POSITIONS,
            section=4,
            hints={
                "y": "Take x = 0, so that y shows which row of wpe each place of each text gets.",
                "dx": "y = x + wpe: how much does y move when x moves by a little?",
                "wpe": "Let one place of one text have dy = 1, all others 0: which row gets it?",
            },
        ),
    ),
)
