"""`minigpt bench gpu`, run on the stand-in: every line of it, its verdict, and what it survives."""

import time
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import pytest
from threadpoolctl import threadpool_limits

from minigpt import backend
from minigpt.bench import gpu, gpu_kernels, gpu_parity, gpu_report, gpu_training
from minigpt.bench.gpu_turns import Plan, sized
from minigpt.cli import main
from minigpt.errors import UserError

SIZES = {"B": 2, "T": 17, "C": 64, "H": 1, "V": 33}
ROWS = {"B": 9, "T": 29, "C": 64, "H": 1, "V": 33}  # enough for bf16


@dataclass(frozen=True)
class Tiny(Plan):
    """A plan of some seconds."""

    turn: float = 0.0
    precisions: tuple = ("fp32", "bf16")
    their_device: str = "cpu"
    small: tuple = (1, 1, 64, 23, 2, 33)
    functions: dict = field(default_factory=lambda: {"odd": ROWS})
    models: dict = field(default_factory=lambda: {"baby GPT": (1, 1, 64, 8, 2, 33),
                                                  "GPT-2 124M": (1, 1, 64, 20, 2, 33)})
    kernels: dict = field(default_factory=lambda: SIZES)
    squares: tuple = (40,)
    tokens: int = 3
    batches: tuple = (1, 2)


class WallMarks:
    """As `gpu_training.Marks`, by the clock of the host."""

    def __init__(self, xp):
        self.events = []

    def set(self):
        self.events.append(time.perf_counter())

    def seconds(self):
        return list(np.diff(self.events))


