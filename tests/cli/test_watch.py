"""`minigpt check --watch`: saved files, keys, and how it ends."""

import os
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest

from minigpt.classroom.exercise import SOLUTIONS
from minigpt.classroom.exercises import EXERCISES

RIGHT = (SOLUTIONS / "06_layernorm.py").read_text(encoding="utf-8")
WRONG = RIGHT.replace("dx = dn - level", "dx = dn")
LOOP = RIGHT + "\nwhile True:\n    pass\n"
ANSWER = "q quit\n"
PATIENCE = 30  # seconds, on a busy machine


class Watching:
    """A watch in a process of its own; `wait` returns what it printed since the last time."""

    def __init__(self, folder: Path, *argv: str, stdin=subprocess.PIPE, **more):
        command = [sys.executable, "-u", "-m", "minigpt", "check", *argv, "--watch"]
        environment = os.environ | {"PYTHONIOENCODING": "utf-8", "COLUMNS": "80"}
        self.process = subprocess.Popen(
            command, cwd=folder, env=environment, stdin=stdin,
            stdout=subprocess.PIPE, stderr=subprocess.STDOUT, **more,
        )  # fmt: skip
        self.text, self.read = "", 0
        self.thread = threading.Thread(target=self._listen, daemon=True)
        self.thread.start()

    def _listen(self):
        for line in self.process.stdout:
            self.text += line.decode("utf-8").replace("\r\n", "\n")

    def wait(self, words: str = ANSWER) -> str:
        end = time.monotonic() + PATIENCE
        while words not in self.text[self.read :]:
            assert time.monotonic() < end, f"no {words!r} in:\n{self.text}"
            time.sleep(0.01)
        place = self.text.index(words, self.read) + len(words)
        seen, self.read = self.text[self.read : place], place
        return seen

    def press(self, key: str) -> None:
        self.process.stdin.write(f"{key}\n".encode())
        self.process.stdin.flush()

    def end(self) -> int:
        code = self.process.wait(PATIENCE)
        self.thread.join()
        return code


@pytest.fixture
def folder(tmp_path):
    work = tmp_path / "mywork"
    work.mkdir()
    (work / "06_layernorm.py").write_text(EXERCISES["06"].stub(), encoding="utf-8")
    return work


@pytest.fixture
def watch(tmp_path):
    started = []

    def begin(*argv, **more) -> Watching:
        started.append(Watching(tmp_path, *argv, **more))
        return started[-1]

    yield begin
    for one in started:
        if one.process.poll() is None:
            one.process.kill()
        one.process.wait()


def test_saves_keys_and_the_end(folder, watch):
    """One long walk, since each start of the program takes a second."""
    file = folder / "06_layernorm.py"
    watching = watch()
    assert "-- layernorm: not written yet" in watching.wait()

    watching.press("s")
    assert "--give-up" in " ".join(watching.wait("--give-up").split())
    file.write_text(WRONG, encoding="utf-8")
    seen = watching.wait()
    assert "XX backward" in seen and "press h" in seen
    for number in (1, 2, 3):
        watching.press("hint")
        watching.wait(f"layernorm, hint {number} of 3")

    other = folder / "new"  # as editors do that write a new file and rename it
    other.write_text(RIGHT, encoding="utf-8")
    other.replace(file)
    seen = watching.wait()
    assert "layernorm: right" in seen and "press n" in seen

    watching.press("l")
    assert "ok 06" in watching.wait("Next: minigpt")
    watching.press("s")
    watching.wait("dx = dn - level")
    watching.press("x")
    watching.wait(ANSWER)
    watching.press("n")
    seen = watching.wait()
    assert "softmax" in seen and "not written yet" in seen and "0 of 5 parts right" in seen
    assert (folder / "07_attention.py").is_file()

    file.write_text(RIGHT + "\n", encoding="utf-8")  # the other file: the watch goes back to it
    assert "layernorm: right" in watching.wait()
    watching.press("q")
    assert watching.end() == 0


