"""Models by name: from Hugging Face's hub, fetched once and then found in the local cache."""

from __future__ import annotations

import re
from pathlib import Path
from types import ModuleType

from minigpt.errors import UserError

WEIGHTS, INDEX, SHARDS = "model.safetensors", "model.safetensors.index.json", "model-*.safetensors"
FILES = (
    *("config.json", WEIGHTS, INDEX, "vocab.json", "merges.txt"),
    *("tokenizer.json", "tokenizer_config.json", "special_tokens_map.json"),
)
TIMEOUT = 10  # seconds without an answer after which the hub counts as out of reach
# "gpt2", "openai-community/gpt2"; what ends as a file of weights does is a path
_NAME = re.compile(r"(?!.*(--|\.\.))[A-Za-z0-9][\w.-]*(/[A-Za-z0-9][\w.-]*)?", re.ASCII)
_FILE = re.compile(r".*\.(safetensors|bin|pt|pth|ckpt|json)", re.IGNORECASE)


def pretrained_folder(folder_or_name: str | Path, revision: str | None = None) -> Path:
    """The folder of that name if there is one, else the model of that name at the hub.

    The hub is asked for text such as "gpt2" or "openai-community/gpt2"; a `Path` is a folder,
    whether it exists or not.

    Args:
        revision: a branch, a tag or a commit at the hub; None is the newest.

    Returns:
        A folder; whether it holds what the caller needs is for the caller to see.

    Raises:
        UserError: for a model that is neither at the hub nor in its local cache, or when the hub is
            out of reach, or `huggingface_hub` not installed.
    """
    path = Path(folder_or_name)
    if not isinstance(folder_or_name, str) or not _is_name(folder_or_name) or path.exists():
        return path
    try:
        import huggingface_hub
    except ImportError as error:
        raise UserError(
            f"There is no folder {folder_or_name}, and models are fetched from Hugging Face's hub "
            f'by huggingface_hub, which is missing; name a folder, or pip install "minigpt[hub]".'
        ) from error
    try:
        return _fetch(huggingface_hub, folder_or_name, revision)
    except UserError:
        raise
    except Exception as error:  # by its version, the errors are requests', httpx's or httpx2's
        cached = _cached(huggingface_hub, folder_or_name, revision)
        if cached is None:
            raise UserError(_why_not(folder_or_name, revision, error)) from error
        return cached


def _is_name(text: str) -> bool:
    return bool(_NAME.fullmatch(text)) and not _FILE.fullmatch(text)


def _fetch(hub: ModuleType, name: str, revision: str | None) -> Path:
    """Download what the local cache lacks; the first question has a time limit of its own.

    (`snapshot_download` asks it as well, but in some versions it waits for ever.)
    """
    found = hub.HfApi().model_info(name, revision=revision, timeout=TIMEOUT).siblings or []
    names = {file.rfilename for file in found}
    if WEIGHTS not in names and INDEX not in names and "pytorch_model.bin" in names:
        raise UserError(
            f"The hub has {name} only as a pickle, which can run code when it is opened; if you "
            f"trust it, convert it once, then name the new folder: {conversion(name, 'converted')}"
        )
    patterns = [*FILES] if WEIGHTS in names else [*FILES, SHARDS]
    return Path(
        hub.snapshot_download(
            name, revision=revision, allow_patterns=patterns, etag_timeout=TIMEOUT
        )
    )


def conversion(source: str | Path, target: str | Path) -> str:
    """The command by which transformers turns a pickled model into safetensors."""
    return (
        f'python -c "from transformers import AutoModelForCausalLM as M; '
        f"M.from_pretrained('{source}').save_pretrained('{target}')\""
    )


def _cached(hub: ModuleType, name: str, revision: str | None) -> Path | None:
    """The folder in the local cache, whole or not, or None."""
    try:
        return Path(
            hub.snapshot_download(
                name, revision=revision, allow_patterns=[*FILES, SHARDS], local_files_only=True
            )
        )
    except Exception as error:
        partial = getattr(error, "snapshot_path", None)  # the reader will name what it misses
        return Path(partial) if partial else None


def _why_not(name: str, revision: str | None, error: Exception) -> str:
    """One sentence for a model that could not be had."""
    kinds = {kind.__name__ for kind in type(error).__mro__}
    if "RevisionNotFoundError" in kinds:
        return f"Hugging Face's hub has no revision {revision!r} of {name}; check its name."
    if "RepositoryNotFoundError" in kinds:
        return (
            f"There is no folder {name}, and Hugging Face's hub has no model of that name that is "
            f"open to you; check the name, or log in by: hf auth login."
        )
    if "OfflineModeIsEnabled" in kinds:
        reason = "HF_HUB_OFFLINE forbids to ask the hub"
    else:
        first_line = str(error).strip().partition("\n")[0].rstrip(".")
        reason = f"the hub can't be reached ({type(error).__name__}: {first_line:.200})"
    return (
        f"There is no folder {name}, Hugging Face's local cache has no model of that name, and "
        f"{reason}; name a folder, or try again with a network."
    )
