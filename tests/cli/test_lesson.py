"""`minigpt lesson`: a file to start with, the list, the solution."""

import ast
from pathlib import Path

import pytest

from minigpt.classroom.bughunt import hunts
from minigpt.classroom.exercises import EXERCISES
from minigpt.classroom.progress import Progress, changing
from minigpt.classroom.report import Line, PartReport

NUMBERS = list(EXERCISES)


def passed(folder, number, parts):
    with changing(Path(folder)) as progress:
        progress.note([PartReport(number, part, [], [Line("runs", True)]) for part in parts])


# --- start --------------------------------------------------------------------------------------


@pytest.mark.parametrize("number", NUMBERS)
def test_the_file_holds_signatures_docstrings_and_nothing_else(cli, number):
    exercise = EXERCISES[number]
    code, out, _ = cli("lesson", "start", number)
    path = Path("mywork", exercise.file_name)
    assert code == 0 and f"minigpt check {number}" in out
    bodies = {node.name: node for node in ast.parse(path.read_text(encoding="utf-8")).body
              if isinstance(node, ast.FunctionDef)}  # fmt: skip
    for name in exercise.functions:
        docstring, *rest = bodies[name].body
        assert ast.get_docstring(bodies[name])
        assert len(rest) == 1 and isinstance(rest[0], ast.Raise), name
        assert name in out.replace("\n", " ")


@pytest.mark.parametrize("name", ["6", "06", "layernorm", "06_layernorm.py"])
def test_an_exercise_has_several_names(cli, name):
    assert cli("lesson", "start", name)[0] == 0
    assert Path("mywork", "06_layernorm.py").is_file()


def test_a_bug_hunt_starts_with_its_symptom_and_how_to_run_it(cli):
    code, out, _ = cli("lesson", "start", "bughunt-07")
    assert code == 0
    assert Path("mywork/bughunt_07.py").read_text(encoding="utf-8") == hunts()["07"].program()
    assert hunts()["07"].symptom in out.replace("\n", " ")
    assert "python mywork" in out and "minigpt check bughunt-07" in out


def test_another_folder_is_named_in_the_command_that_follows(cli):
    _, out, _ = cli("lesson", "start", "06", "--folder", "ada lovelace")
    assert Path("ada lovelace", "06_layernorm.py").is_file()
    command = next(line for line in out.splitlines() if line.startswith("Then: "))
    assert "ada lovelace" in command.replace("\\", "/") and command[-1] in "'\""


def test_a_file_that_is_there_stays_as_it_is(cli):
    cli("lesson", "start", "06")
    path = Path("mywork/06_layernorm.py")
    path.write_text("mine", encoding="utf-8")
    code, out, err = cli("lesson", "start", "06")
    assert code == 2 and out == "" and "--again" in err
    assert path.read_text(encoding="utf-8") == "mine"


def test_beginning_anew_keeps_every_old_file(cli):
    cli("lesson", "start", "06")
    path = Path("mywork/06_layernorm.py")
    for words in ("first", "second"):
        path.write_text(words, encoding="utf-8")
        code, out, _ = cli("lesson", "start", "06", "--again")
        assert code == 0 and "Your old file is now" in out
        assert path.read_text(encoding="utf-8") == EXERCISES["06"].stub()
    assert Path("mywork/06_layernorm.old.py").read_text(encoding="utf-8") == "first"
    assert Path("mywork/06_layernorm.old2.py").read_text(encoding="utf-8") == "second"


def test_beginning_anew_keeps_no_copy_of_a_file_in_which_nothing_was_written(cli):
    cli("lesson", "start", "06")
    assert cli("lesson", "start", "06", "--again")[0] == 0
    assert [path.name for path in Path("mywork").iterdir() if path.suffix == ".py"] == [
        "06_layernorm.py"]  # fmt: skip


def test_beginning_anew_shows_in_the_list(cli):
    cli("lesson", "start", "06")
    passed("mywork", "06", ["layernorm"])
    cli("lesson", "start", "06", "--again")
    assert Progress(Path("mywork")).state("06", "layernorm") == ""


@pytest.mark.parametrize("argv, words", [
    (["start", "99"], "There is no exercise '99'"),
    (["start", "laernorm"], "did you mean 'layernorm'?"),
    (["start", "12"], "Lesson 12 has no exercise file; these have one: 02"),
    (["start", "bughunt-99"], "numbered 01 to"),
    (["start", ""], "no exercise ''"),
    (["start", "06", "--folder", ""], "--folder is empty"),
    (["list", "--folder", " "], "--folder is empty"),
    (["start"], "required: NN"),
    ([], "required: ACTION"),
])  # fmt: skip
def test_a_mistake_gets_one_sentence(cli, argv, words):
    code, out, err = cli("lesson", *argv)
    assert code == 2 and out == "" and words in err
    assert len(err.strip().splitlines()) == 1 and not list(Path().iterdir())


