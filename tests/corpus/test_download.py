"""Named corpora: cached, given by hand, or downloaded; a local server plays the network."""

import contextlib
import errno
import hashlib
import http.server
import os
import socket
import threading
from dataclasses import replace
from pathlib import Path

import pytest

from minigpt.corpus import download
from minigpt.corpus.download import NAMED, NamedCorpus, cache_dir, fetch
from minigpt.errors import UserError

TEXT = b"To be, or not to be, that is the question.\n" * 3000


class Handler(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        self.server.asked += 1
        body = {
            "/good": TEXT,
            "/short": TEXT[:70_000],
            "/wrong": TEXT[::-1],
            "/long": TEXT * 2,
            "/cut": TEXT,
        }.get(self.path)
        if body is None:
            self.send_error(404)
            return
        self.send_response(200)
        if self.path != "/long":
            self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        with contextlib.suppress(OSError):  # the client may hang up on a body too long
            self.wfile.write(body[:70_000] if self.path == "/cut" else body)

    def log_message(self, *args):
        pass


@pytest.fixture
def server():
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler) as running:
        running.asked = 0
        thread = threading.Thread(target=running.serve_forever, args=(0.01,))
        thread.start()
        yield running
        running.shutdown()
        thread.join()


@pytest.fixture
def corpus(server, tmp_path, monkeypatch):
    """Put a corpus of the local server into the table; the cache is in tmp_path."""
    monkeypatch.setenv("MINIGPT_CACHE", str(tmp_path / "cache"))
    monkeypatch.delenv("MINIGPT_DATA", raising=False)
    monkeypatch.setenv("no_proxy", "*")
    monkeypatch.setattr(download, "TIMEOUT", 5.0)
    url = f"http://127.0.0.1:{server.server_port}/good"
    made = NamedCorpus("play.txt", url, hashlib.sha256(TEXT).hexdigest(), len(TEXT), "a play")
    monkeypatch.setitem(NAMED, "play", made)
    return made


def point_to(monkeypatch, corpus, url):
    monkeypatch.setitem(NAMED, "play", replace(corpus, url=url))


def failure() -> str:
    """Fetch, expect one sentence, and nothing left in the cache."""
    with pytest.raises(UserError) as caught:
        fetch("play")
    assert not cache_dir().exists() or list(cache_dir().iterdir()) == []
    sentence = str(caught.value)
    assert sentence.endswith(".") and "\n" not in sentence
    return sentence


def test_it_is_downloaded_once_and_then_cached(corpus, server, tmp_path, capsys):
    path = fetch("play")
    assert path == tmp_path / "cache" / "play.txt" and path.read_bytes() == TEXT
    assert fetch("play") == path and server.asked == 1
    assert [entry.name for entry in cache_dir().iterdir()] == ["play.txt"]
    captured = capsys.readouterr()
    assert captured.out == "" and captured.err.count("Downloading play (0.1 MB)") == 1


@pytest.mark.parametrize("damage", [b"", TEXT[:-1], TEXT[:-1] + b"!"])
def test_a_damaged_cache_is_downloaded_again(corpus, server, damage):
    fetch("play").write_bytes(damage)
    assert fetch("play").read_bytes() == TEXT and server.asked == 2


def test_the_folder_of_the_class_is_used_in_place(corpus, server, tmp_path, monkeypatch):
    given = tmp_path / "usb" / "play.txt"
    given.parent.mkdir()
    given.write_bytes(TEXT)
    monkeypatch.setenv("MINIGPT_DATA", str(given.parent))
    assert fetch("play") == given and server.asked == 0
    given.write_bytes(TEXT.replace(b"\n", b"\r\n"))
    assert fetch("play") == cache_dir() / "play.txt" and server.asked == 1


@pytest.mark.parametrize("page", ["short", "cut"])
def test_a_download_that_stops_early(corpus, monkeypatch, page):
    point_to(monkeypatch, corpus, corpus.url.replace("good", page))
    sentence = failure()
    assert f"stopped after 70000 of {len(TEXT)} bytes and was deleted" in sentence


@pytest.mark.parametrize("page", ["wrong", "long"])
def test_a_download_that_is_something_else(corpus, monkeypatch, page):
    point_to(monkeypatch, corpus, corpus.url.replace("good", page))
    sentence = failure()
    assert "its checksum differs" in sentence and "was deleted" in sentence


