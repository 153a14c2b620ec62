"""Lesson 02, relative_error: comparing two gradients, the cases and the known mistakes."""

import numpy as np

from minigpt.classroom.exercise import Case, mistake


def cases(rng) -> list[Case]:
    """The larger one on either side; nearly equal; tiny; zeros; NaN."""
    normal = rng.standard_normal

    def case(name, analytic, numeric, **options):
        return Case(name, (analytic, numeric), sizes={"N": analytic.size}, **options)

    def close(shape, size=1.0, distance=0.2):
        numeric = size * normal(shape)
        return numeric + distance * size * normal(shape), numeric

    a, b = normal((2, 3)), normal((2, 3))
    a[0, 1], b[1, 2] = -4, 2.5  # its largest entry is negative
    larger, smaller = normal(5), normal(5) / 2
    larger[3], smaller[0] = -5, -2.0
    with_nan, finite = close((2, 3))
    with_nan[1, 0] = np.nan
    finite_too, measured_nan = close((3, 2))
    measured_nan[2, 1] = np.nan
    return [
        case("plain numbers", a, b),
        case("a numeric gradient that is larger", smaller, larger),
        case("gradients that nearly agree", *close((3, 4), distance=1e-6)),
        case("tiny gradients", *close(4, size=1e-9)),
        case("gradients of shape ()", np.array(-0.7), np.array(-0.5)),
        case("gradients that are all zeros", np.zeros((2, 3)), np.zeros((2, 3))),
        case("an analytic gradient of zeros", np.zeros(4), normal(4), exact=False),
        case("a NaN in the analytic gradient", with_nan, finite),
        case("a NaN in the numeric gradient", finite_too, measured_nan),
    ]


DIFFERENCE = "difference = np.abs(analytic - numeric).max()"
SIZE = "size = max(np.abs(analytic).max(), np.abs(numeric).max())"
QUOTIENT = "float(difference / size)"
NOT_FINITE = "    if not math.isfinite(difference):\n        return math.inf\n"
EACH = "np.abs(analytic - numeric)"

