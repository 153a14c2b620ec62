"""Bug hunt 12: times tables in many rounds, with a learning rate that rises and falls."""

import numpy as np

from minigpt.classroom.bughunt import Hunt
from minigpt.model import GPT, GPTConfig
from minigpt.training import AdamW


def verify(module) -> str | None:
    """Train with a schedule of our own, and compare with the same by hand."""
    for step, right in ((0, 0.2), (3, 0.8), (4, 1.0), (6, 0.75), (11, 0.125)):
        found = module.rise_and_fall(step, 12, 1.0, 4)
        if not np.isclose(found, right):
            return (
                f"Of 12 steps with lr 1 and a warm-up of 4, step {step} has the learning rate "
                f"{found:.3f}; by the formula it is {right:.3f}."
            )
    rng, used, rounds = np.random.default_rng(12), [], 4
    config = GPTConfig(vocab_size=9, block_size=5, n_layer=1, n_head=2, n_embd=6, init_std=0.3)
    batches = [tuple(rng.integers(0, 9, (2, 3, 5))) for _ in range(3)]

    def schedule(step, steps):
        used.append(0.01 + 0.02 * step / steps)
        return used[-1]

    theirs, ours = (GPT(config, seed=2, device="cpu", dtype="float64") for _ in range(2))
    means = module.train(theirs, batches, rounds, schedule)
    optimizer, losses = AdamW(ours.params, weight_decay=0.01), []
    for step in range(12):
        loss, grads = ours.loss_and_grads(*batches[step % 3])
        optimizer.step(grads, lr=0.01 + 0.02 * step / 12)
        losses.append(float(loss))
    if not np.allclose(theirs.params.buffer, ours.params.buffer, rtol=1e-6, atol=1e-8):
        rates = " ".join(f"{rate:.4f}" for rate in used[:12])
        return (
            f"{rounds} rounds of 3 batches, with a schedule that only rises, from 0.0100 to "
            f"0.0283, do not end where they should. The rates that it was asked for: {rates}."
        )
    if len(means) != rounds or not np.allclose(means, np.reshape(losses, (rounds, 3)).mean(1)):
        return "The losses that train returns are not the means of the rounds."
    return None


HUNT = Hunt(
    number="12",
    name="many_rounds",
    symptom="The model with the schedule learns much more slowly than that with a constant rate.",
    edits=(
        (
            "        for i, (ids, targets) in enumerate(batches):\n"
            "            step = number * len(batches) + i\n",
            "        for step, (ids, targets) in enumerate(batches):\n",
        ),
    ),
    verify=verify,
    hints=(
        "Both models differ in nothing but the learning rate. What should it be at steps 0, 20, "
        "40, 100 and 143, by the formula? What is it really? Print it or plot it.",
        "The plot is a saw: the rate rises for six steps and starts again. What begins anew after "
        "each six steps?",
        "Which `step` does train hand to the schedule in the second round?",
    ),
    answer=(
        "The steps were counted within the round, so each round began the warm-up again and ended "
        "it after 6 of its 40 steps: the learning rate never came above 15 % of the highest one. "
        "A rate that is too small breaks nothing, the loss falls nicely, and one thinks that the "
        "task is hard or the model too small. Lesson 11, section 9, counts steps over the entire "
        "training; print or plot the learning rate of every run."
    ),
    lesson="11",
)
