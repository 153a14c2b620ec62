"""The file in which a student's progress is kept."""

import json
import threading

import pytest

from minigpt.classroom import progress
from minigpt.classroom.progress import Progress, changing
from minigpt.classroom.report import Line, Named, PartReport
from minigpt.errors import UserError


def report(ok=False, part="gelu", problem="forward", mistake="", unwritten=False):
    lines = [Line("runs", True), Line(problem, ok)]
    named = [Named("known", mistake, ["y"], "it is wrong")] if mistake else []
    return PartReport("05", part, [part], lines, diagnoses=named, hints=["one", "two", "three"],
                      unwritten=unwritten)  # fmt: skip


def note(folder, *reports):
    with changing(folder) as kept:
        kept.note(list(reports))
    return Progress(folder)


def hint(folder, one):
    with changing(folder) as kept:
        return kept.next_hint(one)


def test_nothing_is_written_before_there_is_something_to_keep(tmp_path):
    kept = Progress(tmp_path)
    assert kept.state("05", "gelu") == "" and not kept.ever_passed("05", ["gelu"])
    assert list(tmp_path.iterdir()) == []


def test_states_and_tries(tmp_path):
    assert note(tmp_path, report(unwritten=True)).state("05", "gelu") == ""
    assert note(tmp_path, report()).state("05", "gelu") == "tried"
    kept = note(tmp_path, report(ok=True), report(part="linear"))
    assert kept.state("05", "gelu") == "passes" and kept.state("05", "linear") == "tried"
    assert [kept.tries("05", part) for part in ("gelu", "linear", "mlp")] == [2, 1, 0]


def test_what_passed_once_opens_the_solution_even_after_it_broke(tmp_path):
    note(tmp_path, report(ok=True))
    kept = note(tmp_path, report())
    assert kept.state("05", "gelu") == "tried"
    assert kept.ever_passed("05", ["gelu"]) and not kept.ever_passed("05", ["gelu", "mlp"])


def test_hints_go_on_and_begin_anew_with_another_mistake(tmp_path):
    first = report(mistake="sign")
    assert [hint(tmp_path, first) for _ in range(4)] == [
        (1, "one"), (2, "two"), (3, "three"), (3, "three")]  # fmt: skip
    note(tmp_path, first)
    assert hint(tmp_path, first)[0] == 3
    assert hint(tmp_path, report(mistake="factor")) == (1, "one")
    assert hint(tmp_path, report(problem="backward", mistake="factor")) == (1, "one")


def test_a_report_without_hints(tmp_path):
    bare = PartReport("05", "gelu", ["gelu"], [Line("runs", False)])
    assert hint(tmp_path, bare) == (1, "There is no hint for this.")


def test_giving_up_is_remembered_once(tmp_path):
    for _ in range(2):
        with changing(tmp_path) as kept:
            kept.give_up("05")
    assert Progress(tmp_path).gave_up == ["05"]


def test_beginning_anew_forgets_what_passes_now_and_not_what_was_reached(tmp_path):
    note(tmp_path, report(ok=True))
    note(tmp_path, PartReport("bughunt-05", "bughunt-05", [], [Line("gone", True)]))
    with changing(tmp_path) as kept:
        kept.begin_anew("05")
    kept = Progress(tmp_path)
    assert kept.state("05", "gelu") == "" and kept.ever_passed("05", ["gelu"])
    assert kept.state("bughunt-05", "bughunt-05") == "passes"


DAMAGED = {
    "half": '{"parts": {',
    "empty": "",
    "a list": "[]",
    "null": "null",
    "no gave_up": '{"parts": {}}',
    "parts is a list": '{"parts": [], "gave_up": []}',
    "an entry is a number": '{"parts": {"05/gelu": 5}, "gave_up": []}',
    "tries is a text": '{"parts": {"05/gelu": {"tries": "4"}}, "gave_up": []}',
    "tries is negative": '{"parts": {"05/gelu": {"tries": -1}}, "gave_up": []}',
    "passes is a number": '{"parts": {"05/gelu": {"passes": 1}}, "gave_up": []}',
    "problem is null": '{"parts": {"05/gelu": {"problem": null}}, "gave_up": []}',
    "very deep": "[" * 100_000,
}


@pytest.mark.parametrize("text", DAMAGED.values(), ids=DAMAGED.keys())
def test_a_damaged_file_is_told_and_left_as_it_is(tmp_path, text):
    file = tmp_path / "progress.json"
    file.write_text(text, encoding="utf-8")
    with pytest.raises(UserError, match="damaged; delete it"):
        note(tmp_path, report(ok=True))
    assert file.read_text(encoding="utf-8") == text
    assert [path.name for path in tmp_path.iterdir()] == ["progress.json"]


def test_not_utf8_is_damaged_too(tmp_path):
    (tmp_path / "progress.json").write_bytes(b'{"parts": {}, "gave_up": ["\xe9"]}')
    with pytest.raises(UserError, match="damaged"):
        Progress(tmp_path)


def test_what_is_missing_in_an_entry_gets_its_first_value(tmp_path):
    (tmp_path / "progress.json").write_text('{"parts": {"05/gelu": {}}, "gave_up": []}')
    assert note(tmp_path, report()).tries("05", "gelu") == 1


def test_a_folder_of_that_name_is_told(tmp_path):
    (tmp_path / "progress.json").mkdir()
    with pytest.raises(UserError, match="can't be read"):
        Progress(tmp_path)


def test_many_at_once_lose_nothing(tmp_path):
    start = threading.Barrier(8)

    def one(name):
        start.wait()
        for _ in range(3):
            note(tmp_path, report(part=name))

    threads = [threading.Thread(target=one, args=(f"part{i}",)) for i in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    kept = Progress(tmp_path)
    assert [kept.tries("05", f"part{i}") for i in range(8)] == [3] * 8
    assert [path.name for path in tmp_path.iterdir()] == ["progress.json"]


def test_a_lock_left_behind_by_a_killed_process_holds_nobody_for_long(tmp_path, monkeypatch):
    monkeypatch.setattr(progress, "PATIENCE", 0.1)
    (tmp_path / ".progress.json.lock").touch()
    assert note(tmp_path, report(ok=True)).state("05", "gelu") == "passes"
    assert [path.name for path in tmp_path.iterdir()] == ["progress.json"]


def test_the_file_is_plain_json(tmp_path):
    note(tmp_path, report(ok=True))
    stored = json.loads((tmp_path / "progress.json").read_text(encoding="utf-8"))
    assert stored["parts"]["05/gelu"]["ever"] is True and stored["gave_up"] == []