def test_a_page_that_is_gone(corpus, monkeypatch):
    point_to(monkeypatch, corpus, corpus.url.replace("good", "gone"))
    assert "answered 404 Not Found" in failure()


def test_offline(corpus, monkeypatch, tmp_path):
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        port = unused.getsockname()[1]
    point_to(monkeypatch, corpus, f"http://127.0.0.1:{port}/good")
    sentence = failure()
    assert "needs the network once" in sentence and "use --text with your own file" in sentence
    assert "put the file play.txt into a folder and set MINIGPT_DATA" in sentence
    monkeypatch.setenv("MINIGPT_DATA", str(tmp_path))
    assert f"named by MINIGPT_DATA (now {tmp_path})" in failure()
    (tmp_path / "play.txt").write_bytes(b"another edition")
    assert "the one there has another checksum" in failure()


def test_a_server_that_never_answers(corpus, monkeypatch):
    monkeypatch.setattr(download, "TIMEOUT", 0.2)
    with socket.create_server(("127.0.0.1", 0)) as silent:
        point_to(monkeypatch, corpus, f"http://127.0.0.1:{silent.getsockname()[1]}/good")
        assert "timed out" in failure()


def test_a_server_that_talks_nonsense(corpus, monkeypatch):
    with socket.create_server(("127.0.0.1", 0)) as odd:

        def answer():
            connection, _ = odd.accept()
            with connection:
                connection.recv(4096)
                connection.sendall(b"\x16\x03 this is no HTTP\r\n\r\n")

        thread = threading.Thread(target=answer)
        thread.start()
        point_to(monkeypatch, corpus, f"http://127.0.0.1:{odd.getsockname()[1]}/good")
        assert "what answers there is not a web server" in failure()
        thread.join()


def test_a_cache_that_cannot_be_written(corpus, tmp_path):
    (tmp_path / "cache").write_bytes(b"a file in the way")
    with pytest.raises(UserError, match=r"Cannot write .*play\.txt.*set MINIGPT_CACHE to a folder"):
        fetch("play")


def test_a_full_disk(corpus, monkeypatch):
    real = Path.open

    def full(self, mode="r", *args, **kwargs):
        if mode == "wb":
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        return real(self, mode, *args, **kwargs)

    monkeypatch.setattr(Path, "open", full)
    sentence = failure()
    assert "disk is full" in sentence and "MINIGPT_CACHE" in sentence and "--out" not in sentence


def test_an_unknown_name_lists_the_known_ones(corpus):
    with pytest.raises(UserError, match="no file hamlet, and no corpus.*one of: shakespeare, play"):
        fetch("hamlet")


def test_the_cache_folder_of_each_platform(monkeypatch, tmp_path):
    monkeypatch.setattr(Path, "home", lambda: tmp_path)
    for variable in ("MINIGPT_CACHE", "XDG_CACHE_HOME", "LOCALAPPDATA"):
        monkeypatch.delenv(variable, raising=False)
    places = {
        "linux": tmp_path / ".cache" / "minigpt",
        "darwin": tmp_path / "Library" / "Caches" / "minigpt",
        "win32": tmp_path / "AppData" / "Local" / "minigpt",
    }
    for platform, place in places.items():
        monkeypatch.setattr(download.sys, "platform", platform)
        assert cache_dir() == place
    monkeypatch.setenv("LOCALAPPDATA", str(tmp_path / "local"))
    assert cache_dir() == tmp_path / "local" / "minigpt"
    monkeypatch.setattr(download.sys, "platform", "linux")
    monkeypatch.setenv("XDG_CACHE_HOME", "relative/does/not/count")
    assert cache_dir() == places["linux"]
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "xdg"))
    assert cache_dir() == tmp_path / "xdg" / "minigpt"
    monkeypatch.setenv("MINIGPT_CACHE", str(tmp_path / "own"))
    assert cache_dir() == tmp_path / "own"


def test_the_table_agrees_with_the_file_where_it_is_given():
    folder = os.environ.get("MINIGPT_DATA")
    if not folder or not Path(folder, "tinyshakespeare.txt").is_file():
        pytest.skip("MINIGPT_DATA names no folder with tinyshakespeare.txt")
    data = Path(folder, "tinyshakespeare.txt").read_bytes()
    corpus = NAMED["shakespeare"]
    assert (len(data), hashlib.sha256(data).hexdigest()) == (corpus.size, corpus.sha256)