@pytest.fixture
def tiny(monkeypatch, tmp_path, cupy):
    """The command in this process, on the stand-in, at tiny sizes."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("minigpt.cli.bench.Plan", Tiny)
    monkeypatch.setattr(gpu, "run_worker", lambda path: gpu.work(path) or 0)
    monkeypatch.setattr(gpu, "refuse", gpu.check)
    monkeypatch.setattr(gpu_training, "Marks", WallMarks)
    monkeypatch.setattr(gpu_training, "WARM_UP", 1)
    monkeypatch.setattr(gpu_parity.twenty_steps, "__defaults__", (5,))
    with threadpool_limits(1):
        yield cupy


def bench(*words):
    """The exit code and what was written."""
    code = main(["bench", "gpu", "--rounds", "1", "--minutes", "0", "--out", "out", *words])
    return code, gpu.read("out/gpu.json")


def told_of(out):
    """The lines of all sections but the first."""
    return out[out.index("Fast functions") : out.index("Equal to NumPy:")].splitlines()


def items(found, section):
    return found["sections"][section]


def test_the_whole_command_on_the_stand_in(tiny, capsys):
    code, found = bench()
    out = capsys.readouterr().out
    assert code == 0 and found["done"], out
    expected = {name: list(items) for name, items in gpu.sections(Tiny()).items()}
    assert {name: list(items) for name, items in found["sections"].items()} == expected
    assert all(name in out for names in expected.values() for name in names)
    assert not [one for *_, one in gpu_report.every(found) if {"failed", "skipped"} & set(one)]
    assert items(found, "machine")["GPU"]["told"] == "Stand-in"
    for one in [*items(found, "models").values(), *items(found, "functions").values()]:
        assert one["ok"] and one["error"] <= one["tolerance"]
    for name in ("linear", "mlp", "attention", "unembedding", "head_loss"):
        errors = [items(found, "functions")[f"{name}, odd, {p}"]["error"] for p in ("fp32", "bf16")]
        assert errors[0] < 3e-6 < 1e-3 < errors[1], name  # bf16 is what it says
    for section in gpu_report.TIMED:
        for one in items(found, section).values():
            assert one["minigpt"]["seconds"] > 0 and len(one["minigpt"]["rounds"]) == 1
            assert "torch" not in one and "bar" not in one
    assert items(found, "training")["GPT-2 124M, bf16"]["minigpt"]["tokens_per_second"] > 0
    assert items(found, "training")["GPT-2 124M, bf16"]["minigpt"]["memory"] > 0
    assert items(found, "writing")["GPT-2 124M, bf16"]["batch 2"]["tokens_per_second"] > 0
    assert items(found, "pace")["GPT-2 124M, fp32"]["steps"] >= 2
    assert max(map(len, told_of(out))) <= 100
    for section in gpu_report.TIMED:
        assert Path(f"out/gpu_{section}.png").read_bytes().startswith(b"\x89PNG")


def test_what_is_timed_never_waits(tiny, monkeypatch):
    makers = {}

    def note(plan, given):
        makers[len(makers)] = given["minigpt"]
        return {"minigpt": {}}

    for module in (gpu_kernels, gpu_training):
        monkeypatch.setattr(module, "compare", note)
    for room in (gpu_training.steps, gpu_kernels.functions, gpu_kernels.products):
        for name, run in room(Tiny()).items():
            run()
            contestant = makers[len(makers) - 1]()
            tiny.state.clear()
            contestant.step()
            assert tiny.state.transfers == tiny.state.waits == 0, (name, tiny.state.places)
            contestant.wait()
            assert tiny.state.waits == 1


@pytest.mark.oracle
def test_beside_torch_there_are_ratios_and_bars(tiny, capsys, monkeypatch):
    torch = pytest.importorskip("torch", reason="PyTorch is not installed; see 'oracles'")
    torch.set_num_threads(1)
    monkeypatch.setattr(gpu_parity, "models", lambda plan: {})
    monkeypatch.setattr(gpu_parity, "functions", lambda plan: {})
    code, found = bench("--against", "torch")
    out = capsys.readouterr().out
    assert code == 0, out
    for section in gpu_report.TIMED:
        for one in items(found, section).values():
            assert one["ratio"] == one["torch"]["seconds"] / one["minigpt"]["seconds"]  # one round
    one = items(found, "training")["GPT-2 124M, bf16"]
    assert one["bar"] == 0.7 and one["reached"] == (one["ratio"] >= 0.7)
    assert "bar" not in items(found, "training")["GPT-2 124M, fp32"]
    assert "REACHED" in out and "TFLOP/s" in out and max(map(len, told_of(out))) <= 100


def test_a_broken_kernel_loses_only_its_own_items(tiny, capsys, monkeypatch):
    def broken(*_, **__):
        raise RuntimeError("CUDA_ERROR_INVALID_VALUE: no\nmore lines")

    def falls(plan):
        return {"x": lambda: 1 / 0}

    only = {"machine": falls, "products": gpu_kernels.products, "pace": gpu_training.pace}
    monkeypatch.setattr(gpu, "sections", lambda plan: {name: f(plan) for name, f in only.items()})
    monkeypatch.setattr(gpu_kernels, "matmul", broken)
    code, found = bench()
    assert code == 1 and found["done"]
    assert items(found, "machine")["x"]["failed"] == "ZeroDivisionError: division by zero"
    for one in items(found, "products").values():
        assert one["failed"] == "minigpt: RuntimeError: CUDA_ERROR_INVALID_VALUE: no"
        assert "in broken" in one["traceback"]
    assert items(found, "pace")["GPT-2 124M, fp32"]["steps"]
    assert "Failed, products (10)" in capsys.readouterr().out


def test_a_wrong_function_is_not_equal(tiny, capsys, monkeypatch):
    from minigpt import kernels

    right = kernels.fastest(tiny, "fp32")
    wrong = type(right)(**vars(right))
    wrong.layernorm_backward = lambda dy, cache: right.layernorm_backward(1.001 * dy, cache)
    monkeypatch.setattr(gpu_parity.kernels, "fastest", lambda *_: wrong)
    name = "layernorm, odd, fp32"
    run = gpu_parity.functions(Tiny())[name]
    monkeypatch.setattr(gpu, "sections", lambda plan: {"functions": {name: run}})
    code, found = bench()
    assert code == 1 and items(found, "functions")[name]["error"] == pytest.approx(1e-3, rel=0.1)
    out = capsys.readouterr().out
    assert "NOT EQUAL" in out and "Equal to NumPy: 0 of 1" in out and f"(1): {name}" in out


def test_dropped_functions_are_a_failure(tiny, monkeypatch):
    from minigpt.kernels.gpu import probe, table

    def broken(xp, functions):
        raise RuntimeError("no such kernel")

    monkeypatch.setitem(probe.CASES, "gelu", broken)
    monkeypatch.setattr(table, "usable", lambda xp, precision: {"gelu": "gelu fails"})
    result = gpu_parity.in_use(Tiny(), "fp32")
    assert result["failed"] == "gelu fails" and "no such kernel" in result["traceback"]


def test_when_the_time_is_over_the_rest_is_told_as_skipped(tiny, capsys, monkeypatch):
    def slow():
        time.sleep(1.1)
        return {"told": "slept"}

    runs = {"machine": {"first": slow, "second": slow}}
    monkeypatch.setattr(gpu, "sections", lambda plan: runs)
    code, found = bench("--budget", "1")
    assert code == 0 and items(found, "machine")["first"] == {"told": "slept"}
    assert items(found, "machine")["second"] == {"skipped": "the 1 seconds are over"}
    assert "Skipped, machine (1): second" in capsys.readouterr().out


WORKER = """
import os, signal, sys, time
from minigpt.bench import gpu
def fail(): raise RuntimeError("a sticky error")
gpu.HANGS = 1
gpu.sections = lambda plan: {"machine": {
    "fine": lambda: {"told": "fine"}, "dies": lambda: os.kill(os.getpid(), signal.SIGKILL),
    "hangs": lambda: time.sleep(60), "fails": fail, "last": lambda: {"told": "last"}}}
