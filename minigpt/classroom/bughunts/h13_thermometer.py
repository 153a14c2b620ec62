"""Bug hunt 13: Adam counts no steps."""

import numpy as np

from minigpt.classroom.bughunt import Hunt
from minigpt.training.adamw import adamw_update

SHAPES = {"table": (4, 3), "shift": (5,), "scale": (2, 3, 2)}


def verify(module) -> str | None:
    """Compare 40 steps with those of minigpt's Adam, for two sets of parameters in turns."""
    rng = np.random.default_rng(13)
    lr, betas, eps = 0.03, (0.8, 0.98), 1e-8
    runs = []
    for _ in range(2):
        params = {name: rng.standard_normal(shape) for name, shape in SHAPES.items()}
        mine = {name: [p.copy(), np.zeros_like(p), np.zeros_like(p)] for name, p in params.items()}
        runs.append((params, mine, module.new_state(params)))
    for step in range(1, 41):
        for number, (params, mine, state) in enumerate(runs[: 1 if step % 3 == 0 else 2], 1):
            t = step if number == 1 else step - step // 3
            grads = {name: 3 + rng.standard_normal(p.shape) for name, p in params.items()}
            module.adam_step(params, grads, state, lr, betas, eps)
            for name, (p, m, v) in mine.items():
                adamw_update(p, grads[name], m, v, t, lr, betas, eps, 0.0)
                if params[name].shape != p.shape or not np.allclose(params[name], p, atol=1e-7):
                    return (
                        f"After {t} steps on the same random gradients your Adam's parameters are "
                        f"not where minigpt's are (there are {len(runs)} sets of parameters, each "
                        f"with a state of its own)."
                    )
    return None


HUNT = Hunt(
    number="13",
    name="thermometer",
    symptom="On a straight slope the steps of Adam grow to twice the learning rate, and later "
    "shrink to a third of it.",
    edits=(('    state["t"] = t\n', ""),),
    verify=verify,
    hints=(
        "The first step has the right length, the second one has not. Which of the numbers in "
        "adam_step should be different in step 2, and are they?",
        "Take slope 1 and compute step 2 by hand: mean 0.19, square 0.001999. By what must they "
        "be divided to give 1 each? Print what they are divided by.",
        'Print state["t"] after each step.',
    ),
    answer="The step counter stays at 0 in the state, so every step is corrected as if it were the "
    "first one: the mean is divided by 0.1 and the square by 0.001 for ever. The first step is "
    "right, which is all that a quick test looks at; then the steps are up to twice too long, and "
    "in the end too short by a factor of 3.2 (10 / sqrt(1000)). The fit still converges, because "
    "Adam forgives a wrong learning rate. Bias correction: lesson 11, section 5.",
    lesson="11",
)