def test_files_that_vanish_or_are_empty_for_a_while(folder, watch):
    file = folder / "06_layernorm.py"
    watching = watch("06")
    watching.wait()
    file.write_text("", encoding="utf-8")
    watching.wait("gone or empty")
    with file.open("w", encoding="utf-8") as half:  # written in pieces: checked when it is whole
        for start in range(0, len(RIGHT), 400):
            half.write(RIGHT[start : start + 400])
            half.flush()
            time.sleep(0.01)
    seen = watching.wait()
    assert "layernorm: right" in seen and "no valid Python" not in seen
    file.unlink()
    watching.wait("gone or empty")
    watching.press("c")
    watching.wait("no file")
    file.write_text(WRONG, encoding="utf-8")
    assert "XX backward" in watching.wait()
    watching.press("q")
    assert watching.end() == 1


@pytest.mark.slow
def test_an_endless_loop_waits_for_nobody(folder, watch):
    """A newer save ends the check that runs; so does `q`."""
    file = folder / "06_layernorm.py"
    file.write_text(LOOP, encoding="utf-8")
    watching = watch("06", "--seconds", "300")
    watching.wait("Still running")
    file.write_text(RIGHT, encoding="utf-8")
    assert "layernorm: right" in watching.wait()
    file.write_text(LOOP, encoding="utf-8")
    watching.wait("Still running")
    watching.press("h")
    watching.wait("before the check has ended")
    watching.press("q")
    assert watching.end() == 1


def test_only_one_part(folder, watch):
    (folder / "05_mlp.py").write_text(EXERCISES["05"].stub(), encoding="utf-8")
    watching = watch("05", "--part", "gelu")
    seen = watching.wait()
    assert "gelu: not written yet" in seen and "linear" not in seen
    watching.press("q")
    assert watching.end() == 1


def test_a_save_is_answered_in_less_than_a_second(folder, watch):
    file, watching, times = folder / "06_layernorm.py", watch("06"), []
    watching.wait()
    for number in range(2):
        time.sleep(1)  # as long as a process needs to be ready again
        start = time.perf_counter()
        file.write_text(f"{WRONG}\n# {number}\n", encoding="utf-8")
        watching.wait()
        times.append(time.perf_counter() - start)
    assert min(times) < 1, times


@pytest.mark.skipif(os.name == "nt", reason="signals and terminals of POSIX")
class TestTerminal:
    """With a pseudo-terminal as its input."""

    @pytest.fixture
    def terminal(self):
        pty = pytest.importorskip("pty")
        try:
            ours, theirs = pty.openpty()
        except OSError:
            pytest.skip("no pseudo-terminal here")
        yield ours, theirs
        os.close(ours)
        os.close(theirs)

    def modes(self, terminal) -> list:
        import termios

        return termios.tcgetattr(terminal)

    def test_single_keys_without_enter_and_the_terminal_is_given_back(
        self, folder, watch, terminal
    ):
        ours, theirs = terminal
        before = self.modes(theirs)
        watching = watch("06", stdin=theirs)
        watching.wait()
        assert self.modes(theirs) != before
        os.write(ours, b"\x1b[C")  # the right arrow ends with a C, which is no `c`
        os.write(ours, b"hl")
        watching.wait("hint 1 of 3")
        assert "Next: minigpt check 06" in watching.wait("Next: minigpt check 06")
        os.write(ours, b"Q")
        assert watching.end() == 1 and watching.text.count(ANSWER) == 1
        assert self.modes(theirs) == before

    def test_ctrl_c_in_an_endless_loop(self, folder, watch, terminal):
        (folder / "06_layernorm.py").write_text(LOOP, encoding="utf-8")
        before = self.modes(terminal[1])
        watching = watch("06", stdin=terminal[1])
        watching.wait("Still running")
        watching.process.send_signal(signal.SIGINT)
        assert watching.end() == 130 and "Traceback" not in watching.text
        assert self.modes(terminal[1]) == before
