"""The promises about the package as a whole: dependencies, imports, floors, encodings, paths."""

import ast
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

ROOT = Path(__file__).parents[1]
PACKAGE = ROOT / "minigpt"
SOURCES = sorted(PACKAGE.rglob("*.py"))
# What students get is a program of theirs, on top of everything: no room of the house.
ROOMS = [path for path in SOURCES if "programs" not in path.parts]

# A room imports only from its own floor and from those below it (listed first).
FLOORS = (
    {"version", "errors", "machine", "files", "hub", "backend", "tree"},
    {"layers", "gradcheck"},
    {"kernels", "tokenizer"},
    {"model"},
    {"corpus", "training"},
    {"classroom", "plots", "bench"},
    {"cli", "__main__", "__init__"},  # __init__: the package's own list of public names
)
FLOOR = {room: number for number, rooms in enumerate(FLOORS) for room in rooms}
HEAVY = ("cupy", "torch", "matplotlib", "mpi4py", "huggingface_hub")


def python(code: str) -> str:
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, timeout=120, cwd=ROOT
    )
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()


def test_requirements_are_the_dependencies():
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    lines = (ROOT / "requirements.txt").read_text(encoding="utf-8").splitlines()
    assert [line for line in lines if line and line[0] != "#"] == project["dependencies"]


def test_importing_is_quick():
    code = "import time; t = time.perf_counter(); import minigpt; print(time.perf_counter() - t)"
    seconds = min(float(python(code)) for _ in range(5))
    assert seconds < 0.3


@pytest.mark.parametrize("use", ["", "for name in getattr(minigpt, '__all__', []):"
                                     " getattr(minigpt, name)"])
def test_importing_and_the_public_names_load_nothing_heavy(use):
    code = f"import sys, minigpt\n{use}\nprint([name for name in {HEAVY} if name in sys.modules])"
    assert python(code) == "[]"


def room_of(path: Path) -> str:
    return path.relative_to(PACKAGE).with_suffix("").parts[0]


