"""What fits into a GPU's memory, and a sentence for what does not."""

from __future__ import annotations

from minigpt.backend import gpu_memory
from minigpt.model.account import gpu_bytes, gpu_bytes_per_sequence

SPARE = 0.9  # of the memory; the rest goes into gaps between arrays


def no_room(model, batch_size: int) -> str:
    """A sentence for a step that a GPU has no memory for, with the batch that would fit."""
    total = gpu_memory(model.xp)["total"]
    fits = largest_batch(model.config, total, model.precision, model.recompute)
    sentence = (
        f"The GPU's memory of {total / 2**30:.0f} GiB is full at a batch of {batch_size} sequences"
    )
    if 0 < fits < batch_size:
        return (
            f"{sentence}; --batch-size {fits} should fit (with --accumulate "
            f"{-(-batch_size // fits)} the step sees as many)."
        )
    if fits == 0:
        return f"{sentence}; not even one fits: choose a smaller model or a shorter block_size."
    return f"{sentence}, which should fit alone; stop the other program that uses it."


def largest_batch(config, memory: int, precision: str = "fp32", recompute: bool = False) -> int:
    """The most sequences of a training step that fit into `memory` bytes of a GPU."""
    room = SPARE * memory - gpu_bytes(config, precision)
    return max(0, int(room // gpu_bytes_per_sequence(config, precision, recompute)))
