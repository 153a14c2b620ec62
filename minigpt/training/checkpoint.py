"""Checkpoints: all that a run needs to go on as if it had never stopped, in one file.

One file is replaced in one step, so the weights, the optimizer's memory and the place in the data
always belong together, whenever the machine fails.
"""

from __future__ import annotations

import hashlib
import json
from pathlib import Path

import numpy as np
from safetensors import SafetensorError, safe_open
from safetensors.numpy import save

from minigpt.backend import to_host
from minigpt.errors import UserError
from minigpt.files import atomic_write

CHECKPOINT_FILE = "checkpoint.safetensors"


def save_checkpoint(folder: Path, trainer, extra: dict) -> None:
    """Write the parameters and the trainer's state, with a JSON-able dict of the caller's."""
    state = trainer.state()
    arrays = {"params": trainer.model.params.buffer, "m": state.pop("m"), "v": state.pop("v")}
    arrays = {name: np.ascontiguousarray(to_host(array)) for name, array in arrays.items()}
    metadata = {"trainer": json.dumps(state), "extra": json.dumps(extra)}
    metadata["sha256"] = _checksum(arrays)
    atomic_write(Path(folder) / CHECKPOINT_FILE, save(arrays, metadata=metadata))


def load_checkpoint(folder: Path, trainer) -> dict:
    """Restore the model and the trainer from a folder; return the caller's dict.

    Raises:
        UserError: when the file is missing, damaged, or of another model.
    """
    path = Path(folder) / CHECKPOINT_FILE
    arrays, metadata = _read(path)
    if metadata.get("sha256") != _checksum(arrays):
        raise UserError(f"{path} is damaged: its checksum is wrong; start again with --overwrite.")
    size = trainer.model.params.buffer.size
    if any(array.shape != (size,) for array in arrays.values()):
        raise UserError(f"{path} belongs to another model: it does not have {size:,} parameters.")
    try:
        state, extra = json.loads(metadata["trainer"]), json.loads(metadata["extra"])
        trainer.restore({**state, "m": arrays["m"], "v": arrays["v"]})
        trainer.model.params.buffer[...] = trainer.model.xp.asarray(arrays["params"])
    except (KeyError, ValueError, TypeError, OverflowError, AttributeError) as error:
        raise UserError(f"{path} is not a checkpoint of this version ({error!r}).") from error
    return extra


def _checksum(arrays: dict[str, np.ndarray]) -> str:
    digest = hashlib.sha256()
    for name in sorted(arrays):
        digest.update(arrays[name].tobytes())
    return digest.hexdigest()


def _read(path: Path) -> tuple[dict[str, np.ndarray], dict[str, str]]:
    if not path.is_file():
        raise UserError(f"There is nothing to resume: {path} does not exist.")
    try:
        with safe_open(path, framework="numpy") as file:
            names = file.keys()
            return {name: file.get_tensor(name) for name in names}, file.metadata() or {}
    except PermissionError as error:
        raise UserError(f"{path} can't be read; check its permissions.") from error
    except (OSError, SafetensorError, ValueError) as error:
        raise UserError(
            f"{path} is truncated or damaged ({error}); start again with --overwrite."
        ) from error
