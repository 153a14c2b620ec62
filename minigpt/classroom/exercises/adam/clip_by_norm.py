"""Lesson 11, clip_by_norm: clipping by the common norm, the cases and the known mistakes."""

from minigpt.classroom.exercise import Case, mistake


def cases(rng) -> list[Case]:
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

MISTAKES = (
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
