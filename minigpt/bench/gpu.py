"""`minigpt bench gpu`: is the GPU's path right, and how fast is it? Everything in one command.

A GPU is rare and a broken kernel can take the whole process with it. So the measuring is done by
a worker process, item by item, and each result is on the disk before the next item begins. Where a
worker dies or hangs, that item is told as failed, and a new worker goes on behind it.
"""

from __future__ import annotations

import contextlib
import dataclasses
import json
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

from minigpt.backend import select_device
from minigpt.bench import gpu_machine, gpu_report, torch_gpt
from minigpt.bench.gpu_turns import Plan, failure, free_caches
from minigpt.errors import UserError
from minigpt.files import atomic_write

SECTIONS = {  # in this order: what is right first, then what must be reached
    "machine": "The machine",
    "probes": "Fast functions",
    "models": "Whole models against NumPy in float64",
    "functions": "Functions, forward and backward, against NumPy in float64",
    "training": "Training steps",
    "pace": "Keeping the pace",
    "kernels": "Parts of a step, forward and backward",
    "products": "Matrix products",
    "writing": "Writing",
}
HANGS = 150  # seconds that an item may take
WORKERS = 8  # that are started at most
LOST = 3  # exit code of a worker whose GPU does not answer any more
WORKER = "import sys; from minigpt.bench.gpu import work; work(sys.argv[1])"
CHECKER = """
import sys
from minigpt.bench.gpu import Plan, UserError, check
try:
    check(Plan(against=sys.argv[1] or None))
except UserError as error:
    print(error)
    sys.exit(2)
"""


def sections(plan: Plan) -> dict[str, dict[str, Callable[[], dict]]]:
    """All items, by section and name: functions that return a dict for the JSON file."""
    from minigpt.bench import gpu_kernels, gpu_parity, gpu_training

    return {
        "machine": gpu_machine.facts(plan),
        "probes": gpu_parity.probes(plan),
        "models": gpu_parity.models(plan),
        "functions": gpu_parity.functions(plan),
        "training": gpu_training.steps(plan),
        "pace": gpu_training.pace(plan),
        "kernels": gpu_kernels.functions(plan),
        "products": gpu_kernels.products(plan),
        "writing": gpu_training.writing(plan),
    }


def check(plan: Plan) -> None:
    """Raise UserError where there is no GPU to measure, or no PyTorch to measure it against."""
    select_device(plan.device)
    if plan.against and plan.their_device == "cuda":
        torch = torch_gpt.import_torch()
        if not torch.cuda.is_available():
            raise UserError(
                f"This PyTorch ({torch.__version__}) can't use the GPU; install one for CUDA "
                f"(https://pytorch.org/get-started/locally), or leave --against out."
            )


def refuse(plan: Plan) -> None:
    """As `check`, in a process of its own: one that has asked for the GPU does not let go of it,
    and some GPUs serve a single process.
    """
    command = [sys.executable, "-c", CHECKER, plan.against or ""]
    done = subprocess.run(command, stdout=subprocess.PIPE, text=True, encoding="utf-8")
    if done.returncode == 2:
        raise UserError(done.stdout.strip())


def measure(plan: Plan, path: Path) -> dict:
    """Measure everything; print each result, and write it to `path` at once.

    Returns:
        {"plan", "sections": {section: {item: result}}}; a result that has "failed" or "skipped"
        has a sentence there. See `gpu_report` for the others.

    Raises:
        UserError: see `check`.
    """
    refuse(plan)
    found = {"plan": dataclasses.asdict(plan), "until": time.time() + plan.budget, "sections": {}}
    write(path, found)
    for _ in range(WORKERS):
        code = run_worker(path)
        found = read(path)
        if found.get("done"):
            break
        section, name, _ = found.pop("running", ("worker", "start", 0))
        result = {"failed": f"the process ended {in_words(code)}"}
        found["sections"].setdefault(section, {})[name] = result
        print(gpu_report.line(section, name, result), flush=True)
        write(path, found)
    return found


def in_words(code: int | None) -> str:
    """How a process ended."""
    if code is None:
        return f"because nothing happened for {HANGS} seconds"
    if code < 0:
        with contextlib.suppress(ValueError):
            return f"with the signal {signal.Signals(-code).name}"
    return f"with exit code {code}"


def run_worker(path: Path) -> int | None:
    """A process that measures what is left; its exit code, None if it hung and was stopped."""
    process = subprocess.Popen([sys.executable, "-c", WORKER, str(path)])
    try:
        while True:
            with contextlib.suppress(subprocess.TimeoutExpired):
                return process.wait(timeout=1)
            running = read(path).get("running")
            if running and time.time() > running[2]:
                return None
    finally:
        process.kill()  # does nothing to one that has ended
        process.wait()


def work(path: str | Path) -> None:
    """What a worker does: every item that has no result yet."""
    found = read(path)
    plan = Plan(**found["plan"])
    for section, items in sections(plan).items():
        results = found["sections"].setdefault(section, {})
        left = {name: run for name, run in items.items() if name not in results}
        if left:
            print(gpu_report.heading(section, SECTIONS[section], plan), flush=True)
        for name, run in left.items():
            if time.time() > found["until"]:
                results[name] = {"skipped": f"the {plan.budget:g} seconds are over"}
            else:
                longest = HANGS + 60 * plan.minutes * (section == "pace")
                write(path, {**found, "running": (section, name, time.time() + longest)})
                results[name] = attempt(run)
            print(gpu_report.line(section, name, results[name]), flush=True)
            write(path, found)
            if "failed" in results[name] and not answers(plan):
                raise SystemExit(LOST)
    write(path, {**found, "done": True})


def attempt(run: Callable[[], dict]) -> dict:
    """What an item returns, or why it failed."""
    try:
        return run()
    except Exception as error:
        return failure(error)


def answers(plan: Plan) -> bool:
    """Whether the GPU still computes: after some errors, nothing works in a process any more."""
    try:
        free_caches(plan.xp)
        return float(plan.xp.ones(4, "float32").sum()) == 4
    except Exception:
        return False


def read(path: str | Path) -> dict:
    return json.loads(Path(path).read_text(encoding="utf-8"))


def write(path: str | Path, found: dict) -> None:
    """Nothing must be lost here: what JSON does not know, such as NumPy's numbers, is converted."""

    def convert(value):
        return value.item() if hasattr(value, "item") else str(value)

    atomic_write(path, json.dumps(found, indent=1, default=convert) + "\n")
