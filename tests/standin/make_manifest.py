"""Writes `manifest.json`: what the real CuPy has and how it answers, for the stand-in to follow.

    python -m venv env && env/bin/pip install "cupy-cuda13x[ctk]"      # 1.7 GB on the disk
    env/bin/python tests/standin/make_manifest.py

No GPU is needed, see `../gpu/hollow_gpu.py`; Linux on x86-64 is.
"""

import json
import sys
from pathlib import Path

HERE = Path(__file__).parent
sys.path[0] = str(HERE.parent / "gpu")  # instead of this folder, whose `cupy` is not the real one

import hollow_gpu  # noqa: E402
from real_cupy import manifest  # noqa: E402

if __name__ == "__main__":
    text = json.dumps(manifest(hollow_gpu.install()), indent=0, sort_keys=True)
    (HERE / "manifest.json").write_text(text + "\n", encoding="utf-8")
