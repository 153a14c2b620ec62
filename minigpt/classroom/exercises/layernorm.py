"""Lesson 06: layer norm."""

import numpy as np

from minigpt.classroom.exercise import Case, Exercise, Part, mistake


def cases(rng) -> list[Case]:
    """Plain numbers; one axis less; vectors that hardly vary; numbers far from zero, in float32."""
    normal = rng.standard_normal

    def case(name, x, **options):
        C = x.shape[-1]
        params = {"weight": normal(C), "bias": normal(C)}
        N = x.size // C
        sizes = {"C": C, "N": N, **dict(zip("BT", x.shape[:-1], strict=False))}
        return Case(name, (x,), params, sizes=sizes, **options)

    far = (300 + 0.1 * normal((2, 3, 8))).astype(np.float32)
    far_case = case("numbers far from zero, in float32", far, exact=False, tolerance=0.02)
    far_case.params.update({k: v.astype(np.float32) for k, v in far_case.params.items()})
    return [
        case("plain numbers", normal((2, 3, 5)) * 2 + 1),
        case("x of shape (T, C)", normal((4, 7)) - 1),
        case("vectors that hardly vary", 1 + 0.003 * normal((3, 2, 6))),
        case("another eps", normal((2, 5, 4)), options={"eps": 0.1}),
        far_case,
    ]


EPS = "variance + eps)"
SPREAD = "variance = (centred * centred).mean(axis=-1, keepdims=True)"
MEAN_TERM = "dx = dx - dn.mean(axis=-1, keepdims=True)"
VARIANCE_TERM = "dx = dx - normalised * (dn * normalised).mean(axis=-1, keepdims=True)"
DWEIGHT = "(dy * normalised).reshape(-1, C).sum(axis=0)"
DBIAS = "dbias = dy.reshape(-1, C).sum(axis=0)"

