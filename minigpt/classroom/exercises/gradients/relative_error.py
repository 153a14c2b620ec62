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
        case("gradients that agree to eight places", *close((2, 4), distance=2e-9), tolerance=1e-5),
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

ZEROS = "if size == 0:"

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
        says="two gradients of zeros give no finite number instead of 0",
        section=7,
        hint="Two gradients that are both 0 agree perfectly. What does 0 / 0 give?",
    ),
    mistake(
        "by_the_smaller_number_of_each",
        DIFFERENCE,
        "difference = np.abs(analytic - numeric).min()",
        says="the smallest difference is taken instead of the largest",
        section=7,
        hint="One wrong element among a million right ones: what does a minimum say?",
    ),
    mistake(
        "sum_of_the_differences",
        DIFFERENCE,
        "difference = np.abs(analytic - numeric).sum()",
        says="the differences are summed instead of taking the largest",
        section=7,
        hint="How many maxima are there in the formula?",
    ),
    mistake(
        "difference_of_the_sums",
        DIFFERENCE,
        "difference = abs(analytic.sum() - numeric.sum())",
        says="the sums of the two gradients are compared instead of their elements",
        section=7,
        hint="Compare (1, 2) with (2, 1): these are quite different gradients.",
    ),
    mistake(
        "mean_before_the_size",
        DIFFERENCE,
        "difference = abs((analytic - numeric).mean())",
        says="the differences are averaged with their signs",
        section=7,
        hint="Compare (1, 2) with (2, 1): these are quite different gradients.",
    ),
    mistake(
        "abs_too_late",
        DIFFERENCE,
        "difference = abs((analytic - numeric).max())",
        says="the largest difference is looked for with its sign, and the sign is removed only "
        "afterwards",
        section=7,
        hint="Which is farther from 0: -3 or 2? And what does max say?",
    ),
    mistake(
        "other_difference_with_sign",
        DIFFERENCE,
        "difference = (numeric - analytic).max()",
        says="differences are taken with their sign: where analytic is the larger number, a "
        "difference counts as negative",
        section=7,
        hint="Which is farther from 0: -3 or 2? And what does max say?",
    ),
    mistake(
        "difference_of_absolute_values",
        DIFFERENCE,
        "difference = np.abs(np.abs(analytic) - np.abs(numeric)).max()",
        says="the sizes of the elements are compared, not their signs",
        section=7,
        hint="Compare 3 with -3: these are quite different gradients.",
    ),
    mistake(
        "difference_squared",
        DIFFERENCE,
        "difference = ((analytic - numeric) ** 2).max()",
        says="the difference is squared",
        section=7,
        hint="Multiply both gradients by 10. The relative error should stay as it was.",
    ),
    mistake(
        "mean_square_difference",
        DIFFERENCE,
        "difference = ((analytic - numeric) ** 2).mean()",
        says="the mean of the squared differences is taken",
        section=7,
        hint="Multiply both gradients by 10. The relative error should stay as it was.",
    ),
    mistake(
        "length_of_the_difference",
        DIFFERENCE,
        "difference = np.sqrt(((analytic - numeric) ** 2).sum())",
        says="the length of the difference is divided by the largest entry",
        section=7,
        hint="A length mixes all elements. Which single elements does the formula pick?",
    ),
    mistake(
        "mean_sizes",
        SIZE,
        "size = max(np.abs(analytic).mean(), np.abs(numeric).mean())",
        says="the mean sizes of the gradients stand in the denominator instead of the largest ones",
        section=7,
        hint="How many maxima are there in the formula?",
    ),
    mistake(
        "summed_sizes",
        SIZE,
        "size = max(np.abs(analytic).sum(), np.abs(numeric).sum())",
        says="the sums of the sizes stand in the denominator instead of the largest ones",
        section=7,
        hint="How many maxima are there in the formula?",
    ),
    mistake(
        "means_of_both",
        DIFFERENCE,
        "difference = np.abs(analytic - numeric).mean()",
        SIZE,
        "size = max(np.abs(analytic).mean(), np.abs(numeric).mean())",
        says="means are compared, in the numerator and in the denominator, instead of the largest "
        "entries",
        section=7,
        hint="One wrong element among a million right ones: what does a mean say?",
    ),
    mistake(
        "mean_of_the_two_sizes",
        SIZE,
        "size = (np.abs(analytic).max() + np.abs(numeric).max()) / 2",
        says="the difference is divided by the mean of the two sizes instead of the larger one",
        section=7,
        hint="Let the analytic gradient be twice the numeric one. The formula gives 0.5; and you?",
    ),
    mistake(
        "by_the_product",
        SIZE,
        "size = np.abs(analytic).max() * np.abs(numeric).max()",
        says="the difference is divided by the product of the two sizes",
        section=7,
        hint="Multiply both gradients by 10. The relative error should stay as it was.",
    ),
    mistake(
        "by_the_root_of_the_product",
        SIZE,
        "size = np.sqrt(np.abs(analytic).max() * np.abs(numeric).max())",
        says="the difference is divided by the root of the product of the two sizes",
        section=7,
        hint="Which of the two sizes stands in the denominator of the formula?",
    ),
    mistake(
        "largest_sum_of_two",
        SIZE,
        "size = (np.abs(analytic) + np.abs(numeric)).max()",
        says="the largest sum of an element's two sizes stands in the denominator",
        section=7,
        hint="Is there a sum in the denominator of the formula?",
    ),
    mistake(
        "size_of_the_sum",
        SIZE,
        "size = np.abs(analytic + numeric).max()",
        says="the size of the sum of both gradients stands in the denominator",
        section=7,
        hint="Compare 3 with -3. What is your denominator?",
    ),
    mistake(
        "size_squared",
        SIZE,
        "size = max((analytic**2).max(), (numeric**2).max())",
        says="the square of the size stands in the denominator",
        section=7,
        hint="Multiply both gradients by 10. The relative error should stay as it was.",
    ),
    mistake(
        "length_of_the_longer",
        SIZE,
        "size = np.sqrt(max((analytic**2).sum(), (numeric**2).sum()))",
        says="the largest difference is divided by the length of the longer gradient",
        section=7,
        hint="A length mixes all elements. Which single elements does the formula pick?",
    ),
    mistake(
        "at_the_largest_difference",
        SIZE,
        "place = np.unravel_index(np.abs(analytic - numeric).argmax(), np.shape(analytic))\n"
        "    size = max(abs(analytic[place]), abs(numeric[place]))",
        says="the largest difference is divided by the size of the element where it stands",
        section=7,
        hint="One denominator for the whole array: where do its maxima look?",
    ),
    mistake(
        "upside_down",
        QUOTIENT,
        "float(size / difference)",
        says="the size is divided by the difference",
        section=7,
        hint="Nearly equal gradients: should the error be small or large?",
    ),
    mistake(
        "in_per_cent",
        QUOTIENT,
        "float(100 * difference / size)",
        says="the error is given in per cent",
        section=7,
        hint="By hand: analytic (3, -4), numeric (3, -5). The error is 0.2.",
    ),
    mistake(
        "one_minus_the_error",
        QUOTIENT,
        "float(1 - difference / size)",
        says="1 minus the error is returned",
        section=7,
        hint="What should two equal gradients give?",
    ),
    mistake(
        "multiplied",
        QUOTIENT,
        "float(difference * size)",
        says="the difference is multiplied by the size where it should be divided",
        section=7,
        hint="Multiply both gradients by 10. The relative error should stay as it was.",
    ),
    mistake(
        "error_squared",
        QUOTIENT,
        "float((difference / size) ** 2)",
        says="the error is squared",
        section=7,
        hint="By hand: analytic (3, -4), numeric (3, -5). The error is 0.2.",
    ),
    mistake(
        "each_by_its_numeric_one",
        QUOTIENT,
        f"float(np.nanmax({EACH} / np.abs(numeric)))",
        says="each element's difference is divided by the size of its numeric one",
        section=7,
        hint="One denominator for the whole array: how many maxima are there in the formula?",
    ),
    mistake(
        "each_by_its_analytic_one",
        QUOTIENT,
        f"float(np.nanmax({EACH} / np.abs(analytic)))",
        says="each element's difference is divided by the size of its analytic one",
        section=7,
        hint="One denominator for the whole array: how many maxima are there in the formula?",
    ),
    mistake(
        "mean_of_each_by_its_own",
        QUOTIENT,
        f"float(np.nanmean({EACH} / np.maximum(np.abs(analytic), np.abs(numeric))))",
        says="each element's difference is divided by that element's own size, and the mean taken",
        section=7,
        hint="One denominator for the whole array, and no mean.",
    ),
    mistake(
        "mean_of_each_by_its_own_sum",
        QUOTIENT,
        f"float(np.nanmean({EACH} / (np.abs(analytic) + np.abs(numeric))))",
        says="each element's difference is divided by the sum of that element's two sizes, and the "
        "mean taken",
        section=7,
        hint="One denominator for the whole array, and no mean.",
    ),
    mistake(
        "each_by_its_own_sum_and_a_little",
        QUOTIENT,
        f"float(np.nanmax({EACH} / np.maximum(1e-8, np.abs(analytic) + np.abs(numeric))))",
        says="each element's difference is divided by the sum of that element's two sizes, or by "
        "1e-8 where that is larger",
        section=7,
        hint="Other courses define it like this. Ours has one denominator for the whole array.",
    ),
    mistake(
        "lengths_and_the_numeric_one",
        QUOTIENT,
        "float(np.sqrt(((analytic - numeric) ** 2).sum()) / np.sqrt((numeric**2).sum()))",
        says="the length of the difference is divided by the length of the numeric gradient",
        section=7,
        hint="A length mixes all elements. Which single elements does the formula pick?",
    ),
    mistake(
        "lengths_and_the_analytic_one",
        QUOTIENT,
        "float(np.sqrt(((analytic - numeric) ** 2).sum()) / np.sqrt((analytic**2).sum()))",
        says="the length of the difference is divided by the length of the analytic gradient",
        section=7,
        hint="A length mixes all elements. Which single elements does the formula pick?",
    ),
    mistake(
        "angle",
        QUOTIENT,
        "float(1 - (analytic * numeric).sum() / np.sqrt((analytic**2).sum() * (numeric**2).sum()))",
        says="the directions are compared, 1 minus the cosine of the angle, not the numbers",
        section=7,
        hint="Compare (1, 2) with (2, 4): what does your function say?",
    ),
    mistake(
        "tiny_number_added",
        QUOTIENT,
        "float(difference / (size + 1e-12))",
        says="1e-12 is added to the denominator, which changes the errors of tiny gradients",
        section=7,
        hint="Try gradients of the size 1e-9, one of them twice the other.",
    ),
    mistake(
        "small_number_of_ten_digits_added",
        QUOTIENT,
        "float(difference / (size + 1e-10))",
        says="1e-10 is added to the denominator, which changes the errors of tiny gradients",
        section=7,
        hint="Try gradients of the size 1e-9, one of them twice the other.",
    ),
    mistake(
        "larger_small_number_added",
        QUOTIENT,
        "float(difference / (size + 1e-6))",
        says="1e-6 is added to the denominator, which makes the errors of tiny gradients small",
        section=7,
        hint="Try gradients of the size 1e-9, one of them twice the other.",
    ),
    mistake(
        "one_added",
        QUOTIENT,
        "float(difference / (size + 1))",
        says="1 is added to the denominator",
        section=7,
        hint="By hand: analytic (3, -4), numeric (3, -5). The error is 1 / 5.",
    ),
    mistake(
        "tiny_ones_called_equal",
        ZEROS,
        "if size < 1e-8:",
        says="gradients below a small limit count as equal, whatever they are",
        section=7,
        hint="Try gradients of the size 1e-9, one of them twice the other.",
    ),
    mistake(
        "tiny_differences_called_equal",
        ZEROS,
        "if difference < 1e-8:",
        says="differences below a small limit count as 0",
        section=7,
        hint="Try gradients of the size 1e-9, one of them twice the other.",
    ),
    mistake(
        "one_for_zeros",
        "        return 0.0\n",
        "        return 1.0\n",
        says="two gradients of zeros give 1 instead of 0",
        section=7,
        hint="Two gradients that are both 0 agree perfectly.",
    ),
    mistake(
        "zero_wherever_one_is_zero",
        ZEROS,
        "if min(np.abs(analytic).max(), np.abs(numeric).max()) == 0:",
        says="it gives 0 when one of the two gradients is all zeros",
        section=7,
        hint="A backward that returns zeros is wrong. What does your function say of it?",
    ),
    mistake(
        "nan_means_zero",
        "        return math.inf\n",
        "        return 0.0\n",
        says="a NaN in a gradient gives 0, as if all were well",
        section=7,
        hint="A gradient with a NaN in it is certainly wrong. What should your function say?",
    ),
    mistake(
        "nan_means_one",
        "        return math.inf\n",
        "        return 1.0\n",
        says="a NaN in a gradient gives 1 as the error instead of infinity",
        section=7,
        hint="Read the docstring about NaN.",
    ),
    mistake(
        "nan_of_the_numeric_one_overlooked",
        NOT_FINITE,
        "    if np.isnan(analytic).any():\n        return math.inf\n",
        says="only a NaN in the analytic gradient gives infinity; one in the numeric gradient "
        "gives NaN",
        section=7,
        hint="Which of the two gradients may hold a NaN?",
    ),
    mistake(
        "nan_of_the_analytic_one_overlooked",
        NOT_FINITE,
        "    if np.isnan(numeric).any():\n        return math.inf\n",
        says="only a NaN in the numeric gradient gives infinity; one in the analytic gradient "
        "gives NaN",
        section=7,
        hint="Which of the two gradients may hold a NaN?",
    ),
)
