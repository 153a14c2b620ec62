"""Models by name: from Hugging Face's hub, from its local cache, or a sentence that says why not.

`huggingface_hub` is an extra, so most tests put a stand-in into its place. Those marked `oracle`
run the real one against a hub of our own on this machine.
"""

import hashlib
import json
import os
import socket
import subprocess
import sys
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from types import SimpleNamespace

import pytest
from model_file_parts import random_model, same

from minigpt import hub
from minigpt.errors import UserError
from minigpt.model import GPT

NAMES = ["gpt2", "openai-community/gpt2", "a/b-c_d.e", "model-1.5"]


class OfflineModeIsEnabled(ConnectionError): ...


class RepositoryNotFoundError(Exception): ...


class RevisionNotFoundError(Exception): ...


class Stand:
    """A stand-in for the module `huggingface_hub`, which notes what it is asked for."""

    def __init__(self, fetched=None, cached=None, files=("model.safetensors",), error=None):
        self.fetched, self.cached, self.files, self.error = fetched, cached, files, error
        self.asked = []

    def HfApi(self):  # noqa: N802 (its name there)
        return self

    def model_info(self, name, revision, timeout):
        self.asked.append(("info", name, revision, timeout))
        if self.error:
            raise self.error
        return SimpleNamespace(siblings=[SimpleNamespace(rfilename=name) for name in self.files])

    def snapshot_download(self, name, revision, allow_patterns, **options):
        local = options.get("local_files_only", False)
        self.asked.append(("cache" if local else "fetch", name, revision, allow_patterns))
        found = self.cached if local else self.fetched
        if isinstance(found, Exception) or found is None:
            raise found or FileNotFoundError("nothing there")
        return str(found)


@pytest.fixture
def stand(monkeypatch, tmp_path):
    """Put a stand-in into the place of huggingface_hub, in an empty folder."""
    monkeypatch.chdir(tmp_path)

    def put(**options):
        module = Stand(**options)
        monkeypatch.setitem(sys.modules, "huggingface_hub", module)
        return module

    return put


@pytest.mark.parametrize("name", NAMES)
def test_a_name_is_fetched(name, stand, tmp_path):
    random_model().save_pretrained(tmp_path / "fetched")
    module = stand(fetched=tmp_path / "fetched")
    assert same(GPT.from_pretrained(name, device="cpu", revision="v2"), random_model())
    assert module.asked == [("info", name, "v2", 10), ("fetch", name, "v2", list(hub.FILES))]
    assert not [name for name in hub.FILES if name.endswith((".bin", ".pt", ".msgpack", ".h5"))]


def test_shards_are_fetched_where_there_is_no_single_file(stand, tmp_path):
    module = stand(fetched=tmp_path, files=["config.json", "model.safetensors.index.json"])
    assert hub.pretrained_folder("gpt2") == tmp_path
    assert module.asked[-1][-1] == [*hub.FILES, "model-*.safetensors"]


@pytest.mark.parametrize("name", [
    *("./gpt2", "../gpt2", "/gpt2", "~/gpt2", "a/b/c", "a\\b", "C:gpt2", "C:\\gpt2", "gpt2/", ""),
    *("gpt2 ", "-gpt2", ".gpt2", "a//b", "a--b", "a..b", "gpt2\n", "größe", "a/.b", "model.pt"),
    *("gpt2.safetensors", "pytorch_model.BIN", "a/model.pth", "config.json"),
])  # fmt: skip
def test_what_is_a_path_never_asks_the_hub(name, stand):
    module = stand()
    assert hub.pretrained_folder(name) == Path(name)
    assert module.asked == []


@pytest.mark.parametrize("name", NAMES)
def test_a_folder_of_that_name_and_a_path_come_first(name, stand, tmp_path):
    module = stand(fetched=tmp_path / "elsewhere")
    assert hub.pretrained_folder(Path(name)) == Path(name)  # whether it exists or not
    random_model().save_pretrained(tmp_path / name)
    assert hub.pretrained_folder(name) == Path(name)
    assert same(GPT.from_pretrained(name, device="cpu"), random_model())
    assert module.asked == []


