"""Known mistakes of `mlp`, and the cases that show them."""

from dataclasses import replace

from minigpt.classroom.exercise import Case, mistake
from minigpt.classroom.exercises.mlp import gelu, linear


def mlp_cases(rng) -> list[Case]:
    """Plain numbers; one axis less; a hidden layer of another width; a narrow one."""
    normal = rng.standard_normal

    def case(name, x, hidden):
        C = x.shape[-1]
        params = {
            "c_fc": {"weight": normal((C, hidden)), "bias": normal(hidden)},
            "c_proj": {"weight": normal((hidden, C)), "bias": normal(C)},
        }
        return Case(name, (x,), params, sizes={**linear.sizes_of(x), "hidden": hidden})

    return [
        case("plain numbers", normal((2, 4, 3)), 12),
        case("x of shape (T, C)", normal((5, 2)), 8),
        case("a hidden layer that is not four times as wide", normal((3, 2, 5)), 7),
        case("a hidden layer narrower than x", normal((2, 3, 6)), 4),
    ]


HIDDEN = "hidden, fc_cache = linear(x, **c_fc)"
PROJECT = "y, proj_cache = linear(active, **c_proj)"
CACHE = "return y, (fc_cache, gelu_cache, proj_cache)"
DACTIVE = "dactive, dc_proj = linear_backward(dy, proj_cache)"
DHIDDEN = "dhidden, _ = gelu_backward(dactive, gelu_cache)"
DC_FC = "dx, dc_fc = linear_backward(dhidden, fc_cache)"
MLP_RESULT = 'return dx, {"c_fc": dc_fc, "c_proj": dc_proj}'

FORWARD = (
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
        "gelu_on_x_too",
        HIDDEN,
        "hidden, fc_cache = linear(gelu(x)[0], **c_fc)",
        says="gelu is applied to x as well, before the first linear layer",
        section=9,
        hint="Count the steps of your forward; section 9 has three. Which one is the first?",
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
        "relu_after_gelu",
        PROJECT,
        "y, proj_cache = linear(active * (active > 0), **c_proj)",
        says="negative numbers are cut off after gelu",
        section=9,
        hint="Count the steps of your forward; section 9 has three.",
    ),
    mistake(
        "tanh_for_gelu",
        PROJECT,
        "y, proj_cache = linear(get_array_module(x).tanh(hidden), **c_proj)",
        says="tanh stands between the two layers where it should be GELU",
        section=9,
        hint="Which activation function does section 9 use?",
    ),
    mistake(
        "sigmoid_for_gelu",
        PROJECT,
        "share = 0.5 + 0.5 * get_array_module(x).tanh(0.5 * hidden)\n    y, proj_cache = "
        "linear(share, **c_proj)",
        says="a sigmoid stands between the two layers where it should be GELU",
        section=9,
        hint="Which activation function does section 9 use?",
    ),
    mistake(
        "hidden_added",
        PROJECT,
        "y, proj_cache = linear(active + hidden, **c_proj)",
        says="the second layer reads active + hidden instead of active alone",
        section=9,
        hint="What went into gelu goes no further. What does c_proj read in your forward?",
    ),
    mistake(
        "hidden_multiplied",
        PROJECT,
        "y, proj_cache = linear(active * hidden, **c_proj)",
        says="the second layer reads active * hidden instead of active alone",
        section=9,
        hint="gelu returns x times a factor already. What does c_proj read in your forward?",
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
        "c_proj_forgotten",
        CACHE,
        "return active, (fc_cache, gelu_cache, proj_cache)",
        says="y is what comes out of gelu: the second linear layer is missing",
        section=9,
        hint="Print the shapes on the way: (…, C), (…, 4C), (…, 4C), (…, C).",
    ),
    mistake(
        "only_c_fc",
        CACHE,
        "return hidden, (fc_cache, gelu_cache, proj_cache)",
        says="y is what comes out of the first linear layer: gelu and the second one are missing",
        section=9,
        hint="Print the shapes on the way: (…, C), (…, 4C), (…, 4C), (…, C).",
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
        "bias_of_c_fc_after_gelu",
        HIDDEN,
        'hidden, fc_cache = linear(x, c_fc["weight"], 0 * c_fc["bias"])',
        PROJECT,
        'y, proj_cache = linear(active + c_fc["bias"], **c_proj)',
        says="the bias of c_fc is added after gelu instead of before it",
        section=9,
        hint="In which order does section 9 take the product, the bias and gelu?",
    ),
    mistake(
        "both_biases_forgotten",
        HIDDEN,
        'hidden, fc_cache = linear(x, c_fc["weight"], 0 * c_fc["bias"])',
        PROJECT,
        'y, proj_cache = linear(active, c_proj["weight"], 0 * c_proj["bias"])',
        says="neither bias is used",
        section=9,
        hint="What should y be when both weights are 0?",
    ),
)

