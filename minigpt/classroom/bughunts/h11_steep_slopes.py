"""Bug hunt 11: plain gradient descent with clipping."""

import numpy as np

from minigpt.classroom.bughunt import Hunt
from minigpt.model import GPT, GPTConfig


def verify(module) -> str | None:
    """Take one step with limits from tight to loose and compare it with the formula."""
    rng, lr = np.random.default_rng(11), 0.25
    ids, targets = rng.integers(0, 9, (2, 5, 7))
    config = GPTConfig(vocab_size=9, block_size=7, n_layer=2, n_head=2, n_embd=6, init_std=0.3)
    whole = GPT(config, seed=1, device="cpu", dtype="float64")
    start, gradient = whole.params.buffer.copy(), whole.params.zeros_like()
    gradient.assign(whole.loss_and_grads(ids, targets)[1])
    length = float(np.linalg.norm(gradient.buffer))
    for share in (0.05, 0.9, 1.5, 20.0):
        limit = share * length
        model = GPT(config, seed=1, device="cpu", dtype="float64")
        _, found = module.train_step(model, ids, targets, lr, limit)
        step = start - model.params.buffer
        moved, right = float(np.linalg.norm(step)) / lr, min(length, limit)
        about = f"A gradient of length {length:.3f}, with the limit {limit:.3f}"
        if not np.isclose(moved, right, rtol=1e-4):
            return f"{about}, moves the parameters by {moved:.3f} learning rates, not {right:.3f}."
        cosine = float(step @ gradient.buffer) / (lr * moved * length)
        if cosine < 1 - 1e-8:
            return f"{about}, gives a step in another direction: the cosine is {cosine:.4f}."
        if not np.isclose(found, length, rtol=1e-4):
            return f"{about}, is said to have had the length {found:.3f}."
    return None


HUNT = Hunt(
    number="11",
    name="steep_slopes",
    symptom="The steps are longer than the limit allows: 0.4 to 0.9 where it should be 0.3.",
    edits=(
        (
            "    squares = sum(float((grad * grad).sum()) for _, grad in items(grads))\n"
            "    length = math.sqrt(squares)\n"
            "    if length > limit:\n"
            "        for _, grad in items(grads):\n"
            "            grad *= limit / length\n"
            "    return length\n",
            "    squares = 0.0\n"
            "    for _, grad in items(grads):\n"
            "        length = math.sqrt(float((grad * grad).sum()))\n"
            "        if length > limit:\n"
            "            grad *= limit / length\n"
            "        squares += length * length\n"
            "    return math.sqrt(squares)\n",
        ),
    ),
    verify=verify,
    hints=(
        "A step is learning rate times gradient. Measure the length of all gradients together "
        "before and after `clip`. Which of the two is not what you expect?",
        "Try clip by hand with two arrays, {'a': np.array([3.0]), 'b': np.array([4.0])}, and the "
        "limit 1. What should come out, and what does?",
        "Which `length` is compared with the limit: that of everything, or that of one array?",
    ),
    answer=(
        "Each array was shortened by itself. With n arrays the whole can then still have the "
        "length limit times the root of n, and its direction changes, because long parts are "
        "shortened and short ones are not. It hides well: the training works, and the length that "
        "is returned for the log is that of the whole gradient. Lesson 11, section 10: one length, "
        "one factor for all."
    ),
    lesson="11",
)
