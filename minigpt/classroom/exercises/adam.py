"""Lesson 11: AdamW, its learning rate, and clipping."""

import numpy as np

from minigpt.classroom.exercise import Case, Exercise, Part, mistake


def adamw_cases(rng) -> list[Case]:
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

ADAMW = (
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


def warmup_cosine_cases(rng) -> list[Case]:
    """Steps in the warm-up, at its end, on the cosine, at the end and behind it."""

    def case(name, step, steps=30, lr=0.3, min_lr=0.02, warmup=6):
        sizes = {"step": step, "steps": steps, "lr": lr, "warmup": warmup or 0.5}
        return Case(name, (step, steps, lr, min_lr, warmup), sizes=sizes)

    return [
        case("a step of the warm-up", 2),
        case("step 0", 0, steps=20, lr=0.5, min_lr=0.01, warmup=4),
        case("the last step of the warm-up", 5, lr=0.7),
        case("the first step after the warm-up", 6, steps=25),
        case("a step of the cosine", 11, steps=27, warmup=4),
        case("a late step of the cosine", 22, min_lr=0.05, lr=0.4),
        case("the last step", 29),
        case("a step after the end", 35),
        case("a training without warm-up", 4, steps=15, warmup=0),
        case("a min_lr of 0", 13, min_lr=0.0),
    ]


RISE = "return lr * (step + 1) / (warmup + 1)"
WARMING = "if step < warmup:\n"
DONE = "done = (step - warmup) / (steps - warmup)"
CAPPED = "done = min(1.0, done)"
WAVE = "wave = (1 + math.cos(math.pi * done)) / 2"
FALL = "return min_lr + (lr - min_lr) * wave"

WARMUP_COSINE = (
    mistake(
        "rises_from_zero",
        RISE,
        "return lr * step / warmup",
        says="the warm-up is lr step / warmup, which wastes step 0 on a learning rate of 0",
        section=9,
        hint="What is the learning rate of step 0? Why does it begin at lr / 21 in section 9?",
    ),
    mistake(
        "rises_to_lr_too_early",
        RISE,
        "return lr * (step + 1) / warmup",
        says="the warm-up reaches lr one step too early: its denominator is warmup",
        section=9,
        hint="With 20 steps of warm-up, what is the learning rate of step 19? 0.952 in section 9.",
    ),
    mistake(
        "rises_from_zero_slowly",
        RISE,
        "return lr * step / (warmup + 1)",
        says="the warm-up lags one step behind: its numerator is step instead of step + 1",
        section=9,
        hint="What is the learning rate of step 0? A step of length 0 would be wasted.",
    ),
    mistake(
        "rises_from_min_lr",
        RISE,
        "return min_lr + (lr - min_lr) * (step + 1) / (warmup + 1)",
        says="the warm-up begins at min_lr instead of near 0",
        section=9,
        hint="min_lr belongs to the end of the training. Does it stand in the first formula?",
    ),
    mistake(
        "no_warmup",
        WARMING,
        "if step < 0:\n",
        says="there is no warm-up: the cosine's formula is used from step 0 on",
        section=9,
        hint="What does your function give for step 0?",
    ),
    mistake(
        "constant_in_the_warmup",
        RISE,
        "return lr * 1.0",
        says="in the warm-up the learning rate is lr all the time",
        section=9,
        hint="The first steps should be short. What does your function give for step 0?",
    ),
    mistake(
        "warmup_not_subtracted",
        DONE,
        "done = step / steps",
        says="done is step / steps, as if the cosine began at step 0",
        section=9,
        hint="What is `done` at the end of the warm-up? It should be 0 there.",
    ),
    mistake(
        "divided_by_all_steps",
        DONE,
        "done = (step - warmup) / steps",
        says="done is divided by all steps instead of those after the warm-up",
        section=9,
        hint="What is `done` at the end of the training? It should be 1 there.",
    ),
    mistake(
        "starts_in_the_middle",
        DONE,
        "done = step / (steps - warmup)",
        says="done counts the steps of the warm-up as well, so it does not begin at 0",
        section=9,
        hint="What is `done` at the end of the warm-up? It should be 0 there.",
    ),
    mistake(
        "ends_a_step_early",
        DONE,
        "done = (step - warmup) / (steps - 1 - warmup)",
        says="the cosine ends one step too early, at step steps - 1",
        section=9,
        hint="`done` is 1 at the end of the training. Which step is that, in the docstring?",
    ),
    mistake(
        "whole_numbers",
        DONE,
        "done = (step - warmup) // (steps - warmup)",
        says="done is 0 until the end: the division gives whole numbers",
        section=9,
        hint="What is 5 // 20 in Python, and what is 5 / 20?",
    ),
    mistake(
        "no_end",
        CAPPED,
        "done = done * 1.0",
        says="after the end of the training the cosine rises again",
        section=9,
        hint="What is `done` for a step after the end? It should stay 1.",
    ),
    mistake(
        "no_pi",
        WAVE,
        "wave = (1 + math.cos(done)) / 2",
        says="the cosine is taken of `done` itself: pi is missing",
        section=9,
        hint="Half a wave of the cosine: from 0 to which number?",
    ),
    mistake(
        "whole_wave",
        WAVE,
        "wave = (1 + math.cos(2 * math.pi * done)) / 2",
        says="it is a whole wave of the cosine instead of half of one",
        section=9,
        hint="Where should the curve end: below or above?",
    ),
    mistake(
        "degrees",
        WAVE,
        "wave = (1 + math.cos(180 * done)) / 2",
        says="the angle is 180 times `done`, which means degrees; math.cos wants radians",
        section=9,
        hint="What does math.cos(180) give, and what should the cosine of half a turn be?",
    ),
    mistake(
        "quarter_of_a_wave",
        WAVE,
        "wave = math.cos(math.pi / 2 * done)",
        says="it is a quarter of a wave, from 1 to 0, without the 1 + and the division by 2",
        section=9,
        hint="Half way the learning rate is the middle of lr and min_lr. What is yours?",
    ),
    mistake(
        "not_halved",
        WAVE,
        "wave = 1 + math.cos(math.pi * done)",
        says="1 + cos is not divided by 2",
        section=9,
        hint="What is your learning rate at the first step after the warm-up? It should be lr.",
    ),
    mistake(
        "no_one",
        WAVE,
        "wave = math.cos(math.pi * done)",
        says="the cosine goes from 1 to -1: the 1 + and the division by 2 are missing",
        section=9,
        hint="What is your learning rate at the end of the training? It should be min_lr.",
    ),
    mistake(
        "upside_down",
        WAVE,
        "wave = (1 - math.cos(math.pi * done)) / 2",
        says="the curve rises from min_lr to lr: it is 1 - cos instead of 1 + cos",
        section=9,
        hint="What is your learning rate at the first step after the warm-up? It should be lr.",
    ),
    mistake(
        "straight_line",
        WAVE,
        "wave = 1 - done",
        says="the learning rate falls in a straight line instead of a cosine",
        section=9,
        hint="Slowly, then fast, then slowly: which function does that?",
    ),
    mistake(
        "min_lr_forgotten",
        FALL,
        "return lr * wave",
        says="the cosine goes down to 0 instead of min_lr",
        section=9,
        hint="What is your learning rate at the end of the training?",
    ),
    mistake(
        "min_lr_on_top",
        FALL,
        "return min_lr + lr * wave",
        says="min_lr is added to the whole lr, so the cosine begins above lr",
        section=9,
        hint="What is your learning rate at the first step after the warm-up? It should be lr.",
    ),
    mistake(
        "min_lr_as_a_floor",
        FALL,
        "return max(min_lr, lr * wave)",
        says="the cosine aims at 0 and is cut off at min_lr, instead of ending there",
        section=9,
        hint="Half way the learning rate is the middle of lr and min_lr. What is yours?",
    ),
    mistake(
        "min_lr_not_added",
        FALL,
        "return (lr - min_lr) * wave",
        says="the cosine lies too low by min_lr: it is not added at the end",
        section=9,
        hint="What is your learning rate at the end of the training?",
    ),
    mistake(
        "zero_after_the_end",
        CAPPED,
        "if done > 1:\n        return 0.0",
        says="after the end of the training the result is 0 instead of min_lr",
        section=9,
        hint="Read the docstring about a step after the end.",
    ),
)


def clip_cases(rng) -> list[Case]:
    """Above the limit, below it, one large gradient, no limit, all zeros."""
    normal = rng.standard_normal

    def case(name, limit, **shapes):
        grads = {key: normal(shape) for key, shape in shapes.items()}
        sizes = {"N": sum(g.size for g in grads.values()), "limit": limit or 0.5}
        return Case(name, (grads, limit), sizes=sizes)

    one_large = case("one large gradient", 0.7, weight=(2, 4), scale=(2,), bias=(3,))
    one_large.args[0]["bias"][1] = 30.0
    zeros = case("gradients of 0", 2.0, weight=(2, 3), scale=(2,), bias=(4,))
    for g in zeros.args[0].values():
        g[...] = 0
    return [
        case("plain gradients", 1.5, weight=(3, 4), scale=(2,), bias=(5,)),
        case("gradients below the limit", 50.0, weight=(2, 3), scale=(5,), bias=(4,)),
        case("a limit that only all together exceed", 3.2, weight=(2, 3), scale=(5,), bias=(4,)),
        one_large,
        case("a limit of 0", 0.0, weight=(3, 2), scale=(4,), bias=(5,)),
        zeros,
    ]


SQUARES = "total = total + float((g * g).sum())"
START = "total = 0.0"
NORM = "norm = math.sqrt(total)"
LIMITED = "if limit > 0:"
FACTOR = "factor = min(1.0, limit / (norm + 1e-6))"
CLIPPED = "clipped = {name: g * factor for name, g in grads.items()}"
BOTH = "return clipped, norm"

CLIP = (
    mistake(
        "each_tensor_by_itself",
        CLIPPED,
        "own = {name: math.sqrt(float((g * g).sum())) for name, g in grads.items()}\n"
        "    bound = limit if limit > 0 else math.inf\n"
        "    clipped = {name: g * min(1.0, bound / (own[name] + 1e-6))"
        " for name, g in grads.items()}",
        says="each gradient is shrunk by a factor of its own, from its own norm",
        section=10,
        hint="One factor for all, or the direction changes. How many factors do you compute?",
    ),
    mistake(
        "each_number_by_itself",
        CLIPPED,
        "bound = limit if limit > 0 else math.inf\n"
        "    clipped = {name: g.clip(-bound, bound) for name, g in grads.items()}",
        says="each number is cut off at the limit by itself",
        section=10,
        hint="By hand, section 10: (3, 4) with the limit 1. Which direction does yours have?",
    ),
    mistake(
        "norm_after",
        BOTH,
        "return clipped, norm * factor",
        says="the norm that is returned is the one after the clipping",
        section=10,
        hint="Which norm would you like to see in a plot, to notice a huge gradient?",
    ),
    mistake(
        "no_root",
        NORM,
        "norm = total",
        says="the norm is the sum of the squares: the root is missing",
        section=10,
        hint="By hand, section 10: the norm of (3, 4) is 5.",
    ),
    mistake(
        "sum_of_norms",
        SQUARES,
        "total = total + math.sqrt(float((g * g).sum()))",
        NORM,
        "norm = total",
        says="the norm is the sum of the norms of the single gradients",
        section=10,
        hint="Two arrays, (3,) and (4,): the norm of both together is 5. What is yours?",
    ),
    mistake(
        "largest_norm",
        SQUARES,
        "total = max(total, float((g * g).sum()))",
        says="the norm is that of the longest single gradient, not of all together",
        section=10,
        hint="Two arrays, (3,) and (4,): the norm of both together is 5. What is yours?",
    ),
    mistake(
        "largest_number",
        SQUARES,
        "total = max(total, float((g * g).max()))",
        says="the norm is the size of the largest number",
        section=10,
        hint="By hand, section 10: the norm of (3, 4) is 5.",
    ),
    mistake(
        "sum_of_sizes",
        SQUARES,
        "total = total + float(abs(g).sum())",
        NORM,
        "norm = total",
        says="the norm is the sum of the sizes |g|, without squares and root",
        section=10,
        hint="By hand, section 10: the norm of (3, 4) is 5.",
    ),
    mistake(
        "mean_square",
        NORM,
        "norm = math.sqrt(total / sum(g.size for g in grads.values()))",
        says="the norm is the root of the mean of the squares, where their sum should stand",
        section=10,
        hint="By hand, section 10: the norm of (3, 4) is 5.",
    ),
    mistake(
        "mean_of_each",
        SQUARES,
        "total = total + float((g * g).mean())",
        says="the mean of the squares of each gradient is summed instead of the squares themselves",
        section=10,
        hint="By hand, section 10: the norm of (3, 4) is 5.",
    ),
    mistake(
        "only_the_last",
        SQUARES,
        "total = float((g * g).sum())",
        says="the norm is that of the last gradient alone",
        section=10,
        hint="Does your sum grow from one gradient to the next, or does it begin anew?",
    ),
    mistake(
        "only_the_first",
        NORM,
        "norm = math.sqrt(float((next(iter(grads.values())) ** 2).sum()))",
        says="the norm is that of the first gradient alone",
        section=10,
        hint="Does your loop come to its second round?",
    ),
    mistake(
        "squares_with_sign",
        SQUARES,
        "total = total + float(g.sum()) ** 2",
        says="the numbers of a gradient are summed before they are squared",
        section=10,
        hint="What is the norm of (1, -1)? Square first.",
    ),
    mistake(
        "always_scaled",
        FACTOR,
        "factor = limit / (norm + 1e-6)",
        says="gradients below the limit are made longer, up to the limit",
        section=10,
        hint="How large may the factor be at most?",
    ),
    mistake(
        "larger_factor",
        FACTOR,
        "factor = max(1.0, limit / (norm + 1e-6))",
        says="the factor is the larger of 1 and limit / norm: it never shrinks anything",
        section=10,
        hint="Clipping makes gradients shorter. Print your factor for a norm above the limit.",
    ),
    mistake(
        "to_length_one",
        FACTOR,
        "factor = 1 / (norm + 1e-6) if norm > limit else 1.0",
        says="gradients above the limit are shrunk to the length 1 instead of the limit",
        section=10,
        hint="What is the norm of your clipped gradients, for a limit of 1.5?",
    ),
    mistake(
        "upside_down",
        FACTOR,
        "factor = min(1.0, norm / limit)",
        says="the factor is norm / limit",
        section=10,
        hint="By hand, section 10: the norm is 5, the limit 1. What is your factor?",
    ),
    mistake(
        "root_missing_in_the_factor",
        FACTOR,
        "factor = min(1.0, limit / (total + 1e-6))",
        says="the factor is computed from the sum of squares instead of its root",
        section=10,
        hint="What is the norm of your clipped gradients? It should be the limit.",
    ),
    mistake(
        "zero_is_a_limit",
        LIMITED,
        "if limit >= 0:",
        says="a limit of 0 makes all gradients 0, where it should clip nothing",
        section=10,
        hint="Read the docstring about a limit of 0.",
    ),
    mistake(
        "no_small_number",
        FACTOR,
        "factor = limit / norm if norm > limit else 1.0",
        says="the small number 1e-6 beside the norm is missing",
        section=10,
        hint="Compare your factor with the one in the docstring, term by term.",
    ),
    mistake(
        "not_applied",
        CLIPPED,
        "clipped = {name: g * 1.0 for name, g in grads.items()}",
        says="the gradients come back as they were, whatever the factor",
        section=10,
        hint="Where does your factor meet the gradients?",
    ),
)

EXERCISE = Exercise(
    "11",
    "adam",
    "AdamW, the schedule of its learning rate, and clipping",
    (
        Part(
            "adamw_step",
            ("adamw_step",),
            adamw_cases,
            ADAMW,
            section=6,
            outputs=("p", "m", "v"),
            hints={
                "p": "Follow the two numbers of section 7, and print m_hat, v_hat and the step.",
                "m": "By hand, section 7: betas = (0.5, 0.75) and g = 4 give m = 2 at first.",
                "v": "By hand, section 7: betas = (0.5, 0.75) and g = 4 give v = 4 at first.",
            },
        ),
        Part(
            "warmup_cosine",
            ("warmup_cosine",),
            warmup_cosine_cases,
            WARMUP_COSINE,
            section=9,
            outputs=("rate",),
            arrays=False,
            hints={
                "": "Section 9 prints it for steps=100, lr=1, min_lr=0.1, warmup=20: compare "
                "steps 0, 19, 20, 60 and 99."
            },
        ),
        Part(
            "clip_by_norm",
            ("clip_by_norm",),
            clip_cases,
            CLIP,
            section=10,
            outputs=("grads", "norm"),
            hints={
                "norm": "Two arrays, (3,) and (4,): the norm of both together is 5.",
                "": "Print your factor. The norm of the clipped gradients should be the limit.",
            },
        ),
    ),
)