BACKWARD = (
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
        hint="How many steps are there in your backward, and how many in your forward?",
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
        "value_of_gelu",
        DHIDDEN,
        "dhidden = dactive * proj_cache[0]",
        says="the gradient is multiplied by gelu(hidden) where it should be by its derivative",
        section=9,
        hint="Which function stands in the middle row of the table of section 9, on the right?",
    ),
    mistake(
        "times_hidden",
        DHIDDEN,
        "dhidden = dactive * gelu_cache[0]",
        says="the gradient is multiplied by hidden where it should be by the derivative of gelu",
        section=9,
        hint="Which function stands in the middle row of the table of section 9, on the right?",
    ),
    mistake(
        "derivative_of_tanh",
        DHIDDEN,
        "tanh = get_array_module(dy).tanh(gelu_cache[0])\n    dhidden = dactive * (1 - tanh * "
        "tanh)",
        says="the gradient passes the activation as if it were tanh",
        section=9,
        hint="Your forward uses GELU. Which derivative does your backward use?",
    ),
    mistake(
        "derivative_of_sigmoid",
        DHIDDEN,
        "share = 0.5 + 0.5 * get_array_module(dy).tanh(0.5 * gelu_cache[0])\n    dhidden = "
        "dactive * share * (1 - share)",
        says="the gradient passes the activation as if it were a sigmoid",
        section=9,
        hint="Your forward uses GELU. Which derivative does your backward use?",
    ),
    mistake(
        "derivative_at_the_gradient",
        DHIDDEN,
        "dhidden, _ = gelu_backward(dactive, gelu(dactive)[1])",
        says="the derivative of gelu is taken at the gradient instead of at `hidden`",
        section=9,
        hint="What is in the cache that your gelu_backward gets?",
    ),
    mistake(
        "derivative_added",
        DHIDDEN,
        "ones = dactive * 0 + 1\n    dhidden = dactive + gelu_backward(ones, gelu_cache)[0]",
        says="the derivative of gelu is added to the gradient instead of multiplied",
        section=9,
        hint="What should the gradients be for dy = 0?",
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
        "rows = gelu_cache[0].reshape(-1, gelu_cache[0].shape[-1])\n    dactive, dc_proj = "
        'linear_backward(dy, proj_cache)\n    dc_proj["weight"] = rows.T @ dy.reshape(-1, '
        "dy.shape[-1])",
        says="the gradient of c_proj is computed with `hidden` instead of `active`, its input",
        section=9,
        hint="Which array was the input of c_proj in the forward?",
    ),
    mistake(
        "c_proj_with_the_gradient",
        DACTIVE,
        "dactive, dc_proj = linear_backward(dy, proj_cache)\n    rows = dactive.reshape(-1, "
        'dactive.shape[-1])\n    dc_proj["weight"] = rows.T @ dy.reshape(-1, dy.shape[-1])',
        says="the gradient of c_proj's weight is computed with `dactive` instead of `active`",
        section=9,
        hint="Which array was the input of c_proj in the forward?",
    ),
    mistake(
        "c_fc_with_dx",
        DC_FC,
        DC_FC + '\n    rows = dx.reshape(-1, dx.shape[-1])\n    dc_fc["weight"] = rows.T @ '
        "dhidden.reshape(-1, dhidden.shape[-1])",
        says="the gradient of c_fc's weight is computed with `dx` instead of x",
        section=9,
        hint="Which array was the input of c_fc in the forward?",
    ),
    mistake(
        "c_fc_with_dy",
        DC_FC,
        DC_FC + '\n    rows = dy.reshape(-1, dy.shape[-1])\n    dc_fc["weight"] = rows.T @ '
        "dhidden.reshape(-1, dhidden.shape[-1])",
        says="the gradient of c_fc's weight is computed with dy instead of x",
        section=9,
        hint="Which array was the input of c_fc in the forward?",
    ),
    mistake(
        "c_fc_before_gelu",
        DC_FC,
        "dx, _ = linear_backward(dhidden, fc_cache)\n    _, dc_fc = linear_backward(dactive, "
        "fc_cache)",
        says="the gradients of c_fc lack the derivative of gelu",
        section=9,
        hint="Your dx is right. Which gradient does c_fc get, and which one does x get?",
    ),
    mistake(
        "c_fc_weight_before_gelu",
        DC_FC,
        DC_FC + '\n    dc_fc["weight"] = linear_backward(dactive, fc_cache)[1]["weight"]',
        says="the gradient of c_fc's weight lacks the derivative of gelu",
        section=9,
        hint="The bias of c_fc is right. Which gradient does its weight get?",
    ),
    mistake(
        "c_fc_bias_before_gelu",
        DC_FC,
        DC_FC + '\n    dc_fc["bias"] = linear_backward(dactive, fc_cache)[1]["bias"]',
        says="the gradient of c_fc's bias lacks the derivative of gelu",
        section=9,
        hint="The weight of c_fc is right. Which gradient does its bias get?",
    ),
    mistake(
        "c_fc_with_the_active",
        DC_FC,
        DC_FC + '\n    rows = proj_cache[0].reshape(-1, dhidden.shape[-1])\n    dc_fc["weight"] = '
        "(rows.T @ dhidden.reshape(-1, dhidden.shape[-1]))",
        says="the gradient of c_fc's weight is computed with `active` instead of x, its input",
        section=9,
        hint="Which array was the input of c_fc in the forward?",
    ),
    mistake(
        "dx_before_gelu",
        DC_FC,
        "_, dc_fc = linear_backward(dhidden, fc_cache)\n    dx, _ = linear_backward(dactive, "
        "fc_cache)",
        says="dx lacks the derivative of gelu",
        section=9,
        hint="Your c_fc is right. Which gradient does c_fc get, and which one does x get?",
    ),
    mistake(
        "dx_stops_at_hidden",
        DC_FC,
        "_, dc_fc = linear_backward(dhidden, fc_cache)\n    dx = dhidden",
        says="dx is the gradient of `hidden`: the step back through c_fc is missing",
        section=9,
        hint="A gradient has the shape of the thing itself. Print dx.shape and x.shape.",
    ),
    mistake(
        "dx_is_dy",
        DC_FC,
        DC_FC + "\n    dx = dy.copy()",
        says="dx is dy itself",
        section=9,
        hint="What does the last step of your backward return, and what do you do with it?",
    ),
    mistake(
        "residual_in_dx",
        DC_FC,
        DC_FC + "\n    dx = dx + dy",
        says="dy is added to dx, as if x had been added to y",
        section=9,
        hint="In how many ways does x reach y in your forward?",
    ),
    mistake(
        "direct_way_in_dx",
        DC_FC,
        DC_FC + "\n    dx = 2 * dx",
        says="dx is twice what it should be",
        section=9,
        hint="In how many ways does x reach y in your forward?",
    ),
    mistake(
        "dx_zero",
        DC_FC,
        DC_FC + "\n    dx = 0 * dx",
        says="dx is zero: x is treated as a constant",
        section=9,
        hint="If x changes a little, what happens to y?",
    ),
    mistake(
        "c_proj_bias_zero",
        DACTIVE,
        DACTIVE + '\n    dc_proj["bias"] = 0 * dc_proj["bias"]',
        says="the gradient of c_proj's bias is zero",
        section=9,
        hint="c_proj is the first step of the backward: dy, and its own cache.",
    ),
    mistake(
        "c_fc_bias_zero",
        DC_FC,
        DC_FC + '\n    dc_fc["bias"] = 0 * dc_fc["bias"]',
        says="the gradient of c_fc's bias is zero",
        section=9,
        hint="c_fc gets what comes out of gelu_backward, and its own cache.",
    ),
    mistake(
        "c_proj_bias_a_mean",
        DACTIVE,
        DACTIVE + '\n    dc_proj["bias"] = dc_proj["bias"] / dy[..., 0].size',
        says="the gradient of c_proj's bias is a mean over the tokens instead of a sum",
        section=5,
        hint="Section 2, step 3: does this formula divide by anything?",
    ),
    mistake(
        "c_fc_bias_a_mean",
        DC_FC,
        DC_FC + '\n    dc_fc["bias"] = dc_fc["bias"] / dy[..., 0].size',
        says="the gradient of c_fc's bias is a mean over the tokens instead of a sum",
        section=5,
        hint="Section 2, step 3: does this formula divide by anything?",
    ),
    mistake(
        "c_proj_weight_a_mean",
        DACTIVE,
        DACTIVE + '\n    dc_proj["weight"] = dc_proj["weight"] / dy[..., 0].size',
        says="the gradient of c_proj's weight is a mean over the tokens instead of a sum",
        section=2,
        hint="Do the formulas of section 2 divide? A mean, if there is one, belongs to the loss.",
    ),
    mistake(
        "c_fc_weight_a_mean",
        DC_FC,
        DC_FC + '\n    dc_fc["weight"] = dc_fc["weight"] / dy[..., 0].size',
        says="the gradient of c_fc's weight is a mean over the tokens instead of a sum",
        section=2,
        hint="Do the formulas of section 2 divide? A mean, if there is one, belongs to the loss.",
    ),
    mistake(
        "c_proj_bias_over_the_first_axis",
        DACTIVE,
        DACTIVE + '\n    dc_proj["bias"] = dy.sum(axis=0)',
        says="the gradient of c_proj's bias is summed over the first axis only",
        section=5,
        hint="The bias is (C,). Over how many axes must be summed?",
    ),
    mistake(
        "c_fc_bias_over_the_first_axis",
        DC_FC,
        DC_FC + '\n    dc_fc["bias"] = dhidden.sum(axis=0)',
        says="the gradient of c_fc's bias is summed over the first axis only",
        section=5,
        hint="The bias is (4C,). Over how many axes must be summed?",
    ),
    mistake(
        "c_proj_weight_transposed",
        DACTIVE,
        DACTIVE + '\n    dc_proj["weight"] = dc_proj["weight"].T.copy()',
        says="the gradient of c_proj's weight is transposed",
        section=3,
        hint="A gradient has the shape of the thing itself. Which order of the product gives it?",
    ),
    mistake(
        "c_fc_weight_transposed",
        DC_FC,
        DC_FC + '\n    dc_fc["weight"] = dc_fc["weight"].T.copy()',
        says="the gradient of c_fc's weight is transposed",
        section=3,
        hint="A gradient has the shape of the thing itself. Which order of the product gives it?",
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
        "weights_swapped",
        MLP_RESULT,
        'one, two = dc_fc["weight"], dc_proj["weight"]\n    dc_fc["weight"], dc_proj["weight"] = '
        'two, one\n    return dx, {"c_fc": dc_fc, "c_proj": dc_proj}',
        says="the gradients of the two weights have changed places",
        section=9,
        hint="Print the shape of each gradient beside the shape of its parameter.",
    ),
    mistake(
        "biases_swapped",
        MLP_RESULT,
        'one, two = dc_fc["bias"], dc_proj["bias"]\n    dc_fc["bias"], dc_proj["bias"] = two, '
        'one\n    return dx, {"c_fc": dc_fc, "c_proj": dc_proj}',
        says="the gradients of the two biases have changed places",
        section=9,
        hint="Print the shape of each gradient beside the shape of its parameter.",
    ),
    mistake(
        "c_fc_left_out",
        MLP_RESULT,
        'return dx, {"c_proj": dc_proj}',
        says="the gradients of c_fc are not returned",
        section=9,
        hint="Which names does the dict of gradients need? It has those of the parameters.",
    ),
    mistake(
        "c_proj_left_out",
        MLP_RESULT,
        'return dx, {"c_fc": dc_fc}',
        says="the gradients of c_proj are not returned",
        section=9,
        hint="Which names does the dict of gradients need? It has those of the parameters.",
    ),
)

