"""Known mistakes of `linear`, and the cases that show them."""

from minigpt.classroom.exercise import Case, mistake
from minigpt.classroom.exercises.mlp.linear_gradients import GRADIENTS


def sizes_of(x) -> dict[str, float]:
    """The letters of x, (B, T, C) or (T, C)."""
    T, C = x.shape[-2:]
    N = x.size // C
    return {"B": N // T, "T": T, "N": N, "C": C}


def linear_cases(rng) -> list[Case]:
    """Plain numbers; one axis less; a square weight; a single text."""
    normal = rng.standard_normal

    def case(name, x, C_out):
        C_in = x.shape[-1]
        sizes = sizes_of(x)
        sizes |= {"C_in": sizes.pop("C"), "C_out": C_out}
        return Case(name, (x,), {"weight": normal((C_in, C_out)), "bias": normal(C_out)},
                    sizes=sizes)  # fmt: skip

    return [
        case("plain numbers", normal((2, 3, 4)), 5),
        case("x of shape (T, C)", normal((5, 3)), 2),
        case("a square weight, C_in = C_out", normal((3, 2, 4)), 4),
        case("a single text, B = 1", normal((1, 6, 2)), 3),
    ]


MULTIPLY = "y = x @ weight"
ADD = "y = y + bias"
CACHE = "return y, (x, weight)"
UNPACK = "x, weight = cache"
DX = "dx = dy @ weight.T"

FORWARD = (
    mistake(
        "bias_forgotten",
        ADD,
        "",
        says="the bias is not added",
        section=1,
        hint="What should y be for x = 0?",
    ),
    mistake(
        "bias_subtracted",
        ADD,
        "y = y - bias",
        says="the bias is subtracted instead of added",
        section=1,
        hint="What should y be for x = 0?",
    ),
    mistake(
        "bias_twice",
        ADD,
        "y = y + 2 * bias",
        says="the bias is added twice",
        section=1,
        hint="What should y be for x = 0?",
    ),
    mistake(
        "bias_multiplied",
        ADD,
        "y = y * bias",
        says="the bias is multiplied where it should be added",
        section=1,
        hint="What should y be for x = 0?",
    ),
    mistake(
        "bias_for_each_input",
        ADD,
        "y = y + x.shape[-1] * bias",
        says="the bias is added once for each input instead of once for each output",
        section=1,
        hint="What should y be for x = 0? In a loop: inside of which loops may the bias stand?",
    ),
    mistake(
        "bias_on_the_input",
        MULTIPLY,
        "y = (x + bias) @ weight",
        ADD,
        "",
        says="the bias is added to x, before the product, instead of to the result",
        section=1,
        hint="The bias is (C_out,): how many numbers has a row of x, and how many a row of x @ "
        "weight?",
    ),
    mistake(
        "bias_on_the_first_entry",
        ADD,
        "y[0] = y[0] + bias",
        says="the bias is added to the first entry along the first axis only",
        section=1,
        hint="What should y be for x = 0, at each place?",
    ),
    mistake(
        "bias_summed",
        ADD,
        "y = y + bias.sum()",
        says="the sum of all biases is added to each output",
        section=1,
        hint="What should y be for x = 0?",
    ),
    mistake(
        "bias_averaged",
        ADD,
        "y = y + bias.mean()",
        says="the mean of all biases is added to each output",
        section=1,
        hint="What should y be for x = 0?",
    ),
    mistake(
        "weight_transposed",
        MULTIPLY,
        "y = x @ weight.T",
        says="x is multiplied by the transposed weight, which fits only where C_in = C_out",
        section=1,
        hint="weight is (C_in, C_out) already. Which product of x and weight fits as it is?",
    ),
    mistake(
        "weight_mixed",
        MULTIPLY,
        "y = x @ weight.T.reshape(weight.shape)",
        says="the numbers of weight come in another order, as `.T` followed by a reshape leaves "
        "them",
        section=1,
        hint="weight is (C_in, C_out) already. Which product of x and weight fits as it is?",
    ),
    mistake(
        "divided_by_inputs",
        MULTIPLY,
        "y = 1 / x.shape[-1] * (x @ weight)",
        says="the product is a mean over the inputs instead of a sum",
        section=1,
        hint="Compute the example of section 1 with your function: y = (16, 21, 35).",
    ),
    mistake(
        "divided_by_root_of_inputs",
        MULTIPLY,
        "y = x.shape[-1] ** -0.5 * (x @ weight)",
        says="the product is divided by √C_in; such a factor belongs to the initial weights",
        section=1,
        hint="Compute the example of section 1 with your function: y = (16, 21, 35).",
    ),
    mistake(
        "product_turned_negative",
        MULTIPLY,
        "y = -x @ weight",
        says="the product of x and weight has the wrong sign",
        section=1,
        hint="Compute the example of section 1 with your function: y = (16, 21, 35).",
    ),
    mistake(
        "product_twice",
        MULTIPLY,
        "y = 2 * (x @ weight)",
        says="the product of x and weight is twice what it should be",
        section=1,
        hint="Compute the example of section 1 with your function: y = (16, 21, 35).",
    ),
    mistake(
        "product_forgotten",
        MULTIPLY,
        "y = 0 * (x @ weight)",
        says="y is the bias alone: the product of x and weight is lost",
        section=1,
        hint="Compute the example of section 1 with your function: y = (16, 21, 35).",
    ),
    mistake(
        "sums_multiplied",
        MULTIPLY,
        "y = x.sum(axis=-1, keepdims=True) * weight.sum(axis=0)",
        says="the sum of x is multiplied by the sum of a column of weight: the products must be "
        "taken first, then the sum",
        section=1,
        hint="Write y_0 of section 1 as a sum of products, and yours beside it.",
    ),
    mistake(
        "columns_for_rows",
        ADD,
        "y = (y + bias).swapaxes(-1, -2)",
        says="the last two axes of y are swapped: each token is a column instead of a row",
        section=4,
        hint="Is it x @ weight or weight.T @ x.T? Write down the shape of both.",
    ),
    mistake(
        "left_as_a_table",
        MULTIPLY,
        "y = x.reshape(-1, x.shape[-1]) @ weight",
        says="y is left as a table with one row a token: it lacks the leading axes of x",
        section=4,
        hint="x is (B, T, C_in). Which shape should y have, and which one does yours have?",
    ),
    mistake(
        "relu",
        ADD,
        "y = y + bias\n    y = y * (y > 0)",
        says="a ReLU is applied to y: a linear layer alone has no activation",
        section=1,
        hint="Can your y be negative? Section 7 puts the activation into a function of its own.",
    ),
    mistake(
        "gelu",
        ADD,
        "y = gelu(y + bias)[0]",
        says="gelu is applied to y: a linear layer alone has no activation",
        section=1,
        hint="Compute the example of section 1 with your function, and then with -x.",
    ),
    mistake(
        "residual",
        ADD,
        "y = y + bias + x",
        says="x is added to y, which fits only where C_in = C_out; that belongs to the block",
        section=1,
        hint="What should y be for weight = 0 and bias = 0?",
    ),
)

INPUT_GRADIENT = (
    mistake(
        "not_transposed",
        DX,
        "dx = dy @ weight",
        says="dx uses weight as it is; it should be transposed. It fits only where C_in = C_out",
        section=5,
        hint="dy is (N, C_out) and dx is (N, C_in). Which shape must stand on the right of dy?",
    ),
    mistake(
        "weight_reshaped_in_dx",
        DX,
        "dx = dy @ weight.reshape(C_out, C_in)",
        says="dx uses a weight that was reshaped to (C_out, C_in) instead of transposed",
        section=2,
        hint="Take W = np.arange(6).reshape(2, 3), and compare W.T with W.reshape(3, 2).",
    ),
    mistake(
        "weight_mixed_in_dx",
        DX,
        "dx = dy @ weight.T.reshape(C_in, C_out).T",
        says="dx uses a weight whose numbers are in another order, as `.T` and a reshape leave "
        "them",
        section=2,
        hint="Take W = np.arange(6).reshape(2, 3), and compare W.T with W.T.reshape(2, 3).T.",
    ),
    mistake(
        "dx_as_a_table",
        DX,
        "dx = drows @ weight.T",
        says="dx is left as a table with one row a token: it lacks the leading axes of x",
        section=4,
        hint="A gradient has the shape of the thing itself. Print dx.shape and x.shape.",
    ),
    mistake(
        "dx_turned",
        DX,
        "dx = (dy @ weight.T).swapaxes(-1, -2)",
        says="the last two axes of dx are swapped",
        section=4,
        hint="A gradient has the shape of the thing itself. Print dx.shape and x.shape.",
    ),
    mistake(
        "dy_left_out_of_x",
        DX,
        "dx = (dy * 0 + 1) @ weight.T",
        says="dx lacks dy: every token gets the sum of the weights of each input",
        section=2,
        hint="Double dy. What should happen to dx, and what does happen?",
    ),
    mistake(
        "weight_left_out_of_x",
        DX,
        "dx = 0 * x + dy.sum(axis=-1, keepdims=True)",
        says="dx lacks weight: every input gets the sum of dy",
        section=2,
        hint="Section 2, step 1: which amount does one product send to dx?",
    ),
    mistake(
        "sums_multiplied_in_dx",
        DX,
        "dx = dy.sum(axis=-1, keepdims=True) * weight.sum(axis=1)",
        says="dx is a product of two sums; the products must be taken first, then the sum",
        section=2,
        hint="Section 2, step 2: over what does the sum of dx run, and what stands inside of it?",
    ),
    mistake(
        "mean_over_outputs",
        DX,
        "dx = 1 / C_out * dy @ weight.T",
        says="dx is a mean over the outputs instead of a sum",
        section=2,
        hint="Section 2, step 2: an input counts for C_out outputs. What happens to the amounts?",
    ),
    mistake(
        "mean_over_inputs_in_dx",
        DX,
        "dx = 1 / C_in * dy @ weight.T",
        says="dx is divided by C_in",
        section=2,
        hint="Do the formulas of section 2 divide by anything?",
    ),
    mistake(
        "dx_divided_by_tokens",
        DX,
        "dx = 1 / len(rows) * dy @ weight.T",
        says="dx is divided by the number of tokens",
        section=2,
        hint="Do the formulas of section 2 divide? A mean, if there is one, belongs to the loss.",
    ),
    mistake(
        "dx_divided_by_the_first_axis",
        DX,
        "dx = 1 / len(x) * dy @ weight.T",
        says="dx is divided by the length of the first axis of x",
        section=2,
        hint="Do the formulas of section 2 divide? A mean, if there is one, belongs to the loss.",
    ),
    mistake(
        "dx_negative",
        DX,
        "dx = -dy @ weight.T",
        says="dx has the wrong sign",
        section=2,
        hint="If x_i grows and its weight is positive, does y grow or shrink?",
    ),
    mistake(
        "dx_twice",
        DX,
        "dx = 2 * dy @ weight.T",
        says="dx is twice what it should be",
        section=2,
        hint="Section 2, step 1: which amount does one product send to dx?",
    ),
    mistake(
        "bias_added_to_dy",
        DX,
        "dx = (dy + bias) @ weight.T",
        CACHE,
        "return y, (x, weight, bias)",
        UNPACK,
        "x, weight, bias = cache",
        says="the bias is added to dy before the product with weight.T",
        section=2,
        hint="What should dx be for dy = 0?",
    ),
    mistake(
        "bias_subtracted_from_dy",
        DX,
        "dx = (dy - bias) @ weight.T",
        CACHE,
        "return y, (x, weight, bias)",
        UNPACK,
        "x, weight, bias = cache",
        says="the bias is subtracted from dy before the product with weight.T",
        section=2,
        hint="What should dx be for dy = 0?",
    ),
    mistake(
        "times_x",
        DX,
        "dx = dy @ weight.T * x",
        says="dx is multiplied by x",
        section=2,
        hint="Section 2, step 1: which amount does one product send to dx?",
    ),
    mistake(
        "plus_x",
        DX,
        "dx = dy @ weight.T + x",
        says="x is added to dx",
        section=2,
        hint="What should dx be for dy = 0?",
    ),
    mistake(
        "y_for_dy_in_dx",
        DX,
        "dx = y @ weight.T",
        CACHE,
        "return y, (x, weight, y)",
        UNPACK,
        "x, weight, y = cache",
        says="dx is made with y where dy should be",
        section=2,
        hint="Double dy. What should happen to dx, and what does happen?",
    ),
    mistake(
        "x_a_constant",
        DX,
        "dx = 0 * dy @ weight.T",
        says="dx is zero: x is treated as a constant",
        section=2,
        hint="In an MLP, what must the second layer hand on to the first?",
    ),
)

LINEAR = FORWARD + INPUT_GRADIENT + GRADIENTS