@pytest.mark.parametrize(
    "error",
    [
        ConnectionError("refused"),
        TimeoutError(),
        OfflineModeIsEnabled(),
        RepositoryNotFoundError("401"),
        RuntimeError("httpx's own"),
    ],
)
def test_out_of_reach_it_is_found_in_the_local_cache(error, stand, tmp_path):
    module = stand(cached=tmp_path, error=error)
    assert hub.pretrained_folder("gpt2", "v2") == tmp_path
    assert [what for what, *_ in module.asked] == ["info", "cache"]
    assert module.asked[-1][1:3] == ("gpt2", "v2")


def test_a_download_that_breaks_off_falls_back_to_the_cache(stand, tmp_path):
    stand(cached=tmp_path, fetched=OSError(28, "No space left on device"))
    assert hub.pretrained_folder("gpt2") == tmp_path


def test_a_part_in_the_cache_is_for_the_reader_to_judge(stand, tmp_path):
    error = FileNotFoundError("incomplete")
    error.snapshot_path = str(tmp_path)
    stand(cached=error, error=ConnectionError())
    with pytest.raises(UserError, match="There is no model in .*config.json is missing"):
        GPT.from_pretrained("gpt2", device="cpu")


@pytest.mark.parametrize(("error", "told"), [
    (ConnectionError("no route\nto host"),
     "There is no folder gpt2, Hugging Face's local cache has no model of that name, and the hub "
     "can't be reached (ConnectionError: no route); name a folder, or try again with a network."),
    (OfflineModeIsEnabled(),
     "There is no folder gpt2, Hugging Face's local cache has no model of that name, and "
     "HF_HUB_OFFLINE forbids to ask the hub; name a folder, or try again with a network."),
    (RepositoryNotFoundError("404"),
     "There is no folder gpt2, and Hugging Face's hub has no model of that name that is open to "
     "you; check the name, or log in by: hf auth login."),
    (RevisionNotFoundError("404"),
     "Hugging Face's hub has no revision 'v2' of gpt2; check its name."),
])  # fmt: skip
def test_otherwise_one_sentence_says_why(error, told, stand):
    stand(error=error)
    with pytest.raises(UserError) as caught:
        GPT.from_pretrained("gpt2", device="cpu", revision="v2")
    assert str(caught.value) == told


def test_without_huggingface_hub_one_sentence_says_what_to_install(monkeypatch, tmp_path):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setitem(sys.modules, "huggingface_hub", None)  # importing it fails
    with pytest.raises(UserError) as caught:
        GPT.from_pretrained("gpt2", device="cpu")
    assert str(caught.value) == (
        "There is no folder gpt2, and models are fetched from Hugging Face's hub by "
        'huggingface_hub, which is missing; name a folder, or pip install "minigpt[hub]".'
    )


def test_a_pickle_at_the_hub_is_not_even_fetched(stand, tmp_path):
    module = stand(fetched=tmp_path, files=["config.json", "pytorch_model.bin"])
    with pytest.raises(UserError, match="only as a pickle, which can run code when it is opened"):
        hub.pretrained_folder("old/gpt")
    assert [what for what, *_ in module.asked] == ["info"]


def test_ctrl_c_stops_the_download(stand):
    stand(error=KeyboardInterrupt())
    with pytest.raises(KeyboardInterrupt):
        hub.pretrained_folder("gpt2")


# ------------------------------------------------------------------ the real huggingface_hub

COMMIT = "a" * 40
OPEN = """
import sys
from minigpt import GPT, hub
from minigpt.errors import UserError
hub.TIMEOUT = 1
try:
    print("opened", float(GPT.from_pretrained(sys.argv[1], device="cpu").params.buffer.sum()))
except UserError as error:
    print(error)
"""


