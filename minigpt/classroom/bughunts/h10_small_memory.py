"""Bug hunt 10: a batch that is computed in parts."""

import numpy as np

from minigpt.classroom.bughunt import Hunt
from minigpt.layers import IGNORE
from minigpt.model import GPT, GPTConfig


def verify(module) -> str | None:
    """Take steps with different numbers of parts and compare them with the step of the whole."""
    rng, lr = np.random.default_rng(10), 0.3
    ids, targets = rng.integers(0, 9, (2, 6, 7))
    for i, length in enumerate((7, 1, 6, 2, 3, 4)):
        targets[i, length:] = IGNORE
    config = GPTConfig(vocab_size=9, block_size=7, n_layer=1, n_head=2, n_embd=6, init_std=0.3)
    whole = GPT(config, seed=1, device="cpu", dtype="float64")
    start, gradient = whole.params.buffer.copy(), whole.params.zeros_like()
    loss, grads = whole.loss_and_grads(ids, targets)
    gradient.assign(grads)
    for parts in (1, 2, 3, 4, 6):
        model, rows = GPT(config, seed=1, device="cpu", dtype="float64"), []

        def watched(ids, *rest, own=model.loss_and_grads, rows=rows, **options):
            rows.append(len(ids))
            return own(ids, *rest, **options)

        model.loss_and_grads = watched
        found = module.train_step(model, ids, targets, parts, lr)
        if max(rows, default=0) > -(-6 // parts):
            return f"In {parts} parts, {max(rows)} of 6 rows are still computed at once."
        moved = start - model.params.buffer
        if not np.allclose(moved, lr * gradient.buffer, rtol=1e-6, atol=1e-9):
            ratio = np.linalg.norm(moved) / np.linalg.norm(lr * gradient.buffer)
            return (
                f"With 6 rows in {parts} part{'s' if parts > 1 else ''}, the step is not that of "
                f"the whole batch; it is {ratio:.3f} times as long."
            )
        if not np.isclose(found, loss):
            return f"In {parts} parts, the loss of the batch is {found:.4f}, not {loss:.4f}."
    return None


HUNT = Hunt(
    number="10",
    name="small_memory",
    symptom="The four columns begin alike and then differ: the more parts, the slower it learns.",
    edits=(
        (
            "        total.add(grads)\n    model.params",
            "        total.add(grads)\n    total.buffer /= parts\n    model.params",
        ),
    ),
    verify=verify,
    hints=(
        "The losses of step 0 are equal, so the forward passes are right. Compare what happens "
        "then: how far does one step move the parameters with 1, 2, 4 and 8 parts?",
        "By what is the sum of the losses of all words divided, in total? Follow one word's "
        "gradient from loss_and_grads to the step, and read what its argument `count` means.",
        "`count` is the number of words of the whole batch, so the parts' gradients need nothing "
        "but to be added. Which line does more?",
    ),
    answer=(
        "Each part was already divided by the count of the whole batch, so the sum over the parts "
        "is the gradient of the mean; dividing it by the number of parts once more made each step "
        "shorter. The losses that are printed at a step were right, so the code looked right. "
        "With Adam hardly anybody would have noticed, since Adam does not care how long a gradient "
        "is. Lesson 12, section 2."
    ),
    lesson="12",
)
