"""Lesson 11, adamw_step: one step of AdamW, the cases and the known mistakes."""

import numpy as np

from minigpt.classroom.exercise import Case, mistake


def cases(rng) -> list[Case]:
    """A usual step; the first one; decay; other eps and betas; a late step; gradients of 0."""
    normal = rng.standard_normal

    def case(name, shape, t, lr=0.1, scale=1.0, exact=True, **options):
        p, g, m = normal(shape), scale * normal(shape), scale * normal(shape)
        v = scale**2 * (0.2 + normal(shape) ** 2)
        if t == 1:
            m, v = np.zeros(shape), np.zeros(shape)
        options = {"t": t, "lr": lr, **options}
        sizes = {"t": t, "lr": lr, "N": p.size}
        return Case(name, (p, g, m, v), options=options, sizes=sizes, exact=exact)

    zeros = case("a gradient that has always been 0", (2, 4), 1, exact=False)
    zeros.args[1][0] = 0
    return [
        case("plain numbers", (2, 3), 3),
        case("the first step", (4,), 1, lr=0.3),
        case("weight decay", (3, 2), 4, lr=0.2, weight_decay=0.3),
        case("another eps", (5,), 2, eps=0.2),
        case("other betas", (2, 2, 3), 2, betas=(0.5, 0.75)),
        case("a late step", (3, 4), 2000, lr=0.02),
        zeros,
    ]


NEW_M = "new_m = beta1 * m + (1 - beta1) * g"
NEW_V = "new_v = beta2 * v + (1 - beta2) * g * g"
M_HAT = "m_hat = new_m / (1 - beta1**t)"
V_HAT = "v_hat = new_v / (1 - beta2**t)"
STEP = "step = lr * m_hat / (xp.sqrt(v_hat) + eps)"
DECAY = "decay = lr * weight_decay * p"
NEW_P = "new_p = p - decay - step"
RETURNED = "return new_p, new_m, new_v"
BETAS = "beta1, beta2 = betas"