class Hub(BaseHTTPRequestHandler):
    """As much of the hub as a download needs: one model, "me/tiny"."""

    files = {}  # noqa: RUF012

    def do_GET(self):  # noqa: N802
        path = self.path.partition("?")[0].replace("%2F", "/")
        if path.startswith("/api/models/me/tiny/tree/"):
            self.answer(json.dumps([
                {"type": "file", "path": name, "size": len(body), "oid": sha1(body)}
                for name, body in self.files.items()
            ]).encode())  # fmt: skip
        elif path.startswith("/api/models/me/tiny"):
            names = [{"rfilename": name} for name in self.files]
            self.answer(json.dumps({"id": "me/tiny", "sha": COMMIT, "siblings": names}).encode())
        elif path.startswith("/me/tiny/resolve/"):
            self.answer(self.files[path.rpartition("/")[2]])
        else:
            self.answer(b"{}", 404)

    do_HEAD = do_GET  # noqa: N815

    def answer(self, body: bytes, status=200):
        self.send_response(status)
        self.send_header("Content-Length", str(len(body)))
        self.send_header("X-Repo-Commit", COMMIT)
        self.send_header("ETag", f'"{sha1(body)}"')
        if status == 404:
            self.send_header("X-Error-Code", "RepoNotFound")
        self.end_headers()
        if self.command == "GET":
            self.wfile.write(body)

    def log_message(self, *arguments): ...


def sha1(body: bytes) -> str:
    return hashlib.sha1(body).hexdigest()


@pytest.fixture
def server(tmp_path, monkeypatch):
    model = random_model()
    model.save_pretrained(tmp_path / "tiny", 5000)
    files = {path.name: path.read_bytes() for path in (tmp_path / "tiny").iterdir()}
    monkeypatch.setattr(Hub, "files", files | {"README.md": b"x", "pytorch_model.bin": b"x"})
    server = ThreadingHTTPServer(("127.0.0.1", 0), Hub)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()


@pytest.fixture
def from_hub(tmp_path):
    """Open a model by name in a process of its own, for the hub's settings are read at import."""
    pytest.importorskip("huggingface_hub", reason="huggingface_hub is not installed")

    def run(name, **environment):
        settings = {
            "HF_HUB_CACHE": str(tmp_path / "cache"),
            "HF_HUB_OFFLINE": "0",
            "TRANSFORMERS_OFFLINE": "0",
            "HF_HUB_DISABLE_TELEMETRY": "1",  # it would wait for the silent one, too
            "PYTHONPATH": str(Path(__file__).parents[2]),
        }
        done = subprocess.run(
            [sys.executable, "-c", OPEN, name], env=os.environ | settings | environment,
            capture_output=True, text=True, timeout=60, cwd=tmp_path,
        )  # fmt: skip
        assert done.returncode == 0, done.stderr
        return done.stdout.strip()

    return run


@pytest.mark.oracle
def test_the_real_one_fetches_and_finds_it_again_offline(server, from_hub, tmp_path):
    expected = f"opened {float(random_model().params.buffer.sum())}"
    assert from_hub("me/tiny", HF_ENDPOINT=server) == expected
    folder = tmp_path / "cache" / "models--me--tiny" / "snapshots" / COMMIT
    assert not {path.name for path in folder.iterdir()} & {"README.md", "pytorch_model.bin"}
    assert from_hub("me/tiny", HF_HUB_OFFLINE="1") == expected
    assert from_hub("me/tiny", HF_ENDPOINT="http://127.0.0.1:9") == expected  # nobody is there
    with socket.create_server(("127.0.0.1", 0)) as silent:  # that accepts, and never answers
        silent = f"http://127.0.0.1:{silent.getsockname()[1]}"
        assert from_hub("me/tiny", HF_ENDPOINT=silent) == expected
        assert "can't be reached" in from_hub("me/large", HF_ENDPOINT=silent)
    assert "HF_HUB_OFFLINE forbids" in from_hub("me/large", HF_HUB_OFFLINE="1")
    assert "has no model of that name that is" in from_hub("me/large", HF_ENDPOINT=server)


@pytest.mark.oracle
def test_a_cache_that_another_program_filled(from_hub, tmp_path):
    """Laid out as huggingface_hub does it; on Windows it may copy instead of linking."""
    root = tmp_path / "cache" / "models--gpt2"
    random_model().save_pretrained(root / "snapshots" / COMMIT)
    (root / "refs").mkdir()
    (root / "refs" / "main").write_text(COMMIT, encoding="utf-8")
    expected = f"opened {float(random_model().params.buffer.sum())}"
    assert from_hub("gpt2", HF_HUB_OFFLINE="1") == expected
    (root / "snapshots" / COMMIT / "model.safetensors").unlink()
    assert "There are no weights: " in from_hub("gpt2", HF_HUB_OFFLINE="1")
