"""Bug hunt 01: a small GPT that spells a rhyme, trained with momentum."""

import numpy as np

from minigpt.classroom.bughunt import Hunt
from minigpt.model import GPT, GPTConfig


def verify(module) -> str | None:
    """Train a model of another size and compare its parameters with momentum done by hand."""
    config = GPTConfig(vocab_size=11, block_size=6, n_layer=1, n_head=2, n_embd=8)
    rows = np.random.default_rng(1).integers(0, 11, (7, 3, 7))
    batches = [(row[:, :-1], row[:, 1:]) for row in rows]
    theirs, ours = (GPT(config, seed=3, device="cpu", dtype="float64") for _ in range(2))
    before, lr, beta = ours.params.buffer.copy(), 0.2, 0.9
    module.train(theirs, iter(batches), lr)
    speed, grads = np.zeros_like(before), ours.params.zeros_like()
    for ids, targets in batches:
        grads.assign(ours.loss_and_grads(ids, targets)[1])
        speed = beta * speed + grads.buffer
        ours.params.buffer[...] -= lr * speed
    after = theirs.params.buffer
    if np.array_equal(after, before):
        return "After seven steps, every parameter of the model is just what it was at the start."
    if not np.allclose(after, ours.params.buffer, rtol=1e-6, atol=1e-8):
        return (
            "The parameters move, but after seven steps they are not where gradient descent with "
            "momentum, lr 0.2 and beta 0.9 leads."
        )
    return None


HUNT = Hunt(
    number="01",
    name="first_words",
    symptom="The loss moves up and down a little, but it does not fall.",
    edits=(
        (
            "self.params[name] -= self.lr * self.speed[name]",
            "self.params[name] = self.params[name] - self.lr * self.speed[name]",
        ),
    ),
    verify=verify,
    hints=(
        "A loss that stays above ln V while the gradients are not zero: does anything change? "
        "Compare a number of the model before and after a step, such as "
        "model.params.buffer.sum().",
        "Who reads the new parameters? Compare optimizer.params['wte.weight'] with "
        "model.params['wte']['weight'] after a step. Are they one array (`is`), or two?",
        "Look at the last line of Momentum.step. What is the difference between `a -= b` and "
        "`a = a - b` for a NumPy array that somebody else looks at too?",
    ),
    answer=(
        "`a = a - b` makes a new array and gives it the old name; so the optimizer moved arrays of "
        "its own, and the model kept the old ones. `a -= b` writes into the array that both share. "
        "It could hide because everything else is right: the gradients are good, the optimizer's "
        "arrays do move, and the loss changes a little at each step, since each batch is another "
        "one. Lesson 11, section 9, writes `p[...] = new  # the model looks at this array`; in "
        "lesson 01, section 7, the same effect is a mistake: `x *= 0.5` changes somebody else's x."
    ),
    lesson="11",
)
