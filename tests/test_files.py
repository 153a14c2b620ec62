"""A file is the old one or the new one: after errors, on a full disk, and after kill -9."""

import errno
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from minigpt.errors import UserError
from minigpt.files import atomic_path, atomic_write


def names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def test_text_and_bytes_arrive_as_they_are(tmp_path):
    atomic_write(tmp_path / "a.txt", "Grüße\n你好\r\n")
    atomic_write(str(tmp_path / "b.bin"), b"\0\1\2")
    assert (tmp_path / "a.txt").read_bytes() == "Grüße\n你好\r\n".encode()
    assert (tmp_path / "b.bin").read_bytes() == b"\0\1\2"
    assert names(tmp_path) == ["a.txt", "b.bin"]


def test_missing_folders_are_made_and_an_old_file_is_replaced(tmp_path):
    path = tmp_path / "runs" / "one" / "a.txt"
    atomic_write(path, "old")
    atomic_write(path, "new")
    assert path.read_text(encoding="utf-8") == "new"
    assert names(path.parent) == ["a.txt"]


def test_the_temporary_path_keeps_the_suffix_for_numpy(tmp_path):
    with atomic_path(tmp_path / "arrays.npz") as temporary:
        np.savez(temporary, x=np.arange(3))
    assert names(tmp_path) == ["arrays.npz"]
    assert np.load(tmp_path / "arrays.npz")["x"].tolist() == [0, 1, 2]


def test_the_old_file_stays_until_the_block_ends(tmp_path):
    path = tmp_path / "a.txt"
    atomic_write(path, "old")
    with atomic_path(path) as temporary:
        temporary.write_text("new", encoding="utf-8")
        assert path.read_text(encoding="utf-8") == "old"
    assert path.read_text(encoding="utf-8") == "new"


@pytest.mark.parametrize("error", [ZeroDivisionError, KeyboardInterrupt, UserError])
def test_a_failure_inside_removes_the_temporary_and_passes_through(tmp_path, error):
    path = tmp_path / "a.txt"
    atomic_write(path, "old")
    with pytest.raises(error), atomic_path(path) as temporary:
        temporary.write_text("half", encoding="utf-8")
        raise error("mine")
    assert path.read_text(encoding="utf-8") == "old"
    assert names(tmp_path) == ["a.txt"]


def test_an_error_about_another_file_is_not_blamed_on_this_one(tmp_path):
    with pytest.raises(FileNotFoundError), atomic_path(tmp_path / "a.txt") as temporary:
        temporary.write_bytes((tmp_path / "input.txt").read_bytes())
    assert names(tmp_path) == []


def test_a_folder_in_its_place_and_a_file_on_the_way(tmp_path):
    (tmp_path / "folder").mkdir()
    (tmp_path / "file").write_bytes(b"keep")
    with pytest.raises(UserError, match=r"folder: it is a folder; choose another --out\.$"):
        atomic_write(tmp_path / "folder", b"x")
    for below in ("file/a.txt", "file/deeper/a.txt"):
        with pytest.raises(UserError, match="a folder on the way to it is in fact a file"):
            atomic_write(tmp_path / below, b"x")
    assert (tmp_path / "file").read_bytes() == b"keep"
    assert names(tmp_path) == ["file", "folder"]


def test_a_name_too_long_and_advice_of_the_caller(tmp_path):
    with pytest.raises(UserError) as caught:
        atomic_write(tmp_path / ("x" * 300 + ".txt"), b"x", advice="take another name")
    assert str(caught.value).endswith("; take another name.")
    assert names(tmp_path) == []


@pytest.mark.skipif(os.name != "posix", reason="devices are files only on POSIX")
def test_a_device_is_not_replaced():
    with pytest.raises(UserError, match="not an ordinary file"):
        atomic_write(os.devnull, b"x")
    assert not Path(os.devnull).is_file()


