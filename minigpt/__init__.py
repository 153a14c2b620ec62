"""A GPT from scratch in NumPy: every forward pass with its backward pass written by hand."""

from minigpt.errors import UserError
from minigpt.gradcheck import gradcheck
from minigpt.model import GPT, GPTConfig
from minigpt.tokenizer import Tokenizer
from minigpt.training import AdamW, Trainer
from minigpt.version import __version__

__all__ = [
    "GPT",
    "AdamW",
    "GPTConfig",
    "Tokenizer",
    "Trainer",
    "UserError",
    "__version__",
    "gradcheck",
]
