"""Checks minigpt against the real CuPy, on a machine without a GPU; a step of `.ci/run`.

    pip install cupy-cuda13x nvidia-cuda-nvrtc nvidia-cublas      # 1 GB on the disk
    python tests/gpu/check_cupy.py

Prints what it checked; the exit code is 1 if anything is wrong. It needs Linux on x86-64 and no
GPU, see `hollow_gpu.py`; elsewhere it says so and ends with 0. With a GPU: `pytest -m gpu`.
"""

from __future__ import annotations

import gc
import io
import json
import re
import subprocess
import sys
import tempfile
import warnings
from pathlib import Path

import numpy as np

HERE = Path(__file__).parent
ROOT = HERE.parents[1]
sys.path[:0] = [str(HERE), str(ROOT)]

import hollow_gpu  # noqa: E402
import real_cupy  # noqa: E402

ARCHITECTURES = ("80", "90", "100")  # A100, H100, B200
STEPS = 3
NO_DRIVER = (
    "--device cuda can't be used: the NVIDIA driver is missing or too old for this CuPy; "
    "install a newer driver."
)


def check_sentence() -> list[str]:
    """In a process of its own, without the hollow GPU: what device="cuda" says here."""
    code = "from minigpt import GPT, GPTConfig; GPT(GPTConfig(5, 4, 1, 1, 4), device='cuda')"
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=False
    )
    last = done.stderr.strip().rpartition("\n")[2]
    print(f"device='cuda' without a driver: {last}")
    return [] if last == f"minigpt.errors.UserError: {NO_DRIVER}" else [f"expected: {NO_DRIVER}"]


def check_manifest(cupy) -> list[str]:
    """What the manifest says of names, parameters and answers still holds for this CuPy."""
    text = (HERE.parent / "standin" / "manifest.json").read_text(encoding="utf-8")
    known, now = json.loads(text), real_cupy.manifest(cupy)
    wrong = [
        f"{part} {name}: the manifest says {entry!r}, CuPy {now[part].get(name, 'has none')!r}"
        for part in ("names", "ndarray", "others", "outcomes")
        for name, entry in known[part].items()
        if now[part].get(name) != entry
    ]
    sizes = ", ".join(f"{len(known[part])} {part}" for part in known if part != "cupy")
    print(f"manifest of CuPy {known['cupy']} against CuPy {now['cupy']}: {sizes}")
    return wrong


def check_kernels() -> list[str]:
    """NVRTC compiles every file of source/, with all its macros, for each architecture."""
    from minigpt.kernels.gpu.launch import SOURCE, source
    from minigpt.kernels.gpu.table import VARIANTS

    wrong = [f"{path.name} is not in VARIANTS" for path in SOURCE.glob("*.cu")
             if path.name not in VARIANTS]  # fmt: skip
    for file, variants in VARIANTS.items():
        for macros in variants:
            options = ("-std=c++17", *(f"-D{name}={value}" for name, value in macros.items()))
            for architecture in ARCHITECTURES:
                try:
                    told = _compile(source(file), options, architecture)
                    print(f"{file} {' '.join(options[1:])} sm_{architecture}: {told}")
                except Exception as error:
                    wrong.append(f"{file} {options} sm_{architecture}: {str(error)[:2000]}")
    return wrong


def _compile(code: str, options: tuple[str, ...], architecture: str) -> str:
    """Compile as `RawModule` does; return what the hungriest kernel takes."""
    log = io.StringIO()
    options = (*options, "-ftz=true", "--ptxas-options=-v")
    hollow_gpu.compile_for_real(code, options, architecture, "kernels.cu", None, log, True)
    registers = [int(n) for n in re.findall(r"Used (\d+) registers", log.getvalue())]
    spills = [int(n) for n in re.findall(r"(\d+) bytes spill stores", log.getvalue())]
    shared = [int(n) for n in re.findall(r"(\d+) bytes smem", log.getvalue())]
    return (
        f"{len(registers)} kernels, at most {max(registers)} registers, "
        f"{max(spills)} bytes spilled, {max(shared, default=0)} bytes shared"
    )


FAILURES = {  # what fails, with which status: what is said
    ("cudaMalloc", 2): "the GPU's memory is full; stop the other program that uses it",
    ("cudaGetDevice", 100): "CuPy is installed, but this machine shows no NVIDIA GPU",
    ("cudaMalloc", 35): "the NVIDIA driver is missing or too old for this CuPy; install a newer "
    "driver",
    ("cublasCreate_v2", 1): "CuPy can't use the GPU (CUBLASError: CUBLAS_STATUS_NOT_INITIALIZED)",
    ("cuModuleLoadData", 209): "CuPy can't use the GPU (CUDADriverError: an error of the hollow "
    "GPU: an error of the hollow GPU)",
}


def check_failures(cupy) -> list[str]:
    """For each way in which a GPU can fail: the sentence that the probe makes of CuPy's error."""
    from minigpt.backend import gpu_status

    wrong = []
    for (function, status), expected in FAILURES.items():
        cupy.get_default_memory_pool().free_all_blocks()
        hollow_gpu.failing[function] = status
        gpu_status.cache_clear()
        found = gpu_status()
        hollow_gpu.failing.clear()
        print(f"{function} returns {status}: {found[1]}")
        if found != (False, expected):
            wrong.append(f"{function} returns {status}: {found}, expected: {expected}")
    return wrong