MISTAKES = (
    mistake(
        "m_without_its_share",
        NEW_M,
        "new_m = beta1 * m + g",
        says="the gradient enters m whole, without the factor 1 - beta1",
        section=3,
        hint="With beta = 0.5 and the gradient 8 at every step, where does m end: at 8 or at 16?",
    ),
    mistake(
        "v_without_its_share",
        NEW_V,
        "new_v = beta2 * v + g * g",
        says="the squared gradient enters v whole, without the factor 1 - beta2",
        section=4,
        hint="v is a running mean too. The shares of the old and of the new add up to …?",
    ),
    mistake(
        "m_turned_round",
        NEW_M,
        "new_m = (1 - beta1) * m + beta1 * g",
        says="in m, beta1 and 1 - beta1 have changed places",
        section=3,
        hint="beta1 = 0.9 says how much is kept: of the old mean, or of the new gradient?",
    ),
    mistake(
        "v_turned_round",
        NEW_V,
        "new_v = (1 - beta2) * v + beta2 * g * g",
        says="in v, beta2 and 1 - beta2 have changed places",
        section=4,
        hint="beta2 = 0.999 says how much is kept: of the old mean, or of the new square?",
    ),
    mistake(
        "both_turned_round",
        NEW_M,
        "new_m = (1 - beta1) * m + beta1 * g",
        NEW_V,
        "new_v = (1 - beta2) * v + beta2 * g * g",
        says="in both running means, beta and 1 - beta have changed places",
        section=3,
        hint="beta = 0.9 says how much is kept: of the old mean, or of the new gradient?",
    ),
    mistake(
        "betas_swapped",
        BETAS,
        "beta2, beta1 = betas",
        says="beta1 and beta2 have changed places",
        section=4,
        hint="Which of the two is used for m, and which of betas = (0.9, 0.999) is that?",
    ),
    mistake(
        "fixed_betas",
        BETAS,
        f"{BETAS}\n    beta1, beta2 = 0.9, 0.999",
        says="the argument betas is ignored: 0.9 and 0.999 are used whatever the caller asks for",
        section=7,
        hint="Call it with betas=(0.5, 0.75), as section 7 does. Does the result change?",
    ),
    mistake(
        "no_square",
        NEW_V,
        "new_v = beta2 * v + (1 - beta2) * g",
        says="v is a running mean of the gradient itself, not of its square",
        section=4,
        hint="Why does v have no sign? Look at its formula in section 4.",
    ),
    mistake(
        "share_squared_too",
        NEW_V,
        "new_v = beta2 * v + ((1 - beta2) * g) ** 2",
        says="in v, the factor 1 - beta2 is squared together with the gradient",
        section=4,
        hint="What is squared: g, or (1 - beta2) g? Mind the brackets.",
    ),
    mistake(
        "square_of_m",
        NEW_V,
        "new_v = beta2 * v + (1 - beta2) * new_m * new_m",
        says="v takes up the square of m instead of that of the gradient",
        section=4,
        hint="v should tell the size of the gradients, also where they alternate. Does m?",
    ),
    mistake(
        "no_correction",
        M_HAT,
        "m_hat = new_m",
        V_HAT,
        "v_hat = new_v",
        says="the bias correction is missing",
        section=5,
        hint="How long is your first step, in learning rates? It should be 1.",
    ),
    mistake(
        "m_not_corrected",
        M_HAT,
        "m_hat = new_m",
        says="m is used as it is, without the bias correction",
        section=5,
        hint="How long is your first step, in learning rates? Which of the two means is too small?",
    ),
    mistake(
        "v_not_corrected",
        V_HAT,
        "v_hat = new_v",
        says="v is used as it is, without the bias correction",
        section=5,
        hint="How long is your first step, in learning rates? Which of the two means is too small?",
    ),
    mistake(
        "corrected_by_a_product",
        M_HAT,
        "m_hat = new_m / (1 - beta1 * t)",
        V_HAT,
        "v_hat = new_v / (1 - beta2 * t)",
        says="the bias correction has beta times t where beta to the power t should stand",
        section=5,
        hint="How does Python write a power? What should the correction be after 1000 steps?",
    ),
    mistake(
        "always_corrected_as_at_first",
        M_HAT,
        "m_hat = new_m / (1 - beta1)",
        V_HAT,
        "v_hat = new_v / (1 - beta2)",
        says="the bias correction is that of the first step at every step: t is not used",
        section=5,
        hint="What should the correction be after 1000 steps, when the zeros are forgotten?",
    ),
    mistake(
        "correction_multiplied",
        M_HAT,
        "m_hat = new_m * (1 - beta1**t)",
        V_HAT,
        "v_hat = new_v * (1 - beta2**t)",
        says="m and v are multiplied by 1 - beta^t where they should be divided by it",
        section=5,
        hint="At the first steps m is too small. Does your correction make it larger?",
    ),
    mistake(
        "correction_from_zero",
        M_HAT,
        "m_hat = new_m / (1 - beta1 ** (t - 1))",
        V_HAT,
        "v_hat = new_v / (1 - beta2 ** (t - 1))",
        says="the bias correction is that of step t - 1: at the first step it divides by 0",
        section=5,
        hint="From which number are the steps counted? The docstring tells.",
    ),
    mistake(
        "correction_one_ahead",
        M_HAT,
        "m_hat = new_m / (1 - beta1 ** (t + 1))",
        V_HAT,
        "v_hat = new_v / (1 - beta2 ** (t + 1))",
        says="the bias correction is that of step t + 1",
        section=5,
        hint="t is counted from 1 here. Do you count it up once more?",
    ),
    mistake(
        "corrections_swapped",
        M_HAT,
        "m_hat = new_m / (1 - beta2**t)",
        V_HAT,
        "v_hat = new_v / (1 - beta1**t)",
        says="the bias corrections of m and v have changed places",
        section=5,
        hint="m was mixed with beta1. With which beta must it be corrected?",
    ),
    mistake(
        "corrected_without_the_root",
        STEP,
        "step = lr * m_hat / (xp.sqrt(new_v) / (1 - beta2**t) + eps)",
        says="the root of v is divided by 1 - beta2^t, not by the root of that",
        section=5,
        hint="Which comes first: the correction of v, or the root?",
    ),
    mistake(
        "eps_inside",
        STEP,
        "step = lr * m_hat / xp.sqrt(v_hat + eps)",
        says="eps is added inside of the root",
        section=5,
        hint="Layer norm has it inside. And Adam? Look at the denominator.",
    ),
    mistake(
        "no_eps",
        STEP,
        "step = lr * m_hat / xp.sqrt(v_hat)",
        says="eps is missing",
        section=5,
        hint="What does your function give for a gradient that has always been 0?",
    ),
    mistake(
        "fixed_eps",
        STEP,
        "step = lr * m_hat / (xp.sqrt(v_hat) + 1e-8)",
        says="the argument eps is ignored: 1e-8 is used whatever the caller asks for",
        section=5,
        hint="Call it with eps=0.2, then with eps=1e-8. Does the result change?",
    ),
    mistake(
        "no_root",
        STEP,
        "step = lr * m_hat / (v_hat + eps)",
        says="m is divided by v itself: the root is missing",
        section=4,
        hint="Multiply the gradient by 1000. A step of Adam should stay as long as it was.",
    ),
    mistake(
        "no_momentum",
        STEP,
        "step = lr * g / (xp.sqrt(v_hat) + eps)",
        says="the step is made with the gradient of this step instead of the running mean m",
        section=4,
        hint="Where is m used in your step?",
    ),
    mistake(
        "divided_by_the_gradient",
        STEP,
        "step = lr * m_hat / (xp.sqrt(g * g) + eps)",
        says="the step is divided by the size of this step's gradient instead of the root of v",
        section=4,
        hint="Where is v used in your step?",
    ),
    mistake(
        "old_means",
        M_HAT,
        "m_hat = m / (1 - beta1**t)",
        V_HAT,
        "v_hat = v / (1 - beta2**t)",
        says="the step is made with the old m and v: this step's gradient only counts at the next",
        section=7,
        hint="At the first step the old m is 0. Does your p move?",
    ),
    mistake(
        "old_m",
        M_HAT,
        "m_hat = m / (1 - beta1**t)",
        says="the step is made with the old m: this step's gradient only counts at the next one",
        section=7,
        hint="At the first step the old m is 0. Does your p move?",
    ),
    mistake(
        "old_v",
        V_HAT,
        "v_hat = v / (1 - beta2**t)",
        says="the step is divided by the root of the old v",
        section=7,
        hint="At the first step the old v is 0. How far does your p move?",
    ),
    mistake(
        "uphill",
        NEW_P,
        "new_p = p - decay + step",
        says="the step of Adam goes up the gradient: it is added",
        section=1,
        hint="The gradient points uphill. Where do we want to go?",
    ),
    mistake(
        "no_learning_rate",
        STEP,
        "step = m_hat / (xp.sqrt(v_hat) + eps)",
        says="the step of Adam lacks the learning rate",
        section=4,
        hint="Call it with lr=0 and no decay. Does p move?",
    ),
    mistake(
        "no_decay",
        NEW_P,
        "new_p = p - step",
        says="weight_decay is not used",
        section=6,
        hint="By hand, section 6: p = 2, lr = 0.1 and weight_decay = 0.5 shrink p by 0.1.",
    ),
    mistake(
        "decay_through_adam",
        BETAS,
        f"{BETAS}\n    g = g + weight_decay * p",
        NEW_P,
        "new_p = p - step",
        says="the decay is added to the gradient and goes through Adam",
        section=6,
        hint="What is done in AdamW with all that has been added to g? Read why it has its W.",
    ),
    mistake(
        "decay_twice",
        BETAS,
        f"{BETAS}\n    g = g + weight_decay * p",
        says="the decay acts twice: beside Adam, and added to the gradient",
        section=6,
        hint="At how many places of your function does weight_decay stand?",
    ),
    mistake(
        "decay_without_the_rate",
        DECAY,
        "decay = weight_decay * p",
        says="the decay lacks the learning rate",
        section=6,
        hint="By hand, section 6: p = 2, lr = 0.1 and weight_decay = 0.5 shrink p by 0.1.",
    ),
    mistake(
        "decay_after_the_step",
        NEW_P,
        "new_p = (p - step) * (1 - lr * weight_decay)",
        says="the decay shrinks p after the step of Adam instead of the old p",
        section=6,
        hint="Which p stands in the last line of the formula, in both places?",
    ),
    mistake(
        "decay_of_the_step",
        NEW_P,
        "new_p = p - step * (1 + weight_decay)",
        says="the decay makes the step of Adam longer instead of shrinking p",
        section=6,
        hint="Let the gradient be 0. p should shrink all the same.",
    ),
    mistake(
        "growth",
        NEW_P,
        "new_p = p + decay - step",
        says="the decay makes p larger: its sign is wrong",
        section=6,
        hint="By hand, section 6: 2 becomes 1.9.",
    ),
    mistake(
        "corrected_means_returned",
        RETURNED,
        "return new_p, m_hat, v_hat",
        says="the corrected means are returned, not m and v themselves",
        section=5,
        hint="What will be mixed at the next step: m or m_hat?",
    ),
    mistake(
        "old_means_returned",
        RETURNED,
        "return new_p, m * 1, v * 1",
        says="m and v are returned as they came",
        section=7,
        hint="Who remembers this step's gradient, if m and v stay as they were?",
    ),
    mistake(
        "step_returned",
        RETURNED,
        "return decay + step, new_m, new_v",
        says="the way that p goes is returned instead of the new p",
        section=7,
        hint="By hand, section 7: p is (0.9, 1.1) after the first step.",
    ),
)
