"""A class: one student's file neither stops nor falsifies another's; the result can be read."""

import csv
import json
import os
import re
import shutil
import signal
import subprocess
import sys
import time
from html.parser import HTMLParser
from pathlib import Path

import pytest

from minigpt.classroom import grade as grade_module
from minigpt.classroom import gradebook, materials
from minigpt.classroom.exercises import EXERCISES
from minigpt.classroom.grade import (
    Grade,
    Submission,
    commonest,
    find_submissions,
    grade,
    points_of,
)
from minigpt.classroom.gradepage import as_html
from minigpt.classroom.report import Line, Named, PartReport
from minigpt.cli.main import main
from minigpt.errors import UserError

LAYERNORM, LOSS = EXERCISES["06"], EXERCISES["08"]
POSIX = pytest.mark.skipif(sys.platform == "win32", reason="Windows has no such call")
ODD = "=cmd|' <b>x<i> & ü 学生"
DELETES = (
    "\nimport os, shutil\nassert 'minigpt-grade' in os.getcwd()\n"
    "shutil.rmtree(os.getcwd(), ignore_errors=True)\nos._exit(0)\n"
)
MEDDLES = (
    "\nimport minigpt, pathlib\np = pathlib.Path(minigpt.__file__).parent / 'errors.py'\n"
    "assert 'minigpt-grade' in str(p)\np.write_text('raise 1')\n"
)
FILES = {
    "ada": LAYERNORM.solution,
    "blank": "",
    "copy": "from minigpt.layers import *\n",
    "deletes": LAYERNORM.code + DELETES,
    "framework": LAYERNORM.code + "\nif 0:\n    import torch\n",
    "latin": LAYERNORM.code.encode() + "\nx = 'ü'\n".encode("latin-1"),
    "meddles": LAYERNORM.code + MEDDLES,
    "stub": LAYERNORM.stub(),
    "writes": LAYERNORM.code + "\nopen('mine.txt', 'w').write('x')\n",
    "zoe": LAYERNORM.solution,
    ODD: LAYERNORM.solution,
}
RIGHT = {"ada", "writes", "zoe", ODD}
MISTAKE = next(m for m in LAYERNORM.parts[0].mistakes if LAYERNORM.edited([m]))


def put(folder: Path, student: str, text: str | bytes, name: str = LAYERNORM.file_name) -> Path:
    path = folder / student / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    return path


@pytest.fixture(scope="module")
def graded(tmp_path_factory):
    """(folder with the results, exit code) of a class with all sorts of students."""
    out = tmp_path_factory.mktemp("class")
    files = FILES
    if sys.platform == "win32":
        files = {student.replace("|", "").replace("<", "").replace(">", ""): text
                 for student, text in FILES.items()}  # fmt: skip
    for student, text in files.items():
        put(out / "subs", student, text)
    for student in ("bo", "cy"):
        put(out / "subs", student, LAYERNORM.edited([MISTAKE]))
    before = {p: p.read_bytes() for p in (out / "subs").rglob("*") if p.is_file()}
    code = main(["class", "grade", str(out / "subs"), "--jobs", "2", "--csv", str(out / "x.csv"),
                 "--html", str(out / "x.html"), "--json", str(out / "x.json")])  # fmt: skip
    after = {p: p.read_bytes() for p in (out / "subs").rglob("*") if p.is_file()}
    assert after == before, "a submission wrote into the folder of the submissions"
    return out, code


@pytest.fixture(scope="module")
def reports(graded):
    values = json.loads((graded[0] / "x.json").read_text(encoding="utf-8"))
    return {value["student"]: value["parts"] for value in values}


def test_the_right_ones_pass_whoever_is_beside_them(graded, reports):
    assert graded[1] == 0
    assert {student for student, (part,) in reports.items() if part["ok"]} == RIGHT
    assert len(reports) == len(FILES) + 2


@pytest.mark.parametrize(
    ("student", "told"),
    [
        ("blank", "no function named"),
        ("stub", "not written yet"),
        ("copy", "is minigpt's own function"),
        ("framework", "imports torch"),
        ("latin", "utf-8"),
        ("meddles", "writes into minigpt's own files"),
        ("deletes", "ended the program"),
        ("bo", MISTAKE.says),
    ],
)
def test_each_of_the_others_hears_why(reports, student, told):
    (part,) = reports[student]
    assert told in part["problem"]


