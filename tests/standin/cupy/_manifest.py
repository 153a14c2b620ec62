"""What the real CuPy has, and with which parameters: `manifest.json` of the folder above."""

from __future__ import annotations

import functools
import inspect
import json
from pathlib import Path

MANIFEST = json.loads(
    (Path(__file__).parent.parent / "manifest.json").read_text(encoding="utf-8")
)
NAMES, NDARRAY = MANIFEST["names"], MANIFEST["ndarray"]
DENIED = {"einsum": {"out"}}  # what a signature with **kwargs does not show
MISSING = "the stand-in has no {}; write it, or use what it has (tests/standin/cupy)"


def parameters(text: str) -> inspect.Signature:
    """From "(a, axis=)", as the manifest spells it, to a signature that arguments are bound to."""
    return inspect.signature(eval(f"lambda {text[1:-1].replace('=', '=None')}: None"))


@functools.cache
def _signature(text: str) -> inspect.Signature:
    return parameters(text)


def check(name: str, text: str, arguments: tuple, options: dict) -> None:
    """Raise TypeError where the real function of this name does not take these arguments."""
    try:
        _signature(text).bind(*arguments, **options)
    except TypeError as error:
        raise TypeError(f"{name}(): {error}") from None
    if denied := DENIED.get(name, set()) & options.keys():
        raise TypeError(f"Did not understand the following kwargs: {sorted(denied)}")
