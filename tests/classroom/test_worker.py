"""A student's file may do what it likes in its process: it costs that part, and is told plainly."""

import os
import subprocess
import sys
import textwrap
import time

import pytest

from minigpt.classroom import worker as worker_module
from minigpt.classroom.exercises import EXERCISES
from minigpt.classroom.worker import Worker, check_file, parts_of
from minigpt.errors import UserError

LAYERNORM, ATTENTION, LOSS = EXERCISES["06"], EXERCISES["07"], EXERCISES["08"]
POSIX = pytest.mark.skipif(sys.platform == "win32", reason="Windows has no such call")
LINUX = pytest.mark.skipif(not sys.platform.startswith("linux"), reason="needs Linux's limits")
SECONDS = 10  # on a busy machine a right file takes more than one


def write(folder, before="", after="", exercise=LAYERNORM, within=None):
    """A file with the solution; `before` runs first within a function, `after` at the end."""
    text = exercise.code
    name = within or exercise.functions[0]
    if before:
        body = textwrap.indent(textwrap.dedent(before), "    ")
        text += f"\nright_{name} = {name}\n\ndef {name}(*args, **kwargs):\n{body}\n"
        text += f"    return right_{name}(*args, **kwargs)\n"
    path = folder / exercise.file_name
    path.write_text(text + "\n" + textwrap.dedent(after), encoding="utf-8")
    return path


def check(path, exercise=LAYERNORM, seconds=SECONDS, megabytes=1024, **options):
    return check_file(path, exercise, parts_of(exercise),
                      new_worker=lambda: Worker(seconds, megabytes), **options)  # fmt: skip


ENDS = {
    "os._exit(0)": ("import os; os._exit(0)", "ended the program"),
    "quit": ("quit()", "ended the program"),
    "exit code": ("import os; os._exit(7)", "exit code 7"),
    "interrupt": ("raise KeyboardInterrupt", "ended the Python process"),
    "input": ("input('your name? ')", "EOFError"),
    "crash": ("import ctypes; ctypes.string_at(0)", "Python itself crashed"),
    "printing": ("while True: print('x' * 10**6)", "printed more than"),
    "growing": ("import numpy\nx = []\nwhile True: x.append(numpy.ones(10**6))", "256 MB of mem"),
}
ENDS_ON_POSIX = {
    "kill": ("import os; os.kill(os.getpid(), 9)", "was killed"),
    "silence": ("import os; os.closerange(0, 100)\nwhile True: pass", "closed the files"),
    "child": ("import os, time\nif os.fork() == 0: time.sleep(99)\nos._exit(0)", "ended the prog"),
}
ENDS_ON_LINUX = {
    "6 GB": ("import numpy as np; np.empty(6 * 2**27)", "Unable to allocate 6.00 GiB"),
    "one operation": ("x = list(range(3 * 10**8))", "256 MB of mem"),
    "children": (
        "import os, time\nfor _ in range(3):\n    if os.fork() == 0:\n"
        "        x = b'1' * (90 << 20)\n        break\ntime.sleep(99)",
        "256 MB of mem",
    ),
}


@pytest.mark.parametrize(
    ("code", "told"),
    [pytest.param(*case, id=name) for name, case in ENDS.items()]
    + [pytest.param(*case, id=name, marks=POSIX) for name, case in ENDS_ON_POSIX.items()]
    + [pytest.param(*case, id=name, marks=LINUX) for name, case in ENDS_ON_LINUX.items()],
)
def test_what_ends_the_process_is_told_at_once(tmp_path, monkeypatch, code, told):
    monkeypatch.setattr(worker_module, "MOST_PRINTED", 5 << 20)
    start = time.perf_counter()
    outcome = check(write(tmp_path, code), megabytes=256)
    (report,) = outcome.reports
    assert not report.ok
    assert told in report.problem
    assert time.perf_counter() - start < SECONDS  # it did not wait for the limit of time


@pytest.mark.slow
def test_a_loop_costs_only_the_part_that_runs_into_it(tmp_path):
    code = "while True:\n    try:\n        pass\n    except BaseException:\n        pass\n"
    backward = LOSS.functions[1]
    outcome = check(write(tmp_path, code, exercise=LOSS, within=backward), LOSS, 2)
    assert {report.part: report.ok for report in outcome.reports} == {
        "cross_entropy": False,
        "bits_per_byte": True,
    }
    assert "did not end within 2 seconds" in outcome.reports[0].problem


def test_a_loop_at_the_import_costs_all_parts_but_only_one_wait(tmp_path):
    start = time.perf_counter()
    outcome = check(write(tmp_path, after="while True: pass", exercise=ATTENTION), ATTENTION, 1)
    assert [report.part for report in outcome.reports] == [part.name for part in ATTENTION.parts]
    assert all("While the file was loaded" in report.problem for report in outcome.reports)
    assert time.perf_counter() - start < 1 + SECONDS / 2


@POSIX
def test_what_a_file_starts_ends_with_it(tmp_path):
    code = f"""
    import pathlib, subprocess, sys, threading, time
    p = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(99)"])
    pathlib.Path({str(tmp_path)!r}, "pid").write_text(str(p.pid))
    threading.Thread(target=time.sleep, args=(99,)).start()
    """
    start = time.perf_counter()
    assert check(write(tmp_path, after=code)).ok
    assert time.perf_counter() - start < SECONDS
    child = (tmp_path / "pid").read_text(encoding="ascii")
    state = subprocess.run(["ps", "-o", "stat=", "-p", child], capture_output=True, text=True,
                           check=False).stdout.strip()  # fmt: skip
    assert state in ("", "Z")


