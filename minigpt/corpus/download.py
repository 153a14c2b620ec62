"""Public texts by name: from the cache, from a folder of the class, or once from the network."""

from __future__ import annotations

import hashlib
import http.client
import os
import sys
import tempfile
import urllib.error
import urllib.request
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from minigpt.errors import UserError
from minigpt.files import atomic_path

TIMEOUT = 20.0  # seconds without a byte before the network counts as absent


@dataclass(frozen=True)
class NamedCorpus:
    """A text on the network, pinned by its checksum."""

    file_name: str
    url: str
    sha256: str
    size: int  # bytes
    description: str


NAMED = {
    "shakespeare": NamedCorpus(
        file_name="tinyshakespeare.txt",
        url="https://raw.githubusercontent.com/karpathy/char-rnn/master/data/tinyshakespeare/input.txt",
        sha256="86c4e6aa9db7c042ec79f339dcb96d42b0075e16b8fc2e86bf0ca57e2dc565ed",
        size=1_115_394,
        description="40,000 lines of Shakespeare's plays, 1.1 MB, from karpathy/char-rnn",
    ),
}


def expanded(path: str) -> Path:
    """A path with `~` spelled out; as it is where there is no such home."""
    try:
        return Path(path).expanduser()
    except RuntimeError:
        return Path(path)


def cache_dir() -> Path:
    """Name the folder for downloads: `$MINIGPT_CACHE`, else the platform's usual one / minigpt."""
    own = os.environ.get("MINIGPT_CACHE")
    if own:
        return expanded(own)
    try:
        home = Path.home()
    except RuntimeError:  # a container without HOME and without an entry for the user
        return Path(tempfile.gettempdir(), "minigpt-cache")
    if sys.platform == "win32":
        return Path(os.environ.get("LOCALAPPDATA") or home / "AppData" / "Local", "minigpt")
    if sys.platform == "darwin":
        return home / "Library" / "Caches" / "minigpt"
    usual = Path(os.environ.get("XDG_CACHE_HOME", ""))
    return (usual if usual.is_absolute() else home / ".cache") / "minigpt"


def fetch(name: str) -> Path:
    """Return the file of the corpus `name`, with the right checksum, downloading it if need be.

    Looked for in `cache_dir()`, then in the folder `$MINIGPT_DATA`, where it is used in place.
    Raises UserError for an unknown name, and when it is nowhere and cannot be downloaded or stored.
    """
    if name not in NAMED:
        raise UserError(
            f"There is no file {name}, and no corpus of that name either; "
            f"name a text file or one of: {', '.join(NAMED)}."
        )
    corpus = NAMED[name]
    cached = cache_dir() / corpus.file_name
    if _is_right(cached, corpus):
        return cached
    data = os.environ.get("MINIGPT_DATA")
    if data and _is_right(expanded(data) / corpus.file_name, corpus):
        return expanded(data) / corpus.file_name
    _download(name, corpus, cached)
    return cached


def _is_right(path: Path, corpus: NamedCorpus) -> bool:
    try:
        if path.stat().st_size != corpus.size:
            return False
        return hashlib.sha256(path.read_bytes()).hexdigest() == corpus.sha256
    except OSError:
        return False


def _download(name: str, corpus: NamedCorpus, target: Path) -> None:
    """Stream the corpus into a temporary file that becomes `target` once its checksum is right."""
    print(f"Downloading {name} ({corpus.size / 1e6:.1f} MB) from {corpus.url}", file=sys.stderr)
    digest, size = hashlib.sha256(), 0
    advice = "set MINIGPT_CACHE to a folder with space that you may write to"
    with atomic_path(target, advice) as temporary:
        with temporary.open("wb") as file:
            for chunk in _chunks(name, corpus):
                size += len(chunk)
                if size > corpus.size:
                    break
                digest.update(chunk)
                file.write(chunk)
        if size < corpus.size:
            raise UserError(
                f"The download of {name} stopped after {size} of {corpus.size} bytes and was "
                f"deleted; try again, or {_by_hand(corpus)}."
            )
        if size > corpus.size or digest.hexdigest() != corpus.sha256:
            raise UserError(
                f"What {corpus.url} sent is not the known {name} (its checksum differs) and was "
                f"deleted; try another network, or {_by_hand(corpus)}."
            )


def _chunks(name: str, corpus: NamedCorpus) -> Iterator[bytes]:
    """Yield the body of the answer in pieces; the network's errors become sentences."""
    try:
        with urllib.request.urlopen(corpus.url, timeout=TIMEOUT) as response:
            while chunk := response.read(1 << 16):
                yield chunk
    except urllib.error.HTTPError as error:
        raise UserError(
            f"{corpus.url} answered {error.code} {error.reason} instead of {name}; "
            f"{_by_hand(corpus)}."
        ) from error
    except (OSError, http.client.HTTPException) as error:
        reason = str(getattr(error, "reason", error)) or type(error).__name__
        if isinstance(error, http.client.HTTPException):  # quotes what it got: perhaps no text
            reason = "what answers there is not a web server"
        raise UserError(
            f"The corpus {name} needs the network once, and {corpus.url} cannot be reached "
            f"({reason}); {_by_hand(corpus)}."
        ) from error


def _by_hand(corpus: NamedCorpus) -> str:
    data = os.environ.get("MINIGPT_DATA")
    folder = f"the folder named by MINIGPT_DATA (now {data})" if data else (
        "a folder and set MINIGPT_DATA to that folder"
    )
    wrong = ""
    if data and (expanded(data) / corpus.file_name).exists():
        wrong = " (the one there has another checksum)"
    return f"put the file {corpus.file_name} into {folder}{wrong}, or use --text with your own file"
