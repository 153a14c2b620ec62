"""Lesson 08: the cross-entropy, and the loss in bits per byte."""

import math

import numpy as np

from minigpt.classroom.exercise import Case, Exercise, Part, mistake

IGNORE = -100


def cross_entropy_cases(rng) -> list[Case]:
    """Plain; fewer axes; ignored places; nothing counts; four kinds of numbers that go wrong."""
    normal = rng.standard_normal

    def case(name, logits, targets, **options):
        V, counted = logits.shape[-1], targets != IGNORE
        places = np.broadcast_to(~counted[..., None], logits.shape)
        marks = {"dlogits": {
            "the ignored places": places,
            "the logits of the targets": np.arange(V) == targets[..., None],
        }}  # fmt: skip
        sizes = {"N": max(1, int(counted.sum())), "V": V, "places": targets.size}
        sizes["B"] = logits.shape[0]
        return Case(name, (logits, targets), sizes=sizes, marks=marks, **options)

    def drawn(*shape):
        targets = rng.integers(0, shape[-1], shape[:-1])
        targets[..., 0] = 0  # token 0 is a target as any other
        return 1.5 * normal(shape), targets

    logits, targets = drawn(3, 4, 6)
    targets[0, 3] = targets[1, 1] = IGNORE
    targets[2, 2:] = IGNORE
    ignored = case("ignored places", logits, targets)
    nothing, _ = drawn(2, 3, 4)
    large, large_targets = drawn(2, 3, 4)
    apart, apart_targets = drawn(2, 3, 4)
    apart[1] -= 2000  # all logits of the second text are far below those of the first
    unlikely = np.tile([0.0, 30.0, 10.0, 5.0], (2, 3, 1))
    far, far_targets = drawn(2, 4, 3)
    far[0, 1] = [0.0, 3.0, -1000.0]
    far_targets[0, 1] = 2
    return [
        case("plain numbers", *drawn(2, 5, 7)),
        case("logits of shape (N, V)", *drawn(4, 6)),
        ignored,
        case("no place that counts", nothing, np.full((2, 3), IGNORE), exact=False),
        case("large logits", 1000 + large, large_targets, exact=False),
        case("texts whose logits are far apart", apart, apart_targets, exact=False),
        case("unlikely targets", unlikely, np.zeros((2, 3), dtype=int), exact=False),
        case("a target with p = 0 in the computer", far, far_targets, exact=False),
    ]


COUNTED = "counted = targets != IGNORE"
LARGEST = "largest = logits.max(axis=-1, keepdims=True)"
TOTAL = "total = exp.sum(axis=-1, keepdims=True)"
LOG_TOTAL = "log_total = xp.log(total)"
LOSSES = "losses = log_total - xp.take_along_axis(shifted, right, axis=-1)"
HIDE = "losses = xp.where(counted, losses, 0)"
COUNT = "N = max(1, int(counted.sum()))"
MEAN = "loss = losses.sum() / N"
P_MINUS_Y = "dlogits = p - one_hot"
HIDE_BACK = "dlogits = dlogits * counted[..., None]"
DIVIDE = "dlogits = dlogits * (dloss / N)"

