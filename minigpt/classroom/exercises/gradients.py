"""Lesson 02: a gradient checker, and a first backward pass."""

import numpy as np

from minigpt.classroom.exercise import Case, Exercise, Part, mistake


class WavyLoss:
    """A loss that looks at its array x; copied together with x, it looks at the copy."""

    def __init__(self, x, weight):
        self.x, self.weight = x, weight

    def __call__(self):
        return float(np.sin((self.weight * self.x).sum()) + (self.x**3).sum())

    def __repr__(self):
        return f"a loss of x of shape {self.x.shape}"


def numeric_gradient_cases(rng) -> list[Case]:
    """Several shapes, a large step (where all formulas differ), an array that is a view."""
    normal = rng.standard_normal

    def case(name, x, **options):
        weight = normal(x.shape)
        sizes = {"N": x.size, "h": options.get("step", 1e-5)}
        return Case(name, (WavyLoss(x, weight), x), options=options, sizes=sizes)

    return [
        case("plain numbers", normal((2, 3))),
        case("x of shape (N,)", normal(4)),
        case("x with three axes", normal((2, 3, 2))),
        case("another step", normal((3, 2)), step=0.1),
        case("an x that is the transpose of another array", normal((2, 4)).T),
    ]


UP = "x[index] = saved + step"
DOWN = "x[index] = saved - step"
BACK = "        x[index] = saved\n"
SLOPE = "(above - below) / (2 * step)"
EMPTY = "gradient = np.zeros(x.shape)"
PLACES = "np.ndindex(x.shape)"

NUMERIC_GRADIENT = (
    mistake(
        "one_sided",
        DOWN,
        "x[index] = saved + 0",
        SLOPE,
        "(above - below) / step",
        says="the difference is taken to one side only, from x to x + step",
        section=1,
        hint="Multiply out (2 + h)³ as in section 1: which term is left over with one side?",
    ),
    mistake(
        "one_sided_below",
        UP,
        "x[index] = saved + 0",
        SLOPE,
        "(above - below) / step",
        says="the difference is taken to one side only, from x - step to x",
        section=1,
        hint="Multiply out (2 + h)³ as in section 1: which term is left over with one side?",
    ),
    mistake(
        "half_way_back",
        DOWN,
        "x[index] = saved + 0",
        says="the loss is measured at x + step and at x, and the difference divided by 2 step",
        section=7,
        hint="Print the element before both calls of loss(). How far apart are the two places?",
    ),
    mistake(
        "divided_by_one_step",
        SLOPE,
        "(above - below) / step",
        says="the difference is divided by step, although the two places are 2 step apart",
        section=1,
        hint="Measure x³ at 2: you should get 12. From where to where did you walk?",
    ),
    mistake(
        "not_divided",
        SLOPE,
        "above - below",
        says="the difference of the losses is not divided by the distance",
        section=1,
        hint="A slope is a rise divided by …?",
    ),
    mistake(
        "two_times_step_divided_apart",
        SLOPE,
        "(above - below) / 2 * step",
        says="the difference is divided by 2 and then multiplied by step",
        section=1,
        hint="What is 8 / 2 * 4 in Python, and what is 8 / (2 * 4)?",
    ),
    mistake(
        "upside_down",
        SLOPE,
        "(below - above) / (2 * step)",
        says="the sign is wrong: the loss above is taken from the loss below",
        section=1,
        hint="Try a loss that grows with x. Is your slope positive?",
    ),
    mistake(
        "not_restored",
        BACK,
        "",
        says="an element stays moved by -step while the next ones are measured",
        section=7,
        hint="Compare x before and after the call.",
    ),
    mistake(
        "stays_above",
        BACK,
        "        x[index] = saved + step + 0\n",
        says="an element stays moved by +step while the next ones are measured",
        section=7,
        hint="Compare x before and after the call.",
    ),
    mistake(
        "moves_a_copy",
        EMPTY,
        f"{EMPTY}\n    x = x.copy()",
        says="it is 0 or nearly 0 everywhere, as if the array that the loss looks at never moved",
        section=7,
        hint="Print loss() before and after you move an element. Which array does the loss know?",
    ),
    mistake(
        "flat_copy",
        EMPTY,
        f"shape = x.shape\n    x = x.reshape(-1)\n    {EMPTY}",
        "\n    return gradient",
        "\n    return gradient.reshape(shape)",
        says="an x that does not lie in one piece is copied (by reshape or ravel), and the copy is "
        "moved",
        section=7,
        hint="a = np.zeros((2, 3)).T; a.reshape(-1)[0] = 1; print(a). Did a change?",
    ),
    mistake(
        "whole_rows",
        PLACES,
        "range(len(x))",
        "saved = x[index]",
        "saved = x[index].copy()",
        says="a whole x[i] is moved at once instead of each element by itself",
        section=2,
        hint="How many numbers does x[0] hold, if x has the shape (2, 3)? How many may move?",
    ),
    mistake(
        "whole_rows_as_views",
        PLACES,
        "range(len(x))",
        says="a whole x[i] is moved at once, and the number that was saved moves with it",
        section=2,
        hint="x[0] of an array with two axes is a view. Print `saved` after you have moved x[0].",
    ),
    mistake(
        "all_at_once",
        "saved = x[index]",
        "saved = x.copy()",
        UP,
        "x[...] = saved + step",
        DOWN,
        "x[...] = saved - step",
        BACK,
        "        x[...] = saved\n",
        says="all elements are moved together, so that each entry is the sum of all slopes",
        section=2,
        hint="A partial derivative moves one number. What happens to the others?",
    ),
    mistake(
        "fixed_step",
        EMPTY,
        f"step = 1e-5\n    {EMPTY}",
        says="the argument step is ignored: 1e-5 is used whatever the caller asks for",
        section=5,
        hint="Call it with step=0.1 and a loss of x³: the error should be 0.01.",
    ),
    mistake(
        "only_the_first",
        "\n    return gradient",
        "\n        return gradient",
        says="only the first element is measured, all others stay 0",
        section=7,
        hint="Look at the indentation of `return`.",
    ),
    mistake(
        "absolute_slope",
        SLOPE,
        "abs(above - below) / (2 * step)",
        says="negative slopes are given without their sign",
        section=2,
        hint="What does a negative derivative say about the loss?",
    ),
)


