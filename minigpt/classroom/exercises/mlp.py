"""Lesson 05: the linear layer, GELU and the MLP."""

from minigpt.classroom.exercise import Case, Exercise, Part, mistake


def _sizes(x) -> dict[str, float]:
    """The letters of x, (B, T, C) or (T, C)."""
    T, C = x.shape[-2:]
    N = x.size // C
    return {"B": N // T, "T": T, "N": N, "C": C}


def linear_cases(rng) -> list[Case]:
    """Plain numbers; one axis less; a square weight; a single text."""
    normal = rng.standard_normal

    def case(name, x, C_out):
        C_in = x.shape[-1]
        sizes = _sizes(x)
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
DX = "dx = dy @ weight.T"
DWEIGHT = "dweight = rows.T @ drows"
DBIAS = "dbias = drows.sum(axis=0)"

LINEAR = (
    mistake(
        "bias_forgotten",
        ADD,
        "",
        says="the bias is not added",
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
        "weight_mixed",
        MULTIPLY,
        "y = x @ weight.T.reshape(weight.shape)",
        says="the numbers of weight come in another order, as `.T` followed by a reshape leaves "
        "them",
        section=1,
        hint="weight is (C_in, C_out) already. Which product of x and weight fits as it is?",
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
        "weight_reshaped_in_dx",
        DX,
        "dx = dy @ weight.reshape(C_out, C_in)",
        says="dx uses a weight that was reshaped to (C_out, C_in) instead of transposed",
        section=2,
        hint="Take W = np.arange(6).reshape(2, 3), and compare W.T with W.reshape(3, 2).",
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
        "dy_left_out_of_x",
        DX,
        "dx = (dy * 0 + 1) @ weight.T",
        says="dx lacks dy: every token gets the sum of the weights of each input",
        section=2,
        hint="Double dy. What should happen to dx, and what does happen?",
    ),
    mistake(
        "mean_over_outputs",
        DX,
        "dx = dy @ weight.T / C_out",
        says="dx is a mean over the outputs instead of a sum",
        section=2,
        hint="Section 2, step 2: an input counts for C_out outputs. What happens to the amounts?",
    ),
    mistake(
        "x_reshaped_in_dweight",
        DWEIGHT,
        "dweight = x.reshape(C_in, -1) @ drows",
        says="in the gradient of weight, x is brought to (C_in, N) by a reshape, which mixes "
        "tokens and channels; it should be transposed",
        section=3,
        hint="Take x = np.arange(6).reshape(3, 2), and compare x.T with x.reshape(2, 3).",
    ),
    mistake(
        "dweight_transposed",
        DWEIGHT,
        "dweight = drows.T @ rows",
        says="the gradient of weight is transposed: (C_out, C_in)",
        section=3,
        hint="A gradient has the shape of the thing itself. Which order of the product gives it?",
    ),
    mistake(
        "transposed_then_reshaped",
        DWEIGHT,
        "dweight = (drows.T @ rows).reshape(C_in, C_out)",
        says="the gradient of weight was computed as (C_out, C_in) and then only reshaped",
        section=3,
        hint="A reshape keeps the order of the numbers in memory. Does a transpose keep it?",
    ),
    mistake(
        "one_for_each_text",
        DWEIGHT,
        "dweight = x.swapaxes(-1, -2) @ dy",
        says="the gradient of weight is not summed over the texts: there is one for each of them",
        section=4,
        hint="Look at the shape of your gradient. Which axis does weight not have?",
    ),
    mistake(
        "last_text_in_dweight",
        DWEIGHT,
        "T = x.shape[-2]\n    dweight = rows[-T:].T @ drows[-T:]",
        says="only the last text reaches the gradient of weight",
        section=2,
        hint="Let only dy[0] differ from zero. If you loop over the texts: is it `=` or `+=`?",
    ),
    mistake(
        "dy_left_out_of_weight",
        DWEIGHT,
        "dweight = rows.T @ (drows * 0 + 1)",
        says="the gradient of weight lacks dy: all its columns are the sum of x",
        section=2,
        hint="Double dy. What should happen to the gradient of weight?",
    ),
    mistake(
        "weight_a_mean",
        DWEIGHT,
        "dweight = rows.T @ drows / len(rows)",
        says="the gradient of weight is a mean over the tokens instead of a sum",
        section=2,
        hint="weight is used once for each token. What happens to gradients that meet?",
    ),
    mistake(
        "bias_a_mean",
        DBIAS,
        "dbias = drows.mean(axis=0)",
        says="the gradient of bias is a mean over the tokens instead of a sum",
        section=5,
        hint="Section 2, step 3: does this formula divide by anything?",
    ),
    mistake(
        "both_means",
        DWEIGHT,
        "dweight = rows.T @ drows / len(rows)",
        DBIAS,
        "dbias = drows.mean(axis=0)",
        says="the gradients of weight and bias are means over the tokens instead of sums",
        section=2,
        hint="Do the formulas of section 2 divide? A mean, if there is one, belongs to the loss.",
    ),
    mistake(
        "weight_divided_by_the_texts",
        DWEIGHT,
        "dweight = rows.T @ drows / len(x)",
        says="the gradient of weight is divided by the length of the first axis of x",
        section=2,
        hint="Do the formulas of section 2 divide? A mean, if there is one, belongs to the loss.",
    ),
    mistake(
        "bias_divided_by_the_texts",
        DBIAS,
        "dbias = drows.sum(axis=0) / len(x)",
        says="the gradient of bias is divided by the length of the first axis of x",
        section=2,
        hint="Section 2, step 3: does this formula divide by anything?",
    ),
    mistake(
        "bias_over_texts_only",
        DBIAS,
        "dbias = dy.sum(axis=0)",
        says="the gradient of bias is summed over the first axis only",
        section=5,
        hint="bias is (C_out,), dy is (B, T, C_out). Over how many axes must be summed?",
    ),
    mistake(
        "bias_over_channels",
        DBIAS,
        "dbias = dy.sum(axis=-1)",
        says="the gradient of bias is summed over the outputs, the one axis that should stay",
        section=2,
        hint="bias is (C_out,): which axis of dy belongs to it, and which ones must go?",
    ),
    mistake(
        "bias_one_number",
        DBIAS,
        "dbias = drows.sum()",
        says="the gradient of bias is one number: it is summed over the outputs too",
        section=2,
        hint="bias is (C_out,), with a number for each output. Which sums do you take?",
    ),
    mistake(
        "bias_keeps_its_axis",
        DBIAS,
        "dbias = drows.sum(axis=0, keepdims=True)",
        says="the gradient of bias has the shape (1, C_out) instead of (C_out,)",
        section=2,
        hint="A gradient has the shape of the thing itself. What does `keepdims=True` do?",
    ),
    mistake(
        "bias_ones",
        DBIAS,
        "dbias = drows.sum(axis=0) * 0 + 1",
        says="the gradient of bias is 1 everywhere: that is the derivative of y, without dy",
        section=2,
        hint="Double dy. What should happen to the gradient of bias?",
    ),
)


def gelu_cases(rng) -> list[Case]:
    """Plain numbers; one axis less; zeros; numbers for which exp would overflow."""
    normal = rng.standard_normal

    def case(name, x, **options):
        marks = {
            word: {
                "places where x is negative": x < 0,
                "places where x is positive": x > 0,
            }
            for word in ("y", "dx")
        }
        return Case(name, (x,), sizes=_sizes(x), marks=marks, **options)

    zeros = normal((3, 2, 4))
    zeros[:, 0, 1] = 0
    large = 40 * normal((2, 5, 3))
    large[0, :2, 0] = 400, -400
    return [
        case("plain numbers", 1.5 * normal((2, 3, 4))),
        case("x of shape (T, C)", normal((5, 3))),
        case("an x that holds zeros", zeros, exact=False),
        case("large numbers", large, exact=False),
    ]


U = "u = K * (x + 0.044715 * (x * x * x))"
TANH = "tanh = xp.tanh(u)"
Y = "y = 0.5 * x * (1 + tanh)"
FIRST = "first = 0.5 * (1 + tanh)"
DTANH = "dtanh = 1 - tanh * tanh"
DU = "du = K * (1 + 3 * 0.044715 * (x * x))"
SECOND = "second = 0.5 * x * dtanh * du"
SLOPE = "dx = dy * (first + second)"

GELU = (
    mistake(
        "constant_slipped",
        U,
        "u = K * (x + 0.44715 * (x * x * x))",
        says="u has 0.44715 where it should have 0.044715",
        section=7,
        hint="Compare every number of your formula with that of section 7, digit by digit.",
    ),
    mistake(
        "square_for_cube",
        U,
        "u = K * (x + 0.044715 * (x * x))",
        says="u holds x² where it should be x³",
        section=7,
        hint="tanh(u) should change its sign with x. Does your u do so?",
    ),
    mistake(
        "cube_left_out",
        U,
        "u = K * x",
        says="the term with x³ is missing in u",
        section=7,
        hint="Count the terms of u in section 7.",
    ),
    mistake(
        "cube_outside_the_bracket",
        U,
        "u = K * x + 0.044715 * (x * x * x)",
        says="the factor sqrt(2/pi) multiplies x only; x³ stands outside of the bracket",
        section=7,
        hint="Look at the brackets of u: what does k multiply?",
    ),
    mistake(
        "factor_left_out",
        U,
        "u = x + 0.044715 * (x * x * x)",
        says="the factor sqrt(2/pi) is missing in u",
        section=7,
        hint="Compare u with the formula of section 7, factor by factor.",
    ),
    mistake(
        "half_left_out",
        Y,
        "y = x * (1 + tanh)",
        says="y is twice what it should be: the factor 1/2 is missing",
        section=7,
        hint="A large x should pass nearly unchanged. What is your y for x = 10?",
    ),
    mistake(
        "one_left_out",
        Y,
        "y = 0.5 * x * tanh",
        says="the 1 in the bracket is missing: y = x/2 * tanh(u)",
        section=7,
        hint="A very negative x should be nearly stopped. What is your y for x = -10?",
    ),
    mistake(
        "brackets_left_out",
        Y,
        "y = 0.5 * x + tanh",
        says="tanh(u) is added to x/2 instead of multiplying it: the brackets are missing",
        section=7,
        hint="Which operation does Python do first in 0.5 * x * 1 + tanh?",
    ),
    mistake(
        "x_left_out",
        Y,
        "y = 0.5 * (1 + tanh)",
        says="the factor x is missing: y is the share that passes, not what passes",
        section=7,
        hint="A large x should pass nearly unchanged. What is your y for x = 10?",
    ),
    mistake(
        "relu",
        Y,
        "y = x * (x > 0)",
        says="y is ReLU, the function with a corner, instead of GELU",
        section=7,
        hint="What is your y for x = -1? Section 7 estimates it by drawing.",
    ),
    mistake(
        "exact_form",
        "from minigpt.backend import get_array_module",
        "from minigpt.backend import get_array_module\nfrom minigpt.layers.erf import erf",
        TANH,
        "tanh = erf(x * math.sqrt(0.5))",
        says="y is the exact GELU; what is asked for is the tanh form, which GPT-2 uses",
        section=7,
        hint="The two differ by less than 0.001. Which of the two formulas of section 7 is yours?",
    ),
    mistake(
        "sigmoid_form",
        U,
        "u = 0.851 * x",
        says="y is x * sigmoid(1.702 x), another approximation than the tanh form of GPT-2",
        section=7,
        hint="There are several approximations of GELU. Which one does section 7 use?",
    ),
    mistake(
        "silu",
        U,
        "u = 0.5 * x",
        says="y is x * sigmoid(x), called SiLU, instead of GELU",
        section=7,
        hint="Compare your factor of x with that of section 7 at x = 1.",
    ),
    mistake(
        "tanh_of_exponentials",
        TANH,
        "tanh = (xp.exp(u) - xp.exp(-u)) / (xp.exp(u) + xp.exp(-u))",
        says="large numbers give NaN, since exp(u) overflows",
        section=7,
        hint="What are exp(800) and exp(800) / exp(800) in NumPy? Is there a function for tanh?",
    ),
    mistake(
        "inside_forgotten",
        SECOND,
        "second = 0.5 * x * dtanh",
        says="the inner derivative du/dx is missing",
        section=8,
        hint="Section 8 has three steps. Which one is not in your second term?",
    ),
    mistake(
        "product_rule_forgotten",
        SLOPE,
        "dx = dy * first",
        says="the second term of the product rule is missing: tanh(u) depends on x too",
        section=8,
        hint="x stands at two places of the formula. Through which of them does your dx go?",
    ),
    mistake(
        "first_term_forgotten",
        SLOPE,
        "dx = dy * second",
        says="the first term of the product rule is missing",
        section=8,
        hint="The derivative at x = 0 is 1/2. What is yours?",
    ),
    mistake(
        "terms_subtracted",
        SLOPE,
        "dx = dy * (first - second)",
        says="the second term of the product rule has the wrong sign",
        section=8,
        hint="Section 8: what is the largest derivative of GELU, and what is yours?",
    ),
    mistake(
        "dy_forgotten",
        SLOPE,
        "dx = first + second",
        says="dx is the derivative of gelu alone: it is not multiplied by dy",
        section=8,
        hint="Double dy. What should happen to dx?",
    ),
    mistake(
        "value_for_derivative",
        SLOPE,
        "dx = dy * (x * first)",
        says="dy is multiplied by gelu(x) instead of by its derivative",
        section=8,
        hint="The derivative at x = 0 is 1/2. What is yours?",
    ),
    mistake(
        "derivative_of_relu",
        SLOPE,
        "dx = dy * (x > 0)",
        says="dx is that of ReLU: dy where x is positive, else 0",
        section=8,
        hint="Look at the figure of section 8, on the right: which of the two curves is yours?",
    ),
    mistake(
        "half_of_the_first_left_out",
        FIRST,
        "first = 1 + tanh",
        says="the first term of the derivative lacks the factor 1/2",
        section=8,
        hint="The derivative at x = 0 is 1/2. What is yours?",
    ),
    mistake(
        "half_of_the_second_left_out",
        SECOND,
        "second = x * dtanh * du",
        says="the second term of the derivative lacks the factor 1/2",
        section=8,
        hint="At x = 0 and far away you are right. Which of the terms is zero there?",
    ),
    mistake(
        "halves_left_out",
        SLOPE,
        "dx = 2 * dy * (first + second)",
        says="dx is twice what it should be: the factor 1/2 is missing",
        section=8,
        hint="The derivative at x = 0 is 1/2. What is yours?",
    ),
    mistake(
        "x_of_the_second_left_out",
        SECOND,
        "second = 0.5 * dtanh * du",
        says="the second term of the derivative lacks the factor x",
        section=8,
        hint="The derivative at x = 0 is 1/2. What is yours? Which of the terms should be zero?",
    ),
    mistake(
        "tanh_not_squared",
        DTANH,
        "dtanh = 1 - tanh",
        says="the derivative of tanh is taken as 1 - tanh instead of 1 - tanh²",
        section=8,
        hint="tanh rises alike on both sides of zero. Is your derivative of it symmetric?",
    ),
    mistake(
        "tanh_a_constant_slope",
        SECOND,
        "second = 0.5 * x * du",
        says="the derivative of tanh, 1 - tanh², is missing: only the inner derivative is there",
        section=8,
        hint="Section 8 has three steps. Which one is not in your second term?",
    ),
    mistake(
        "tanh_at_x",
        DTANH,
        "xp = get_array_module(x)\n    dtanh = 1 - xp.tanh(x) * xp.tanh(x)",
        says="the derivative of tanh is taken at x instead of at u",
        section=8,
        hint="y holds tanh(u). At which point must its derivative be taken?",
    ),
    mistake(
        "factor_of_du_left_out",
        DU,
        "du = 1 + 3 * 0.044715 * (x * x)",
        says="the factor sqrt(2/pi) is missing in the inner derivative",
        section=8,
        hint="Compare your du/dx with step 3, factor by factor.",
    ),
    mistake(
        "three_left_out",
        DU,
        "du = K * (1 + 0.044715 * (x * x))",
        says="the 3 of the derivative of x³ is missing",
        section=8,
        hint="Derive x + 0.044715 x³ on paper. What becomes of the exponent?",
    ),
    mistake(
        "cube_not_derived",
        DU,
        "du = K * (1 + 3 * 0.044715 * (x * x * x))",
        says="the inner derivative holds x³ where it should be x²",
        section=8,
        hint="Derive x + 0.044715 x³ on paper. What becomes of the exponent?",
    ),
    mistake(
        "cube_derived_to_x",
        DU,
        "du = K * (1 + 3 * 0.044715 * x)",
        says="the inner derivative holds x where it should be x²",
        section=8,
        hint="Derive x + 0.044715 x³ on paper. What becomes of the exponent?",
    ),
    mistake(
        "one_of_du_left_out",
        DU,
        "du = K * (3 * 0.044715 * (x * x))",
        says="the 1 is missing in the inner derivative",
        section=8,
        hint="Derive x + 0.044715 x³ on paper: two terms go in. How many come out?",
    ),
    mistake(
        "only_one_of_du",
        DU,
        "du = K",
        says="the inner derivative lacks the term with x²",
        section=8,
        hint="Derive x + 0.044715 x³ on paper: two terms go in. How many come out?",
    ),
    mistake(
        "constant_slipped_in_du",
        DU,
        "du = K * (1 + 3 * 0.44715 * (x * x))",
        says="the inner derivative has 0.44715 where it should have 0.044715",
        section=8,
        hint="Compare every number of your formula with that of step 3, digit by digit.",
    ),
    mistake(
        "divided_by_x",
        FIRST,
        "first = 0.5 * x * (1 + tanh) / x",
        says="where x is 0, dx is NaN: the first term is computed as y / x",
        section=8,
        hint="What does NumPy give for 0 / 0? The first term needs no division.",
    ),
)


def mlp_cases(rng) -> list[Case]:
    """Plain numbers; one axis less; a hidden layer of another width; a narrow one."""
    normal = rng.standard_normal

    def case(name, x, hidden):
        C = x.shape[-1]
        params = {
            "c_fc": {"weight": normal((C, hidden)), "bias": normal(hidden)},
            "c_proj": {"weight": normal((hidden, C)), "bias": normal(C)},
        }
        return Case(name, (x,), params, sizes={**_sizes(x), "hidden": hidden})

    return [
        case("plain numbers", normal((2, 4, 3)), 12),
        case("x of shape (T, C)", normal((5, 2)), 8),
        case("a hidden layer that is not four times as wide", normal((3, 2, 5)), 7),
        case("a hidden layer narrower than x", normal((2, 3, 6)), 4),
    ]


HIDDEN = "hidden, fc_cache = linear(x, **c_fc)"
ACTIVE = "active, gelu_cache = gelu(hidden)"
PROJECT = "y, proj_cache = linear(active, **c_proj)"
DACTIVE = "dactive, dc_proj = linear_backward(dy, proj_cache)"
DHIDDEN = "dhidden, _ = gelu_backward(dactive, gelu_cache)"
DC_FC = "dx, dc_fc = linear_backward(dhidden, fc_cache)"
MLP_RESULT = 'return dx, {"c_fc": dc_fc, "c_proj": dc_proj}'

MLP = (
    mistake(
        "gelu_forgotten",
        PROJECT,
        "y, proj_cache = linear(hidden, **c_proj)",
        says="there is no gelu between the two linear layers",
        section=6,
        hint="Two linear layers in a row are one linear layer. What stands between yours?",
    ),
    mistake(
        "gelu_twice",
        PROJECT,
        "y, proj_cache = linear(gelu(active)[0], **c_proj)",
        says="gelu is applied twice between the two linear layers",
        section=9,
        hint="Count the steps of your forward; section 9 has three.",
    ),
    mistake(
        "gelu_at_the_end",
        PROJECT,
        PROJECT + "\n    y = gelu(y)[0]",
        says="gelu is applied to y once more, after the second layer",
        section=9,
        hint="Count the steps of your forward; section 9 has three. Which one is the last?",
    ),
    mistake(
        "gelu_at_the_end_only",
        PROJECT,
        "y, proj_cache = linear(hidden, **c_proj)\n    y = gelu(y)[0]",
        says="gelu stands after the second linear layer instead of between the two",
        section=9,
        hint="In which order does section 9 take the three steps?",
    ),
    mistake(
        "gelu_first",
        HIDDEN,
        "hidden, fc_cache = linear(gelu(x)[0], **c_fc)",
        PROJECT,
        "y, proj_cache = linear(hidden, **c_proj)",
        says="gelu is applied to x, before the first linear layer, instead of to hidden",
        section=9,
        hint="In which order does section 9 take the three steps?",
    ),
    mistake(
        "relu",
        PROJECT,
        "y, proj_cache = linear(hidden * (hidden > 0), **c_proj)",
        says="ReLU stands between the two layers where it should be GELU",
        section=9,
        hint="Which activation function does section 9 use?",
    ),
    mistake(
        "residual",
        PROJECT,
        PROJECT + "\n    y = y + x",
        says="x is added to y: that will be the task of the block, not of the MLP",
        section=9,
        hint="What should y be when all parameters are 0?",
    ),
    mistake(
        "bias_of_c_fc_forgotten",
        HIDDEN,
        'hidden, fc_cache = linear(x, c_fc["weight"], 0 * c_fc["bias"])',
        says="the bias of c_fc is not used",
        section=9,
        hint="What is `hidden` for x = 0, and what should it be?",
    ),
    mistake(
        "bias_of_c_proj_forgotten",
        PROJECT,
        'y, proj_cache = linear(active, c_proj["weight"], 0 * c_proj["bias"])',
        says="the bias of c_proj is not used",
        section=9,
        hint="What should y be when the weight of c_proj is 0?",
    ),
    mistake(
        "gelu_passed_over",
        DHIDDEN,
        "dhidden = dactive",
        says="the backward passes over gelu: its derivative is missing",
        section=9,
        hint="Count the steps of your backward; the table of section 9 has three.",
    ),
    mistake(
        "derivative_at_the_output",
        DHIDDEN,
        "dhidden, _ = gelu_backward(dactive, gelu(proj_cache[0])[1])",
        says="the derivative of gelu is taken at `active`, what came out of it, instead of at "
        "`hidden`, what went in",
        section=9,
        hint="What is in the cache that your gelu_backward gets?",
    ),
    mistake(
        "gelu_of_the_gradient",
        DHIDDEN,
        "dhidden, _ = gelu(dactive)",
        says="gelu itself is applied to the gradient where its backward should be",
        section=9,
        hint="Which function stands in the middle row of the table of section 9, on the right?",
    ),
    mistake(
        "gelu_undone_twice",
        DHIDDEN,
        "dhidden, _ = gelu_backward(gelu_backward(dactive, gelu_cache)[0], gelu_cache)",
        says="the gradient is multiplied by the derivative of gelu twice",
        section=9,
        hint="How many steps has your backward, and how many has your forward?",
    ),
    mistake(
        "backward_of_relu",
        DHIDDEN,
        "dhidden = dactive * (gelu_cache[0] > 0)",
        says="the gradient passes the activation as if it were ReLU: unchanged or not at all",
        section=9,
        hint="Your forward uses GELU. Which derivative does your backward use?",
    ),
    mistake(
        "chain_cut_at_gelu",
        DHIDDEN,
        "dhidden, _ = gelu_backward(dactive * 0 + 1, gelu_cache)",
        says="the derivative of gelu is not multiplied by the gradient that comes from c_proj",
        section=9,
        hint="What does each step of the backward get from the step after it?",
    ),
    mistake(
        "c_proj_with_hidden",
        DACTIVE,
        "rows = gelu_cache[0].reshape(-1, gelu_cache[0].shape[-1])\n    "
        "dactive, dc_proj = linear_backward(dy, proj_cache)\n    "
        'dc_proj["weight"] = rows.T @ dy.reshape(-1, dy.shape[-1])',
        says="the gradient of c_proj is computed with `hidden` instead of `active`, its input",
        section=9,
        hint="Which array was the input of c_proj in the forward?",
    ),
    mistake(
        "c_fc_before_gelu",
        DC_FC,
        "dx, _ = linear_backward(dhidden, fc_cache)\n    "
        "_, dc_fc = linear_backward(dactive, fc_cache)",
        says="the gradients of c_fc lack the derivative of gelu",
        section=9,
        hint="Your dx is right. Which gradient does c_fc get, and which one does x get?",
    ),
    mistake(
        "dx_before_gelu",
        DC_FC,
        "_, dc_fc = linear_backward(dhidden, fc_cache)\n    "
        "dx, _ = linear_backward(dactive, fc_cache)",
        says="dx lacks the derivative of gelu",
        section=9,
        hint="Your c_fc is right. Which gradient does c_fc get, and which one does x get?",
    ),
    mistake(
        "names_swapped",
        MLP_RESULT,
        'return dx, {"c_fc": dc_proj, "c_proj": dc_fc}',
        says="the gradients of c_fc and c_proj have changed places",
        section=9,
        hint="The backward meets c_proj first. Under which name do you return its gradients?",
    ),
    mistake(
        "c_proj_under_both_names",
        MLP_RESULT,
        'return dx, {"c_fc": dc_proj, "c_proj": dc_proj}',
        says="the gradients of c_proj are returned under both names",
        section=9,
        hint="Print the shape of each gradient beside the shape of its parameter.",
    ),
    mistake(
        "c_fc_under_both_names",
        MLP_RESULT,
        'return dx, {"c_fc": dc_fc, "c_proj": dc_fc}',
        says="the gradients of c_fc are returned under both names",
        section=9,
        hint="Print the shape of each gradient beside the shape of its parameter.",
    ),
    mistake(
        "residual_in_dx",
        DC_FC,
        DC_FC + "\n    dx = dx + dy",
        says="dy is added to dx, as if x had been added to y",
        section=9,
        hint="On how many ways does x reach y in your forward?",
    ),
)

EXERCISE = Exercise(
    "05",
    "mlp",
    "linear layer, GELU, and both together: the MLP",
    (
        Part(
            "linear",
            ("linear", "linear_backward"),
            linear_cases,
            LINEAR,
            section=4,
            hints={
                "y": "Compute the example of section 1, with two inputs: y = (16, 21, 35).",
                "dx": "Take x, W and dy of section 2, two rows: dx is dy @ W.T.",
                "weight": "Take x, W and dy of section 2, two rows: dW is x.T @ dy.",
                "bias": "The bias is added to each row of y: over what must dy be summed?",
            },
        ),
        Part(
            "gelu",
            ("gelu", "gelu_backward"),
            gelu_cases,
            GELU,
            section=8,
            hints={
                "y": "Print u, tanh(u) and y for x = 1; they are 0.8336, 0.6824 and 0.8412.",
                "dx": "Print the two terms of step 1 for x = 1; they are 0.8412 and 0.2418.",
                "": "gelu has no parameters: the second thing to return is an empty dict.",
            },
        ),
        Part(
            "mlp",
            ("mlp", "mlp_backward"),
            mlp_cases,
            MLP,
            section=9,
            hints={
                "y": "Print the shapes on the way: (…, C), (…, 4C), (…, 4C), (…, C).",
                "dx": "Go through the table of section 9 from its last row to its first.",
                "c_fc.weight": "c_fc gets what comes out of gelu_backward, and its own cache.",
                "c_fc.bias": "c_fc gets what comes out of gelu_backward, and its own cache.",
                "c_proj.weight": "c_proj is the first step of the backward: dy, and its own cache.",
                "c_proj.bias": "c_proj is the first step of the backward: dy, and its own cache.",
            },
        ),
    ),
)
