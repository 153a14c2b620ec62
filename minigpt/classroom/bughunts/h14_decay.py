"""Bug hunt 14: weight decay for everything that is called a weight."""

import numpy as np

from minigpt.classroom.bughunt import Hunt
from minigpt.model import GPT, GPTConfig
from minigpt.tree import items


def verify(module) -> str | None:
    """Once with gradients of zero, where only the decay acts, and once with random ones."""
    rng = np.random.default_rng(14)
    config = GPTConfig(vocab_size=11, block_size=6, n_layer=3, n_head=2, n_embd=8)
    for still in (True, False):
        model = GPT(config, seed=1, device="cpu", dtype="float64")
        model.params.buffer += 0.1 * rng.standard_normal(model.params.buffer.shape)
        want = {name: p.copy() for name, p in items(model.params)}
        grads = model.params.zeros_like()
        if not still:
            grads.buffer[:] = rng.standard_normal(grads.buffer.shape)
        optimizer = module.Optimizer(model.params, lr=0.05, betas=(0.8, 0.9), decay=0.4)
        optimizer.step(grads)
        for name, g in items(grads):
            shrunk = want[name] * (1 - 0.05 * 0.4) if want[name].ndim == 2 else want[name]
            want[name] = shrunk - 0.05 * g / (np.abs(g) + 1e-8)  # Adam's first step
        named = dict(items(model.params))
        for axes, kind in ((2, "the matrices"), (1, "the tensors with one axis")):
            wrong = [n for n, p in want.items() if p.ndim == axes and not np.allclose(named[n], p)]
            if wrong:
                gradients = "that are all zero" if still else "that are random"
                some = "all" if len(wrong) == sum(p.ndim == axes for p in want.values()) else "some"
                return (
                    f"After one step with gradients {gradients}, {some} of {kind} of a GPT with "
                    f"three blocks are not where the recipe puts them."
                )
    return None


HUNT = Hunt(
    number="14",
    name="decay",
    symptom="With a strong weight decay the scales of the layer norms fall far below 1, although "
    "they are no matrices.",
    edits=(
        (
            "{name for name, p in self.params.items() if p.ndim >= 2}",
            '{name for name in self.params if name.endswith(".weight")}',
        ),
    ),
    verify=verify,
    hints=(
        "Train again with decay=0. What do the scales do then? So what moves them?",
        "Give the optimizer gradients of zero for a hundred steps. Which tensors shrink? "
        "Which ones should?",
        "Print optimizer.decayed, each name with the shape of its tensor.",
    ),
    answer="The decayed tensors were chosen by their name: everything called `.weight`. But in "
    "GPT-2's names the scale of a layer norm is called ln_1.weight, too, so all the scales were "
    "pulled to 0. It could hide because they are only a hundred numbers among thousands, the "
    "matrices behind them can make up for it, and no error is raised. Choosing by the number of "
    "axes needs no names. Weight decay: lesson 11, section 6.",
    lesson="11",
)
