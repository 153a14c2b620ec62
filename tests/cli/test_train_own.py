"""`minigpt train --layers FOLDER`: a GPT on one's own functions."""

import shutil

import pytest

from minigpt.classroom.exercise import SOLUTIONS


@pytest.fixture
def mywork(tmp_path):
    """A folder with right functions for lessons 06 and 11."""
    folder = tmp_path / "mywork"
    folder.mkdir()
    for name in ("06_layernorm.py", "11_adam.py"):
        shutil.copy(SOLUTIONS / name, folder)
    return folder


def test_it_says_what_is_yours_and_compares(cli, small, mywork):
    """It says what is the student's, and compares; right functions give the same losses."""
    code, out, err = cli("train", *small, "--layers", mywork, "--out", "run")
    assert code == 0, err
    assert "yours      layernorm, adamw_step, warmup_cosine, clip_by_norm (from" in out
    assert "package's  embedding, linear" in out
    assert "ms a step, the package's" in out and "differ by" in out
    other = cli("train", *small, "--out", "other")[1]
    last = [row for row in out.splitlines() if row.startswith("     6 ")]
    assert last[0].split()[:3] == [row for row in other.splitlines()
                                   if row.startswith("     6 ")][0].split()[:3]  # fmt: skip


def test_folders_that_hold_nothing_are_refused(cli, small, tmp_path):
    code, _, err = cli("train", *small, "--layers", "nothing")
    assert code == 2 and "a folder with exercises of your own" in err
    (tmp_path / "empty").mkdir()
    code, _, err = cli("train", *small, "--layers", "empty")
    assert code == 2 and "no function that a training could use yet" in err


def test_a_run_on_own_functions_resumes(cli, small, mywork, tmp_path):
    assert cli("train", *small, "--layers", mywork, "--out", "run")[0] == 0
    settings = (tmp_path / "run" / "run.json").read_text(encoding="utf-8")
    (tmp_path / "run" / "run.json").write_text(settings.replace('"steps": 6', '"steps": 9'),
                                               encoding="utf-8")  # fmt: skip
    code, out, err = cli("train", "--resume", "run")
    assert code == 0 and "yours      layernorm" in out, err
    shutil.rmtree(mywork)
    code, _, err = cli("train", "--resume", "run")
    assert code == 2 and "Unknown layers" in err
