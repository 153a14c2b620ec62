"""The report tells the truth where it can be checked, and survives whatever is missing."""

import argparse
import copy
import ctypes
import importlib.metadata
import json
import os
import platform
import subprocess
import sys
import time

import pytest

from minigpt import machine
from minigpt.cli import doctor


@pytest.fixture(autouse=True)
def quick(monkeypatch, request):
    """Measure for a moment only, except in the slow test."""
    if request.node.get_closest_marker("slow"):
        return
    measure = doctor._matmul_speed
    monkeypatch.setattr(doctor, "_matmul_speed", lambda _, can_limit: measure(0.02, can_limit))


@pytest.fixture(scope="module")
def healthy() -> dict:
    """Return a report with nothing to repair, made up."""
    return {
        "minigpt": "0.1.0", "python": "3.12.1", "executable": "python", "platform": "Linux",
        "core_packages": dict.fromkeys(doctor.CORE, "9.0"),
        "blas": [{"name": "openblas", "version": "0.3", "threads": 4}],
        "cores": {"logical": 8, "usable": 4},
        "memory": {"total": 16e9, "available": 8e9},
        "gpu": {"usable": False, "status": "CuPy is not installed"},
        "cache": {"path": "cache", "free": 9e9, "writable": True},
        "data": None,
        "working_folder": {"path": "here", "free": 9e9},
        "optional_packages": dict.fromkeys(doctor.OPTIONAL),
        "matmul_gflops": {"one_thread": 50.0, "all_threads": 180.0},
    }


def run(*arguments: str) -> int:
    parser = argparse.ArgumentParser()
    doctor.add_parser(parser.add_subparsers())
    args = parser.parse_args(["doctor", *arguments])
    return args.run(args)


def test_the_text_names_every_part_and_ends_with_the_verdict(capsys):
    assert run() == 0
    out = capsys.readouterr().out
    for word in ("minigpt", "Python", "platform", "numpy", "BLAS", "cores", "memory", "GPU",
                 "cache", "MINIGPT_DATA", "torch", "cupy", "matmul"):
        assert f"\n{word}" in f"\n{out}", word
    assert platform.python_version() in out and importlib.metadata.version("numpy") in out
    assert out.splitlines()[-1].startswith(("Ready: ", "Repair first: "))
    assert out.isascii() or not str(doctor.Path.cwd()).isascii()


def test_json_has_the_same_facts(capsys, monkeypatch, tmp_path):
    monkeypatch.setenv("MINIGPT_CACHE", str(tmp_path / "not" / "yet"))
    monkeypatch.setenv("MINIGPT_DATA", str(tmp_path))
    assert run("--json") == 0
    report = json.loads(capsys.readouterr().out)
    assert report["cache"]["path"] == str(tmp_path / "not" / "yet") and report["cache"]["writable"]
    assert report["cache"]["free"] > 0 and not (tmp_path / "not").exists()
    assert report["data"] == str(tmp_path)
    assert report["core_packages"]["numpy"] == importlib.metadata.version("numpy")
    assert 1 <= report["cores"]["usable"] <= report["cores"]["logical"] == os.cpu_count()
    assert report["memory"]["total"] > 100e6
    assert report["matmul_gflops"]["all_threads"] > 0
    assert report["ready"] == report["verdict"].startswith("Ready: ")
    text = doctor.as_text(report)
    for value in (report["platform"], report["gpu"]["status"], report["verdict"]):
        assert value in text


def test_core_and_optional_packages_are_those_of_the_project():
    pyproject = doctor.Path(__file__).parents[2] / "pyproject.toml"
    text = pyproject.read_text(encoding="utf-8")
    dependencies = text.split("\ndependencies = [")[1].split("]")[0]
    lines = [line.strip(' ",') for line in dependencies.splitlines()]
    names = [line.split(">")[0] for line in lines if line and "python_version" not in line]
    assert tuple(names) == doctor.CORE
    oracles = text.split("\noracles = [")[1].split("]")[0]
    assert {part.strip(' "').split(">")[0] for part in oracles.split(",")} <= set(doctor.OPTIONAL)


