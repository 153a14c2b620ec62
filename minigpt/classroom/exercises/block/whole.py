"""Lesson 09, the block: its cases, and the known mistakes of the forward pass."""

from minigpt.classroom.exercise import Case, mistake


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
FIRST = "\n    ".join((LN_1, ATTN, ADD_1))
SECOND = "\n    ".join((LN_2, MLP, ADD_2))

FORWARD = (
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
        hint="How many plus signs are there in the picture?",
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
        "post_norm_at_attention",
        FIRST,
        "added_1, attn_cache = layers.attention(x, **attn, n_head=n_head)\n"
        "    x, ln_1_cache = layers.layernorm(x + added_1, **ln_1)",
        says="around attention it is post-norm: ln_1 stands behind the addition, not in front of "
        "attention",
        section=3,
        hint="Look at the picture: does the blue arrow pass through ln_1?",
    ),
    mistake(
        "post_norm_at_mlp",
        SECOND,
        "added_2, mlp_cache = layers.mlp(x, **mlp)\n"
        "    x, ln_2_cache = layers.layernorm(x + added_2, **ln_2)",
        says="around the MLP it is post-norm: ln_2 stands behind the addition, not in front of the "
        "MLP",
        section=3,
        hint="Look at the picture: does the blue arrow pass through ln_2?",
    ),
    mistake(
        "norms_behind_the_branches",
        FIRST,
        "added_1, attn_cache = layers.attention(x, **attn, n_head=n_head)\n"
        "    normed_1, ln_1_cache = layers.layernorm(added_1, **ln_1)\n    x = x + normed_1",
        SECOND,
        "added_2, mlp_cache = layers.mlp(x, **mlp)\n"
        "    normed_2, ln_2_cache = layers.layernorm(added_2, **ln_2)\n    x = x + normed_2",
        says="each layer norm stands behind its branch, before the addition, and not in front of "
        "the branch",
        section=3,
        hint="In which order do the two boxes of a branch stand in the picture?",
    ),
    mistake(
        "norm_behind_attention",
        FIRST,
        "added_1, attn_cache = layers.attention(x, **attn, n_head=n_head)\n"
        "    normed_1, ln_1_cache = layers.layernorm(added_1, **ln_1)\n    x = x + normed_1",
        says="ln_1 stands behind attention, before the addition, and not in front of attention",
        section=3,
        hint="In which order do the two boxes of the first branch stand in the picture?",
    ),
    mistake(
        "norm_behind_mlp",
        SECOND,
        "added_2, mlp_cache = layers.mlp(x, **mlp)\n"
        "    normed_2, ln_2_cache = layers.layernorm(added_2, **ln_2)\n    x = x + normed_2",
        says="ln_2 stands behind the MLP, before the addition, and not in front of the MLP",
        section=3,
        hint="In which order do the two boxes of the second branch stand in the picture?",
    ),
    mistake(
        "norms_added_behind",
        ADD_1,
        "x, _ = layers.layernorm(x + added_1, **ln_1)",
        ADD_2,
        "x, _ = layers.layernorm(x + added_2, **ln_2)",
        says="each layer norm is used twice, in front of its branch and behind the addition",
        section=3,
        hint="How many layer norms are there in the picture, and where do they stand?",
    ),
    mistake(
        "normed_at_the_end",
        ADD_2,
        "x = x + added_2\n    x, _ = layers.layernorm(x, **ln_2)",
        says="ln_2 is used once more at the end of the block",
        section=3,
        hint="What is the last thing that happens to the stream in the picture?",
    ),
    mistake(
        "attention_twice",
        ADD_2,
        "x = x + added_1 + added_2",
        says="what attention adds is added twice, the second time behind the MLP",
        section=3,
        hint="To which x is the MLP's branch added? Is attention in it already?",
    ),
    mistake(
        "attention_counted_twice_at_once",
        ADD_1,
        "x = x + 2 * added_1",
        says="what attention adds is doubled",
        section=3,
        hint="How many plus signs are there in the picture?",
    ),
    mistake(
        "mlp_doubled",
        ADD_2,
        "x = x + 2 * added_2",
        says="what the MLP adds is doubled",
        section=3,
        hint="How many plus signs are there in the picture?",
    ),
    mistake(
        "stream_twice_at_attention",
        ADD_1,
        "x = x + x + added_1",
        says="around attention the stream itself is added twice",
        section=3,
        hint="What should the block return when attention and the MLP give only zeros?",
    ),
    mistake(
        "stream_twice_at_mlp",
        ADD_2,
        "x = x + x + added_2",
        says="around the MLP the stream itself is added twice",
        section=3,
        hint="What should the block return when attention and the MLP give only zeros?",
    ),
    mistake(
        "first_x_twice",
        ADD_2,
        "x = (x - added_1) + x + added_2",
        says="the x in front of the block is added once more at the end",
        section=3,
        hint="What should the block return when attention and the MLP give only zeros?",
    ),
    mistake(
        "attention_subtracted",
        ADD_1,
        "x = x - added_1",
        says="attention's branch is subtracted where it should be added",
        section=3,
        hint="Compare the sign in your first addition with the formula.",
    ),
    mistake(
        "mlp_subtracted",
        ADD_2,
        "x = x - added_2",
        says="the MLP's branch is subtracted where it should be added",
        section=3,
        hint="Compare the sign in your second addition with the formula.",
    ),
    mistake(
        "averaged_at_attention",
        ADD_1,
        "x = (x + added_1) / 2",
        says="around attention the mean is taken instead of the sum",
        section=3,
        hint="What should the block return when attention and the MLP give only zeros?",
    ),
    mistake(
        "averaged_at_mlp",
        ADD_2,
        "x = (x + added_2) / 2",
        says="around the MLP the mean is taken instead of the sum",
        section=3,
        hint="What should the block return when attention and the MLP give only zeros?",
    ),
    mistake(
        "without_attention",
        ADD_1,
        "",
        says="attention's branch is not added: the MLP's is the only one",
        section=3,
        hint="How many plus signs are there in the picture?",
    ),
    mistake(
        "without_mlp",
        ADD_2,
        "",
        says="the MLP's branch is not added: the block ends behind attention",
        section=3,
        hint="How many plus signs are there in the picture?",
    ),
    mistake(
        "branches_without_the_stream",
        ADD_2,
        "x = added_1 + added_2",
        says="the x in front of the block is missing at the end: the result is the sum of the two "
        "branches",
        section=3,
        hint="What should the block return when attention and the MLP give only zeros?",
    ),
    mistake(
        "mlp_reads_the_first_norm",
        MLP,
        "added_2, mlp_cache = layers.mlp(normed_1, **mlp)",
        says="the MLP reads what ln_1 gave to attention, not what ln_2 makes of the new stream",
        section=3,
        hint="Which box stands in front of the MLP in the picture, and where does its arrow begin?",
    ),
    mistake(
        "norm_of_the_first_norm",
        LN_2,
        "normed_2, ln_2_cache = layers.layernorm(normed_1, **ln_2)",
        says="ln_2 reads what ln_1 gave, instead of the stream",
        section=3,
        hint="Where in the picture does the second branch begin?",
    ),
    mistake(
        "mlp_reads_attention_without_norm",
        MLP,
        "added_2, mlp_cache = layers.mlp(added_1, **mlp)",
        says="the MLP reads what attention has added, without ln_2 and without the stream",
        section=3,
        hint="Where in the picture does the second branch begin, and which box comes next?",
    ),
    mistake(
        "mlp_reads_the_first_x",
        MLP,
        "added_2, mlp_cache = layers.mlp(x - added_1, **mlp)",
        says="the MLP reads the x in front of the block, without ln_2",
        section=3,
        hint="Where in the picture does the second branch begin, and which box comes next?",
    ),
    mistake(
        "without_both_norms",
        ATTN,
        "added_1, attn_cache = layers.attention(x, **attn, n_head=n_head)",
        MLP,
        "added_2, mlp_cache = layers.mlp(x, **mlp)",
        says="attention and the MLP read the stream without layer norms",
        section=3,
        hint="Change ln_1 and ln_2. Does your result change?",
    ),
    mistake(
        "ln_2_twice",
        LN_1,
        "normed_1, ln_1_cache = layers.layernorm(x, **ln_2)",
        says="the first layer norm uses the parameters of the second one",
        section=3,
        hint="Change ln_1. Does your result change?",
    ),
    mistake(
        "normed_twice_at_attention",
        LN_1,
        LN_1 + "\n    normed_1, ln_1_cache = layers.layernorm(normed_1, **ln_1)",
        says="ln_1 is used twice in a row in front of attention",
        section=3,
        hint="How many boxes stand in front of attention in the picture?",
    ),
    mistake(
        "norm_without_parameters_at_attention",
        LN_1,
        "normed_1, ln_1_cache = layers.layernorm(\n"
        '        x, 0 * ln_1["weight"] + 1, 0 * ln_1["bias"]\n    )',
        says="ln_1 normalises, but its weight and bias are not used",
        section=3,
        hint="Change ln_1. Does your result change?",
    ),
    mistake(
        "norm_without_parameters_at_mlp",
        LN_2,
        "normed_2, ln_2_cache = layers.layernorm(\n"
        '        x, 0 * ln_2["weight"] + 1, 0 * ln_2["bias"]\n    )',
        says="ln_2 normalises, but its weight and bias are not used",
        section=3,
        hint="Change ln_2. Does your result change?",
    ),
    mistake(
        "sizes_for_heads",
        ATTN,
        "added_1, attn_cache = layers.attention(\n"
        "        normed_1, **attn, n_head=x.shape[-1] // n_head\n    )",
        says="attention gets the size of a head where it should get the number of heads",
        section=3,
        hint="What does n_head count? Print what you give to attention.",
    ),
    mistake(
        "attention_in_a_row",
        ADD_1,
        "x = x + added_1\n"
        "    added_1, attn_cache = layers.attention("
        "layers.layernorm(x, **ln_1)[0], **attn, n_head=n_head)\n"
        "    x = x + added_1",
        says="attention's branch is there twice, one behind the other",
        section=3,
        hint="How many boxes are there in the picture?",
    ),
    mistake(
        "normed_stream_into_mlp_only",
        LN_2,
        "normed_2, ln_2_cache = layers.layernorm(normed_1 + added_1, **ln_2)",
        says="the MLP's branch reads attention added to the normed x, instead of the stream",
        section=3,
        hint="Which x does the second line of the formula start from?",
    ),
    mistake(
        "root_of_2_at_attention",
        ADD_1,
        "x = (x + added_1) * 0.5**0.5",
        says="the sum around attention is divided by the root of 2",
        section=3,
        hint="What should the block return when attention and the MLP give only zeros?",
    ),
    mistake(
        "root_of_2_at_mlp",
        ADD_2,
        "x = (x + added_2) * 0.5**0.5",
        says="the sum around the MLP is divided by the root of 2",
        section=3,
        hint="What should the block return when attention and the MLP give only zeros?",
    ),
)
