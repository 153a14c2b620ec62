"""Bug hunt 15: dropout that does not make up for what it drops."""

import numpy as np

from minigpt.classroom.bughunt import Hunt

N, HIDDEN, DRAWS = 3, 12, 3000


def verify(module) -> str | None:
    """All units against the mean of many draws; how much the draws differ; the gradients."""
    rng = np.random.default_rng(15)
    params = {
        "w1": rng.standard_normal((4, HIDDEN)),
        "b1": rng.uniform(0.5, 1.5, HIDDEN),
        "w2": rng.uniform(0.5, 1.5, HIDDEN),
        "b2": np.array(0.7),
    }
    features = rng.uniform(-0.3, 0.3, (N, 4))
    parts = np.tanh(features @ params["w1"] + params["b1"]) * params["w2"]  # (N, HIDDEN)
    for p in (0.2, 0.6):
        all_on = np.array(module.estimate(params, features, p)[0])
        if all_on.shape != (N,):
            return f"For {N} flats there are estimates of shape {all_on.shape}, not ({N},)."
        if not np.array_equal(all_on, module.estimate(params, features, p)[0]):
            return "With all units on, two estimates for the same flat differ."
        many = np.repeat(features, DRAWS, axis=0)
        draws = np.array(module.estimate(params, many, p, rng)[0]).reshape(N, DRAWS)
        spread = np.sqrt((parts**2).sum(axis=1) * p / (1 - p))
        if np.any(np.abs(draws.mean(axis=1) - all_on) > 6 * spread / DRAWS**0.5):
            return (
                f"With p = {p}, the mean of {DRAWS:,} estimates with dropout is not the estimate "
                f"with all units on: {draws[0].mean():.2f} and {all_on[0]:.2f} for one flat."
            )
        # where all units together are made smaller instead, the draws are smaller as well
        share = (all_on - params["b2"]) / parts.sum(axis=1)
        ratio = draws.std(axis=1) / (np.abs(share) * spread)
        if np.any(np.abs(ratio - 1) > 0.1):
            return (
                f"With p = {p}, the estimates with dropout differ from draw to draw by "
                f"{ratio[0]:.2f} times what switching off a share of {p} would give."
            )
    return _gradients(module, params, features, rng)


def _gradients(module, params, features, rng) -> str | None:
    """Compare the gradients with measured ones, for one and the same draw."""
    dy = rng.standard_normal(N)

    def run(changed):
        return module.estimate(changed, features, 0.4, np.random.default_rng(3))

    grads = module.estimate_backward(dy, run(params)[1])
    for name, param in params.items():
        direction = rng.standard_normal(param.shape)
        ends = [run({**params, name: param + h * direction})[0] for h in (1e-5, -1e-5)]
        measured = ((ends[0] - ends[1]) @ dy) / 2e-5
        if abs(measured - np.sum(grads[name] * direction)) > 1e-6 * (1 + abs(measured)):
            return f"The gradient of {name} with dropout is not the measured one."
    return None


HUNT = Hunt(
    number="15",
    name="rents",
    symptom="With all units on, the estimated rents spread twice as far as the true ones, and are "
    "much worse than with half of the units.",
    edits=(
        (
            "mask = (rng.random(hidden.shape) >= p) / (1 - p)",
            "mask = (rng.random(hidden.shape) >= p).astype(hidden.dtype)",
        ),
    ),
    verify=verify,
    hints=(
        "The network has learned well as long as half of its units are off. What does the second "
        "layer receive in training, and what when all units are on?",
        "Take a flat, and print the sum of hidden * mask, without dropout and as a mean over many "
        "draws. By which factor do they differ? Try p = 0.2 as well.",
        "In training, what is the mean of mask? It should be 1, as without dropout.",
    ),
    answer="The mask held 0 and 1, so in training the second layer received a share 1 - p of what "
    "it receives in use. It learned to make up for that with larger weights, and so its sum is "
    "twice too large when all units are on. Gradients and training loss are right for the network "
    "that was trained, so only a look at both ways side by side shows it. What is kept must be "
    "divided by 1 - p (or everything multiplied by 1 - p in use); see lesson 07, exercise 6, and "
    "minigpt/layers/dropout.py.",
    lesson="07",
)
