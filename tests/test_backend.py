"""Which arrays, on which device, and what is said where there is no GPU."""

import sys
from types import ModuleType, SimpleNamespace

import numpy as np
import pytest

from minigpt import backend, machine
from minigpt.errors import UserError


@pytest.fixture(autouse=True)
def fresh_probe():
    """The probe's answer is kept for the life of a process; each test here asks anew."""
    backend.gpu_status.cache_clear()
    yield
    backend.gpu_status.cache_clear()


@pytest.fixture
def fake_cupy(monkeypatch):
    """Put a module in CuPy's place whose first use raises `error`; None lets it compute."""

    def install(error=None, total=16.0):
        def ones(shape, dtype):
            if error is not None:
                raise error
            return np.ones(shape, dtype)

        cupy = ModuleType("cupy")
        cupy.ones, cupy.float32 = ones, np.float32
        cupy.tanh = lambda x: np.full(1, total)
        properties = SimpleNamespace(getDeviceProperties=lambda i: {"name": b"Fake RTX"})
        cupy.cuda = SimpleNamespace(runtime=properties)
        monkeypatch.setitem(sys.modules, "cupy", cupy)
        return cupy

    return install


class CUDARuntimeError(RuntimeError):
    """As CuPy's: the number that CUDA returned is in `.status`."""

    def __init__(self, status, text="cudaErrorSomething: some words\nand a second line"):
        super().__init__(text)
        self.status = status


class OutOfMemoryError(MemoryError):
    """As CuPy's, by name."""


FAILURES = [
    (CUDARuntimeError(35), "the NVIDIA driver is missing or too old for this CuPy; "
                           "install a newer driver"),
    (CUDARuntimeError(100), "CuPy is installed, but this machine shows no NVIDIA GPU"),
    (CUDARuntimeError(2), "the GPU's memory is full; stop the other program that uses it"),
    (OutOfMemoryError("4 GB"), "the GPU's memory is full; stop the other program that uses it"),
    (ImportError("libcublas.so.12"), "CuPy can't load the CUDA libraries; install them with "
                                     'pip install "cupy-cuda13x[ctk]" (or cupy-cuda12x[ctk])'),
    (OSError("libnvrtc.so"), "CuPy can't load the CUDA libraries; install them with "
                             'pip install "cupy-cuda13x[ctk]" (or cupy-cuda12x[ctk])'),
    (CUDARuntimeError(999), "CuPy can't use the GPU (CUDARuntimeError: "
                            "cudaErrorSomething: some words)"),
    (KeyError("x"), "CuPy can't use the GPU (KeyError: 'x')"),
    (ValueError(), "CuPy can't use the GPU (ValueError: )"),
]  # fmt: skip
FAILURE_IDS = [f"{type(error).__name__} {getattr(error, 'status', '')}" for error, _ in FAILURES]


@pytest.mark.parametrize(("error", "sentence"), FAILURES, ids=FAILURE_IDS)
def test_each_failure_of_cupy_is_told_with_its_repair(fake_cupy, error, sentence):
    fake_cupy(error)
    assert backend.gpu_status() == (False, sentence)
    assert backend.select_device("auto") == (np, f"CPU, because {sentence}")
    with pytest.raises(UserError) as caught:
        backend.select_device("cuda")
    assert str(caught.value) == f"--device cuda can't be used: {sentence}."
    assert "\n" not in str(caught.value)


def test_without_cupy(monkeypatch):
    monkeypatch.setitem(sys.modules, "cupy", None)  # `import cupy` raises ImportError
    usable, sentence = backend.gpu_status()
    assert not usable
    assert sentence.startswith("CuPy is not installed; on a machine with an NVIDIA GPU: pip")
    assert backend.select_device() == (np, f"CPU, because {sentence}")
    with pytest.raises(UserError, match="--device cuda can't be used: CuPy is not installed"):
        backend.select_device("cuda")


@pytest.mark.parametrize("device", ["auto", "cuda"])
def test_with_a_gpu_that_works(fake_cupy, device):
    cupy = fake_cupy()
    assert backend.select_device(device) == (cupy, "GPU (Fake RTX)")


def test_a_gpu_that_computes_wrongly_is_not_used(fake_cupy):
    fake_cupy(total=3.0)
    assert backend.gpu_status() == (False, "the GPU computed a wrong matrix product")
    assert backend.select_device("auto")[0] is np


def test_the_cpu_is_chosen_without_a_probe(fake_cupy, monkeypatch):
    monkeypatch.setattr(backend, "gpu_status", lambda: 1 / 0)
    assert backend.select_device("cpu") == (np, "CPU (as asked)")


def test_unknown_device():
    with pytest.raises(UserError) as caught:
        backend.select_device("gpu")
    assert str(caught.value) == "Unknown device 'gpu'; use one of: auto, cpu, cuda."


def test_the_probe_runs_once(fake_cupy):
    fake_cupy(CUDARuntimeError(100))
    first = backend.gpu_status()
    fake_cupy()
    assert backend.gpu_status() is first


@pytest.mark.parametrize("x", [
    np.ones(3), np.float32(1), np.ones((), int), np.ones(3).view(np.ma.MaskedArray), 1.5, 3, [1],
])  # fmt: skip
def test_arrays_scalars_and_numbers_belong_to_numpy(x):
    assert backend.get_array_module(x) is np


def test_an_array_of_cupy_belongs_to_cupy(fake_cupy):
    cupy = fake_cupy()
    array = type("ndarray", (), {"__module__": "cupy._core.core"})()
    assert backend.get_array_module(array) is cupy


def test_to_host_takes_from_the_gpu_and_leaves_numpy_alone():
    x = np.arange(3)
    assert backend.to_host(x) is x
    on_gpu = SimpleNamespace(get=lambda: x)
    assert backend.to_host(on_gpu) is x
    assert backend.to_host([1, 2]).tolist() == [1, 2]


def test_usable_cores():
    assert machine.usable_cores() >= 1


@pytest.mark.gpu
def test_a_real_gpu():
    usable, sentence = backend.gpu_status()
    if not usable:
        pytest.skip(sentence)
    xp, why = backend.select_device("cuda")
    x = xp.asarray(np.arange(6.0).reshape(2, 3))
    assert backend.get_array_module(x) is xp
    assert why == f"GPU ({sentence})"
    np.testing.assert_allclose(backend.to_host(x @ x.T), [[5, 14], [14, 50]])