def test_the_csv_has_a_row_for_each_and_no_formula(graded):
    text = (graded[0] / "x.csv").read_text(encoding="utf-8-sig")
    rows = {row["student"]: row for row in csv.DictReader(text.splitlines())}
    assert rows["ada"]["points"] == "10" and rows["ada"]["verdict"] == "right"
    assert rows["stub"]["verdict"] == "not written" and rows["stub"]["points"] == "0"
    assert rows["bo"]["mistakes"] == MISTAKE.name
    assert not [cell for row in rows.values() for cell in row.values() if cell[:1] in ("=", "@")]
    assert f"'{ODD}" in rows


class Page(HTMLParser):
    def __init__(self, text: str):
        super().__init__()
        self.tags, self.shown, self.folded, self.depth = set(), "", "", 0
        self.feed(re.sub("<style>.*</style>", "", text, flags=re.DOTALL))

    def handle_starttag(self, tag, attrs):
        self.tags.add(tag)
        self.depth += tag == "details"

    def handle_endtag(self, tag):
        self.depth -= tag == "details"

    def handle_data(self, data):
        if self.depth:
            self.folded += data
        else:
            self.shown += data


def test_the_page_shows_the_class_without_names(graded):
    page = Page((graded[0] / "x.html").read_text(encoding="utf-8"))
    assert "script" not in page.tags
    assert ODD in page.folded  # as text, not as tags
    for student in ("zoe", "cy", ODD):
        assert student in page.folded
        assert not re.search(rf"\b{re.escape(student)}\b", page.shown)
    assert f"{len(RIGHT)} of {len(FILES) + 2}" in page.shown
    assert f"2×layernorm{MISTAKE.says}" in page.shown


# --- the table ------------------------------------------------------------------------------


def report(part: str, ok: bool, says: str = "", exercise: str = "06") -> PartReport:
    diagnoses = [Named("known", "name", ["y"], says)] if says else []
    return PartReport(exercise, part, [], [Line("forward", ok), Line("backward", True)],
                      "" if ok else "It is wrong.", diagnoses=diagnoses)  # fmt: skip


def a_grade(student: str, task: str, *reports: PartReport) -> Grade:
    return Grade(student, Path(student, f"{task}.py"), task, list(reports))


def test_the_commonest_mistakes_count_students():
    loads = [PartReport("05", name, [], [Line("loads", False, f"The file is no Python: line {n}.")])
             for n, name in enumerate(["a", "b"])]  # fmt: skip
    grades = [
        a_grade("ada", "06", report("x", False, "it is late")),
        a_grade("bo", "06", report("x", False, "it is late")),
        a_grade("bo", "05", *loads),
        a_grade("cy", "06", report("x", False, "it is early")),
        a_grade("dan", "06", report("x", True, "it is late")),
    ]
    assert commonest(grades) == [
        (2, "x", "it is late", ["ada", "bo"]),
        (1, "x", "it is early", ["cy"]),
        (1, "05", "The file is no Python.", ["bo"]),
    ]


def test_the_table_is_as_wide_as_the_terminal():
    parts = [(f"{number:02}", f"part_{letter}") for number in range(2, 13) for letter in "abc"]
    reports = [(task, report(part, part != "part_b", exercise=task)) for task, part in parts]
    grades = [a_grade(student, task, *(r for t, r in reports if t == task))
              for student in ("ada", "bo") for task in dict(parts)]  # fmt: skip
    table = gradebook.as_text(grades, width=100).split("\n\n")[0].splitlines()
    assert max(map(len, table)) <= 100
    assert table[0].split() == ["student", *dict(parts), "total"]
    assert table[1].split() == ["ada", *["24"] * 11, "264"]
    assert table[-1].split() == ["(of)", *["30"] * 11, "330"]
    wide = gradebook.as_text(grades, width=1000).splitlines()
    assert "12 part_c" in wide[0]


def test_who_handed_in_nothing_is_counted_as_absent():
    grades = [
        a_grade("ada", "06", report("x", True)),
        a_grade("bo", "06", report("x", False)),
        a_grade("cy", "07", report("y", True)),
    ]
    assert gradebook.counts(grades)[0] == gradebook.Count("06", "x", 1, 1, 0, 1)
    assert re.search(r"06 x +█+░+ +1, 1 not handed in", gradebook.as_text(grades))
    assert "<b>1</b> of 3" in as_html(grades)


@pytest.mark.parametrize(
    ("lines", "points"),
    [
        ({"forward": True, "backward": True, "float32": True}, 10),
        ({"forward": True, "backward": False, "float32": True}, 4),
        ({"forward": True, "backward": True, "float32": True, "called twice": False}, 9),
        ({"numbers": True, "float32": False}, 8),
        ({"numbers": False, "float32": True}, 0),
        ({"your own code": False, "forward": True, "backward": True}, 0),
        ({"ends": False}, 0),
    ],
)
def test_points(lines, points):
    told = PartReport("06", "x", [], [Line(name, ok) for name, ok in lines.items()])
    assert points_of(told) == points