gpu.work(sys.argv[1])
"""


@pytest.mark.skipif(not hasattr(__import__("signal"), "SIGKILL"), reason="Windows has no SIGKILL")
def test_a_worker_that_dies_or_hangs_loses_one_item(monkeypatch, tmp_path, capfd):
    monkeypatch.setattr(gpu, "WORKER", WORKER)
    monkeypatch.setattr(gpu, "refuse", lambda plan: None)
    monkeypatch.setattr(gpu, "HANGS", 1)
    found = gpu.measure(Plan(device="cuda"), tmp_path / "gpu.json")
    told = items(found, "machine")
    assert found["done"] and list(told) == ["fine", "dies", "hangs", "fails", "last"]
    assert told["dies"] == {"failed": "the process ended with the signal SIGKILL"}
    assert told["hangs"] == {"failed": "the process ended because nothing happened for 1 seconds"}
    assert told["fails"]["failed"] == "RuntimeError: a sticky error"
    assert told["fine"]["told"] == "fine" and told["last"]["told"] == "last"
    assert gpu_report.verdict(found)[0] == 1
    assert capfd.readouterr().out.count("fine") == 2  # its name and its result, once


def test_without_a_gpu_it_is_one_sentence(capsys, tmp_path):
    usable, why = backend.gpu_status()
    if usable:
        pytest.skip("there is a GPU here")
    code = main(["bench", "gpu", "--out", str(tmp_path / "out")])
    told = capsys.readouterr()
    assert code == 2 and told.out == "" and not (tmp_path / "out").exists()
    assert told.err == f"minigpt bench: --device cuda can't be used: {why}.\n"


@pytest.mark.oracle
def test_torch_computes_in_the_precision_asked_for():
    torch = pytest.importorskip("torch", reason="PyTorch is not installed; see 'oracles'")
    from minigpt.bench import torch_gpt
    from minigpt.bench.train import OneBatch

    config, batch_size = sized(Tiny().small, init_std=0.3)
    losses = []
    for precision, word in (("fp32", "highest"), ("tf32", "high"), ("bf16", "highest")):
        torch.manual_seed(0)
        model = torch_gpt.make_model(config, device="cpu")
        step = torch_gpt.make_step(model, *OneBatch(config, batch_size).next(), precision=precision)
        losses.append([step() for _ in range(3)])
        assert torch.get_float32_matmul_precision() == word
    torch.set_float32_matmul_precision("highest")
    assert losses[2] == pytest.approx(losses[0], rel=0.02) and losses[2] != losses[0]
    assert losses[2][2] < losses[2][0]


@pytest.mark.oracle
def test_a_torch_that_sees_no_gpu_is_refused(cupy):
    torch = pytest.importorskip("torch", reason="PyTorch is not installed; see 'oracles'")
    if torch.cuda.is_available():
        pytest.skip("this PyTorch sees a GPU")
    gpu.check(Plan())
    with pytest.raises(UserError, match="can't use the GPU; install one for CUDA"):
        gpu.check(Plan(against="torch"))


@pytest.mark.parametrize(("words", "told"), [
    (["decode", "--minutes", "3"], "--minutes belongs to `bench gpu`, not to `bench decode`"),
    (["gpu", "--threads", "3"], "--threads belongs to `bench train`, `parts`, `scaling`, not"),
    (["gpu", "--budget", "0"], "--budget must be at least 1, not 0.0."),
    (["gpu", "--minutes", "nan"], "--minutes must be at least 0, not nan."),
])  # fmt: skip
def test_options_that_make_no_sense(words, told, capsys):
    assert main(["bench", *words]) == 2
    assert told in capsys.readouterr().err
