"""Reading texts: exactly what is in the file, or one sentence saying what is wrong with it."""

import os
from pathlib import Path

import pytest

from minigpt.corpus.text import read_texts, split_text
from minigpt.errors import UserError


def write(path: Path, data: bytes) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(data)
    return path


def test_one_file_several_files_and_a_single_path(tmp_path):
    a = write(tmp_path / "a.txt", b"one\n")
    b = write(tmp_path / "b.data", "zwölf 你好\n".encode())
    assert read_texts([a, str(b)]) == ["one\n", "zwölf 你好\n"]
    assert read_texts(a) == read_texts(str(a)) == ["one\n"]


def test_mark_and_windows_newlines_are_dropped_and_nothing_else(tmp_path):
    path = write(tmp_path / "a.txt", b"\xef\xbb\xbf one\r\ntwo\rthree\n\n\xef\xbb\xbf")
    assert read_texts([path]) == [" one\ntwo\rthree\n\n\ufeff"]


def test_a_folder_is_read_in_the_order_of_names(tmp_path):
    for name in ("b.txt", "a.md", "sub/c.txt", "sub/deep/d.TXT", "code.py", ".hidden.txt",
                 ".git/e.txt", "z.txt", "empty.txt"):
        write(tmp_path / name, b"" if name == "empty.txt" else name.encode())
    expected = ["a.md", "b.txt", "sub/c.txt", "sub/deep/d.TXT", "z.txt"]
    assert read_texts([tmp_path]) == expected


def test_links_that_go_round_end_and_count_once(tmp_path, monkeypatch):
    write(tmp_path / "a" / "one.txt", b"one")
    write(tmp_path / "outside" / "two.txt", b"two")
    try:
        (tmp_path / "a" / "up").symlink_to(tmp_path / "a", target_is_directory=True)
        (tmp_path / "a" / "again.txt").symlink_to(tmp_path / "a" / "one.txt")
        (tmp_path / "a" / "away").symlink_to(tmp_path / "outside", target_is_directory=True)
        (tmp_path / "a" / "self.txt").symlink_to(tmp_path / "a" / "self.txt")
    except OSError:
        pytest.skip("this user may not make symbolic links")
    walk, visited = os.walk, []

    def counted(*args, **kwargs):
        for step in walk(*args, **kwargs):
            visited.append(step)
            assert len(visited) < 10, "going round in circles"
            yield step

    monkeypatch.setattr(os, "walk", counted)
    assert read_texts([tmp_path / "a"]) == ["one", "two"]


@pytest.mark.parametrize(
    ("data", "words"),
    [
        (b"", "is empty"),
        (b" \r\n\t\n", "is empty"),
        (b"\xef\xbb\xbf\n", "is empty"),
        (b"\x89PNG\0\0", "byte 4 is NUL"),
        (b"caf\xe9 noir", "byte 3 is 0xe9; save it as UTF-8"),
        (b"\xef\xbb\xbfcaf\xe9 noir", "byte 6 is 0xe9"),
        ("Grüße".encode("utf-16"), "UTF-16 or UTF-32; save it as UTF-8"),
        (b"\xfe\xff" + "Grüße".encode("utf-16-be"), "UTF-16"),
        ("Grüße".encode("utf-16-le"), "NUL"),
        (b"cut short \xe4\xbd", "byte 10"),
    ],
)
def test_what_is_not_utf8_text_is_named(tmp_path, data, words):
    path = write(tmp_path / "a.txt", data)
    with pytest.raises(UserError) as caught:
        read_texts([path])
    sentence = str(caught.value)
    assert words in sentence and str(path) in sentence
    assert sentence.endswith(".") and "\n" not in sentence


def test_a_bad_file_in_a_folder_is_named(tmp_path):
    write(tmp_path / "a.txt", b"good")
    write(tmp_path / "b.txt", b"\xff")
    with pytest.raises(UserError, match=r"b\.txt is not UTF-8: byte 0"):
        read_texts([tmp_path])


def test_missing_nothing_and_folders_without_texts(tmp_path):
    with pytest.raises(UserError, match=r"no file or folder .*nowhere\.txt; check the name"):
        read_texts([tmp_path / "nowhere.txt"])
    with pytest.raises(UserError, match="No text was given"):
        read_texts([])
    write(tmp_path / "code.py", b"pass")
    with pytest.raises(UserError, match=r"holds no \.txt or \.md file"):
        read_texts([tmp_path])
    write(tmp_path / "a.txt", b"\n")
    with pytest.raises(UserError, match="are empty"):
        read_texts([tmp_path])


@pytest.mark.skipif(os.name != "posix", reason="devices are files only on POSIX")
def test_a_device_is_refused():
    with pytest.raises(UserError, match="not an ordinary file"):
        read_texts(["/dev/zero"])


@pytest.mark.parametrize("method", ["read_bytes", "is_dir"])
def test_an_unreadable_file(tmp_path, monkeypatch, method):
    path = write(tmp_path / "a.txt", b"secret")

    def refuse(self, *args, **kwargs):
        raise PermissionError(13, "Permission denied", str(self))

    monkeypatch.setattr(Path, method, refuse)
    with pytest.raises(UserError, match=r"Cannot read .*a\.txt \(permission denied\); check its"):
        read_texts([path])


def test_an_unreadable_folder_is_not_passed_over(tmp_path, monkeypatch):
    write(tmp_path / "a.txt", b"one")
    write(tmp_path / "locked" / "b.txt", b"two")
    real = os.scandir

    def scandir(path):
        if Path(path).name == "locked":
            raise PermissionError(13, "Permission denied", str(path))
        return real(path)

    monkeypatch.setattr(os, "scandir", scandir)
    with pytest.raises(UserError, match=r"Cannot read .*locked \(permission denied\)"):
        read_texts([tmp_path])


def test_the_split_is_the_one_of_nanogpt():
    text = "".join(chr(32 + i % 90) for i in range(1009))
    train, val = split_text(text)
    assert train == text[: int(1009 * 0.9)] and train + val == text
    assert tuple(map(len, split_text("x" * 1_115_394))) == (1_003_854, 111_540)
    assert split_text("abcd", 0.5) == ("ab", "cd")
    assert split_text("abcd", 0) == ("abcd", "")


@pytest.mark.parametrize(("text", "fraction"), [("", 0.1), ("", 0), ("x", 0.1), ("xy", 1e-20)])
def test_a_text_too_short_to_split(text, fraction):
    with pytest.raises(UserError, match="too short"):
        split_text(text, fraction)


@pytest.mark.parametrize("fraction", [-0.1, 1, 10, float("nan")])
def test_a_fraction_out_of_range(fraction):
    with pytest.raises(UserError, match="validation fraction"):
        split_text("some text", fraction)
