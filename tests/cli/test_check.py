"""`minigpt check`: exit codes, words, hints, JSON, and all that can be wrong with a file."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from minigpt.classroom.exercise import SOLUTIONS
from minigpt.classroom.exercises import EXERCISES
from minigpt.classroom.report import Line, PartReport
from minigpt.classroom.student import file_and_task, task_of_file
from minigpt.classroom.worker import Outcome
from minigpt.cli import classroom_texts as texts
from minigpt.errors import UserError

RIGHT = (SOLUTIONS / "06_layernorm.py").read_text(encoding="utf-8")
ONE_WRONG = RIGHT.replace("dx = dn - level", "dx = dn")
assert ONE_WRONG != RIGHT


@pytest.fixture
def mine():
    """Write mywork/06_layernorm.py."""

    def write(text: str | bytes, path: str = "mywork/06_layernorm.py") -> Path:
        file = Path(path)
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(text if isinstance(text, bytes) else text.encode())
        return file

    return write


def flat(text: str) -> str:
    return " ".join(text.split())


# --- one file -----------------------------------------------------------------------------------


def test_right(cli, mine):
    mine(RIGHT)
    code, out, err = cli("check", "06")
    assert code == 0 and err == ""
    assert "layernorm: right" in out and "XX" not in out
    assert "`minigpt lesson start 07`" in out and "`minigpt lesson solution 06`" in flat(out)
    assert "ok 06" in cli("lesson", "list")[1]


def test_wrong_is_explained_and_hints_follow_one_by_one(cli, mine):
    mine(ONE_WRONG)
    code, out, _ = cli("check", "06")
    assert code == 1 and "XX backward" in out and "ok forward" in out
    assert "lesson 06, section" in flat(out) and "should be" in flat(out)
    assert "`minigpt check 06 --hint`" in flat(out)
    seen = [cli("check", "06", "--hint") for _ in range(4)]
    assert [code for code, _, _ in seen] == [1] * 4
    heads = [out.splitlines()[0] for _, out, _ in seen]
    assert [head.partition(" (")[0] for head in heads] == [
        "layernorm, hint 1 of 3", "layernorm, hint 2 of 3", "layernorm, hint 3 of 3",
        "layernorm, hint 3 of 3"]  # fmt: skip
    assert seen[2][1] == seen[3][1] and len({out for _, out, _ in seen}) == 3
    assert ".. 06" in cli("lesson", "list")[1]


def test_unwritten_tells_what_to_write(cli):
    cli("lesson", "start", "05")
    code, out, _ = cli("check", "05")
    assert code == 1 and "0 of 3 parts right" in out and out.count("-- ") == 3
    assert "Next: write linear" in out and "XX" not in out


def test_one_part_is_not_all_of_the_lesson(cli, mine):
    mine((SOLUTIONS / "05_mlp.py").read_text(encoding="utf-8"), "mywork/05_mlp.py")
    code, out, _ = cli("check", "05", "--part", "gelu")
    assert code == 0 and "gelu: right" in out
    assert "All of lesson" not in out and "`minigpt check 05`" in out


def test_json_is_all_that_is_printed_whatever_the_student_prints(cli, mine):
    mine(ONE_WRONG.replace("    xp = ", "    print('noise {')\n    xp = ", 1) + "\nprint(5)\n")
    code, out, err = cli("check", "06", "--json")
    found = json.loads(out)
    assert code == 1 and err == ""
    assert found["ok"] is False and found["task"] == "06" and "noise" in found["printed"]
    assert found["parts"][0]["part"] == "layernorm" and found["parts"][0]["problem"]
    assert len(found["parts"][0]["hints"]) == 3


def test_what_the_student_prints_is_shown_and_cut(cli, mine):
    mine(RIGHT + "\nfor i in range(100):\n    print('row', i)\n")
    code, out, _ = cli("check", "06")
    assert code == 0 and "row 0" in out and "row 50" not in out and "88 more lines" in out


def test_another_folder_is_named_in_what_comes_next(cli, mine):
    mine(ONE_WRONG, "ada/06_layernorm.py")
    code, out, _ = cli("check", "06", "--folder", "ada")
    assert code == 1 and f"minigpt check {Path('ada/06_layernorm.py')} --hint" in flat(out)
    assert Path("ada/progress.json").is_file() and not Path("mywork").exists()


@pytest.mark.parametrize("text, words", [
    ("def layernorm(:", "no valid Python: invalid syntax, line 1"),
    ("import nothing_of_that_name", "No module named 'nothing_of_that_name', line 1"),
    (b"x = 1\0", "no valid Python"),
    ("x = 1", "no function named layernorm"),
    ("import sys\nsys.exit()", "ends the program"),
])  # fmt: skip
def test_a_file_that_cant_be_loaded(cli, mine, text, words):
    mine(text)
    code, out, err = cli("check", "06")
    assert code == 1 and words in flat(out) and "Next: " in out
    assert "None" not in out and "Traceback" not in out + err


@pytest.mark.parametrize("change", [
    lambda text: b"\xef\xbb\xbf" + text.encode(),
    lambda text: text.replace("\n", "\r\n").encode(),
], ids=["a byte order mark", "CRLF"])  # fmt: skip
def test_other_editors_files_are_right_too(cli, mine, change):
    mine(change(RIGHT))
    assert cli("check", "06")[0] == 0


@pytest.mark.slow
def test_a_loop_that_never_ends(cli, mine):
    mine("while True:\n    pass\n")
    code, out, _ = cli("check", "06", "--seconds", "2")
    assert code == 1 and "did not end within 2 seconds" in flat(out)


# --- progress that can't be kept ----------------------------------------------------------------


def test_a_damaged_progress_file_does_not_stop_a_check(cli, mine):
    mine(RIGHT)
    file = mine("{", "mywork/progress.json")
    code, out, err = cli("check", "06")
    assert code == 0 and "layernorm: right" in out and "damaged; delete it" in flat(err)
    assert file.read_text(encoding="utf-8") == "{"
    code, out, err = cli("lesson", "list")
    assert code == 2 and out == "" and "damaged" in err


def test_progress_that_cant_be_written_spoils_no_json(cli, mine, monkeypatch):
    mine(RIGHT)

    def full(*_):
        raise UserError("Cannot write it: the disk is full.")

    monkeypatch.setattr("minigpt.classroom.progress.atomic_write", full)
    code, out, err = cli("check", "06", "--json")
    assert code == 0 and json.loads(out)["ok"] and "the disk is full" in err


# --- a folder -----------------------------------------------------------------------------------


def test_all_files_of_a_folder(cli, mine):
    mine(ONE_WRONG)
    cli("lesson", "start", "05")
    mine((SOLUTIONS / "10_gpt.py").read_text(encoding="utf-8"), "mywork/10_gpt.py")
    code, out, _ = cli("check")
    lines = out.splitlines()
    assert code == 1
    assert [line.split()[:2] for line in lines[:3]] == [
        ["--", "05_mlp.py"], ["XX", "06_layernorm.py"], ["ok", "10_gpt.py"]]  # fmt: skip
    assert "XX backward" in out and "Next: " in out  # the wrong one is explained, not the empty one
    code, out, _ = cli("check", "--json")
    assert code == 1 and [one["ok"] for one in json.loads(out)] == [False, False, True]


def test_all_right_says_what_is_next(cli, mine):
    mine(RIGHT)
    code, out, _ = cli("check")
    assert code == 0 and "minigpt lesson list" in out


def test_hints_where_nothing_is_written_yet(cli):
    cli("lesson", "start", "06")
    code, out, _ = cli("check", "--hint")
    assert code == 1 and "hint 1 of 3" in out


# --- mistakes of the command line ---------------------------------------------------------------


@pytest.mark.parametrize("argv, words", [
    (["99"], "There is no exercise '99'"),
    (["01"], "Lesson 01 has no exercise file"),
    (["08"], "begin with `minigpt lesson start 08`"),
    (["08", "--folder", "my files"], "minigpt lesson start 08 --folder"),
    (["nowhere/06.py"], "There is no file nowhere/06.py"),
    (["full"], "full is a folder; `minigpt check --folder full`"),
    (["other/notes.txt"], "solves no exercise"),
    ([], "nothing to check in the folder mywork"),
    (["--watch"], "nothing to watch in the folder mywork"),
    (["06", "--folder", "full"], "is a folder, but should be your file"),
    (["--folder", "other/notes.txt"], "nothing to check"),
    (["06", "--folder", ""], "--folder is empty"),
    (["--part", "gelu"], "--part needs the exercise"),
    (["other/05.py", "--part", "nothing"], "it has: linear, gelu, mlp"),
    (["other/bughunt_07.py", "--part", "x"], "has no parts"),
    (["other/05.py", "--seconds", "nan"], "--seconds must be above 0"),
    (["other/05.py", "--seconds", "inf"], "at most 3600"),
    (["other/05.py", "--seconds", "-1"], "--seconds must be above 0"),
    (["other/05.py", "--seed", "-1"], "--seed must be 0 or above"),
    (["other/05.py", "--json", "--watch"], "not allowed with"),
])  # fmt: skip
def test_a_mistake_gets_one_sentence(cli, mine, argv, words):
    Path("full/06_layernorm.py").mkdir(parents=True)
    for name in ("notes.txt", "05.py", "bughunt_07.py"):
        mine("nothing", f"other/{name}")
    code, out, err = cli("check", *argv)
    assert code == 2 and out == "" and words in err.replace("\\", "/")
    assert len(err.strip().splitlines()) == 1


# --- which exercise a file is -------------------------------------------------------------------


@pytest.mark.parametrize("name, text, number", [
    ("06_layernorm.py", "", "06"),
    ("ada_6.py", "", "06"),
    ("LayerNorm-ada.py", "", "06"),
    ("06_layernorm.old2.py", "", "06"),
    ("2_layernorm.py", "def layernorm(", "06"),
    ("my_gpt_05.py", "def gelu(", "05"),
    ("homework.py", "def gelu(x):\ndef linear(", "05"),
])  # fmt: skip
def test_a_file_is_known_by_its_name_or_its_functions(tmp_path, name, text, number):
    (tmp_path / name).write_text(text, encoding="utf-8")
    assert task_of_file(tmp_path / name) is EXERCISES[number]


def test_a_files_name_alone_is_looked_for_in_the_folder(tmp_path):
    (tmp_path / "06_layernorm.py").write_text("", encoding="utf-8")
    path, task = file_and_task("06_layernorm.py", tmp_path)
    assert path == tmp_path / "06_layernorm.py" and task is EXERCISES["06"]


# --- words --------------------------------------------------------------------------------------


def test_the_first_wrong_part_is_explained_not_an_unwritten_one():
    unwritten = PartReport("05", "linear", [], [Line("written", False)], unwritten=True)
    wrong = PartReport("05", "gelu", [], [Line("runs", True), Line("forward", False, "y wrong")],
                       problem="It is wrong.", advice="Next: repair it.")  # fmt: skip
    also = PartReport("05", "mlp", [], [Line("runs", False, "stopped")], problem="It stops.")
    out = texts.outcome_text(Path("mywork/05_mlp.py"), EXERCISES["05"],
                             Outcome([unwritten, wrong, also]))  # fmt: skip
    assert "It is wrong." in out and "It stops." not in out
    assert "XX mlp     not right yet (runs: stopped)" in out
    assert out.endswith("Next: repair it.")


def test_a_file_that_cant_be_loaded_is_told_once():
    lines = [Line("loads", False, "No valid Python.")]
    reports = [PartReport("05", part, [], lines, "No valid Python.", "Next: repair it.")
               for part in ("linear", "gelu", "mlp")]  # fmt: skip
    out = texts.outcome_text(Path("mywork/05_mlp.py"), EXERCISES["05"], Outcome(reports))
    assert out == "XX 05_mlp.py: not right yet\n\nNo valid Python.\n\nNext: repair it."


def test_words_fit_and_commands_and_code_stay_whole(monkeypatch):
    monkeypatch.setenv("COLUMNS", "50")
    code = "    y = " + "x * " * 30
    text = texts.wrapped("word " * 8 + "`minigpt check 06 --hint` and more words\n" + code)
    lines = text.splitlines()
    assert any("`minigpt check 06 --hint`" in line for line in lines) and lines[-1] == code
    assert max(map(len, lines[:-1])) <= 50


def test_no_colours_in_a_pipe_or_when_nobody_wants_them(monkeypatch):
    monkeypatch.setattr(sys.stdout, "isatty", lambda: True, raising=False)
    for name in ("NO_COLOR", "TERM"):
        monkeypatch.delenv(name, raising=False)
    if os.name != "nt":
        assert texts.wants_colour()
    monkeypatch.setenv("NO_COLOR", "1")
    assert not texts.wants_colour()
    monkeypatch.setenv("NO_COLOR", "")
    monkeypatch.setenv("TERM", "dumb")
    assert not texts.wants_colour()
    monkeypatch.delenv("TERM")
    monkeypatch.setattr(sys.stdout, "isatty", lambda: False, raising=False)
    assert not texts.wants_colour()


def test_a_reader_that_goes_away_gets_no_traceback():
    command = [sys.executable, "-m", "minigpt", "lesson", "list"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as process:
        process.stdout.close()
        assert process.stderr.read() == b""
