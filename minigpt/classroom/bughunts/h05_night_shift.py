"""Bug hunt 05: a training that is interrupted and goes on the next morning."""

import tempfile

import numpy as np

from minigpt.classroom.bughunt import Hunt


def verify(module) -> str | None:
    """Break trainings at several steps, in several epochs, and compare them with whole ones."""
    rows = [module.Pieces(np.arange(187), seed=seed) for seed in (4, 4, 5)]
    orders = [[int(i) for _ in range(6) for i in pieces.next()[0][:, 0]] for pieces in rows]
    first = orders[0][:12]
    if sorted(set(first)) != sorted(first) or first == sorted(first) or orders[0] != orders[1]:
        return "The pieces of an epoch do not come once each, in a random order fixed by the seed."
    if orders[0] == orders[2] or first == orders[0][12:]:
        return "The pieces come in the same order with every seed, or in every epoch."
    tokens = np.random.default_rng(5).integers(0, 9, 187)
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as folder:
        whole = module.train(folder, tokens, 13)
    if len(whole) != 13:
        return f"A training up to step 13 returns {len(whole)} losses."
    for stops in ((2, 13), (5, 7, 13), (9, 13)):
        with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as folder:
            losses = [loss for stop in stops for loss in module.train(folder, tokens, stop)]
        if len(losses) != 13:
            return f"With a break after step {stops[0]} there are {len(losses)} steps, not 13."
        differs = np.flatnonzero(~np.isclose(losses, whole, rtol=1e-5, atol=0))
        if len(differs):
            return (
                f"With a break after step {stops[0]}, the loss of step {differs[0] + 1} is "
                f"{losses[differs[0]]:.4f}; without a break it is {whole[differs[0]]:.4f}."
            )
    return None


HUNT = Hunt(
    number="05",
    name="night_shift",
    symptom="After the break the losses are not those of the training without a break.",
    edits=(
        (
            '        self.rng.bit_generator.state = state["rng"]\n'
            "        self.start_epoch()\n"
            '        self.position = state["position"]\n',
            '        self.position = state["position"]\n'
            '        self.rng.bit_generator.state = state["rng"]\n'
            "        self.start_epoch()\n",
        ),
    ),
    verify=verify,
    hints=(
        "The losses are equal up to the break. What could be different after it: parameters, the "
        "optimizer's memory, or the data? Print a sum of each in both trainings at step 15.",
        "Print the first token of each piece that `next` returns, and pieces.position after the "
        "restore. Which pieces come after the break, and have they been seen in this epoch?",
        "All that is needed is in the file. Read the lines of `restore` one by one, with the "
        "value of self.position after each of them.",
    ),
    answer=(
        "`restore` set the position and then called start_epoch, which sets it back to 0: after "
        "the break the epoch began again, its first pieces were seen twice and its last ones "
        "never. It could hide because nothing was missing in the file, the order was the right "
        "one, and nobody is made suspicious by a loss that is a little too low. Only the "
        "comparison with an unbroken training shows it, step by step, as in lesson 12, sections 3 "
        "and 8; minigpt's `WindowBatches.restore` has the lines in the right order."
    ),
    lesson="12",
)