MISTAKES = (
    mistake(
        "absolute",
        QUOTIENT,
        "float(difference)",
        says="the difference is not divided by the size of the gradients",
        section=7,
        hint="If the true gradient is 0.0001, what does your function say of a gradient of 0?",
    ),
    mistake(
        "by_the_analytic",
        SIZE,
        "size = np.abs(analytic).max()",
        says="the difference is divided by the size of the analytic gradient, also where the "
        "numeric one is larger",
        section=7,
        hint="What does your function say of an analytic gradient that is 0 by mistake?",
    ),
    mistake(
        "by_the_numeric",
        SIZE,
        "size = np.abs(numeric).max()",
        says="the difference is divided by the size of the numeric gradient, also where the "
        "analytic one is larger",
        section=7,
        hint="Swap the two arguments. Does the result change? Should it?",
    ),
    mistake(
        "by_the_smaller",
        SIZE,
        "size = min(np.abs(analytic).max(), np.abs(numeric).max())",
        says="the difference is divided by the size of the smaller gradient",
        section=7,
        hint="Which of the two sizes stands in the denominator of the formula?",
    ),
    mistake(
        "by_the_sum",
        SIZE,
        "size = np.abs(analytic).max() + np.abs(numeric).max()",
        says="the difference is divided by the sum of the two sizes instead of the larger one",
        section=7,
        hint="Let the analytic gradient be twice the numeric one. The formula gives 0.5; and you?",
    ),
    mistake(
        "each_by_its_own",
        QUOTIENT,
        f"float(np.nanmax({EACH} / np.maximum(np.abs(analytic), np.abs(numeric))))",
        says="each element's difference is divided by that element's own size",
        section=7,
        hint="One denominator for the whole array: how many maxima are there in the formula?",
    ),
    mistake(
        "each_by_its_own_sum",
        QUOTIENT,
        f"float(np.nanmax({EACH} / (np.abs(analytic) + np.abs(numeric))))",
        says="each element's difference is divided by the sum of that element's two sizes",
        section=7,
        hint="Other courses define it like this. Ours has one denominator for the whole array.",
    ),
    mistake(
        "mean_difference",
        DIFFERENCE,
        "difference = np.abs(analytic - numeric).mean()",
        says="the mean of the differences is taken instead of the largest one",
        section=7,
        hint="One wrong element among a million right ones: what does a mean say?",
    ),
    mistake(
        "lengths",
        QUOTIENT,
        "float(np.sqrt(((analytic - numeric) ** 2).sum())"
        " / np.sqrt(max((analytic**2).sum(), (numeric**2).sum())))",
        says="the lengths (roots of sums of squares) are compared instead of the largest entries",
        section=7,
        hint="A length mixes all elements. Which single elements does the formula pick?",
    ),
    mistake(
        "lengths_and_their_sum",
        QUOTIENT,
        "float(np.sqrt(((analytic - numeric) ** 2).sum())"
        " / (np.sqrt((analytic**2).sum()) + np.sqrt((numeric**2).sum())))",
        says="the length of the difference is divided by the sum of the two lengths",
        section=7,
        hint="Other courses define it like this. Ours takes the largest entries.",
    ),
    mistake(
        "difference_with_sign",
        DIFFERENCE,
        "difference = (analytic - numeric).max()",
        says="differences are taken with their sign: where numeric is the larger number, a "
        "difference counts as negative",
        section=7,
        hint="Which is farther from 0: -3 or 2? And what does max say?",
    ),
    mistake(
        "size_with_sign",
        SIZE,
        "size = max(analytic.max(), numeric.max())",
        says="the sizes are those of the largest positive entries; negative ones are overlooked",
        section=7,
        hint="How large is the gradient (-5, 1)?",
    ),
    mistake(
        "difference_of_the_sizes",
        DIFFERENCE,
        "difference = abs(np.abs(analytic).max() - np.abs(numeric).max())"
        " + 0 * np.sum(analytic - numeric)",
        says="the two largest entries are compared with each other, wherever they stand",
        section=7,
        hint="Compare (1, 2) with (2, 1): these are quite different gradients.",
    ),
    mistake(
        "small_number_added",
        QUOTIENT,
        "float(difference / (size + 1e-8))",
        says="1e-8 is added to the denominator, which makes the errors of tiny gradients small",
        section=7,
        hint="Try gradients of the size 1e-9, one of them twice the other.",
    ),
    mistake(
        "at_least_a_small_number",
        QUOTIENT,
        "float(difference / max(size, 1e-8))",
        says="the denominator is never below 1e-8, which makes the errors of tiny gradients small",
        section=7,
        hint="Try gradients of the size 1e-9, one of them twice the other.",
    ),
    mistake(
        "at_least_one",
        QUOTIENT,
        "float(difference / max(size, 1.0))",
        says="the denominator is never below 1: for small gradients the error is an absolute one",
        section=7,
        hint="Try gradients of the size 0.001, one of them twice the other.",
    ),
    mistake(
        "nan_returned",
        NOT_FINITE,
        "",
        says="a NaN in a gradient gives NaN as the error instead of infinity",
        section=7,
        hint="Is `nan > 1e-7` true? What would a checker with your function say of a NaN?",
    ),
    mistake(
        "nan_ignored",
        DIFFERENCE,
        f"difference = np.nanmax({EACH})",
        SIZE,
        "size = max(np.nanmax(np.abs(analytic)), np.nanmax(np.abs(numeric)))",
        says="a NaN in a gradient is passed over",
        section=7,
        hint="A gradient with a NaN in it is certainly wrong. What should your function say?",
    ),
    mistake(
        "zeros_divided",
        "    if size == 0:\n        return 0.0\n",
        "",
        says="two gradients of zeros give 0 / 0, which is NaN, instead of 0",
        section=7,
        hint="Two gradients that are both 0 agree perfectly. What does 0 / 0 give?",
    ),
)
