"""A folder of one's own, and a command line called in this process."""

import os
import shutil
from pathlib import Path

import pytest

from minigpt.cli import main

SMALL = ("--corpus-mb 0.2 --vocab-size 600 --block-size 256 --n-layer 1 --n-head 2 --n-embd 16 "
         "--batch-size 4 --steps 6 --eval-every 3 --threads 1 --judged 3").split()  # fmt: skip


@pytest.fixture
def cli(monkeypatch, tmp_path, capsys):
    """`cli("train", "--steps", "3")` returns (exit code, output, errors), in an empty folder."""
    monkeypatch.chdir(tmp_path)

    def call(*argv):
        try:
            code = main([str(word) for word in argv])
        except SystemExit as stop:  # argparse's way out
            code = stop.code
        captured = capsys.readouterr()
        return code, captured.out, captured.err

    return call


@pytest.fixture(scope="session")
def trained_once(tmp_path_factory):
    folder = tmp_path_factory.mktemp("trained")
    before = Path.cwd()
    os.chdir(folder)
    try:
        assert main(["train", *SMALL]) == 0
    finally:
        os.chdir(before)
    return folder / "runs" / "tinytown"


@pytest.fixture
def trained(cli, trained_once):
    """A small finished run, in `runs/tinytown` of this test's own folder."""
    return Path(shutil.copytree(trained_once, Path("runs", "tinytown")))


@pytest.fixture
def small():
    """Options for a run of a second."""
    return SMALL
