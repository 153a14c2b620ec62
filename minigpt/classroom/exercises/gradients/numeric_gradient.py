"""Lesson 02, numeric_gradient: measuring a gradient, the cases and the known mistakes."""

import numpy as np

from minigpt.classroom.exercise import Case, mistake


class WavyLoss:
    """A loss that looks at its array x; copied together with x, it looks at the copy."""

    def __init__(self, x, weight):
        self.x, self.weight = x, weight

    def __call__(self):
        return float(np.sin((self.weight * self.x).sum()) + (self.x**3).sum())

    def __repr__(self):
        return f"a loss of x of shape {self.x.shape}"


def cases(rng) -> list[Case]:
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

MISTAKES = (
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
