"""Bug hunt 02: a GPT with RMS norm, whose gradient is tested by the slope of the loss."""

from functools import partial

import numpy as np

from minigpt.classroom.bughunt import Hunt
from minigpt.gradcheck import gradcheck


def verify(module) -> str | None:
    """Compare the forward with its formula, and the backward with measured derivatives."""
    rng = np.random.default_rng(2)
    params = {"weight": rng.standard_normal(5), "bias": rng.standard_normal(5)}
    for shape, eps, names in (
        ((2, 3, 5), 1e-5, ("weight", "bias")),
        ((4, 5), 0.3, ("weight", "bias")),
        ((3, 2, 5), 1e-5, ("weight",)),
    ):
        x, given = rng.standard_normal(shape) + 0.5, {name: params[name] for name in names}
        y = module.rmsnorm(x, **given, eps=eps)[0]
        right = x / np.sqrt((x * x).mean(axis=-1, keepdims=True) + eps) * params["weight"]
        right = right + given.get("bias", 0.0)
        if np.shape(y) != shape or not np.allclose(y, right):
            return f"For x of shape {shape}, rmsnorm does not give what its docstring says."
        f = partial(module.rmsnorm, eps=eps)
        report = gradcheck(f, module.rmsnorm_backward, [x], given, name="rmsnorm")
        if not report.ok:
            if report.breaches:
                return f"The gradient check complains: {report.breaches[0]}."
            worst = report.max_relative_error
            return f"Promised and measured derivatives differ: the relative error is {worst:.1e}."
    return None


HUNT = Hunt(
    number="02",
    name="small_steps",
    symptom="The loss falls well, but after the training the measured slope is not the promised "
    "one, though it was at the start.",
    edits=(("(dn * normalised).mean", "(dy * normalised).mean"),),
    verify=verify,
    hints=(
        "A slope that is not the promised one means a wrong gradient. All parts of the model are "
        "minigpt's but one: check that one by itself, with gradcheck.",
        "Did gradcheck say 'right'? With which weight did you call it? Before the training all "
        "scales are 1 and all biases 0; give it random ones, as after a training.",
        "dx must be computed from the gradient of `normalised` alone. After the line with dn, "
        "where may dy still stand?",
    ),
    answer=(
        "The second term of dx used dy where it should use dn = dy * weight. While all scales are "
        "1, both are equal, and a check of the fresh model finds nothing; the training moves the "
        "scales, and the gradient goes wrong by and by. Adam hides it: it needs only a direction "
        "that is roughly right, and the loss falls as well as before. Lesson 06, section 4, "
        "derives the terms; lesson 04, section 8, asks which case the data of a check leaves out."
    ),
    lesson="06",
)