def test_optional_packages_are_not_imported():
    code = (
        "import sys; from minigpt.cli import doctor; doctor.examine(seconds=0.01)\n"
        "print([name for name in ('torch', 'transformers', 'tokenizers', 'tiktoken', 'mpi4py',"
        " 'matplotlib') if name in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=120)
    assert done.stdout.strip() == "[]", done.stderr


def test_a_healthy_machine_is_ready(healthy):
    assert doctor.find_repairs(healthy) == []
    assert doctor._ready(healthy) == (
        "Ready: the CPU multiplies matrices at 180 GFLOP/s with 4 threads."
    )
    with_gpu = {**healthy, "gpu": {"usable": True, "status": "NVIDIA H200"}}
    assert doctor._ready(with_gpu).endswith(", and the GPU is usable (NVIDIA H200).")


@pytest.mark.parametrize(
    ("key", "part", "value", "words"),
    [
        ("python", None, "3.9.18", "install 3.10 or newer"),
        ("core_packages", "regex", None, "pip install regex"),
        ("core_packages", "numpy", "1.26.4", 'pip install "numpy>=2.0"'),
        ("matmul_gflops", "all_threads", 0.6, "no fast BLAS"),
        ("matmul_gflops", "all_threads", None, "NumPy is broken"),
        ("memory", "available", 100e6, "close other programs"),
        ("cache", "writable", False, "set MINIGPT_CACHE"),
        ("working_folder", "free", 1e6, "work in another one"),
        ("data", None, "no/such/folder", "MINIGPT_DATA names no/such/folder"),
    ],
)
def test_every_repair_is_found(healthy, key, part, value, words):
    ill = copy.deepcopy(healthy)
    if part is None:
        ill[key] = value
    else:
        ill[key][part] = value
    repairs = doctor.find_repairs(ill)
    assert len(repairs) == 1 and words in repairs[0]


def test_unknown_is_no_reason_to_repair(healthy):
    ill = copy.deepcopy(healthy)
    ill["memory"] = {"total": None, "available": None}
    ill["blas"], ill["cores"] = [], {"logical": None, "usable": None}
    ill["matmul_gflops"]["one_thread"] = None
    ill["working_folder"]["free"] = None
    assert doctor.find_repairs(ill) == []
    assert "memory         unknown" in doctor.as_text({**ill, "verdict": doctor._ready(ill)})


def test_a_missing_numpy_is_reported_and_not_a_crash(monkeypatch):
    for name in ("numpy", "threadpoolctl", "minigpt.backend"):
        monkeypatch.setitem(sys.modules, name, None)
    absent = {"numpy", "threadpoolctl"}
    real = importlib.metadata.version

    def version(name):
        if name in absent:
            raise importlib.metadata.PackageNotFoundError(name)
        return real(name)

    monkeypatch.setattr(importlib.metadata, "version", version)
    report = doctor.examine()
    assert report["blas"] == [] and report["matmul_gflops"]["all_threads"] is None
    assert "pip install numpy threadpoolctl" in report["verdict"] and not report["ready"]
    assert "numpy          MISSING" in doctor.as_text(report)


def test_blas_that_threadpoolctl_does_not_know_as_on_macos(monkeypatch):
    threadpoolctl = pytest.importorskip("threadpoolctl")
    monkeypatch.setattr(threadpoolctl, "threadpool_info", lambda: [])
    report = doctor.examine()
    assert report["blas"][0]["name"] and report["blas"][0]["threads"] is None
    assert report["matmul_gflops"]["one_thread"] is None
    assert report["matmul_gflops"]["all_threads"] > 0
    assert "unknown threads" in doctor.as_text(report)


def test_memory_of_each_platform(monkeypatch, tmp_path):
    meminfo = tmp_path / "meminfo"
    meminfo.write_text("MemTotal:  2000 kB\nMemAvailable:  1000 kB\nPages:  3\n", encoding="ascii")
    monkeypatch.setattr(machine, "MEMINFO", meminfo)
    monkeypatch.setattr(sys, "platform", "linux")
    assert machine.memory() == {"total": 2_048_000, "available": 1_024_000}
    meminfo.unlink()
    assert machine.memory() == {"total": None, "available": None}

    monkeypatch.setattr(sys, "platform", "darwin")
    pages = {"SC_PHYS_PAGES": 1000, "SC_PAGE_SIZE": 16384}
    monkeypatch.setattr(os, "sysconf", pages.__getitem__, raising=False)
    assert machine.memory() == {"total": 16_384_000, "available": None}

    class Kernel32:
        def GlobalMemoryStatusEx(self, reference):  # noqa: N802
            status = reference._obj
            assert status.length == ctypes.sizeof(status) == 64
            status.total, status.available = 8 << 30, 3 << 30
            return 1

    monkeypatch.setattr(sys, "platform", "win32")
    monkeypatch.setattr(ctypes, "WinDLL", lambda name: Kernel32(), raising=False)
    assert machine.memory() == {"total": 8 << 30, "available": 3 << 30}


def test_cores_without_affinity_as_on_macos_and_windows(monkeypatch):
    monkeypatch.delattr(os, "sched_getaffinity", raising=False)
    assert doctor._cores() == {"logical": os.cpu_count(), "usable": os.cpu_count()}


@pytest.mark.slow
def test_the_whole_report_takes_about_the_second_it_says():
    start = time.perf_counter()
    report = doctor.examine()
    assert 1.0 <= time.perf_counter() - start < 10.0
    assert report["matmul_gflops"]["all_threads"] > 0