# Mistakes of the two functions that it is made of, or of what stands in their place.
OF_LINEAR = (
    "bias_subtracted",
    "divided_by_inputs",
    "divided_by_root_of_inputs",
    "weight_reshaped_in_dx",
    "x_reshaped_in_dweight",
    "dweight_transposed",
    "one_for_each_text",
    "weight_a_mean",
    "both_means",
    "bias_a_mean",
    "weight_divided_by_the_texts",
    "both_divided_by_the_first_axis",
    "bias_over_texts_only",
    "bias_over_tokens_only",
    "bias_over_two_axes",
    "bias_not_summed",
    "bias_one_number",
    "bias_keeps_its_axis",
    "bias_a_constant",
    "mean_over_outputs",
    "dx_divided_by_tokens",
    "first_text_in_dweight",
    "last_text_in_dweight",
    "last_text_in_both",
    "dx_for_x",
)
OF_GELU = (
    "constant_slipped",
    "cube_left_out",
    "square_for_cube",
    "cube_outside_the_bracket",
    "factor_left_out",
    "no_root_in_K",
    "half_left_out",
    "one_left_out",
    "brackets_left_out",
    "exact_form",
    "sigmoid_form",
    "silu",
    "product_rule_forgotten",
    "first_term_forgotten",
    "terms_subtracted",
    "half_of_the_first_left_out",
    "half_of_the_second_left_out",
    "x_of_the_second_left_out",
    "halves_left_out",
    "tanh_not_squared",
    "derivative_of_a_sigmoid",
    "tanh_a_constant_slope",
    "inside_forgotten",
    "factor_of_du_left_out",
    "three_left_out",
    "cube_not_derived",
    "derivative_of_the_exact_form",
    "derivative_of_sigmoid_form",
)


def _inside(where: str, words: str, mistakes, names) -> tuple:
    """Mistakes of one of the functions inside, as mistakes of the MLP."""
    by_name = {one.name: one for one in mistakes}
    return tuple(
        replace(
            by_name[name],
            name=f"{where}_{name}",
            says=f"{words}: {by_name[name].says}",
            hint=f"Look at your {where} first. {by_name[name].hint}",
        )
        for name in names
    )


MLP = (
    *FORWARD,
    *BACKWARD,
    *_inside("linear", "both linear layers have this mistake", linear.LINEAR, OF_LINEAR),
    *_inside("gelu", "its GELU has this mistake", gelu.GELU, OF_GELU),
)