MISTAKES = (
    mistake(
        "over_the_tokens",
        "centred = x - x.mean(axis=-1, keepdims=True)",
        "centred = x - x.mean(axis=-2, keepdims=True)",
        SPREAD,
        "variance = (centred * centred).mean(axis=-2, keepdims=True)",
        says="mean and variance run over the tokens (axis -2) instead of the channels of each one",
        section=8,
        hint="Which numbers belong to one vector? Print the shape of your mean for x of (2, 3, 5).",
    ),
    mistake(
        "over_everything",
        "centred = x - x.mean(axis=-1, keepdims=True)",
        "centred = x - x.mean()",
        SPREAD,
        "variance = (centred * centred).mean()",
        says="there is one mean and one variance for the entire array instead of one a vector",
        section=2,
        hint="How many means should there be for x of shape (2, 3, 5)?",
    ),
    mistake(
        "eps_outside_the_root",
        "1 / xp.sqrt(variance + eps)",
        "1 / (xp.sqrt(variance) + eps)",
        says="eps is added to the root instead of inside of it",
        section=2,
        hint="Look at the denominator: to which of the two is eps added in the formula?",
    ),
    mistake(
        "no_eps",
        EPS,
        "variance)",
        says="eps is missing",
        section=2,
        hint="What does your function give for a vector whose numbers are all equal?",
    ),
    mistake(
        "fixed_eps",
        EPS,
        "variance + 1e-5)",
        says="the argument eps is ignored: 1e-5 is used whatever the caller asks for",
        section=3,
        hint="Call your function with eps=0.1, then with eps=1e-5. Does the result change?",
    ),
    mistake(
        "unbiased_variance",
        SPREAD,
        "variance = (centred * centred).sum(axis=-1, keepdims=True) / (x.shape[-1] - 1)",
        says="the variance is divided by C - 1 instead of C",
        section=2,
        hint="By what do you divide the sum of squares? (`ddof=1` divides by one less.)",
    ),
    mistake(
        "deviation_twice",
        "rstd = 1 / xp.sqrt(variance + eps)",
        "rstd = 1 / (variance + eps)",
        says="x is divided by the variance; the root is missing",
        section=2,
        hint="What is the variance of your normalised vector? It should be 1.",
    ),
    mistake(
        "not_centred",
        "normalised = centred * rstd",
        "normalised = x * rstd",
        says="x is divided by its deviation, but its mean is not taken away",
        section=2,
        hint="What is the mean of your normalised vector? It should be 0.",
    ),
    mistake(
        "variance_about_zero",
        SPREAD,
        "variance = (x * x).mean(axis=-1, keepdims=True)",
        says="the mean of x² stands in place of the variance: the mean was not taken away there",
        section=2,
        hint="The variance of (5, 5, 5) is 0. What does yours say?",
    ),
    mistake(
        "short_variance",
        SPREAD,
        "variance = (x * x).mean(axis=-1, keepdims=True) - x.mean(axis=-1, keepdims=True) ** 2",
        says="the variance is mean(x²) - mean(x)², which loses all digits in float32 when the "
        "numbers lie far from zero",
        section=8,
        hint="Right on paper. Try numbers near 300 in float32: x² is near 90,000 and has 7 digits.",
    ),
    mistake(
        "shift_forgotten",
        "y = normalised * weight + bias",
        "y = normalised * weight",
        says="the bias is not added",
        section=3,
        hint="Compare your last line with the second line of the formula.",
    ),
    mistake(
        "scale_plus_one",
        "y = normalised * weight + bias",
        "y = normalised * (1 + weight) + bias",
        says="the scale is 1 + weight instead of weight",
        section=3,
        hint="What should y be for weight = 1 and bias = 0?",
    ),
    mistake(
        "mean_a_constant",
        MEAN_TERM,
        "",
        says="the gradient through the mean is missing",
        section=4,
        hint="Add up the dx of one vector. Moving all x together changes nothing, so it must be 0.",
    ),
    mistake(
        "variance_a_constant",
        VARIANCE_TERM,
        "",
        says="the gradient through the variance is missing",
        section=4,
        hint="x reaches y on three ways: directly, through the mean, and …? Count your terms.",
    ),
    mistake(
        "only_the_direct_way",
        MEAN_TERM,
        "",
        VARIANCE_TERM,
        "",
        says="mean and variance are treated as constants: only the direct way is left",
        section=4,
        hint="x reaches y on three ways. Your dx knows one of them: which are the other two?",
    ),
    mistake(
        "sums_instead_of_means",
        "dn.mean(axis=-1, keepdims=True)",
        "dn.sum(axis=-1, keepdims=True)",
        "(dn * normalised).mean(axis=-1, keepdims=True)",
        "(dn * normalised).sum(axis=-1, keepdims=True)",
        says="the two correcting terms are sums where they should be means",
        section=4,
        hint="Is your error larger for longer vectors? Then a division by C is missing somewhere.",
    ),
    mistake(
        "variance_term_added",
        "dx = dx - normalised * (dn",
        "dx = dx + normalised * (dn",
        says="the term of the variance has the wrong sign",
        section=4,
        hint="Is dx at right angles to `normalised`? Compute sum(dx * normalised).",
    ),
    mistake(
        "mean_term_added",
        "dx = dx - dn.mean",
        "dx = dx + dn.mean",
        says="the term of the mean has the wrong sign",
        section=4,
        hint="Add up the dx of one vector; it must be 0. What do you get?",
    ),
    mistake(
        "variance_term_of_dy",
        "(dn * normalised).mean",
        "(dy * normalised).mean",
        says="the term of the variance uses dy where it should use dn = dy * weight",
        section=4,
        hint="In the backward, after which line may dy no longer be used for dx?",
    ),
    mistake(
        "scale_forgotten",
        "dn = dy * weight",
        "dn = dy",
        says="dx lacks the scale: dn should be dy * weight",
        section=4,
        hint="y = normalised * weight + bias. What does this line do to the gradient on its way?",
    ),
    mistake(
        "deviation_forgotten",
        "dx = dx * rstd",
        "",
        says="dx is not multiplied by 1 / sqrt(var + eps)",
        section=4,
        hint="Your dx has the right direction. normalised = centred * rstd: what does rstd do?",
    ),
    mistake(
        "divided_backwards",
        "dx = dx * rstd",
        "dx = dx / rstd",
        says="dx is multiplied by the deviation where it should be divided by it",
        section=4,
        hint="If x is ten times as large, y hardly changes: is dx then ten times as large or small?",
    ),
    mistake(
        "weight_without_normalised",
        DWEIGHT,
        "dy.reshape(-1, C).sum(axis=0)",
        says="the gradient of weight is that of bias: the factor `normalised` is missing",
        section=4,
        hint="y = normalised * weight + bias: what is the derivative of y by weight?",
    ),
    mistake(
        "weight_with_output",
        DWEIGHT,
        "(dy * (normalised * weight)).reshape(-1, C).sum(axis=0)",
        says="the gradient of weight has the factor normalised * weight instead of normalised",
        section=4,
        hint="Derive normalised * weight by weight. Is weight still in the result?",
    ),
    mistake(
        "gradients_averaged",
        DWEIGHT,
        "(dy * normalised).reshape(-1, C).mean(axis=0)",
        DBIAS,
        "dbias = dy.reshape(-1, C).mean(axis=0)",
        says="the gradients of weight and bias are means over the tokens where they should be sums",
        section=4,
        hint="weight is used once for each token. What happens to gradients that meet?",
    ),
    mistake(
        "summed_over_the_batch_only",
        DWEIGHT,
        "(dy * normalised).sum(axis=0)",
        DBIAS,
        "dbias = dy.sum(axis=0)",
        says="the gradients of weight and bias are summed over the first axis only",
        section=4,
        hint="Look at the shapes: weight is (C,). Over how many axes must be summed?",
    ),
    mistake(
        "weight_and_bias_swapped",
        '"weight": dweight, "bias": dbias',
        '"weight": dbias, "bias": dweight',
        says="the gradients of weight and bias have changed places",
        section=4,
        hint="Both have the same shape. Which one needs `normalised`?",
    ),
)

EXERCISE = Exercise(
    "06",
    "layernorm",
    "layer norm and the three terms of its gradient",
    (
        Part(
            "layernorm",
            ("layernorm", "layernorm_backward"),
            cases,
            MISTAKES,
            section=6,
            hints={
                "y": "Take x = (1, 3, 4, 5, 7) of section 2: mean 4, variance 4.",
                "dx": "Build dx term by term as in section 4, and print each term for one vector.",
                "weight": "weight (C,) meets each token once: one product, then a sum of all.",
                "bias": "bias (C,) is added to each token: its gradient is a sum of dy.",
            },
        ),
    ),
)
