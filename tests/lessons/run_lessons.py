"""Run all lessons as scripts, each in a process without network; print seconds and memory.

`python tests/lessons/run_lessons.py [06 07 …]`. Status 1 if one fails, takes more than 60 seconds
or 1.5 GB, or if all together take more than 8 minutes.
"""

import os
import subprocess
import sys
import time
from pathlib import Path

LESSONS = Path(__file__).parents[2] / "lessons"
MOST_SECONDS, MOST_MB, MOST_IN_ALL = 60, 1536, 480
# Runs a lesson as a script would run, where any attempt to reach a network raises an error.
CHILD = """
import runpy, socket, sys

def refuse(*_, **__):
    raise OSError("a lesson must not use the network")

socket.socket.connect = socket.socket.connect_ex = socket.create_connection = refuse
socket.getaddrinfo = refuse
sys.argv = sys.argv[1:]
runpy.run_path(sys.argv[0], run_name="__main__")
from minigpt.machine import peak_memory_mb
print(f"peak {peak_memory_mb() or 0:.0f} MB", file=sys.stderr)
"""


def run(lesson: Path) -> tuple[bool, float, float]:
    """Whether a lesson ran to its end, in how many seconds, and with how many megabytes."""
    start = time.perf_counter()
    environment = {**os.environ, "MPLBACKEND": "Agg", "PYTHONUTF8": "1"}
    # On Linux a process begins with the peak of the one that started it, so this one stays small.
    done = subprocess.run(
        [sys.executable, "-c", CHILD, str(lesson)], env=environment, capture_output=True,
        encoding="utf-8", cwd=lesson.parent,
    )  # fmt: skip
    seconds = time.perf_counter() - start
    if done.returncode:
        print(done.stdout[-2000:], done.stderr[-4000:])
        return False, seconds, 0.0
    return True, seconds, float(done.stderr.split("peak ")[-1].split()[0])


def main() -> int:
    numbers, good, total = sys.argv[1:], True, 0.0
    lessons = [p for p in sorted(LESSONS.glob("[0-9][0-9]_*.py"))
               if not numbers or p.name[:2] in numbers]  # fmt: skip
    for lesson in lessons:
        passed, seconds, megabytes = run(lesson)
        within = passed and seconds <= MOST_SECONDS and megabytes <= MOST_MB
        good, total = good and within, total + seconds
        verdict = "ok" if within else "too slow or too large" if passed else "FAILED"
        print(f"{lesson.name:<22} {seconds:5.1f} s {megabytes:6.0f} MB  {verdict}", flush=True)
    print(f"{len(lessons)} lessons in {total:.0f} s")
    return 0 if good and lessons and total <= MOST_IN_ALL else 1


if __name__ == "__main__":
    raise SystemExit(main())