CROSS_ENTROPY_MISTAKES = (
    mistake(
        "sum",
        MEAN,
        "loss = losses.sum()",
        says="the losses of the places are added up, but not divided by their number",
        section=2,
        hint="What is the loss of the same text twice? It should be that of the text once.",
    ),
    mistake(
        "divided_by_all_places",
        MEAN,
        "loss = losses.sum() / targets.size",
        says="the sum is divided by the number of all places, the ignored ones as well",
        section=5,
        hint="Append ignored places to a text. Should its loss become smaller?",
    ),
    mistake(
        "divided_by_V_too",
        MEAN,
        "loss = losses.sum() / N / logits.shape[-1]",
        says="the mean runs over the V logits of each place too, so the loss is V times too small",
        section=6,
        hint="For logits that are all equal, the loss should be ln V. What is yours?",
    ),
    mistake(
        "wrong_sign",
        MEAN,
        "loss = -losses.sum() / N",
        says="the loss has the wrong sign",
        section=2,
        hint="Can a surprise be negative? The logarithm of a probability is.",
    ),
    mistake(
        "in_bits",
        MEAN,
        "loss = losses.sum() / N / math.log(2)",
        says="the loss is in bits (log2), where it should be in nats (ln)",
        section=2,
        hint="Which logarithm does the formula have? For p = 1/2 the loss should be 0.69.",
    ),
    mistake(
        "ignored_places_add",
        HIDE,
        "",
        says="ignored places add to the sum, as if their target were token 0",
        section=5,
        hint="Change the logits of an ignored place. Should the loss change?",
    ),
    mistake(
        "token_0_ignored",
        COUNTED,
        "counted = targets > 0",
        says="token 0 is taken for a place that does not count",
        section=5,
        hint="Which target says that a place does not count? Is 0 a token?",
    ),
    mistake(
        "log_sum_exp_without_largest",
        LOSSES,
        "losses = log_total - xp.take_along_axis(logits, right, axis=-1)",
        says="the largest logit is subtracted inside of the sum, but neither added again behind "
        "the logarithm nor subtracted from the target's logit",
        section=3,
        hint="Section 3 has m + ln(sum of exp(z - m)). Where is m in your formula?",
    ),
    mistake(
        "only_the_target",
        LOSSES,
        "losses = -xp.take_along_axis(logits, right, axis=-1)",
        says="only the logit of the target counts: the logarithm of the sum is missing",
        section=3,
        hint="Add 100 to all logits of a place. The loss should stay as it is. Does it?",
    ),
    mistake(
        "probability_without_log",
        LOSSES,
        "losses = -xp.take_along_axis(exp / total, right, axis=-1)",
        says="the logarithm is missing: it is the mean of -p",
        section=2,
        hint="What should the loss be for p = 1? And for p near 0?",
    ),
    mistake(
        "one_minus_p",
        LOSSES,
        "losses = 1 - xp.take_along_axis(exp / total, right, axis=-1)",
        says="it is the mean of 1 - p instead of that of -ln p",
        section=2,
        hint="Section 2 asks why it is not just 1 - p. What is the answer?",
    ),
    mistake(
        "softmax_twice",
        LOG_TOTAL,
        "log_total = xp.log(xp.exp(exp / total).sum(axis=-1, keepdims=True))",
        LOSSES,
        "losses = log_total - xp.take_along_axis(exp / total, right, axis=-1)",
        says="the softmax is taken twice: the probabilities are treated as logits once more",
        section=3,
        hint="log-sum-exp has a softmax in it already. What do you give to it?",
    ),
    mistake(
        "over_the_places",
        LARGEST,
        "largest = logits.max(axis=-2, keepdims=True)",
        TOTAL,
        "total = exp.sum(axis=-2, keepdims=True)",
        LOSSES,
        "losses = -xp.log(xp.take_along_axis(exp / total, right, axis=-1))",
        says="the softmax runs over the places of a text instead of the V tokens of each place",
        section=1,
        hint="Which numbers add up to 1: those of one place, or those of one token?",
    ),
    mistake(
        "shifted_again",
        COUNTED,
        "logits = logits[..., :-1, :]\n    targets = targets[..., 1:]\n    " + COUNTED,
        says="the targets are shifted by one place inside of the loss; the caller has done that",
        section=7,
        hint="How many places does your mean run over, and how many targets were you given?",
    ),
    mistake(
        "nothing_subtracted",
        LARGEST,
        "largest = 0",
        says="the largest logit is not subtracted before exp: exp is infinite for large logits, "
        "and 0 for very small ones",
        section=3,
        hint="What is np.exp(1000)? Section 3 repairs it with one line of algebra.",
    ),
    mistake(
        "largest_of_everything",
        LARGEST,
        "largest = logits.max()",
        says="what is subtracted is the largest logit of the entire array, not that of the place: "
        "where all logits are far smaller, the sum of exp is 0",
        section=3,
        hint="Take two places, with the logits (0, 1) and (-2000, -1999). What is each sum of exp?",
    ),
    mistake(
        "log_of_p",
        LOSSES,
        "losses = -xp.log(xp.take_along_axis(exp / total, right, axis=-1))",
        says="the loss is wrong where p of the target is too small for the computer, since the "
        "logarithm of p is taken",
        section=3,
        hint="Take the logits (0, -1000) with the second as target. What is p in the computer?",
    ),
    mistake(
        "epsilon",
        LOSSES,
        "losses = -xp.log(xp.take_along_axis(exp / total, right, axis=-1) + 1e-9)",
        says="a large surprise comes out too small: p is kept away from 0 by a small number",
        section=3,
        hint="Section 3 names this repair, and tells what becomes of a surprise of 1000.",
    ),
    mistake(
        "divided_by_nothing",
        COUNT,
        "N = int(counted.sum())",
        says="it divides by 0 when no place counts; the loss should be 0 then",
        section=5,
        hint="By what do you divide when all targets are IGNORE?",
    ),
    mistake(
        "gradient_not_divided",
        DIVIDE,
        "dlogits = dlogits * dloss",
        says="dlogits is not divided by N: it is the gradient of the sum",
        section=4,
        hint="Only a factor is wrong. Which step of the derivation brings the number of places in?",
    ),
    mistake(
        "gradient_divided_by_all_places",
        DIVIDE,
        "dlogits = dlogits * (dloss / counted.size)",
        says="dlogits is divided by the number of all places, the ignored ones as well",
        section=5,
        hint="The forward divides by the places that count. What does your backward divide by?",
    ),
    mistake(
        "gradient_divided_by_texts",
        DIVIDE,
        "dlogits = dlogits * (dloss / p.shape[0])",
        says="dlogits is divided by the length of the first axis instead of N",
        section=4,
        hint="How many places are there in B texts of T tokens?",
    ),
    mistake(
        "gradient_divided_by_V_too",
        DIVIDE,
        "dlogits = dlogits * (dloss / (N * p.shape[-1]))",
        says="dlogits is divided by V too: it is V times too small",
        section=4,
        hint="Take one place. Its dlogits should be p - y itself; is it?",
    ),
    mistake(
        "dloss_forgotten",
        DIVIDE,
        "dlogits = dlogits / N",
        says="dlogits is not multiplied by dloss, the upstream gradient",
        section=5,
        hint="Call your backward with dloss = 1 and with dloss = 2. What should happen?",
    ),
    mistake(
        "ignored_places_pushed",
        HIDE_BACK,
        "",
        says="ignored places get a gradient, as if their target were token 0",
        section=5,
        hint="Which numbers of dlogits may be other than 0 at an ignored place?",
    ),
    mistake(
        "ignored_places_get_p",
        P_MINUS_Y,
        "dlogits = p - one_hot * counted[..., None]",
        HIDE_BACK,
        "",
        says="ignored places get p as their gradient, where it should be 0",
        section=5,
        hint="Both p and y must fall away at an ignored place. Which one is left in yours?",
    ),
    mistake(
        "y_minus_p",
        P_MINUS_Y,
        "dlogits = one_hot - p",
        says="dlogits has the wrong sign: it is y - p",
        section=4,
        hint="Training goes against the gradient. Which sign must it have at the target?",
    ),
    mistake(
        "only_p",
        P_MINUS_Y,
        "dlogits = p",
        says="nothing is subtracted at the target: dlogits is p / N",
        section=4,
        hint="Add up the dlogits of one place. What should the sum be?",
    ),
    mistake(
        "only_y",
        P_MINUS_Y,
        "dlogits = -1.0 * one_hot",
        says="only the target gets a gradient: p is missing",
        section=4,
        hint="Add up the dlogits of one place. What should the sum be?",
    ),
    mistake(
        "one_from_all",
        P_MINUS_Y,
        "dlogits = p - 1",
        says="1 is subtracted from every p instead of that of the target alone",
        section=4,
        hint="Add up the dlogits of one place. What should the sum be?",
    ),
    mistake(
        "other_tokens_forgotten",
        P_MINUS_Y,
        "dlogits = (p - 1) * one_hot",
        says="only the logit of the target has a gradient; the other tokens should be pushed down",
        section=4,
        hint="In the picture of section 4, how many of the three bars move?",
    ),
    mistake(
        "gradient_of_p",
        P_MINUS_Y,
        "dlogits = -1.0 * one_hot / p",
        says="it stops half-way: -1/p at the target is the gradient of p, not of the logits",
        section=4,
        hint="The second way of section 4 has two parts, the logarithm and the softmax.",
    ),
    mistake(
        "exp_for_p",
        "p = exp / total",
        "p = exp",
        says="exp before the division stands in dlogits where p belongs",
        section=4,
        hint="Add up your p of one place. What should the sum be?",
    ),
)


