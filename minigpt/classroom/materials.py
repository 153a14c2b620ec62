"""What is laid out anew for each process that grades: a student's files, and a copy of minigpt."""

from __future__ import annotations

import contextlib
import hashlib
import os
import shutil
import tempfile
from dataclasses import dataclass, field
from pathlib import Path

PACKAGE = Path(__file__).parents[1]


@dataclass
class Materials:
    """Files in memory, where no submission can change them.

    Args:
        files: the student's, by their path in the working folder.
        package: minigpt's, by their path, with the time of their last change, by which Python
            tells whether what it compiled is up to date.
    """

    files: dict[Path, bytes] = field(repr=False)
    package: dict[Path, tuple[bytes, int]] = field(repr=False)

    def lay_out(self) -> Path:
        """Make a temporary folder that holds `work` and `python`."""
        home = Path(tempfile.mkdtemp(prefix="minigpt-grade-"))
        for path, content in self.files.items():
            _write(home / "work" / path, content)
        for path, (content, changed) in self.package.items():
            target = home / "python" / PACKAGE.name / path
            _write(target, content)
            os.utime(target, ns=(changed, changed))
        (home / "work").mkdir(exist_ok=True)
        return home

    def was_changed(self, home: Path) -> bool:
        """Whether minigpt's copy in a folder is no longer what was laid out."""
        copy = home / "python" / PACKAGE.name
        try:
            return any((copy / path).read_bytes() != content
                       for path, (content, _) in self.package.items())  # fmt: skip
        except OSError:
            return True


def _write(path: Path, content: bytes) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content)


def read_package() -> dict[Path, tuple[bytes, int]]:
    """Minigpt's own files, as they are now."""
    paths = [path for path in PACKAGE.rglob("*") if path.is_file()]
    return {p.relative_to(PACKAGE): (p.read_bytes(), p.stat().st_mtime_ns) for p in sorted(paths)}


def fingerprint() -> str:
    """A number for minigpt's own files, which changes when one of them does."""
    digest = hashlib.sha256()
    for path in sorted(PACKAGE.rglob("*.py")):
        digest.update(str(path).encode() + path.read_bytes())
    return digest.hexdigest()


def remove(home: Path | None) -> None:
    """Remove a folder, also where a submission took the permission to do so."""
    if home is None:
        return
    with contextlib.suppress(OSError):
        home.chmod(0o700)
        for folder, names, _ in os.walk(home):
            for inner in (Path(folder, name) for name in names):
                if not inner.is_symlink():
                    inner.chmod(0o700)
    shutil.rmtree(home, ignore_errors=True)
