"""The model: its configuration, the block, the GPT, writing, and its files."""

from minigpt.model.block import (
    block,
    block_backward,
    post_norm_block,
    post_norm_block_backward,
)
from minigpt.model.cache import KVCache, next_logits
from minigpt.model.config import PRESETS, GPTConfig
from minigpt.model.generate import generate, stream
from minigpt.model.gpt import draw_dropout, gpt, gpt_backward, init_params
from minigpt.model.model import GPT

__all__ = [
    "GPT",
    "PRESETS",
    "GPTConfig",
    "KVCache",
    "block",
    "block_backward",
    "draw_dropout",
    "generate",
    "gpt",
    "gpt_backward",
    "init_params",
    "next_logits",
    "post_norm_block",
    "post_norm_block_backward",
    "stream",
]