def imported_rooms(source: str, path: Path) -> Iterator[tuple[int, str]]:
    """Yield line and room for every import from minigpt, at the top or inside a function."""
    package = ("minigpt", *path.relative_to(PACKAGE).parts[:-1])
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import):
            names = [alias.name.split(".") for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            above = list(package[: len(package) - node.level + 1]) if node.level else []
            module = above + (node.module.split(".") if node.module else [])
            names = [[*module, alias.name] for alias in node.names]
        else:
            continue
        for name in names:
            if name[0] == "minigpt":
                room = name[1] if len(name) > 1 and name[1] in FLOOR else "__init__"
                yield node.lineno, room


def wrong_imports(source: str, path: Path) -> list[str]:
    room = room_of(path)
    return [
        f"{path.relative_to(ROOT)}:{line}: {room} may not import {other}"
        for line, other in imported_rooms(source, path)
        if FLOOR[other] > FLOOR[room] or (room == "layers" and other not in {"layers", "backend"})
    ]


def test_every_room_has_a_floor():
    rooms = {room_of(path) for path in ROOMS}
    assert rooms <= FLOOR.keys(), "give the new room a floor here and in README/CONTRIBUTING"


@pytest.mark.parametrize("path", ROOMS, ids=lambda path: path.relative_to(ROOT).as_posix())
def test_imports_respect_the_floors(path):
    assert wrong_imports(path.read_text(encoding="utf-8"), path) == []


@pytest.mark.parametrize(
    ("source", "file", "allowed"),
    [
        ("from minigpt.backend import get_array_module", "layers/gelu.py", True),
        ("from .softmax import softmax", "layers/gelu.py", True),
        ("from ..backend import to_host", "layers/gelu.py", True),
        ("from minigpt.errors import UserError", "layers/gelu.py", False),
        ("from minigpt import gradcheck", "layers/gelu.py", False),
        ("import minigpt.cli.doctor", "training/trainer.py", False),
        ("from ..cli import doctor", "training/trainer.py", False),
        ("from .. import cli", "training/trainer.py", False),
        ("from minigpt import GPT", "training/trainer.py", False),
        ("def f():\n    from minigpt.plots import show", "model/gpt.py", False),
        ("from minigpt.corpus.text import read_texts", "training/trainer.py", True),
        ("from minigpt.model.gpt import GPT", "__init__.py", True),
        ("import numpy, minigpt.tree", "model/gpt.py", True),
    ],
)
def test_the_floor_check_can_fail(source, file, allowed):
    assert (wrong_imports(source, PACKAGE / file) == []) is allowed


OPENERS_OF_OTHER_THINGS = {"os", "webbrowser", "Image", "tarfile", "zipfile", "urllib"}


def opens_without_encoding(source: str) -> list[int]:
    """List the lines that open a text file and leave the encoding to the platform."""
    return [
        node.lineno
        for node in ast.walk(ast.parse(source))
        if isinstance(node, ast.Call) and _is_text_access(node) and not _has_encoding(node)
    ]


def _name(call: ast.Call) -> str:
    return getattr(call.func, "attr", None) or getattr(call.func, "id", "")


def _is_text_access(call: ast.Call) -> bool:
    owner = getattr(getattr(call.func, "value", None), "id", None)
    if _name(call) in {"read_text", "write_text"}:
        return True
    if _name(call) not in {"open", "fdopen", "NamedTemporaryFile", "TemporaryFile"}:
        return False
    if _name(call) == "open" and owner in OPENERS_OF_OTHER_THINGS:
        return False
    is_method = isinstance(call.func, ast.Attribute) and owner not in {"io", "os", "tempfile"}
    at = 0 if is_method or "Temporary" in _name(call) else 1
    modes = [word.value for word in call.keywords if word.arg == "mode"] or call.args[at : at + 1]
    default = "w+b" if "Temporary" in _name(call) else "r"
    mode = getattr(modes[0], "value", "unknown") if modes else default
    return "b" not in str(mode)


def _has_encoding(call: ast.Call) -> bool:
    at = {"read_text": 0, "write_text": 1}.get(_name(call))
    positional = at is not None and len(call.args) > at
    return positional or any(word.arg == "encoding" for word in call.keywords)


@pytest.mark.parametrize("path", SOURCES, ids=lambda path: path.relative_to(ROOT).as_posix())
def test_every_text_file_is_opened_with_an_encoding(path):
    assert opens_without_encoding(path.read_text(encoding="utf-8")) == []


@pytest.mark.parametrize(
    ("source", "wrong"),
    [
        ("open(p)", True), ("open(p, 'w')", True), ("open(p, mode='r')", True),
        ("open(p, encoding='utf-8')", False), ("open(p, 'rb')", False),
        ("open(p, mode='wb')", False), ("p.open()", True), ("p.open('a')", True),
        ("p.open('r+b')", False), ("p.open(encoding='utf-8')", False), ("p.read_text()", True),
        ("p.read_text('utf-8')", False), ("p.write_text(s)", True), ("os.open(p, 0)", False),
        ("p.write_text(s, 'utf-8')", False), ("p.write_text(s, encoding='utf-8')", False),
        ("os.fdopen(f, 'w')", True), ("os.fdopen(f, 'wb')", False),
        ("tempfile.NamedTemporaryFile()", False), ("tempfile.NamedTemporaryFile('w')", True),
    ],
)  # fmt: skip
def test_the_encoding_check_can_fail(source, wrong):
    assert bool(opens_without_encoding(source)) is wrong


def test_no_file_names_a_path_of_the_authors_machine():
    if shutil.which("git") is None or not (ROOT / ".git").exists():
        pytest.skip("needs git and a clone")
    listed = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, capture_output=True)
    if listed.returncode:
        pytest.skip(f"git can't list the files: {listed.stderr.decode('utf-8', 'replace')}")
    paths = [ROOT / name for name in listed.stdout.decode("utf-8").split("\0") if name]
    assert len(paths) > 5
    private = [f"/{folder}/".encode() for folder in ("work", "root")]
    naming = [
        f"{path.relative_to(ROOT)} names {words.decode()}"
        for path in paths
        if path.is_file()
        for words in private
        if words in path.read_bytes()
    ]
    assert naming == []
