"""A GPT from scratch in NumPy: every forward pass with its backward pass written by hand."""

from minigpt.version import __version__

try:
    from minigpt.errors import UserError
    from minigpt.gradcheck import gradcheck
    from minigpt.model import GPT, GPTConfig
    from minigpt.tokenizer import Tokenizer
    from minigpt.training import AdamW, Trainer
except ModuleNotFoundError as error:  # then `minigpt doctor` still runs and tells which
    if str(error.name).startswith("minigpt"):
        raise
    _missing = error.name

    def __getattr__(name: str):
        if name not in __all__:
            raise AttributeError(name)
        raise ImportError(f"minigpt needs the package {_missing!r}; `minigpt doctor` tells more.")


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
