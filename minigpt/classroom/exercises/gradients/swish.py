"""Lesson 02, swish: a first backward, the cases and the known mistakes."""

import numpy as np

from minigpt.classroom.exercise import Case, mistake


def cases(rng) -> list[Case]:
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

MISTAKES = (
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