# --- the folder -----------------------------------------------------------------------------


def found_in(folder: Path) -> tuple[dict[str, Submission], str]:
    submissions, notes = find_submissions(folder)
    return {one.student: one for one in submissions}, "\n".join(notes)


def test_students_are_folders_or_parts_of_names(tmp_path):
    put(tmp_path, "venv/ada", "", "deep/06_layernorm.py")
    put(tmp_path, "venv", "", "06_layernorm_bo.py")
    put(tmp_path, "venv", "", "08_loss.py")
    found, _ = found_in(tmp_path / "venv")
    assert {name: one.task.number for name, one in found.items()} == {
        "ada": "06", "bo": "06", "venv": "08",
    }  # fmt: skip


def test_the_newer_file_counts_and_a_helper_never(tmp_path):
    old = put(tmp_path, "ada", LAYERNORM.code, "06_layernorm.py")
    new = put(tmp_path, "ada", LAYERNORM.code, "06_layernorm_2.py")
    helper = put(tmp_path, "ada", LAYERNORM.code, "mine.py")
    for age, path in enumerate([helper, new, old]):
        os.utime(path, (1e9 - age, 1e9 - age))
    found, notes = found_in(tmp_path)
    assert found["ada"].path == new
    assert set(map(str, found["ada"].files)) == {old.name, new.name, helper.name}
    assert str(old) in notes and str(helper) in notes


def test_what_a_zip_or_an_editor_leaves_is_no_submission(tmp_path):
    good = put(tmp_path, "ada", LAYERNORM.code)
    for name in ("._06_layernorm.py", ".git/06_layernorm.py", "__MACOSX/06_layernorm.py",
                 ".ipynb_checkpoints/06_layernorm.py"):  # fmt: skip
        os.utime(put(tmp_path, "ada", b"\0", name), (2e9, 2e9))
    (tmp_path / "empty").mkdir()
    found, _ = found_in(tmp_path)
    assert list(found) == ["ada"] and list(found["ada"].files) == [Path(good.name)]


def test_large_files_leave_room_for_the_program(tmp_path, monkeypatch):
    room = 5000 + len(LAYERNORM.code.encode())
    monkeypatch.setattr(grade_module, "MOST_BYTES", room)
    monkeypatch.setattr(grade_module, "MOST_CODE", 40_000)
    put(tmp_path, "ada", LAYERNORM.code)
    put(tmp_path, "ada", "x" * (room - 50), "00_data.txt")
    put(tmp_path, "ada", "x" * 10, "small.txt")
    put(tmp_path, "bo", "x = 1\n" * 9000)
    found, notes = found_in(tmp_path)
    assert set(map(str, found["ada"].files)) == {LAYERNORM.file_name, "small.txt"}
    assert "bo" not in found and str(tmp_path / "bo") in notes


@POSIX
def test_links_are_not_followed(tmp_path):
    put(tmp_path, "ada", LAYERNORM.code)
    (tmp_path / "bo").symlink_to("ada")
    (tmp_path / "ada" / "08_loss.py").symlink_to("/etc/hostname")
    found, notes = found_in(tmp_path)
    assert list(found) == ["ada"] and "bo: is a link" in notes
    assert list(found["ada"].files) == [Path(LAYERNORM.file_name)]


def test_a_folder_without_submissions_is_told(tmp_path):
    with pytest.raises(UserError, match="no folder"):
        find_submissions(tmp_path / "nowhere")
    put(tmp_path, "ada", "print(1)", "notes.py")
    with pytest.raises(UserError, match="no submission"):
        find_submissions(tmp_path)


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="needs a name that is no text")
def test_a_name_that_is_no_text_is_graded_and_written(tmp_path, capsys):
    put(tmp_path / "subs", os.fsdecode(b"bad\xff"), LAYERNORM.code)
    outputs = [f"--{kind}={tmp_path / 'out'}.{kind}" for kind in ("csv", "html", "json")]
    assert main(["class", "grade", str(tmp_path / "subs"), *outputs]) == 0
    assert "bad?, 06_layernorm.py: layernorm 10" in capsys.readouterr().out


# --- the running ----------------------------------------------------------------------------


