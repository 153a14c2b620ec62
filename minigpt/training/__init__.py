"""Training: AdamW, the schedule, the loop, checkpoints, and a whole run."""

from minigpt.training.adamw import AdamW, adamw_update
from minigpt.training.schedule import clip_by_global_norm, warmup_cosine
from minigpt.training.trainer import Diverged, Trainer, evaluate

__all__ = [
    "AdamW",
    "Diverged",
    "Trainer",
    "adamw_update",
    "clip_by_global_norm",
    "evaluate",
    "warmup_cosine",
]
