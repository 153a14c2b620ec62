"""Text files of your own: read them strictly, split them for training and validation."""

from __future__ import annotations

import os
from collections.abc import Iterable
from pathlib import Path

from minigpt.errors import UserError

SUFFIXES = (".txt", ".md")
_WIDE_MARKS = (b"\xff\xfe", b"\xfe\xff", b"\x00\x00\xfe\xff")  # UTF-16 and UTF-32, either order


def read_texts(paths: str | os.PathLike | Iterable[str | os.PathLike]) -> list[str]:
    r"""Read UTF-8 text files, and all `*.txt` and `*.md` below folders, one string a file.

    A byte order mark is dropped and `\r\n` becomes `\n`.  Files of a folder come in the order of
    their names, on every platform the same; hidden and empty ones are left out.
    Raises UserError for a path that is missing, empty, binary, not UTF-8 or not readable.
    """
    if isinstance(paths, (str, os.PathLike)):
        paths = [paths]
    texts: list[str] = []
    for path in map(Path, paths):
        try:
            texts += _read_folder(path) if path.is_dir() else [_read_whole(path)]
        except OSError as error:
            where = error.filename or path
            reason = (error.strerror or type(error).__name__).lower()
            raise UserError(
                f"Cannot read {where} ({reason}); check its permissions or give another path."
            ) from error
    if not texts:
        raise UserError("No text was given; name at least one UTF-8 text file or a folder of them.")
    return texts


def split_text(text: str, val_fraction: float = 0.1) -> tuple[str, str]:
    """Cut `text` once: the first part to train on, the last `val_fraction` of it to validate on.

    The cut is after `int(len(text) * (1 - val_fraction))` characters, as in nanoGPT; a fraction of
    0 keeps everything for training.  Raises UserError when a part would be empty.
    """
    if not 0 <= val_fraction < 1:
        raise UserError(
            f"The validation fraction is {val_fraction}, but must be at least 0 and less than 1."
        )
    cut = int(len(text) * (1 - val_fraction)) if val_fraction else len(text)
    if cut == 0 or (val_fraction and cut == len(text)):
        raise UserError(
            f"A text of {len(text)} characters is too short to keep {val_fraction:g} of it for "
            "validation; give a longer text or another fraction."
        )
    return text[:cut], text[cut:]


def _read_folder(folder: Path) -> list[str]:
    files = _text_files(folder)
    if not files:
        raise UserError(
            f"The folder {folder} holds no {' or '.join(SUFFIXES)} file; "
            "name a folder with texts, or the file itself."
        )
    texts = [text for text in map(_decode, files) if text.strip()]
    if not texts:
        raise UserError(f"All text files in {folder} are empty; name a folder with texts.")
    return texts


def _text_files(folder: Path) -> list[Path]:
    """List the text files below `folder` by name, each folder and each file only once.

    Links are followed, and what was seen is remembered, so that a link to a folder above ends.
    """
    found: list[Path] = []
    seen: set[str] = set()

    def fail(error: OSError) -> None:
        raise error

    for here, folders, names in os.walk(folder, onerror=fail, followlinks=True):
        if _seen_before(Path(here), seen):
            folders.clear()
            continue
        folders[:] = sorted(name for name in folders if not name.startswith("."))
        for name in sorted(names):
            file = Path(here, name)
            is_text = not name.startswith(".") and file.suffix.lower() in SUFFIXES
            if is_text and file.is_file() and not _seen_before(file, seen):
                found.append(file)
    return sorted(found, key=lambda file: file.relative_to(folder).parts)


def _seen_before(path: Path, seen: set[str]) -> bool:
    real = os.path.realpath(path)
    if real in seen:
        return True
    seen.add(real)
    return False


def _read_whole(path: Path) -> str:
    """Read one file that was named by the user, who wants to know when there is nothing in it."""
    if not path.exists():
        raise UserError(f"There is no file or folder {path}; check the name.")
    if not path.is_file():
        raise UserError(f"{path} is not an ordinary file; save the text into one first.")
    text = _decode(path)
    if not text.strip():
        raise UserError(f"{path} is empty; name a file with text in it.")
    return text


def _decode(path: Path) -> str:
    raw = path.read_bytes()
    if raw.startswith(_WIDE_MARKS):
        raise UserError(f"{path} is saved as UTF-16 or UTF-32; save it as UTF-8 and try again.")
    if b"\0" in raw:
        raise UserError(
            f"{path} is not text: byte {raw.index(0)} is NUL; name a text file saved as UTF-8."
        )
    try:
        text = raw.decode("utf-8")
    except UnicodeDecodeError as error:
        raise UserError(
            f"{path} is not UTF-8: byte {error.start} is 0x{raw[error.start]:02x}; "
            "save it as UTF-8 and try again."
        ) from error
    return text.removeprefix("\ufeff").replace("\r\n", "\n")
