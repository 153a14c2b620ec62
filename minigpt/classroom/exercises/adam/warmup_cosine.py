"""Lesson 11, warmup_cosine: the learning rate of a step, the cases and the known mistakes."""

from minigpt.classroom.exercise import Case, mistake


def cases(rng) -> list[Case]:
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

MISTAKES = (
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
