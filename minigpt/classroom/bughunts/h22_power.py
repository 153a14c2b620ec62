"""Bug hunt 22: two names for one array."""

import numpy as np

from minigpt.classroom.bughunt import Hunt
from minigpt.gradcheck.differences import centred_difference


def verify(module) -> str | None:
    """Compare the gradients of one block, and of a stack of two, with measured ones."""
    rng = np.random.default_rng(22)
    N, C = 3, 4
    params = [{name: rng.standard_normal((C, C)) for name in ("level", "wave")} for _ in "ab"]
    x, dy, target = rng.standard_normal((N, C)), rng.standard_normal((N, C)), np.arange(3.0)
    first = params[0]
    y, cache = module.block(x.copy(), **first)
    want = x + np.tanh(x @ first["level"]) + np.sin(x @ first["wave"])
    if np.shape(y) != x.shape or not np.allclose(y, want):
        return "The block's output is no longer x + tanh(x @ level) + sin(x @ wave)."
    dx, grads = module.block_backward(dy.copy(), cache)

    def block_loss():
        return np.sum(dy * module.block(x, **first)[0])

    def stack_loss():
        return module.loss_and_grads(params, x, target)[0]

    tensors = [("a block", "x", x, dx, block_loss)]
    tensors += [("a block", name, first[name], grads[name], block_loss) for name in first]
    _, all_grads = module.loss_and_grads(params, x, target)
    for number, grad in enumerate(all_grads):
        where = f"block {number} of a stack of two"
        tensors += [(where, name, p, grad[name], stack_loss) for name, p in params[number].items()]
    for where, name, tensor, gradient, loss in tensors:
        if np.shape(gradient) != tensor.shape:
            return f"In {where}, the gradient of {name} has the shape {np.shape(gradient)}."
        measured = np.empty(tensor.shape)
        for index in np.ndindex(tensor.shape):
            measured[index] = centred_difference(loss, tensor, index)
        error = np.abs(np.subtract(gradient, measured)).max() / np.abs(measured).max()
        if not error < 1e-6:
            return f"In {where}, the gradient of {name} is not the measured one: error {error:.2g}."
    return None


HUNT = Hunt(
    number="22",
    name="power",
    symptom="The loss falls well, but most of the gradients disagree with the measured slopes.",
    edits=(("dx = dy.copy()", "dx = dy"),),
    verify=verify,
    hints=(
        "Take a single block and check its three gradients one by one. Which are wrong, and which "
        "of the branches is computed first?",
        "Exchange the two branches in block_backward. Which gradients are wrong now? What has the "
        "second branch read that the first one has not?",
        "Print dy.sum() before and after the line `dx += dsum @ level.T`.",
    ),
    answer="`dx = dy` makes no new array, only a second name, and `dx += ...` changes the array "
    "itself. So the second branch got a dy to which the gradient of the first one had been added. "
    "Each formula is right, read line by line, and the loss falls, since the wrong gradient still "
    "points roughly downhill. `dx = dy.copy()`, or `dx = dx + ...`, or adding at the end repairs "
    "it. What is used twice gets two gradients, and both come from the same dy: lesson 09, "
    "section 2.",
    lesson="09",
)
