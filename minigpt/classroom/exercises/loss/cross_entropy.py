"""Lesson 08, the cross-entropy: its cases, and the known mistakes of the forward pass."""

import numpy as np

from minigpt.classroom.exercise import Case, mistake

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
RIGHT = "right = xp.where(counted, targets, 0)"
LARGEST = "largest = logits.max(axis=-1, keepdims=True)"
SHIFTED = "shifted = logits - largest"
TOTAL = "total = exp.sum(axis=-1, keepdims=True)"
LOG_TOTAL = "log_total = xp.log(total)"
OF_TARGET = "of_target = xp.take_along_axis(shifted, right, axis=-1)"
LOSSES = "losses = log_total - of_target"
HIDE = "losses = xp.where(counted, losses, 0)"
COUNT = "N = max(1, int(counted.sum()))"
MEAN = "loss = losses.sum() / N"

FORWARD = (
    mistake(
        "sum",
        MEAN,
        "loss = losses.sum()",
        says="the losses of the places are added up, but not divided by their number",
        section=2,
        hint="What is the loss of the same text twice? It should be that of the text once.",
    ),
    mistake(
        "not_averaged",
        MEAN,
        "loss = losses",
        says="the losses of the places are returned one by one: their mean is missing",
        section=2,
        hint="How many numbers should come back for a batch of texts?",
    ),
    mistake(
        "mean_for_each_text",
        MEAN,
        "loss = losses.sum(axis=-1) / xp.maximum(1, counted.sum(axis=-1))",
        says="there is a mean along the last axis of targets only: each text has a loss of its own",
        section=2,
        hint="How many numbers should come back for a batch of texts?",
    ),
    mistake(
        "sum_for_each_text",
        MEAN,
        "loss = losses.sum(axis=-1)",
        says="the losses are added up along the last axis of targets only, and not divided",
        section=2,
        hint="How many numbers should come back for a batch of texts?",
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
        LOSSES,
        "losses = of_target - log_total",
        says="the loss has the wrong sign",
        section=2,
        hint="Can a surprise be negative? The logarithm of a probability is.",
    ),
    mistake(
        "in_bits",
        LOSSES,
        "losses = (log_total - of_target) / math.log(2)",
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
        OF_TARGET,
        "of_target = xp.take_along_axis(logits, right, axis=-1)",
        says="the largest logit is subtracted inside of the sum, but neither added again after "
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
        OF_TARGET,
        "of_target = xp.take_along_axis(exp / total, right, axis=-1)",
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
        "log_10",
        LOSSES,
        "losses = (log_total - of_target) / math.log(10)",
        says="the loss is made with the logarithm to the base 10, where it should be ln",
        section=2,
        hint="Which logarithm does the formula have? For p = 1/2 the loss should be 0.69.",
    ),
    mistake(
        "log_2_of_the_sum",
        LOG_TOTAL,
        "log_total = xp.log2(total)",
        says="the logarithm of the sum is to the base 2, where it should be ln",
        section=3,
        hint="Which logarithm undoes exp?",
    ),
    mistake(
        "mean_of_the_means",
        MEAN,
        "loss = (losses.sum(axis=-1) / xp.maximum(1, counted.sum(axis=-1))).mean()",
        says="each text has a mean of its own, and the mean of these is taken: places of short "
        "texts weigh more",
        section=5,
        hint="By how many places do you divide, and how often? Take texts of different lengths.",
    ),
    mistake(
        "divided_by_texts",
        MEAN,
        "loss = losses.sum() / targets.shape[0]",
        says="the sum is divided by the length of the first axis instead of N",
        section=2,
        hint="How many places are there in B texts of T tokens?",
    ),
    mistake(
        "divided_by_places_of_a_text",
        MEAN,
        "loss = losses.sum() / targets.shape[-1]",
        says="the sum is divided by the length of the last axis of targets instead of N",
        section=2,
        hint="How many places are there in B texts of T tokens?",
    ),
    mistake(
        "one_place_too_many",
        COUNT,
        "N = 1 + int(counted.sum())",
        says="the sum is divided by N + 1 instead of N",
        section=5,
        hint="What is the loss of a single place? Divide by how many?",
    ),
    mistake(
        "divided_by_V_alone",
        MEAN,
        "loss = losses.sum() / logits.shape[-1]",
        says="the sum is divided by V instead of N",
        section=2,
        hint="The mean runs over the places. How many are there?",
    ),
    mistake(
        "ignored_places_cost_ln_V",
        HIDE,
        "losses = xp.where(counted, losses, math.log(logits.shape[-1]))",
        says="ignored places add ln V to the sum, as if their logits were all equal",
        section=5,
        hint="What should an ignored place add to the sum?",
    ),
    mistake(
        "all_logits_of_ignored_places",
        HIDE,
        "losses = xp.where(counted, losses, log_total[..., 0] + largest[..., 0])",
        says="ignored places add the logarithm of their sum of exp",
        section=5,
        hint="Both parts of the loss must fall away at an ignored place. Which one is left?",
    ),
    mistake(
        "targets_from_one",
        RIGHT,
        "right = xp.where(counted, targets - 1, 0)",
        says="the targets are read as if they counted from 1: the logit before the target's is "
        "taken",
        section=2,
        hint="Which logit belongs to target 0?",
    ),
    mistake(
        "target_added",
        LOSSES,
        "losses = log_total + of_target",
        says="the target's logit is added, where it should be subtracted",
        section=3,
        hint="If the target's logit grows, should the loss grow or fall?",
    ),
    mistake(
        "largest_at_the_target_only",
        LOG_TOTAL,
        "log_total = xp.log(xp.exp(logits).sum(axis=-1, keepdims=True))",
        says="the largest logit is gone from the target's logit, but not from the "
        "logarithm of the sum",
        section=3,
        hint="Add 100 to all logits of a place. The loss should stay as it is. Does it?",
    ),
    mistake(
        "sum_without_log",
        LOG_TOTAL,
        "log_total = total",
        says="the logarithm of the sum is missing: the sum of exp (after the subtraction of the "
        "largest logit) stands there itself",
        section=3,
        hint="For logits that are all equal, the loss should be ln V. What is yours?",
    ),
    mistake(
        "raw_sum_without_log",
        LOG_TOTAL,
        "log_total = xp.exp(logits).sum(axis=-1, keepdims=True)",
        OF_TARGET,
        "of_target = xp.take_along_axis(logits, right, axis=-1)",
        says="the logarithm of the sum is missing: the sum of exp stands there itself",
        section=3,
        hint="For logits that are all equal, the loss should be ln V. What is yours?",
    ),
    mistake(
        "sum_of_logits",
        LOG_TOTAL,
        "log_total = logits.sum(axis=-1, keepdims=True)",
        OF_TARGET,
        "of_target = xp.take_along_axis(logits, right, axis=-1)",
        says="the logits are added up as they are: the logarithm of the sum of exp is missing",
        section=3,
        hint="For logits that are all equal, the loss should be ln V. What is yours?",
    ),
    mistake(
        "largest_for_the_sum",
        LOG_TOTAL,
        "log_total = 0",
        says="the largest logit stands where the logarithm of the sum belongs",
        section=3,
        hint="For logits that are all equal, the loss should be ln V. What is yours?",
    ),
    mistake(
        "mean_of_exp",
        LOG_TOTAL,
        "log_total = xp.log(exp.mean(axis=-1, keepdims=True))",
        says="the logarithm is that of the mean of exp instead of the sum: ln V is missing",
        section=3,
        hint="For logits that are all equal, the loss should be ln V. What is yours?",
    ),
    mistake(
        "log_of_each_exp",
        LOG_TOTAL,
        "log_total = shifted.sum(axis=-1, keepdims=True)",
        says="the logarithm is taken of each exp, and the sum after that",
        section=3,
        hint="The logarithm of a sum is not the sum of the logarithms. Which one comes first?",
    ),
    mistake(
        "log_of_one_minus_p",
        LOSSES,
        "losses = -xp.log(1 - xp.take_along_axis(exp / total, right, axis=-1))",
        says="it is the mean of -ln(1 - p) instead of -ln p",
        section=2,
        hint="What should the loss be for p = 1? And for p near 0?",
    ),
    mistake(
        "weighted_with_p",
        LOSSES,
        "losses = (log_total - of_target) * xp.take_along_axis(exp / total, right, axis=-1)",
        says="each surprise is multiplied by p of the target: -p ln p for -ln p",
        section=2,
        hint="What should the loss be for p near 0?",
    ),
    mistake(
        "entropy",
        LOSSES,
        "losses = (exp / total * (log_total - shifted)).sum(axis=-1, keepdims=True)",
        says="it is the entropy of p: all tokens count with their own p, and not the target alone",
        section=2,
        hint="Change the targets. Does your loss change?",
    ),
    mistake(
        "all_tokens_as_targets",
        LOSSES,
        "losses = (log_total - shifted).sum(axis=-1, keepdims=True)",
        says="the surprise -ln p is added up for all V tokens, not taken for the target alone",
        section=2,
        hint="Change the targets. Does your loss change?",
    ),
    mistake(
        "all_tokens_averaged",
        LOSSES,
        "losses = (log_total - shifted).mean(axis=-1, keepdims=True)",
        says="the surprise -ln p is averaged over all V tokens, not taken for the target alone",
        section=2,
        hint="Change the targets. Does your loss change?",
    ),
    mistake(
        "most_likely_token",
        OF_TARGET,
        "of_target = shifted.max(axis=-1, keepdims=True)",
        says="the most likely token is taken for the target",
        section=2,
        hint="Change the targets. Does your loss change?",
    ),
    mistake(
        "binary",
        LOSSES,
        "one_hot = xp.arange(logits.shape[-1]) == right\n"
        "    losses = -xp.log(xp.where(one_hot, exp / total, 1 - exp / total))"
        ".sum(axis=-1, keepdims=True)",
        says="ln(1 - p) of all other tokens is in the loss too, as for V separate yes-or-no "
        "questions",
        section=2,
        hint="How many tokens really came next? Whose p does the formula of section 2 need?",
    ),
    mistake(
        "squared_error",
        LOSSES,
        "one_hot = xp.arange(logits.shape[-1]) == right\n"
        "    losses = ((exp / total - one_hot) ** 2).sum(axis=-1, keepdims=True)",
        says="it is the squared distance of p and y instead of the cross-entropy",
        section=2,
        hint="How large can your loss become for a target with p near 0? How large should it?",
    ),
    mistake(
        "mean_squared_error",
        LOSSES,
        "one_hot = xp.arange(logits.shape[-1]) == right\n"
        "    losses = ((exp / total - one_hot) ** 2).mean(axis=-1, keepdims=True)",
        says="it is the mean squared error of p and y instead of the cross-entropy",
        section=2,
        hint="How large can your loss become for a target with p near 0? How large should it?",
    ),
    mistake(
        "perplexity",
        MEAN,
        "loss = losses.sum() / N\n    loss = xp.exp(loss)",
        says="it is the perplexity, exp of the loss",
        section=8,
        hint="What should the loss be for a model that is certain and right?",
    ),
    mistake(
        "log_of_the_mean",
        MEAN,
        "loss = -xp.log(xp.where(counted, xp.exp(-losses), 0).sum() / N)",
        says="the logarithm is taken of the mean of p, not the mean of the logarithms",
        section=2,
        hint="Do the surprises add up, or the probabilities? Which comes first, ln or the mean?",
    ),
    mistake(
        "over_the_texts",
        LARGEST,
        "largest = logits.max(axis=0, keepdims=True)",
        TOTAL,
        "total = exp.sum(axis=0, keepdims=True)",
        LOSSES,
        "losses = -xp.log(xp.take_along_axis(exp / total, right, axis=-1))",
        says="the softmax runs over the first axis instead of the V tokens of each place",
        section=1,
        hint="Which numbers add up to 1: those of one place, or those of one token?",
    ),
    mistake(
        "over_everything",
        LARGEST,
        "largest = logits.max()",
        TOTAL,
        "total = exp.sum()",
        says="one sum of exp runs over all places together instead of one for each place",
        section=3,
        hint="Which numbers add up to 1: those of one place, or those of all places?",
    ),
    mistake(
        "one_sum_for_all_places",
        TOTAL,
        "total = exp.sum()",
        says="each place has its own largest logit, but one sum of exp runs over all places",
        section=3,
        hint="Print the shape of your sum. How many sums should there be?",
    ),
    mistake(
        "largest_over_the_places",
        LARGEST,
        "largest = logits.max(axis=-2, keepdims=True)",
        says="the largest logit is taken over the places instead of the V tokens: the logits of "
        "one place are shifted by different amounts",
        section=3,
        hint="Which numbers may be shifted together without changing p?",
    ),
    mistake(
        "divided_by_the_largest",
        SHIFTED,
        "shifted = logits / largest",
        says="the logits are divided by the largest one, where it should be subtracted",
        section=3,
        hint="Which of the two leaves p as it is: dividing all logits, or subtracting?",
    ),
    mistake(
        "last_place_only",
        MEAN,
        "loss = losses[..., -1].sum() / max(1, int(counted[..., -1].sum()))",
        says="only the last place of each text counts",
        section=7,
        hint="How many places of a text have a target?",
    ),
    mistake(
        "first_text_only",
        MEAN,
        "loss = losses[0].sum() / max(1, int(counted[0].sum()))",
        says="only the first entry along the first axis counts",
        section=2,
        hint="Change the logits of the second text. Does your loss change?",
    ),
    *(
        mistake(
            f"epsilon_{small}",
            LOSSES,
            f"losses = -xp.log(xp.take_along_axis(exp / total, right, axis=-1) + {small})",
            says=f"the loss is a little too small: {small} is added to p in front of the logarithm",
            section=3,
            hint="Section 3 names this repair, and tells what becomes of a surprise of 1000.",
        )
        for small in ("1e-2", "1e-3", "1e-4", "1e-5", "1e-6", "1e-7")
    ),
    mistake(
        "shifted_logits_of_ignored_places",
        HIDE,
        "losses = xp.where(counted, losses, log_total[..., 0])",
        says="ignored places add the logarithm of their sum of exp, after the subtraction of the "
        "largest logit",
        section=5,
        hint="Both parts of the loss must fall away at an ignored place. Which one is left?",
    ),
    mistake(
        "largest_subtracted_again",
        OF_TARGET,
        "of_target = xp.take_along_axis(logits, right, axis=-1) + largest",
        says="the largest logit is subtracted after the logarithm, where it should be added again",
        section=3,
        hint="Section 3 has m + ln(sum of exp(z - m)). Which sign does m have in yours?",
    ),
)
