"""Bug hunt 21: a random generator that begins anew with each batch."""

import numpy as np

from minigpt.classroom.bughunt import Hunt

N, BATCH, BLOCK = 90, 4, 5


def verify(module) -> str | None:
    """Draw many batches from a text whose ids tell their place."""
    ids = 1000 + np.arange(N)
    windows = module.Windows(ids, BATCH, BLOCK, seed=7)
    batches = [windows.next() for _ in range(300)]
    for inputs, targets in batches:
        if np.shape(inputs) != (BATCH, BLOCK) or np.shape(targets) != (BATCH, BLOCK):
            return f"A batch has the shapes {np.shape(inputs)} and {np.shape(targets)}."
        steps = np.diff(inputs, axis=1)
        if not (np.all(steps == 1) and np.array_equal(inputs + 1, targets)):
            return "A window is no piece of the text with its targets one place later."
    seen = {int(i) for inputs, _ in batches for i in inputs[:, 0]}
    if len(seen) < 0.9 * (N - BLOCK):
        return (
            f"In 300 batches of {BATCH} windows, windows began at {len(seen)} different places of "
            f"a text that has {N - BLOCK}."
        )
    firsts = [tuple(map(int, inputs[:, 0])) for inputs, _ in batches]
    if len(set(firsts)) < 290:
        return f"Of 300 batches, only {len(set(firsts))} are different."
    again = module.Windows(ids, BATCH, BLOCK, seed=7)
    if any(not np.array_equal(again.next()[0], inputs) for inputs, _ in batches[:20]):
        return "The same seed gives other windows in a second run."
    others = module.Windows(ids, BATCH, BLOCK, seed=8)
    if all(np.array_equal(others.next()[0], inputs) for inputs, _ in batches[:20]):
        return "Another seed gives the same windows."
    return None


HUNT = Hunt(
    number="21",
    name="windows",
    symptom="The training loss falls far below the validation loss, which rises above ln V, "
    "although the text is much longer than what 100 steps read.",
    edits=(
        ("self.rng = np.random.default_rng(seed)", "self.seed = seed"),
        (
            "        starts = self.rng.integers(places, size=self.batch_size)\n",
            "        rng = np.random.default_rng(self.seed)\n"
            "        starts = rng.integers(places, size=self.batch_size)\n",
        ),
    ),
    verify=verify,
    hints=(
        "The model learns something by heart. How many letters of the text does it ever see?",
        "Print the first window of the batches of steps 1, 2 and 3 as letters.",
        "When is the random generator made, and what does a new generator with the same seed give?",
    ),
    answer="Each call of `next` made a new generator from the same seed, and it begins with the "
    "same numbers: all 100 batches were the same 8 windows. The loss falls beautifully, and "
    "only the validation loss shows that 256 letters were learned by heart. A generator must be "
    "made once and used on. Learning by heart, seen from outside: lesson 12, section 6.",
    lesson="12",
)