def bits_cases(rng) -> list[Case]:
    """A token of some bytes; characters of one byte; the docstring's example; a large text."""

    def case(name, loss, tokens, n_bytes):
        return Case(name, (loss, tokens, n_bytes), sizes={"tokens": tokens, "n_bytes": n_bytes})

    return [
        case("plain numbers", 2.5 + rng.random(), 100, 430),
        case("the example of the docstring", 2 * math.log(2), 100, 400),
        case("tokens of one byte", 1.5 + rng.random(), 300, 300),
        case("fewer bytes than tokens", 1.1 + rng.random(), 700, 510),
    ]


NATS = "nats = loss * tokens"
BITS = "bits = nats / math.log(2)"
PER_BYTE = "return bits / n_bytes"

BITS_MISTAKES = (
    mistake(
        "nats_per_byte",
        BITS,
        "bits = nats",
        says="it counts nats for each byte: nats were not turned into bits",
        section=8,
        hint="How many nats is one bit, the surprise of a coin?",
    ),
    mistake(
        "multiplied_by_ln_2",
        BITS,
        "bits = nats * math.log(2)",
        says="the nats are multiplied by ln 2 where they should be divided by it",
        section=8,
        hint="A bit is smaller than a nat. Are there more bits or more nats in a text?",
    ),
    mistake(
        "log_10",
        BITS,
        "bits = nats / math.log10(2)",
        says="the nats are divided by the logarithm of 2 to the base 10 instead of ln 2",
        section=8,
        hint="How large is ln 2? Print your own number for it.",
    ),
    mistake(
        "divided_by_2",
        BITS,
        "bits = nats / 2",
        says="the nats are divided by 2 instead of ln 2",
        section=8,
        hint="How many nats is one bit? It is the surprise at a p of 1/2.",
    ),
    mistake(
        "upside_down",
        NATS,
        "nats = loss / tokens",
        PER_BYTE,
        "return bits * n_bytes",
        says="tokens and bytes have changed places: it is divided by tokens per byte",
        section=8,
        hint="Tokens of 4 bytes: are the bits of a byte fewer or more than those of a token?",
    ),
    mistake(
        "bits_per_token",
        NATS,
        "nats = loss",
        PER_BYTE,
        "return bits",
        says="it counts bits for each token: the lengths of the tokens are left out",
        section=8,
        hint="Which of your three arguments have you used?",
    ),
    mistake(
        "bits_of_the_text",
        PER_BYTE,
        "return bits",
        says="it counts the bits of the whole text: they are not divided by its bytes",
        section=8,
        hint="Does your number grow with the length of the text? Should it?",
    ),
    mistake(
        "one_token_in_all_bytes",
        NATS,
        "nats = loss",
        says="the loss of one token is divided by the bytes of the whole text",
        section=8,
        hint="The loss is a mean. How large is the surprise of the whole text?",
    ),
    mistake(
        "share_of_a_byte",
        PER_BYTE,
        "return bits / (8 * n_bytes)",
        says="it is divided by 8 as well: a share of the text's size instead of bits per byte",
        section=8,
        hint="What would your number be for a text that can't be packed at all? It should be 8.",
    ),
    mistake(
        "perplexity",
        PER_BYTE,
        "return math.exp(loss)",
        says="it is the perplexity, e to the loss",
        section=8,
        hint="Section 8 has two units. Which one can be compared between different tokens?",
    ),
    mistake(
        "whole_numbers",
        PER_BYTE,
        "return bits // n_bytes",
        says="the result is rounded down to a whole number",
        section=8,
        hint="What is the difference between / and //?",
    ),
)

EXERCISE = Exercise(
    "08",
    "loss",
    "cross-entropy with a stable logarithm, and bits per byte",
    (
        Part(
            "cross_entropy",
            ("cross_entropy", "cross_entropy_backward"),
            cross_entropy_cases,
            CROSS_ENTROPY_MISTAKES,
            section=5,
            gradients=("dlogits",),
            hints={
                "y": "Take z = (ln 5, ln 3, ln 2) of section 1 with the target dog: -ln 0.3 = 1.2.",
                "dlogits": "Take p = (0.5, 0.3, 0.2), target dog, N = 1: it is (0.5, -0.7, 0.2).",
            },
        ),
        Part(
            "perplexity",
            ("bits_per_byte",),
            bits_cases,
            BITS_MISTAKES,
            section=8,
            arrays=False,
            hints={"result": "All nats of the text, as bits, divided by all bytes of the text."},
        ),
    ),
    may_use=frozenset({"softmax", "softmax_backward"}),
)
