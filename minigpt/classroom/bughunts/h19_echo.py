"""Bug hunt 19: weights that add up to 1 along the wrong axis."""

import numpy as np

from minigpt.classroom.bughunt import Hunt
from minigpt.layers import causal_mask, scaled_dot_product, scaled_dot_product_backward


def verify(module) -> str | None:
    """A change of the last place, then outputs and gradients beside minigpt's."""
    rng = np.random.default_rng(19)
    for shape in ((2, 3, 6, 4), (3, 1, 5, 2), (1, 2, 7, 3)):
        q, k, v, dy = rng.standard_normal((4, *shape))
        mask = causal_mask(shape[2], shape[2], np)
        y, cache = module.dot_product(q, k, v, mask)
        if np.shape(y) != shape:
            return f"The output for q, k and v of shape {shape} has the shape {np.shape(y)}."
        changed = []
        for x in (q, k, v):
            other = x.copy()
            other[:, :, -1] += 1
            changed.append(other)
        again, _ = module.dot_product(*changed, mask)
        if not np.allclose(again[:, :, :-1], y[:, :, :-1], atol=1e-9):
            return "After a change of the last place only, earlier places have another output."
        same = np.ones_like(v)
        if not np.allclose(module.dot_product(q, k, same, mask)[0], 1):
            return "Where all values are 1, the output should be 1 at every place, and it is not."
        want, our_cache = scaled_dot_product(q, k, v, mask)
        if not np.allclose(y, want, atol=1e-9):
            return f"For q, k and v of shape {shape} the output is not minigpt's."
        found, _ = module.dot_product_backward(dy, cache)
        wanted, _ = scaled_dot_product_backward(dy, our_cache)
        for name, mine, theirs in zip(("dq", "dk", "dv"), found, wanted, strict=True):
            if np.shape(mine) != shape or not np.allclose(mine, theirs, atol=1e-9):
                return f"The output is right now, but {name} is not the measured gradient."
    return None


HUNT = Hunt(
    number="19",
    name="echo",
    symptom="The loss of the same places, with the same past, is far higher when the text is cut "
    "off behind them.",
    edits=(
        ("softmax(scores, axis=3)", "softmax(scores, axis=2)"),
        (
            "softmax_backward(dweights, weights, axis=3)",
            "softmax_backward(dweights, weights, axis=2)",
        ),
    ),  # fmt: skip
    verify=verify,
    hints=(
        "What comes later matters, although the mask is right. Use the leak probe of lesson 10, "
        "section 7, on dot_product alone: change the last place, and see which outputs move.",
        "Print `weights` for one head and four places. Each row belongs to one place. What should "
        "its sum be?",
        "The axes of scores are (B, H, query, key), numbered from 0. Along which axis should the "
        "weights add up to 1, and which one do both softmax calls name?",
    ),
    answer="The softmax ran over the queries instead of the keys: the columns of the weights added "
    "up to 1, not the rows. Each weight was divided by a sum over later places, and so the future "
    "leaked in through the denominator, although the mask was right. It could hide because the "
    "backward had the same axis (gradcheck found the right gradient of a wrong function) and the "
    "model learned to live with it, as long as all texts were of one length. Lesson 07, section 2, "
    "and the leak probe in lesson 10, section 7.",
    lesson="07",
)