def test_a_folder_that_is_a_file(cli):
    Path("mywork").write_text("mine", encoding="utf-8")
    code, _, err = cli("lesson", "start", "06")
    assert code == 2 and "in fact a file" in err and "--folder" in err
    assert Path("mywork").read_text(encoding="utf-8") == "mine"


@pytest.mark.parametrize("again", [[], ["--again"]])
def test_a_file_that_is_a_folder(cli, again):
    Path("mywork/06_layernorm.py").mkdir(parents=True)
    code, _, err = cli("lesson", "start", "06", *again)
    assert code == 2 and "is a folder" in err and "Traceback" not in err


# --- list ---------------------------------------------------------------------------------------


def test_the_list_of_somebody_new(cli):
    code, out, _ = cli("lesson", "list")
    assert code == 0 and not Path("mywork").exists()
    lines = out.splitlines()
    assert lines[-1] == "Next: minigpt lesson start 02" and lines[-2].startswith("0 of ")
    assert all(f" {e.number}  {e.title}" in out for e in EXERCISES.values())
    assert sum("bughunt-" in line for line in lines) == len(hunts())


def test_no_line_of_the_list_is_too_long(cli, monkeypatch):
    monkeypatch.setenv("COLUMNS", "80")
    cli("lesson", "start", "07")
    assert max(map(len, cli("lesson", "list")[1].splitlines())) <= 80


def test_the_list_shows_what_is_begun_tried_and_right(cli):
    cli("lesson", "start", "05")
    with changing(Path("mywork")) as progress:
        wrong = PartReport("05", "gelu", [], [Line("runs", False)])
        progress.note([PartReport("05", "linear", [], [Line("runs", True)]), wrong])
        progress.note([wrong])
    out = cli("lesson", "list")[1]
    rows = [" ".join(line.split()) for line in out.splitlines()]
    assert f".. 05 {EXERCISES['05'].title} (1 of 3)" in rows
    assert {"ok linear", ".. gelu tried 2 times", "mlp"} <= set(rows)
    assert rows[-1] == "Next: minigpt check 05" and rows[-2].startswith("1 of ")


def test_a_finished_exercise_takes_one_line(cli):
    cli("lesson", "start", "05")
    passed("mywork", "05", ["linear", "gelu", "mlp"])
    rows = [" ".join(line.split()) for line in cli("lesson", "list")[1].splitlines()]
    assert f"ok 05 {EXERCISES['05'].title} (3 of 3)" in rows and "ok linear" not in rows


# --- solution -----------------------------------------------------------------------------------


def test_the_solution_is_not_shown_before_a_pass(cli):
    code, out, err = cli("lesson", "solution", "06")
    assert code == 2 and out == "" and "--give-up" in err and "--hint" in err
    assert not Path("mywork").exists()


def test_the_solution_is_shown_after_all_parts_have_passed(cli):
    passed("mywork", "05", ["linear", "gelu"])
    assert cli("lesson", "solution", "05")[0] == 2
    passed("mywork", "05", ["mlp"])
    code, out, _ = cli("lesson", "solution", "05")
    assert code == 0 and out == EXERCISES["05"].solution


def test_the_solution_is_shown_to_who_gives_up_now_and_later(cli):
    for option in (["--give-up"], []):
        code, out, _ = cli("lesson", "solution", "06", *option)
        assert code == 0 and out == EXERCISES["06"].solution
    assert cli("lesson", "solution", "07")[0] == 2


def test_the_solution_of_a_bug_hunt(cli):
    assert cli("lesson", "solution", "bughunt-07")[0] == 2
    code, out, _ = cli("lesson", "solution", "bughunt-07", "--give-up")
    right, wrong = hunts()["07"].edits[0]
    assert code == 0 and right.strip() in out and wrong.strip() in out
    assert hunts()["07"].answer in out.replace("\n", " ")


def test_giving_up_where_it_cant_be_noted_shows_nothing(cli):
    Path("mywork").write_text("a file", encoding="utf-8")
    code, out, err = cli("lesson", "solution", "06", "--give-up")
    assert code == 2 and out == "" and "Cannot write" in err