def check_training(precision: str, how: str) -> list[str]:
    """The real CuPy accepts how a model is trained and measured and writes; nothing waits."""
    from minigpt import GPT, GPTConfig, Trainer
    from minigpt.training.trainer import evaluate

    config = GPTConfig(vocab_size=11, block_size=8, n_layer=2, n_head=2, n_embd=32, dropout=0.1)
    model = GPT(config, device="cuda", precision=precision)
    tokens = np.arange(1000) % 11
    trainer = Trainer(model, tokens, batch_size=40, steps=STEPS, warmup=1, accumulate=2)
    trainer.read([trainer.advance()])
    hollow_gpu.log.clear()
    losses = [trainer.advance() for _ in range(STEPS)]
    launched = [event[1] for event in hollow_gpu.log if event[0] == "launch"]
    copies, waits = real_cupy.copies_to_host(), hollow_gpu.log.count(("wait",))
    trainer.read(losses)
    copies_read = real_cupy.copies_to_host() - copies
    evaluate(model, [trainer.batches.next()])
    _use(model, trainer)
    print(
        f"{STEPS} steps in {precision} {how}: {len(launched) // STEPS} kernels a step, "
        f"{copies} copies to the host, {waits} waits; {copies_read} copies for a report"
    )
    return [
        *(f"{precision}: the kernel {name}" for name in launched if "float64" in name),
        *([f"{precision}: {copies} copies, {waits} waits in steps"] if copies or waits else []),
        *([f"{precision}: {copies_read} copies for a report"] if copies_read > 1 else []),
    ]


def _use(model, trainer) -> None:
    """Write, save and read back; the real CuPy must accept it all."""
    from minigpt import GPT
    from minigpt.training.checkpoint import load_checkpoint, save_checkpoint

    for way in ({}, {"do_sample": False}, {"num_beams": 3}):
        found = model.generate([[1, 2, 3], [4]], 4, **way)
        assert [len(row) for row in found] == [7, 7], found
    with tempfile.TemporaryDirectory() as folder:
        model.save_pretrained(Path(folder) / "model")
        GPT.from_pretrained(Path(folder) / "model", device="cuda", precision=model.precision)
        save_checkpoint(folder, trainer, {})
        load_checkpoint(folder, trainer)


def check_full_memory() -> list[str]:
    """A step that a GPU has no memory for ends with a sentence."""
    from minigpt import GPT, GPTConfig, Trainer
    from minigpt.errors import UserError

    model = GPT(GPTConfig(vocab_size=11, block_size=8, n_layer=2, n_head=2, n_embd=32))
    trainer = Trainer(model, np.arange(9000) % 11, batch_size=1024, steps=1)
    gc.collect()
    model.xp.get_default_memory_pool().free_all_blocks()
    memory, hollow_gpu.MEMORY = hollow_gpu.MEMORY, hollow_gpu.used() + 100_000
    try:
        trainer.step()
    except UserError as error:
        print(f"full memory: {error}")
        return [] if "is full at a batch of 1024 sequences" in str(error) else [str(error)]
    finally:
        hollow_gpu.MEMORY = memory
    return ["a step found memory where there is none"]


def check_bench() -> list[str]:
    """All that `minigpt bench gpu` runs is accepted by the real CuPy; what it computes is wrong."""
    from minigpt.bench import gpu
    from minigpt.bench.gpu_turns import Plan

    sizes = {"B": 5, "T": 81, "C": 64, "H": 2, "V": 97}
    few = {"rounds": 1, "minutes": 0.01, "turn": 0.001, "tokens": 4, "squares": (64,)}
    models = {"tiny": (2, 2, 32, 16, 4, 65)}
    plan = Plan(functions={"odd": sizes}, models=models, kernels=sizes, **few)
    count, wrong = 0, []
    for section, runs in gpu.sections(plan).items():
        for name, run in runs.items():
            try:
                run()
            except Exception as error:
                told = f"{type(error).__name__}: {str(error)[:500]}"
                wrong.append(f"minigpt bench gpu, {section}, {name}: {told}")
            count += 1
    print(f"minigpt bench gpu: {count} measurements run")
    return wrong


def _take_for_a_gpu(reason: str | None) -> None:
    """Let the hollow GPU pass, and all kernels fail their probes for a reason, or none of them."""
    from minigpt import backend
    from minigpt.kernels.gpu import adamw, table

    backend.gpu_status = lambda: (True, "hollow GPU")
    table.why_not = table.why_not_kernel = adamw.why_not_kernel = lambda *_: reason
    table.usable.cache_clear()
    table._table.cache_clear()


def main() -> int:
    """Run all checks; return the exit code."""
    if reason := hollow_gpu.why_not():
        print(f"nothing was checked against the real CuPy: {reason}")
        return 0
    warnings.simplefilter("ignore")
    wrong = check_sentence()
    cupy = hollow_gpu.install()
    wrong += check_failures(cupy) + check_manifest(cupy) + check_kernels()
    _take_for_a_gpu("without our kernels")
    wrong += check_training("fp32", "without our kernels")
    _take_for_a_gpu(None)
    wrong += check_full_memory()
    for precision in ("fp32", "tf32", "bf16"):
        wrong += check_training(precision, "with our kernels")
    wrong += check_bench()
    for each in wrong:
        print(f"WRONG: {each}")
    print(f"{len(wrong)} wrong" if wrong else "all is as it should be")
    return bool(wrong)


if __name__ == "__main__":
    sys.exit(main())
