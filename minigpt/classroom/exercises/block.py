"""Lesson 09: the residual connection, and the block that is made of two of them."""

from minigpt.classroom.exercise import Case, Exercise, Part, mistake


def residual_cases(rng) -> list[Case]:
    """Plain numbers; one axis less, one more; a branch that adds nothing."""
    normal = rng.standard_normal

    def case(name, shape, scale=1.0):
        C = shape[-1]
        x, weight = normal(shape), scale * normal((C, C))
        sizes = {"C": C, "N": x.size // C}
        return Case(name, (x,), {"weight": weight}, sizes=sizes)

    return [
        case("plain numbers", (2, 3, 5)),
        case("x of shape (T, C)", (4, 7)),
        case("x with four axes", (2, 4, 3, 6)),
        case("a weight of zeros", (2, 5, 4), 0.0),
    ]


BRANCH = "branch = x @ weight"
ADDITION = "y = x + branch"
BRANCH_BACK = "dbranch = dy @ weight.T"
SUM = "dx = dy + dbranch"
DWEIGHT = "dweight = x.reshape(-1, C).T @ dy.reshape(-1, C)"

RESIDUAL_MISTAKES = (
    mistake(
        "x_forgotten",
        ADDITION,
        "y = branch",
        says="x itself is not added: y is only the branch",
        section=1,
        hint="What should y be for a weight of zeros?",
    ),
    mistake(
        "branch_forgotten",
        ADDITION,
        "y = x",
        says="the branch is not added: y is only x",
        section=1,
        hint="Change the weight. Should y change?",
    ),
    mistake(
        "branch_subtracted",
        ADDITION,
        "y = x - branch",
        says="the branch is subtracted where it should be added",
        section=1,
        hint="Compare the sign in your last line with the formula.",
    ),
    mistake(
        "averaged",
        ADDITION,
        "y = (x + branch) / 2",
        says="y is the mean of x and the branch instead of their sum",
        section=1,
        hint="What should y be for a weight of zeros?",
    ),
    mistake(
        "multiplied",
        ADDITION,
        "y = x * branch",
        says="x and the branch are multiplied instead of added",
        section=1,
        hint="What should y be for a weight of zeros?",
    ),
    mistake(
        "transposed",
        BRANCH,
        "branch = x @ weight.T",
        says="the branch is x @ weight.T: the weight is transposed",
        section=2,
        hint="A square matrix hides it. Which axis of weight meets the channels of x?",
    ),
    mistake(
        "lost_residual",
        SUM,
        "dx = dbranch",
        says="the direct way is lost: dx is only what comes back through the branch",
        section=2,
        hint="y = x + x² has the slope 1 + 2x. Which of the two terms is in your dx?",
    ),
    mistake(
        "lost_branch",
        SUM,
        "dx = dy",
        says="the branch is lost: dx is dy",
        section=2,
        hint="y = x + x² has the slope 1 + 2x. Which of the two terms is in your dx?",
    ),
    mistake(
        "gradients_multiplied",
        SUM,
        "dx = dy * dbranch",
        says="the two gradients that meet at x are multiplied where they should be added",
        section=2,
        hint="The fork, step 3 of section 2: what happens where two ways meet?",
    ),
    mistake(
        "gradients_averaged",
        SUM,
        "dx = (dy + dbranch) / 2",
        says="dx is the mean of the two gradients that meet at x instead of their sum",
        section=2,
        hint="y = x + x² at 3: by hand it is 7. What would your rule give?",
    ),
    mistake(
        "gradients_subtracted",
        SUM,
        "dx = dy - dbranch",
        says="what comes back through the branch is subtracted where it should be added",
        section=2,
        hint="y = x + x² at 3: by hand it is 7. What would your rule give?",
    ),
    mistake(
        "direct_way_twice",
        SUM,
        "dx = 2 * dy + dbranch",
        says="the direct way is counted twice: dx is 2 dy and the branch",
        section=2,
        hint="x is used twice, once directly. How often does dy reach it without passing the "
        "weight?",
    ),
    mistake(
        "not_transposed_back",
        BRANCH_BACK,
        "dbranch = dy @ weight",
        says="on the way back through the branch the weight is not transposed",
        section=2,
        hint="A square matrix hides it. What is the backward of x @ weight in lesson 05?",
    ),
    mistake(
        "weight_with_output",
        "return y, (x, weight)",
        "return y, (y, weight)",
        says="the gradient of weight is computed with y where x belongs",
        section=2,
        hint="Which array did the weight meet in the forward pass? Is it the one in your cache?",
    ),
    mistake(
        "weight_transposed",
        DWEIGHT,
        "dweight = dy.reshape(-1, C).T @ x.reshape(-1, C)",
        says="the gradient of weight is transposed",
        section=2,
        hint="A square matrix hides it. Is the first axis of weight that of x or that of y?",
    ),
    mistake(
        "weight_with_all_of_dx",
        DWEIGHT,
        "dweight = x.reshape(-1, C).T @ dx.reshape(-1, C)",
        says="the gradient of weight is computed with dx, the sum of both ways, where dy belongs",
        section=2,
        hint="Which gradient arrives behind the branch: that of y, or that of x?",
    ),
    mistake(
        "weight_averaged",
        DWEIGHT,
        "dweight = x.reshape(-1, C).T @ dy.reshape(-1, C) / dy.reshape(-1, C).shape[0]",
        says="the gradient of weight is a mean over the tokens where it should be a sum",
        section=2,
        hint="weight is used once for each token. What happens to gradients that meet?",
    ),
    mistake(
        "weight_for_each_text",
        DWEIGHT,
        "dweight = x.swapaxes(-1, -2) @ dy",
        says="each text has a gradient of weight of its own; they are not added up",
        section=2,
        hint="Compare the shape of your gradient with that of weight.",
    ),
)


def block_cases(rng) -> list[Case]:
    """Several heads; a single head; a stream of large numbers; branches that add little."""
    normal = rng.standard_normal

    def linear(C_in, C_out, scale=1.0):
        return {"weight": scale * normal((C_in, C_out)) / C_in**0.5, "bias": scale * normal(C_out)}

    def case(name, B, T, H, D, stream=1.0, last=1.0):
        C = H * D
        params = {
            "ln_1": {"weight": normal(C), "bias": normal(C)},
            "attn": {"c_attn": linear(C, 3 * C), "c_proj": linear(C, C, last)},
            "ln_2": {"weight": normal(C), "bias": normal(C)},
            "mlp": {"c_fc": linear(C, 4 * C), "c_proj": linear(4 * C, C, last)},
        }
        x = stream * normal((B, T, C))
        sizes = {"B": B, "T": T, "H": H, "D": D, "C": C, "N": B * T}
        return Case(name, (x,), params, {"n_head": H}, sizes)

    return [
        case("plain numbers", 2, 5, 3, 4),
        case("one head", 3, 4, 1, 6),
        case("a stream of large numbers", 4, 3, 2, 5, stream=20),
        case("branches that add little", 2, 3, 4, 2, last=0.05),
    ]


LN_1 = "normed_1, ln_1_cache = layers.layernorm(x, **ln_1)"
LN_2 = "normed_2, ln_2_cache = layers.layernorm(x, **ln_2)"
ATTN = "added_1, attn_cache = layers.attention(normed_1, **attn, n_head=n_head)"
MLP = "added_2, mlp_cache = layers.mlp(normed_2, **mlp)"
ADD_1 = "x = x + added_1"
ADD_2 = "x = x + added_2"
MLP_BACK = "dnormed_2, dmlp = layers.mlp_backward(dx, mlp_cache)"
ATTN_BACK = "dnormed_1, dattn = layers.attention_backward(dx, attn_cache)"
SUM_1 = "dx = dx + dbranch_1"
SUM_2 = "dx = dx + dbranch_2"
FIRST = "\n    ".join((LN_1, ATTN, ADD_1))
SECOND = "\n    ".join((LN_2, MLP, ADD_2))
LN_1_BACK = "dbranch_1, dln_1 = layers.layernorm_backward(dnormed_1, ln_1_cache)"
LN_2_BACK = "dbranch_2, dln_2 = layers.layernorm_backward(dnormed_2, ln_2_cache)"
FIRST_BACK = "\n    ".join((ATTN_BACK, LN_1_BACK, SUM_1))
SECOND_BACK = "\n    ".join((MLP_BACK, LN_2_BACK, SUM_2))

BLOCK_MISTAKES = (
    mistake(
        "no_residuals",
        ADD_1,
        "x = added_1",
        ADD_2,
        "x = added_2",
        says="nothing is added to x: each branch takes its place",
        section=3,
        hint="What should the block return when attention and the MLP give only zeros?",
    ),
    mistake(
        "no_residual_around_attention",
        ADD_1,
        "x = added_1",
        says="attention takes the place of x instead of being added to it",
        section=3,
        hint="What should the block return when attention and the MLP give only zeros?",
    ),
    mistake(
        "no_residual_around_mlp",
        ADD_2,
        "x = added_2",
        says="the MLP takes the place of x instead of being added to it",
        section=3,
        hint="What should the block return when attention and the MLP give only zeros?",
    ),
    mistake(
        "post_norm",
        FIRST,
        "added_1, attn_cache = layers.attention(x, **attn, n_head=n_head)\n"
        "    x, ln_1_cache = layers.layernorm(x + added_1, **ln_1)",
        SECOND,
        "added_2, mlp_cache = layers.mlp(x, **mlp)\n"
        "    x, ln_2_cache = layers.layernorm(x + added_2, **ln_2)",
        says="it is a post-norm block: each layer norm stands behind its addition, not in front of "
        "the branch",
        section=3,
        hint="Look at the picture: does the blue arrow pass through a layer norm?",
    ),
    mistake(
        "normed_stream",
        ADD_1,
        "x = normed_1 + added_1",
        ADD_2,
        "x = normed_2 + added_2",
        says="each branch is added to the normed x instead of to x itself",
        section=3,
        hint="Look at the picture: does the blue arrow pass through a layer norm?",
    ),
    mistake(
        "normed_stream_at_attention",
        ADD_1,
        "x = normed_1 + added_1",
        says="attention is added to the normed x instead of to x itself",
        section=3,
        hint="Look at the picture: does the blue arrow pass through ln_1?",
    ),
    mistake(
        "normed_stream_at_mlp",
        ADD_2,
        "x = normed_2 + added_2",
        says="the MLP is added to the normed x instead of to x itself",
        section=3,
        hint="Look at the picture: does the blue arrow pass through ln_2?",
    ),
    mistake(
        "mlp_first",
        FIRST + "\n    " + SECOND,
        SECOND + "\n    " + FIRST,
        says="the MLP comes first and attention second",
        section=3,
        hint="Which of the two branches stands first in the picture?",
    ),
    mistake(
        "in_parallel",
        LN_2,
        "normed_2, ln_2_cache = layers.layernorm(x - added_1, **ln_2)",
        says="the MLP reads the x in front of the block, without what attention has added",
        section=3,
        hint="The second line of the formula starts from an x. Which line made it?",
    ),
    mistake(
        "one_residual_around_both",
        ADD_1,
        "",
        LN_2,
        "normed_2, ln_2_cache = layers.layernorm(added_1, **ln_2)",
        says="there is one residual connection around both branches instead of one around each",
        section=3,
        hint="How many plus signs has the picture?",
    ),
    mistake(
        "mlp_reads_attention_only",
        LN_2,
        "normed_2, ln_2_cache = layers.layernorm(added_1, **ln_2)",
        says="the MLP reads only what attention has added, instead of the whole stream",
        section=3,
        hint="Where in the picture does the second branch begin?",
    ),
    mistake(
        "attention_not_in_the_stream",
        ADD_2,
        "x = x - added_1 + added_2",
        says="what attention adds is read by the MLP, but does not stay in the stream",
        section=3,
        hint="To which x is the MLP's branch added: that in front of the block, or a newer one?",
    ),
    mistake(
        "without_ln_1",
        ATTN,
        "added_1, attn_cache = layers.attention(x, **attn, n_head=n_head)",
        says="attention reads x without its layer norm",
        section=3,
        hint="Which box stands in front of attention in the picture?",
    ),
    mistake(
        "without_ln_2",
        MLP,
        "added_2, mlp_cache = layers.mlp(x, **mlp)",
        says="the MLP reads x without its layer norm",
        section=3,
        hint="Which box stands in front of the MLP in the picture?",
    ),
    mistake(
        "ln_1_twice",
        LN_2,
        "normed_2, ln_2_cache = layers.layernorm(x, **ln_1)",
        says="the second layer norm uses the parameters of the first one",
        section=3,
        hint="Change ln_2. Does your result change?",
    ),
    mistake(
        "norms_exchanged",
        LN_1,
        "normed_1, ln_1_cache = layers.layernorm(x, **ln_2)",
        LN_2,
        "normed_2, ln_2_cache = layers.layernorm(x, **ln_1)",
        says="ln_1 and ln_2 have changed places",
        section=3,
        hint="Which of the two belongs to attention?",
    ),
    mistake(
        "one_head",
        ATTN,
        "added_1, attn_cache = layers.attention(normed_1, **attn, n_head=1)",
        says="attention always has one head, whatever n_head is",
        section=3,
        hint="Which argument of your function is never used?",
    ),
    mistake(
        "lost_residuals",
        SUM_2,
        "dx = dbranch_2",
        SUM_1,
        "dx = dbranch_1",
        says="on the way back both residual connections are lost: dx is what came through the "
        "branch, and not the sum",
        section=4,
        hint="Which two gradients meet where x was used twice?",
    ),
    mistake(
        "lost_residual_at_mlp",
        SUM_2,
        "dx = dbranch_2",
        says="on the way back the residual connection around the MLP is lost",
        section=4,
        hint="Which two gradients meet where the MLP's branch leaves the stream?",
    ),
    mistake(
        "lost_residual_at_attention",
        SUM_1,
        "dx = dbranch_1",
        says="on the way back the residual connection around attention is lost",
        section=4,
        hint="Which two gradients meet where attention's branch leaves the stream?",
    ),
    mistake(
        "mlp_branch_lost",
        SUM_2,
        "",
        says="what comes back through the MLP's branch is not added to dx",
        section=4,
        hint="x was used twice around the MLP. Which of the two gradients is in your dx?",
    ),
    mistake(
        "attention_branch_lost",
        SUM_1,
        "",
        says="what comes back through attention's branch is not added to dx",
        section=4,
        hint="x was used twice around attention. Which of the two gradients is in your dx?",
    ),
    mistake(
        "too_early",
        ATTN_BACK,
        "dnormed_1, dattn = layers.attention_backward(dx - dbranch_2, attn_cache)",
        says="attention gets the dx from behind the block, without what came back through the MLP",
        section=4,
        hint="One of the four mistakes in section 4 leaves mlp and ln_2 right. Which dx does "
        "attention's output get?",
    ),
    mistake(
        "attention_gets_the_branch_only",
        ATTN_BACK,
        "dnormed_1, dattn = layers.attention_backward(dbranch_2, attn_cache)",
        says="attention gets only what came back through the MLP, without the dx from behind",
        section=4,
        hint="What attention added went on in the stream as well as into the MLP. How many "
        "gradients come back to it?",
    ),
    mistake(
        "dx_from_behind",
        SUM_1,
        "dx = dx - dbranch_2 + dbranch_1",
        says="the last sum starts from the dx behind the block, so the MLP's branch is missing in "
        "dx",
        section=4,
        hint="The parameters are right, so it is the last line. Which dx stands in it?",
    ),
    mistake(
        "past_ln_2",
        SUM_2,
        "dx = dx + dnormed_2",
        says="on the way back the MLP's branch does not pass ln_2",
        section=4,
        hint="Three steps for each branch. Which one is missing behind the MLP?",
    ),
    mistake(
        "past_ln_1",
        SUM_1,
        "dx = dx + dnormed_1",
        says="on the way back attention's branch does not pass ln_1",
        section=4,
        hint="Three steps for each branch. Which one is missing behind attention?",
    ),
    mistake(
        "first_to_last",
        SECOND_BACK + "\n    " + FIRST_BACK,
        FIRST_BACK + "\n    " + SECOND_BACK,
        says="the branches are undone from the first to the last, attention before the MLP",
        section=4,
        hint="Which line of the forward pass was the last one? The backward starts there.",
    ),
    mistake(
        "gradients_of_the_norms_exchanged",
        '"ln_1": dln_1, "attn": dattn, "ln_2": dln_2,',
        '"ln_1": dln_2, "attn": dattn, "ln_2": dln_1,',
        says="the gradients of ln_1 and ln_2 have changed places",
        section=4,
        hint="Both have the same shape. Which norm does the backward meet first?",
    ),
)

LINEAR = ("weight", "bias")
BLOCK_HINTS = {
    "y": "Two times three steps: layer norm, branch, addition. Compare after each one.",
    "dx": "The table of section 4, line by line: which rule stands in each?",
    **{f"ln_2.{name}": "layernorm_backward gets what came out of mlp_backward, and ln_2's cache."
       for name in LINEAR},
    **{f"ln_1.{name}": "layernorm_backward gets what came out of attention_backward."
       for name in LINEAR},
    **{f"mlp.{part}.{name}": "mlp_backward gets the dx behind the block: an addition hands it on."
       for part in ("c_fc", "c_proj") for name in LINEAR},
    **{f"attn.{part}.{name}": "attention_backward gets dx after the MLP's branch was added to it."
       for part in ("c_attn", "c_proj") for name in LINEAR},
}  # fmt: skip

EXERCISE = Exercise(
    "09",
    "block",
    "the residual connection and a GPT's block",
    (
        Part(
            "add",
            ("residual", "residual_backward"),
            residual_cases,
            RESIDUAL_MISTAKES,
            section=2,
            hints={
                "y": "Two lines: the branch, and one addition.",
                "dx": "Section 2, three steps: the addition, the branch, the fork.",
                "weight": "The branch alone is lesson 05's linear layer, and its output gets dy.",
            },
        ),
        Part(
            "block",
            ("block", "block_backward"),
            block_cases,
            BLOCK_MISTAKES,
            section=3,
            hints=BLOCK_HINTS,
        ),
    ),
    may_use=frozenset(
        {
            "attention",
            "attention_backward",
            "layernorm",
            "layernorm_backward",
            "mlp",
            "mlp_backward",
            "linear",
            "linear_backward",
            "gelu",
            "gelu_backward",
        }
    ),
)
