"""Files that are either the old one or the new one, whatever happens in between."""

from __future__ import annotations

import contextlib
import errno
import os
import re
import secrets
import shutil
from collections.abc import Iterator
from pathlib import Path

from minigpt.errors import UserError

_FULL = {errno.ENOSPC, getattr(errno, "EDQUOT", errno.ENOSPC)}
_CAUSES = {
    errno.EACCES: "there is no permission to write there",
    errno.EPERM: "there is no permission to write there",
    errno.EROFS: "the file system is read-only",
    errno.EISDIR: "it is a folder",
    errno.ENOTDIR: "a folder on the way to it is in fact a file",
    errno.EEXIST: "a folder on the way to it is in fact a file",
    errno.ENAMETOOLONG: "the name is too long",
    errno.EFBIG: "the file would be larger than this file system or your limits allow",
}
_OTHER_OUT = "choose another --out"


def atomic_write(path: str | os.PathLike, data: bytes | str, advice: str = _OTHER_OUT) -> None:
    """Write `data` (text as UTF-8, newlines as they are) so that `path` is old or new, never half.

    Missing folders are made.  Raises UserError as `atomic_path` does.
    """
    with atomic_path(path, advice) as temporary:
        temporary.write_bytes(data.encode("utf-8") if isinstance(data, str) else data)


@contextlib.contextmanager
def atomic_path(path: str | os.PathLike, advice: str = _OTHER_OUT) -> Iterator[Path]:
    """Lend a temporary path beside `path`; on success it becomes `path`, on failure it is removed.

    The temporary keeps the suffix, since `numpy.savez` and matplotlib decide by it.  The file is
    flushed to the disk before it takes the old one's place, so neither a crash nor a power cut
    leaves half a file; a killed process may leave a hidden `.tmp-*` file that is safe to delete.
    Raises UserError when the file cannot be written; `advice` ends its sentence.
    """
    target = Path(os.path.realpath(path))  # a link stays a link, and what it points to is replaced
    temporary = target.with_name(f".tmp-{secrets.token_hex(6)}{target.suffix}")
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        _check_replaceable(target, advice)
        yield temporary
        _into_place(temporary, target)
    except BaseException as error:
        with contextlib.suppress(OSError):
            temporary.unlink()
        cause = _cause(error, temporary, target)
        if cause is None:
            raise
        untouched = ""
        with contextlib.suppress(OSError):
            untouched = ", and the old file is untouched" if target.is_file() else ""
        raise UserError(f"Cannot write {path}: {cause}{untouched}; {advice}.") from error


def _check_replaceable(target: Path, advice: str) -> None:
    """Refuse a folder, a device such as /dev/null, and a file that is marked read-only."""
    if target.is_dir():
        raise IsADirectoryError(errno.EISDIR, "is a folder", str(target))
    if target.exists() and not target.is_file():
        raise UserError(f"Cannot write {target}: it is not an ordinary file; {advice}.")
    if target.exists() and not os.access(target, os.W_OK):
        raise PermissionError(errno.EACCES, "is read-only", str(target))


def _into_place(temporary: Path, target: Path) -> None:
    """Flush the temporary to the disk, give it the old file's permissions and its name."""
    with temporary.open("r+b") as file:
        os.fsync(file.fileno())
    if target.exists():
        shutil.copymode(target, temporary)
    temporary.replace(target)
    with contextlib.suppress(OSError):  # Windows cannot open a folder, and needs no such flush
        folder = os.open(target.parent, os.O_RDONLY)
        try:
            os.fsync(folder)
        finally:
            os.close(folder)


def _cause(error: BaseException, temporary: Path, target: Path) -> str | None:
    """Say in words why writing failed, or None when `error` is not about writing this file."""
    number = getattr(error, "errno", None) if isinstance(error, OSError) else None
    if number is None:  # two libraries that lose the number: safetensors and numpy.ndarray.tofile
        found = re.search(r"\bcode: (\d+)|os error (\d+)", str(error))
        if found and type(error).__name__ == "SafetensorError":
            number = int(found[1] or found[2])
        elif type(error) is OSError and "requested and" in str(error):
            number = errno.ENOSPC
        else:
            return None
    named = getattr(error, "filename", None)
    ours = {str(path) for path in (temporary, target, *target.parents)}
    if named is not None and str(named) not in ours:
        return None
    if number in _FULL:
        return "the disk is full (or your quota is used up)"
    return _CAUSES.get(number) or os.strerror(number).lower()
