"""Is this gradient right? Compare it with a derivative that was measured."""

from minigpt.gradcheck.check import gradcheck
from minigpt.gradcheck.differences import (
    centred_difference,
    complex_step,
    directional_difference,
)
from minigpt.gradcheck.report import Report, TensorCheck

__all__ = [
    "Report",
    "TensorCheck",
    "centred_difference",
    "complex_step",
    "directional_difference",
    "gradcheck",
]
