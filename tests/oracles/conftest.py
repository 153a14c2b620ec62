"""PyTorch and transformers, or the reason why their tests are skipped."""

import os

import pytest

REASON = "{} is not installed; see the extra 'oracles'"


@pytest.fixture(scope="module")
def torch():
    return pytest.importorskip("torch", reason=REASON.format("PyTorch"))


@pytest.fixture(scope="module")
def transformers(torch):
    for name in ("HF_HUB_OFFLINE", "TRANSFORMERS_OFFLINE"):
        os.environ.setdefault(name, "1")
    module = pytest.importorskip("transformers", reason=REASON.format("transformers"))
    module.logging.set_verbosity_error()
    return module
