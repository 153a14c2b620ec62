"""Lesson 07, the whole attention: the known mistakes of the backward pass."""

from minigpt.classroom.exercise import mistake

LINEAR_OUT = "y, proj_cache = linear(merged, **c_proj)"
DHEADS = "dheads = split_heads(dmerged, n_head)"
DQKV = "dqkv = [merge_heads(dq), merge_heads(dk), merge_heads(dv)]"
ATTENTION_DX = "dx, dc_attn = linear_backward(dqkv, attn_cache)"
DOT_BACK = "(dq, dk, dv), _ = scaled_dot_product_backward(dheads, heads_cache)"
DMERGED = "dmerged, dc_proj = linear_backward(dy, proj_cache)"
SIDE_BY_SIDE = "dqkv = xp.concatenate(dqkv, axis=-1)"
GRADIENTS = 'return dx, {"c_attn": dc_attn, "c_proj": dc_proj}'

BACKWARD = (
    mistake(
        "heads_of_dy_without_swap",
        DHEADS,
        "dheads = dmerged.reshape(dy.shape[0], n_head, dy.shape[1], -1)",
        says="on the way back the gradient is cut into heads by a reshape alone",
        section=6,
        hint="Which function undoes merge_heads?",
    ),
    mistake(
        "gradients_merged_without_swap",
        DQKV,
        "dqkv = [dq.reshape(dy.shape), dk.reshape(dy.shape), dv.reshape(dy.shape)]",
        says="dq, dk and dv are merged by a reshape alone, which mixes the tokens",
        section=6,
        hint="Which function undoes split_heads?",
    ),
    mistake(
        "dq_and_dk_exchanged",
        DQKV,
        "dqkv = [merge_heads(dk), merge_heads(dq), merge_heads(dv)]",
        says="dq and dk have changed places in front of c_attn",
        section=6,
        hint="In which order did you cut q, k and v out? They must go back in the same one.",
    ),
    mistake(
        "dk_and_dv_exchanged",
        DQKV,
        "dqkv = [merge_heads(dq), merge_heads(dv), merge_heads(dk)]",
        says="dk and dv have changed places in front of c_attn",
        section=6,
        hint="In which order did you cut q, k and v out? They must go back in the same one.",
    ),
    mistake(
        "weights_are_constants",
        DQKV,
        "dqkv = [0 * merge_heads(dq), 0 * merge_heads(dk), merge_heads(dv)]",
        says="only the values get a gradient: queries and keys are treated as constants",
        section=5,
        hint="Which thirds of the gradient of c_attn are zero? Can the model learn where to look?",
    ),
    mistake(
        "past_c_proj",
        DHEADS,
        "dheads = split_heads(dy, n_head)",
        says="the gradient goes into the heads without passing c_proj",
        section=6,
        hint="The backward starts with the last line of the forward. Which one was it?",
    ),
    mistake(
        "dy_added",
        ATTENTION_DX,
        "dx, dc_attn = linear_backward(dqkv, attn_cache)\n    dx = dx + dy",
        says="dy is added to dx, as if there were a residual connection here (lesson 09)",
        section=6,
        hint="In how many ways does x reach y inside this function?",
    ),
    mistake(
        "heads_of_dy_dealt_out",
        DHEADS,
        "dheads = dmerged.reshape(*dy.shape[:2], -1, n_head).transpose(0, 3, 1, 2)",
        says="on the way back head h gets every H-th channel of the gradient",
        section=6,
        hint="Which function undoes merge_heads?",
    ),
    mistake(
        "gradients_merged_in_turn",
        DQKV,
        "dqkv = [d.transpose(0, 2, 3, 1).reshape(dy.shape) for d in (dq, dk, dv)]",
        says="dq, dk and dv are merged in turn, a channel of each head, instead of side by side",
        section=6,
        hint="Which function undoes split_heads?",
    ),
    mistake(
        "gradients_v_k_q",
        DQKV,
        "dqkv = [merge_heads(dv), merge_heads(dk), merge_heads(dq)]",
        says="the gradients go into c_attn in the order dv, dk, dq",
        section=6,
        hint="In which order did you cut q, k and v out? They must go back in the same one.",
    ),
    mistake(
        "gradients_k_v_q",
        DQKV,
        "dqkv = [merge_heads(dk), merge_heads(dv), merge_heads(dq)]",
        says="the gradients go into c_attn in the order dk, dv, dq",
        section=6,
        hint="In which order did you cut q, k and v out? They must go back in the same one.",
    ),
    mistake(
        "gradients_v_q_k",
        DQKV,
        "dqkv = [merge_heads(dv), merge_heads(dq), merge_heads(dk)]",
        says="the gradients go into c_attn in the order dv, dq, dk",
        section=6,
        hint="In which order did you cut q, k and v out? They must go back in the same one.",
    ),
    mistake(
        "gradients_dealt_out",
        SIDE_BY_SIDE,
        "dqkv = xp.stack(dqkv, axis=-1).reshape(*dy.shape[:2], -1)",
        says="dq, dk and dv are mixed, a number of each in turn, instead of side by side",
        section=6,
        hint="How did you cut the 3C numbers? The way back must undo exactly that.",
    ),
    mistake(
        "gradients_by_heads",
        DQKV,
        "dqkv = [xp.concatenate([dq, dk, dv], axis=-1)]\n    dqkv = [merge_heads(dqkv[0])]",
        says="dq, dk and dv are put side by side in each head, and the heads are merged after that",
        section=6,
        hint="First all queries, then all keys, then all values: which comes last on the way back?",
    ),
    mistake(
        "queries_are_constants",
        DQKV,
        "dqkv = [0 * merge_heads(dq), merge_heads(dk), merge_heads(dv)]",
        says="the queries get no gradient: they are treated as constants",
        section=5,
        hint="Which third of the gradient of c_attn is zero?",
    ),
    mistake(
        "keys_are_constants",
        DQKV,
        "dqkv = [merge_heads(dq), 0 * merge_heads(dk), merge_heads(dv)]",
        says="the keys get no gradient: they are treated as constants",
        section=5,
        hint="Which third of the gradient of c_attn is zero?",
    ),
    mistake(
        "values_are_constants",
        DQKV,
        "dqkv = [merge_heads(dq), merge_heads(dk), 0 * merge_heads(dv)]",
        says="the values get no gradient: they are treated as constants",
        section=5,
        hint="Which third of the gradient of c_attn is zero?",
    ),
    mistake(
        "keys_and_values_are_constants",
        DQKV,
        "dqkv = [merge_heads(dq), 0 * merge_heads(dk), 0 * merge_heads(dv)]",
        says="only the queries get a gradient: keys and values are treated as constants",
        section=5,
        hint="Which thirds of the gradient of c_attn are zero?",
    ),
    mistake(
        "dx_of_the_queries",
        ATTENTION_DX,
        "dx, dc_attn = linear_backward(dqkv, attn_cache)\n"
        "    C = dy.shape[-1]\n"
        "    dx, _ = linear_backward(dqkv * (xp.arange(3 * C) < C), attn_cache)",
        says="dx counts only the way through the queries, not those through keys and values",
        section=6,
        hint="In how many ways does x reach y inside this function?",
    ),
    mistake(
        "dx_of_the_values",
        ATTENTION_DX,
        "dx, dc_attn = linear_backward(dqkv, attn_cache)\n"
        "    C = dy.shape[-1]\n"
        "    dx, _ = linear_backward(dqkv * (xp.arange(3 * C) >= 2 * C), attn_cache)",
        says="dx counts only the way through the values, not those through queries and keys",
        section=6,
        hint="In how many ways does x reach y inside this function?",
    ),
    mistake(
        "dx_of_the_keys",
        ATTENTION_DX,
        "dx, dc_attn = linear_backward(dqkv, attn_cache)\n"
        "    C = dy.shape[-1]\n"
        "    dx, _ = linear_backward(dqkv * (xp.arange(3 * C) // C == 1), attn_cache)",
        says="dx counts only the way through the keys, not those through queries and values",
        section=6,
        hint="In how many ways does x reach y inside this function?",
    ),
    mistake(
        "dx_without_values",
        ATTENTION_DX,
        "dx, dc_attn = linear_backward(dqkv, attn_cache)\n"
        "    C = dy.shape[-1]\n"
        "    dx, _ = linear_backward(dqkv * (xp.arange(3 * C) < 2 * C), attn_cache)",
        says="dx leaves out the way through the values",
        section=6,
        hint="In how many ways does x reach y inside this function?",
    ),
    mistake(
        "dx_without_keys",
        ATTENTION_DX,
        "dx, dc_attn = linear_backward(dqkv, attn_cache)\n"
        "    C = dy.shape[-1]\n"
        "    dx, _ = linear_backward(dqkv * (xp.arange(3 * C) // C != 1), attn_cache)",
        says="dx leaves out the way through the keys",
        section=6,
        hint="In how many ways does x reach y inside this function?",
    ),
    mistake(
        "dx_without_queries",
        ATTENTION_DX,
        "dx, dc_attn = linear_backward(dqkv, attn_cache)\n"
        "    C = dy.shape[-1]\n"
        "    dx, _ = linear_backward(dqkv * (xp.arange(3 * C) >= C), attn_cache)",
        says="dx leaves out the way through the queries",
        section=6,
        hint="In how many ways does x reach y inside this function?",
    ),
    mistake(
        "dx_averaged",
        ATTENTION_DX,
        "dx, dc_attn = linear_backward(dqkv, attn_cache)\n    dx = dx / 3",
        says="dx is the mean of the ways through q, k and v instead of their sum",
        section=6,
        hint="What happens to the gradients where several ways meet (lesson 02)?",
    ),
    mistake(
        "scale_lost_on_the_way_back",
        DOT_BACK,
        DOT_BACK + "\n    dq = dq * math.sqrt(dq.shape[-1])\n    dk = dk * math.sqrt(dk.shape[-1])",
        says="on the way back to queries and keys the division by sqrt(D) is missing",
        section=5,
        hint="Which of the thirds of c_attn's gradient are too large, and by which factor?",
    ),
    mistake(
        "scaled_twice_on_the_way_back",
        DOT_BACK,
        DOT_BACK + "\n    dq = dq / math.sqrt(dq.shape[-1])\n    dk = dk / math.sqrt(dk.shape[-1])",
        says="on the way back to queries and keys the gradient is divided by sqrt(D) twice",
        section=5,
        hint="Does scaled_dot_product_backward divide already?",
    ),
    mistake(
        "dk_scaled_twice",
        DOT_BACK,
        DOT_BACK + "\n    dk = dk / math.sqrt(dk.shape[-1])",
        says="on the way back to the keys the gradient is divided by sqrt(D) twice",
        section=5,
        hint="Look for the division in all lines that lead to dk; if you keep a scaled q, think "
        "of it too.",
    ),
    mistake(
        "scale_lost_in_dq",
        DOT_BACK,
        DOT_BACK + "\n    dq = dq * math.sqrt(dq.shape[-1])",
        says="on the way back to the queries the division by sqrt(D) is missing",
        section=5,
        hint="Which third of c_attn's gradient is too large, and by which factor?",
    ),
    mistake(
        "scale_lost_in_dk",
        DOT_BACK,
        DOT_BACK + "\n    dk = dk * math.sqrt(dk.shape[-1])",
        says="on the way back to the keys the division by sqrt(D) is missing",
        section=5,
        hint="Which third of c_attn's gradient is too large, and by which factor?",
    ),
    mistake(
        "c_proj_not_transposed_back",
        DMERGED,
        "dmerged, dc_proj = linear_backward(dy, proj_cache)\n    dmerged = dy @ proj_cache[1]",
        says="on the way back the weight of c_proj is not transposed",
        section=6,
        hint="A square matrix hides it. What is the backward of x @ weight in lesson 05?",
    ),
    mistake(
        "c_proj_with_input",
        LINEAR_OUT,
        "y, proj_cache = linear(merged, **c_proj)\n    _, proj_cache = linear(x, **c_proj)",
        says="the gradient of c_proj's weight is computed with x, where the merged heads belong",
        section=6,
        hint="Which array did c_proj meet in the forward pass?",
    ),
    mistake(
        "c_proj_with_output",
        LINEAR_OUT,
        "y, proj_cache = linear(merged, **c_proj)\n    _, proj_cache = linear(y, **c_proj)",
        says="the gradient of c_proj's weight is computed with y, where the merged heads belong",
        section=6,
        hint="Which array did c_proj meet in the forward pass?",
    ),
    mistake(
        "c_proj_with_unswapped_heads",
        LINEAR_OUT,
        "y, proj_cache = linear(merged, **c_proj)\n"
        "    _, proj_cache = linear(heads.reshape(x.shape), **c_proj)",
        says="the gradient of c_proj's weight is computed with heads that are merged by a reshape "
        "alone",
        section=6,
        hint="Which array did c_proj meet in the forward pass?",
    ),
    mistake(
        "c_proj_gradient_transposed",
        DMERGED,
        DMERGED + '\n    dc_proj["weight"] = dc_proj["weight"].T',
        says="the gradient of c_proj's weight is transposed",
        section=6,
        hint="A square matrix hides it. How does lesson 05 compute dweight?",
    ),
    mistake(
        "gradients_exchanged",
        GRADIENTS,
        'return dx, {"c_attn": dc_proj, "c_proj": dc_attn}',
        says="the gradients of c_attn and c_proj are returned under each other's names",
        section=6,
        hint="Compare the shapes of your gradients with those of the parameters.",
    ),
    mistake(
        "heads_of_dy_from_the_back",
        DHEADS,
        "dheads = split_heads(dmerged, n_head)[:, ::-1]",
        says="on the way back the heads are in the opposite order",
        section=6,
        hint="Which channels of the gradient belong to head 0?",
    ),
    mistake(
        "c_attn_averaged",
        ATTENTION_DX,
        ATTENTION_DX + "\n    N = dy.shape[0] * dy.shape[1]\n"
        '    dc_attn["weight"] = dc_attn["weight"] / N\n    dc_attn["bias"] = dc_attn["bias"] / N',
        says="the gradients of c_attn are means over the tokens instead of sums",
        section=6,
        hint="Each parameter is used once for each token. What happens to gradients that meet?",
    ),
    mistake(
        "root_of_C_on_the_way_back",
        DOT_BACK,
        DOT_BACK + "\n    dq = dq / math.sqrt(n_head)\n    dk = dk / math.sqrt(n_head)",
        says="on the way back to queries and keys the gradient is divided by sqrt(C), where it "
        "should be sqrt(D) of one head",
        section=5,
        hint="How many products are added up in one score of one head?",
    ),
    mistake(
        "c_attn_with_merged",
        LINEAR_OUT,
        "y, proj_cache = linear(merged, **c_proj)\n    attn_cache = (merged, *attn_cache[1:])",
        says="the gradient of c_attn's weight is computed with the merged heads, where x belongs",
        section=6,
        hint="Which array did c_attn meet in the forward pass?",
    ),
    mistake(
        "c_proj_with_dmerged",
        DMERGED,
        DMERGED + "\n    dc_proj = linear_backward(dmerged, proj_cache)[1]",
        says="the gradients of c_proj are computed with the gradient of its input, where dy "
        "belongs",
        section=6,
        hint="Which gradient arrives at the output of c_proj?",
    ),
)