def test_a_change_of_the_installed_minigpt_is_told_and_harms_nobody(tmp_path, monkeypatch):
    for student in ("ada", "bo"):
        put(tmp_path, student, LAYERNORM.code)
    answers = iter(["before", "after", "after"])
    monkeypatch.setattr(grade_module, "fingerprint", lambda: next(answers))
    notes = []
    grades = grade(find_submissions(tmp_path)[0], on_note=notes.append)
    assert [one.points["layernorm"] for one in grades] == [10, 10]
    assert len(notes) == 1 and str(tmp_path / "ada") in notes[0]


def test_a_change_of_a_copy_is_seen(tmp_path):
    laid = materials.Materials({}, {Path("a.py"): (b"x", 0), Path("b", "c.py"): (b"y", 0)})
    home = laid.lay_out()
    try:
        assert not laid.was_changed(home)
        (home / "python" / "minigpt" / "b" / "c.py").write_bytes(b"z")
        assert laid.was_changed(home)
    finally:
        materials.remove(home)
    assert laid.was_changed(home) and not home.exists()


@pytest.mark.skipif(not hasattr(os, "geteuid") or os.geteuid() == 0, reason="root may do all")
def test_a_folder_is_removed_that_resists(tmp_path):
    (tmp_path / "home" / "a" / "b").mkdir(parents=True)
    (tmp_path / "home" / "link").symlink_to(tmp_path)
    (tmp_path / "home" / "a" / "b").chmod(0)
    (tmp_path / "home" / "a").chmod(0)
    (tmp_path / "home").chmod(0)
    materials.remove(tmp_path / "home")
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("option", ["csv", "html", "json"])
def test_a_place_that_can_not_be_written_is_told_before_the_grading(
    tmp_path, capsys, monkeypatch, option
):
    put(tmp_path, "subs/ada", LAYERNORM.code)
    monkeypatch.setattr("minigpt.cli.class_.grade", lambda *a: pytest.fail("it graded"))
    (tmp_path / "file").write_text("", encoding="utf-8")
    places = [tmp_path, tmp_path / "file" / "x"]
    places += [Path("/dev/full")] if Path("/dev/full").exists() else []
    for place in places:
        assert main(["class", "grade", str(tmp_path / "subs"), f"--{option}", str(place)]) == 2
        told = capsys.readouterr().err
        assert told.count("\n") == 1 and f"--{option}" in told and "can't be written" in told


def test_two_results_in_one_file_are_refused(tmp_path, capsys):
    arguments = ["class", "grade", str(tmp_path), "--csv", "x", "--html", "x"]
    assert main(arguments) == 2
    assert "different files" in capsys.readouterr().err


@pytest.mark.parametrize("option", ["--seconds=0", "--seconds=nan", "--megabytes=1", "--jobs=0"])
def test_senseless_limits_are_refused(tmp_path, capsys, option):
    assert main(["class", "grade", str(tmp_path), option]) == 2
    assert option.partition("=")[0] in capsys.readouterr().err


@POSIX
@pytest.mark.skipif(not shutil.which("ps"), reason="needs ps")
def test_ctrl_c_ends_all_processes(tmp_path):
    code = "\nimport os, pathlib\npathlib.Path(os.environ['PIDS'], str(os.getpid())).touch()\n"
    for student in ("ada", "bo"):
        put(tmp_path / "subs", student, LAYERNORM.code + code + "while True: pass\n")
    pids = tmp_path / "pids"
    pids.mkdir()
    command = [sys.executable, "-m", "minigpt", "class", "grade", str(tmp_path / "subs")]
    environment = os.environ | {"PIDS": str(pids), "TMPDIR": str(tmp_path)}
    grader = subprocess.Popen([*command, "--jobs", "2", "--seconds", "60"], env=environment,
                              stdout=subprocess.PIPE, stderr=subprocess.STDOUT)  # fmt: skip
    try:
        end = time.monotonic() + 30
        while len(list(pids.iterdir())) < 2 and time.monotonic() < end:
            time.sleep(0.05)
        running = [path.name for path in pids.iterdir()]
        assert len(running) == 2
        grader.send_signal(signal.SIGINT)
        said = grader.communicate(timeout=20)[0].decode()
    finally:
        grader.kill()
    assert grader.returncode == 130
    assert said.endswith("Stopped.\n") and "layernorm 0" not in said
    for pid in running:
        state = subprocess.run(["ps", "-o", "stat=", "-p", pid], check=False,
                               capture_output=True, text=True).stdout.strip()  # fmt: skip
        assert state in ("", "Z")
    assert not list(tmp_path.glob("minigpt-grade-*"))