@pytest.mark.parametrize(
    ("number", "words"),
    [
        (errno.ENOSPC, "the disk is full"),
        (getattr(errno, "EDQUOT", errno.ENOSPC), "the disk is full"),
        (errno.EACCES, "no permission"),
        (errno.EROFS, "read-only"),
        (errno.EIO, "error"),
    ],
)
def test_the_cause_in_words(tmp_path, monkeypatch, number, words):
    path = tmp_path / "a.txt"
    atomic_write(path, "old")

    def fail(self, data):
        self.touch()
        raise OSError(number, os.strerror(number))

    monkeypatch.setattr(Path, "write_bytes", fail)
    with pytest.raises(UserError) as caught:
        atomic_write(path, "new")
    sentence = str(caught.value)
    assert words in sentence and str(path) in sentence and "--out" in sentence
    assert "the old file is untouched" in sentence and "\n" not in sentence
    assert path.read_text(encoding="utf-8") == "old"
    assert names(tmp_path) == ["a.txt"]


def test_numpy_loses_the_error_number_of_a_full_disk(tmp_path):
    with pytest.raises(UserError, match="disk is full"), atomic_path(tmp_path / "a.npy"):
        raise OSError("1048576 requested and 4096 written")


@pytest.fixture
def full_disk(tmp_path):
    """Lend a folder on a file system of 256 kB, where this user may make one."""
    folder = tmp_path / "small"
    folder.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", "size=256k", "minigpt-test", str(folder)]
    try:
        mounted = subprocess.run(mount, capture_output=True).returncode == 0
    except OSError:
        mounted = False
    if not mounted:
        pytest.skip("mounting a small tmpfs needs root on Linux")
    yield folder
    subprocess.run(["umount", str(folder)], check=True)


def test_a_disk_that_is_really_full(full_disk):
    import safetensors.numpy

    path, big = full_disk / "a.bin", np.ones(1 << 20, np.float32)
    atomic_write(path, b"old")
    writers = [
        lambda temporary: temporary.write_bytes(big.tobytes()),
        lambda temporary: np.save(temporary, big),
        lambda temporary: np.savez(temporary, big=big),
        lambda temporary: safetensors.numpy.save_file({"big": big}, temporary),
    ]
    for writer in writers:
        with (
            pytest.raises(UserError, match="disk is full.*the old file is untouched"),
            atomic_path(path) as temporary,
        ):
            writer(temporary.with_suffix(temporary.suffix))
        assert path.read_bytes() == b"old"


@pytest.mark.skipif(os.name != "posix", reason="file modes are POSIX's")
def test_the_old_files_permissions_and_links_stay(tmp_path):
    path, link = tmp_path / "a.txt", tmp_path / "link.txt"
    atomic_write(path, "old")
    path.chmod(0o640)
    link.symlink_to(path)
    atomic_write(link, "new")
    assert link.is_symlink() and path.read_text(encoding="utf-8") == "new"
    assert path.stat().st_mode & 0o777 == 0o640


@pytest.mark.skipif(os.name != "posix", reason="file modes are POSIX's")
def test_no_permission(tmp_path):
    (tmp_path / "locked").mkdir(mode=0o555)
    (tmp_path / "locked.txt").write_bytes(b"old")
    (tmp_path / "locked.txt").chmod(0o444)
    if os.access(tmp_path / "locked", os.W_OK):
        pytest.skip("this user may write everywhere")
    for path in (tmp_path / "locked" / "a.txt", tmp_path / "locked.txt"):
        with pytest.raises(UserError, match="no permission to write there.*choose another --out"):
            atomic_write(path, b"new")
    assert (tmp_path / "locked.txt").read_bytes() == b"old"


KILLED = """
import os, signal, sys
from minigpt.files import atomic_path
with atomic_path(sys.argv[1]) as temporary:
    with open(temporary, "wb") as file:
        file.write(b"half of the new")
        file.flush()
        os.kill(os.getpid(), signal.SIGKILL)
"""


@pytest.mark.skipif(os.name != "posix", reason="SIGKILL is POSIX's")
def test_kill_9_in_the_middle_leaves_the_old_file(tmp_path):
    path = tmp_path / "a.txt"
    atomic_write(path, "old")
    killed = subprocess.run([sys.executable, "-c", KILLED, str(path)], timeout=60)
    assert killed.returncode == -9
    assert path.read_text(encoding="utf-8") == "old"
    atomic_write(path, "new")
    assert path.read_text(encoding="utf-8") == "new"