def relative_error_cases(rng) -> list[Case]:
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

RELATIVE_ERROR = (
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


def swish_cases(rng) -> list[Case]:
    """Several shapes, a negative beta, and numbers where exp overflows."""
    normal = rng.standard_normal

    def case(name, x, beta, **options):
        sizes = {"N": x.size, "C": x.shape[-1], "T": len(x), "β": beta}
        return Case(name, (x,), {"beta": np.array(beta)}, sizes=sizes, **options)

    large = np.array([[900.0, -3.0, 2.0], [0.5, -900.0, -1.0]])
    return [
        case("plain numbers", normal((2, 3)), 0.7),
        case("x of shape (N,)", normal(5), 1.6),
        case("x with three axes", normal((2, 3, 4)), 0.4),
        case("a negative beta", normal((4, 2)), -1.3),
        case("large numbers", large, 1.5, exact=False),
    ]


SIGMOID = "s = 1 / (1 + xp.exp(-u))"
DS = "ds = dy * x"
DU = "du = ds * s * (1 - s)"
DIRECT = "dx = dy * s"
THROUGH = "dx = dx + du * beta"
DBETA = "dbeta = (du * x).sum()"

SWISH = (
    mistake(
        "beta_ignored",
        "u = beta * x",
        "u = x + 0 * beta",
        says="beta is not used: the switch is that of x alone",
        section=3,
        hint="With x = 2 and beta = 0.5, u is 1. What is yours?",
    ),
    mistake(
        "switch_turned_round",
        SIGMOID,
        "s = 1 / (1 + xp.exp(u))",
        says="the switch is turned round: the sign of u in exp is missing",
        section=3,
        hint="For large u the switch should be on, that is 1. What does exp do there?",
    ),
    mistake(
        "only_the_switch",
        "y = x * s",
        "y = s + 0",
        says="the switch itself is returned: the factor x is missing",
        section=3,
        hint="With x = 2 and beta = 0.5 by hand: s = 0.731, y = 1.462.",
    ),
    mistake(
        "u_in_place_of_x",
        "y = x * s",
        "y = u * s",
        says="the switch is multiplied by beta * x instead of x",
        section=3,
        hint="With x = 2 and beta = 0.5 by hand: y = 1.462. Where does beta stand in the formula?",
    ),
    mistake(
        "divided_by_beta",
        "u = beta * x",
        "u = x / beta",
        says="x is divided by beta inside of the switch, where it should be multiplied",
        section=3,
        hint="With x = 2 and beta = 0.5, u is 1. What is yours?",
    ),
    mistake(
        "tanh_switch",
        SIGMOID,
        "s = xp.tanh(u)",
        says="the switch is tanh(u), which goes from -1 to 1",
        section=3,
        hint="Between which two numbers should the switch move? What is it at u = 0?",
    ),
    mistake(
        "overflow",
        SIGMOID,
        "s = xp.exp(u) / (1 + xp.exp(u))",
        says="exp(u) overflows for large u, and infinity / infinity is NaN",
        section=3,
        hint="What is exp(1000) in float64? Write the switch with exp(-u) instead.",
    ),
    mistake(
        "through_the_switch_forgotten",
        THROUGH,
        "",
        says="dx lacks the way through the switch: only dy * s is there",
        section=3,
        hint="x is used twice, in y = x s and in u = beta x. Count the terms of your dx.",
    ),
    mistake(
        "direct_way_forgotten",
        DIRECT,
        "dx = 0 * dy",
        says="dx lacks the direct way: only du * beta is there",
        section=3,
        hint="x is used twice, in y = x s and in u = beta x. Count the terms of your dx.",
    ),
    mistake(
        "without_beta",
        THROUGH,
        "dx = dx + du",
        says="the second term of dx lacks the factor beta",
        section=3,
        hint="u = beta x. What is the derivative of u by x?",
    ),
    mistake(
        "terms_subtracted",
        THROUGH,
        "dx = dx - du * beta",
        says="the second term of dx has the wrong sign",
        section=3,
        hint="Two ways lead from x to y. What is done with the parts that arrive?",
    ),
    mistake(
        "terms_multiplied",
        THROUGH,
        "dx = dx * du * beta",
        says="the two parts of dx are multiplied where they should be added",
        section=3,
        hint="By hand: dx = 2.193 and 0.590. What is done with the two?",
    ),
    mistake(
        "slope_of_the_switch_forgotten",
        DU,
        "du = ds + 0",
        says="the derivative of the switch, s (1 - s), is missing",
        section=3,
        hint="Step 2 of section 3: how do you get from ds to du?",
    ),
    mistake(
        "slope_is_s",
        DU,
        "du = ds * s",
        says="the derivative of the switch is s instead of s (1 - s)",
        section=3,
        hint="Where is the switch steepest: where it is on (s = 1), or in the middle?",
    ),
    mistake(
        "slope_is_one_minus_s",
        DU,
        "du = ds * (1 - s)",
        says="the derivative of the switch is 1 - s instead of s (1 - s)",
        section=3,
        hint="Where the switch is off (s = 0), it hardly moves. What does yours do?",
    ),
    mistake(
        "slope_of_tanh",
        DU,
        "du = ds * (1 - s * s)",
        says="the derivative of the switch is 1 - s², which is that of tanh",
        section=3,
        hint="Derive 1 / (1 + exp(-u)) as in step 2.",
    ),
    mistake(
        "slope_with_plus",
        DU,
        "du = ds * s * (1 + s)",
        says="the derivative of the switch is s (1 + s) instead of s (1 - s)",
        section=3,
        hint="Where the switch is on (s = 1), it hardly moves. What does yours do?",
    ),
    mistake(
        "slope_overflows",
        DU,
        "xp = get_array_module(x)\n    e = xp.exp(-beta * x)\n    du = ds * e / (1 + e) ** 2",
        says="the derivative of the switch is written with exp(-u), which overflows where u is "
        "far below 0",
        section=3,
        hint="Your cache may hold s. Can you say the derivative with s alone?",
    ),
    mistake(
        "x_forgotten",
        DS,
        "ds = dy + 0",
        says="the gradient of the switch lacks the factor x",
        section=3,
        hint="y = x s. What is the derivative of y by s?",
    ),
    mistake(
        "no_dy",
        DS,
        "ds = 0 * dy + x",
        DIRECT,
        "dx = 0 * dy + s",
        says="dy is not used: the gradients are those for dy = 1",
        section=8,
        hint="Call your backward with dy, then with 2 dy. What should change?",
    ),
    mistake(
        "no_dy_in_the_switch",
        DS,
        "ds = 0 * dy + x",
        says="dy is missing on the way through the switch",
        section=3,
        hint="Call your backward with dy = 0. Which part is still there?",
    ),
    mistake(
        "no_dy_in_the_direct_way",
        DIRECT,
        "dx = 0 * dy + s",
        says="dy is missing in the direct term of dx",
        section=3,
        hint="Call your backward with dy = 0. Which part is still there?",
    ),
    mistake(
        "mean_not_sum",
        DBETA,
        "dbeta = (du * x).mean()",
        says="the gradient of beta is a mean where it should be a sum",
        section=4,
        hint="What was repeated forward is … backward?",
    ),
    mistake(
        "not_summed",
        DBETA,
        "dbeta = du * x",
        says="the gradient of beta is not summed: it has the shape of x",
        section=4,
        hint="beta is one number, used for all elements. Which shape must its gradient have?",
    ),
    mistake(
        "summed_over_the_rows",
        DBETA,
        "dbeta = (du * x).sum(axis=0)",
        says="the gradient of beta is summed over the first axis only",
        section=4,
        hint="In the lesson beta has the shape (C,). Here it is one number for all of x.",
    ),
    mistake(
        "beta_without_x",
        DBETA,
        "dbeta = du.sum()",
        says="the gradient of beta lacks its factor x",
        section=3,
        hint="u = beta x. What is the derivative of u by beta?",
    ),
    mistake(
        "beta_with_beta",
        DBETA,
        "dbeta = (du * beta).sum()",
        says="the gradient of beta has the factor beta where x should stand",
        section=3,
        hint="u = beta x. What is the derivative of u by beta?",
    ),
    mistake(
        "beta_past_the_switch",
        DBETA,
        "dbeta = (ds * x).sum()",
        says="the gradient of beta is taken from ds instead of du: it lacks s (1 - s)",
        section=3,
        hint="beta stands in u. So which gradient must have arrived before beta's turn comes?",
    ),
)

EXERCISE = Exercise(
    "02",
    "gradients",
    "measure a gradient, and derive a first one",
    (
        Part(
            "numeric_gradient",
            ("numeric_gradient",),
            numeric_gradient_cases,
            NUMERIC_GRADIENT,
            section=7,
            outputs=("gradient",),
            arrays=False,
            hints={
                "": "Take x = np.array([2.0]) and a loss of x³: with step 0.1 you should get 12.01."
            },
        ),
        Part(
            "relative_error",
            ("relative_error",),
            relative_error_cases,
            RELATIVE_ERROR,
            section=7,
            outputs=("error",),
            arrays=False,
            hints={
                "": "By hand: analytic (3, -4), numeric (3, -5). The difference is 1, the size 5."
            },
        ),
        Part(
            "swish",
            ("swish", "swish_backward"),
            swish_cases,
            SWISH,
            section=4,
            hints={
                "y": "By hand: x = 2 and beta = 0.5 give u = 1, s = 0.731, y = 1.462.",
                "dx": "By hand, with dy = 3 (section 3): dx = 2.193 + 0.590. Print both parts.",
                "beta": "By hand, with x = 2, beta = 0.5 and dy = 3 (section 3): dbeta = 2.359.",
            },
        ),
    ),
)