@POSIX
def test_a_fork_gives_no_second_answer(tmp_path):
    code = """
    import os, time
    if os.fork():
        time.sleep(0.7)
    else:
        layernorm = None  # so that its answer, which would come first, were another one
    """
    outcome = check(write(tmp_path, after=code))
    assert [report.ok for report in outcome.reports] == [True]


FORGERY = """
import json, os
report = {"exercise": "06", "part": "layernorm", "functions": [], "problem": "", "advice": "",
          "lines": [{"name": "forward", "ok": True, "seen": ""}], "diagnoses": [], "hints": []}
text = "\\n".join(["", *map(json.dumps, ({"at": "layernorm"}, {"report": report}, {"end": 1})), ""])
print(text, flush=True)
for number in range(3, 21):
    try:
        os.write(number, b"x" * 3000 + text.encode())
    except OSError:
        pass
"""


@pytest.mark.parametrize("end", ["import os; os._exit(0)", ""])
def test_printed_answers_are_no_answers(tmp_path, end):
    path = tmp_path / LAYERNORM.file_name
    path.write_text(FORGERY + end, encoding="utf-8")
    (report,) = check(path).reports
    assert not report.ok
    path.write_text(FORGERY + LAYERNORM.code, encoding="utf-8")
    assert check(path).ok  # and they do not spoil a right one


@pytest.mark.parametrize(
    ("code", "name"),
    [
        ("import minigpt.classroom.checker as c\nc.check_part = None", "checker.check_part"),
        ("from minigpt.classroom.report import PartReport as P\nP.ok = True", "PartReport.ok"),
        ("import numpy as np\nnp.allclose = lambda *a, **k: True", "numpy.allclose"),
        ("from minigpt.classroom import compare as m\n"
         "m.compare.__code__ = (lambda *a, **k: {}).__code__", "compare.compare"),
    ],
)  # fmt: skip
def test_replacing_what_checks_is_noticed(tmp_path, code, name):
    (report,) = check(write(tmp_path, after=code)).reports
    assert not report.ok
    assert report.lines[0].name == "your own code"
    assert name in report.problem


def test_adding_an_old_name_to_numpy_is_no_crime(tmp_path):
    code = "import numpy as np\nnp.an_old_name = float\nnp.seterr(all='raise')\nnp.random.seed(0)"
    assert check(write(tmp_path, after=code)).ok


def test_modules_beside_the_file_can_be_imported_and_hide_none(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    for name in ("json", "queue", "typing", "numpy", "report", "minigpt"):
        (tmp_path / f"{name}.py").write_text("raise SystemExit(1)", encoding="utf-8")
    (tmp_path / "mine.py").write_text("x = 1", encoding="utf-8")
    (tmp_path / "later.py").write_text("x = 1", encoding="utf-8")
    assert check(write(tmp_path, "import later", "import mine")).ok


def test_a_file_that_was_saved_twice_in_a_second_is_read_anew(tmp_path, monkeypatch):
    monkeypatch.delenv("PYTHONDONTWRITEBYTECODE", raising=False)
    path = write(tmp_path, after="x = 1 # right")
    stamp = path.stat().st_mtime
    assert check(path).ok
    path = write(tmp_path, after="raise 3 # no.")
    os.utime(path, (stamp, stamp))
    assert not check(path).ok


def test_what_a_report_says_can_be_printed_and_is_short(tmp_path):
    code = "raise ValueError('\\ud800 \\x1b[2J' + 'x' * 10**6)"
    (report,) = check(write(tmp_path, code)).reports
    assert report.problem.encode("utf-8")
    assert "\x1b" not in report.problem and len(report.problem) < 10_000


def test_what_is_printed_is_kept_but_not_all_of_it(tmp_path):
    outcome = check(write(tmp_path, after="for i in range(9000): print('round', i)"))
    assert outcome.ok
    assert outcome.printed.startswith("round 0\n") and outcome.printed.endswith("(and more)")
    assert len(outcome.printed) < 3000


def test_a_python_that_does_not_start_is_not_the_students_fault(tmp_path, monkeypatch):
    monkeypatch.setattr(worker_module, "PROGRAM", "raise SystemExit('no numpy here')")
    with pytest.raises(UserError, match="no numpy here"):
        check(write(tmp_path))


def test_a_stopped_worker_is_not_stopped_again(monkeypatch):
    worker = Worker()
    worker.stop()
    monkeypatch.setattr(worker.process, "kill", lambda: pytest.fail("killed a stranger"))
    monkeypatch.setattr(os, "killpg", lambda *a: pytest.fail("killed strangers"), raising=False)
    worker.stop()


@pytest.mark.slow
@POSIX
def test_a_worker_ends_when_nobody_waits_for_it(tmp_path):
    path = write(tmp_path, "while True: pass")
    code = f"""
import pathlib, threading, time, os
from minigpt.classroom.exercises import EXERCISES
from minigpt.classroom.worker import Worker
worker = Worker(60)
print(worker.process.pid, flush=True)
thread = threading.Thread(target=worker.check, args=(pathlib.Path({str(path)!r}), "06",
                          [("layernorm", [])]), daemon=True)
thread.start()
time.sleep(0.8)
os._exit(0)
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True,
                          timeout=60, check=True)  # fmt: skip
    end = time.monotonic() + 10
    while time.monotonic() < end:
        state = subprocess.run(["ps", "-o", "stat=", "-p", done.stdout.strip()], check=False,
                               capture_output=True, text=True).stdout.strip()  # fmt: skip
        if state in ("", "Z"):
            return
        time.sleep(0.05)
    pytest.fail("it is still running")
