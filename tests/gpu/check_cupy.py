"""Checks minigpt against the real CuPy, on a machine without a GPU; a step of `.ci/run`.

    pip install "cupy-cuda13x[ctk]"
    python tests/gpu/check_cupy.py

Prints what it checked; the exit code is 1 if anything is wrong. It needs Linux on x86-64 and no
GPU, see `hollow_gpu.py`; elsewhere it says so and ends with 0. With a GPU: `pytest -m gpu`.
"""

from __future__ import annotations

import io
import json
import re
import subprocess
import sys
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


def check_kernels(cupy) -> list[str]:
    """NVRTC compiles every file of source/, with all its macros, for each architecture."""
    from minigpt.kernels.gpu.launch import SOURCE, source
    from minigpt.kernels.gpu.table import VARIANTS

    wrong = [f"{path.name} is not in VARIANTS" for path in SOURCE.glob("*.cu")
             if path.name not in ("common.cu", *VARIANTS)]  # fmt: skip
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


def check_training(cupy, precision: str) -> list[str]:
    """The real CuPy accepts how a model is trained and measured and writes; nothing waits.

    (Uploads wait for an event, that of the upload eight before: that one is done.)
    """
    from minigpt import GPT, GPTConfig, Trainer
    from minigpt.training.trainer import evaluate

    config = GPTConfig(vocab_size=11, block_size=8, n_layer=2, n_head=2, n_embd=32, dropout=0.1)
    model = GPT(config, device="cuda", precision=precision)
    tokens = np.arange(1000) % 11
    trainer = Trainer(model, tokens, batch_size=4, steps=STEPS, warmup=1, accumulate=2)
    trainer.read([trainer.advance()])
    before, started = real_cupy.copies_to_host(), len(hollow_gpu.log)
    losses = [trainer.advance() for _ in range(STEPS)]
    copies = real_cupy.copies_to_host() - before
    launched = [event[1] for event in hollow_gpu.log[started:] if event[0] == "launch"]
    waits = hollow_gpu.log[started:].count(("wait",))
    trainer.read(losses)
    copies_read = real_cupy.copies_to_host() - before - copies
    evaluate(model, [trainer.batches.next()])
    written = model.generate([[1, 2, 3]], 4)
    print(
        f"{STEPS} steps in {precision}: {len(launched) // STEPS} kernels a step, {copies} copies "
        f"to the host, {waits} waits; {copies_read} copies for a report"
    )
    return [
        *(f"{precision}: the kernel {name}" for name in launched if "float64" in name),
        *([f"{precision}: {copies} copies, {waits} waits in steps"] if copies or waits else []),
        *([f"{precision}: {copies_read} copies for a report"] if copies_read > 1 else []),
        *([] if len(written[0]) == 7 else [f"{precision}: wrote {written}"]),
    ]


def _use_all_kernels() -> None:
    """Take the hollow GPU for one that works; its results would fail every probe."""
    from minigpt import backend
    from minigpt.kernels.gpu import table

    backend.gpu_status = lambda: (True, "hollow GPU")
    table.why_not = table.why_not_kernel = lambda *_: None


def main() -> int:
    """Run all checks; return the exit code."""
    if reason := hollow_gpu.why_not():
        print(f"nothing was checked against the real CuPy: {reason}")
        return 0
    wrong = check_sentence()
    cupy = hollow_gpu.install()
    wrong += check_manifest(cupy) + check_kernels(cupy)
    _use_all_kernels()
    for precision in ("fp32", "tf32", "bf16"):
        wrong += check_training(cupy, precision)
    for each in wrong:
        print(f"WRONG: {each}")
    print(f"{len(wrong)} wrong" if wrong else "all is as it should be")
    return bool(wrong)


if __name__ == "__main__":
    sys.exit(main())
