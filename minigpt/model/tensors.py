"""Files of the safetensors format, read straight into place and written straight out of it.

    8 bytes      N, the length of the header, little-endian
    N bytes      JSON: {"wte.weight": {"dtype": "F32", "shape": [2, 3], "data_offsets": [0, 24]}, …}
    the rest     the numbers of each tensor, little-endian

The safetensors library checks a file before anything that its header says is believed; reading
the numbers ourselves saves the second copy of the weights that its `load_file` makes.
"""

from __future__ import annotations

import json
import math
import os
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

import numpy as np
from safetensors import SafetensorError, safe_open

from minigpt.backend import get_array_module, to_host
from minigpt.errors import UserError

MOST_HEADER = 1 << 24  # bytes; GPT-2's largest has 60 thousand
PIECE = 1 << 20  # so many numbers are converted at a time
FLOATS = {"F64": "<f8", "F32": "<f4", "F16": "<f2", "BF16": "<u2"}  # as NumPy reads them
CODES = {"float64": "F64", "float32": "F32"}
METADATA = {"format": "pt"}  # transformers asks for it
_WRONG_FORM = (AttributeError, TypeError, RecursionError)  # of JSON that is no such header


@dataclass(frozen=True)
class Tensor:
    """A tensor of an open file, not yet read.

    Attributes:
        dtype: as the format spells it, such as "BF16".
        start: the place of its first byte in the file.
    """

    path: Path
    file: BinaryIO
    dtype: str
    shape: tuple[int, ...]
    start: int

    def read_into(self, out) -> None:
        """Write the numbers into the contiguous array `out` of the same shape.

        Where `out` is NumPy's and of the stored dtype, the file is read right into its memory.
        """
        flat = out.reshape(-1)
        if isinstance(out, np.ndarray) and out.dtype == FLOATS[self.dtype]:
            self.file.seek(self.start)
            return self._fill(flat)
        xp, at = get_array_module(out), 0
        for piece in self.pieces():
            flat[at : at + piece.size] = xp.asarray(piece)
            at += piece.size

    def pieces(self) -> Iterator[np.ndarray]:
        """Yield the numbers in a row, a `PIECE` at a time; bfloat16 as float32."""
        size = math.prod(self.shape)
        for first in range(0, size, PIECE):
            raw = np.empty(min(PIECE, size - first), FLOATS[self.dtype])
            self.file.seek(self.start + first * raw.itemsize)
            self._fill(raw)
            if self.dtype == "BF16":  # the upper half of a float32
                raw = (raw.astype(np.uint32) << 16).view(np.float32)
            yield raw

    def equals(self, other: Tensor) -> bool:
        """Whether another tensor has the same shape and the same numbers."""
        return self.shape == other.shape and all(
            np.array_equal(*pair) for pair in zip(self.pieces(), other.pieces(), strict=True)
        )

    def _fill(self, raw: np.ndarray) -> None:
        try:
            if self.file.readinto(raw) != raw.nbytes:
                raise _damaged(self.path, "it ends too early")
        except OSError as error:
            raise UserError(f"{self.path} can't be read: {error.strerror or error}.") from error


class TensorFile:
    """An open safetensors file, of which nothing but the header has been read.

    Attributes:
        tensors: a `Tensor` for each name.

    Raises:
        UserError: when the file is missing, or is not what its header says.
    """

    def __init__(self, path: Path):
        self.path = path
        if not path.is_file():
            raise UserError(f"There are no weights: {path} is missing.")
        try:
            self.file = path.open("rb")
        except OSError as error:
            raise UserError(f"{path} can't be read: {error.strerror or error}.") from error
        try:
            self.tensors = self._read_header()
        except BaseException:
            self.close()
            raise

    def __enter__(self) -> TensorFile:
        return self

    def __exit__(self, *error) -> None:
        self.close()

    def close(self) -> None:
        """Give the file back: Windows can't replace one that is open."""
        self.file.close()

    def is_replaced(self) -> bool:
        """Whether the path leads to another file by now."""
        try:
            with self.path.open("rb") as now:
                return not os.path.sameopenfile(self.file.fileno(), now.fileno())
        except OSError:
            return True

    def _read_header(self) -> dict[str, Tensor]:
        start = self.file.read(8)
        length = int.from_bytes(start, "little")
        if start == b"version ":
            raise UserError(f"{self.path} is Git LFS's stand-in for the weights; run: git lfs pull")
        if length > MOST_HEADER:
            raise _damaged(self.path, f"a header of {length:,} bytes")
        try:
            with safe_open(self.path, framework="numpy"):
                pass  # sizes, overlaps, gaps: all is checked when it opens
            header = json.loads(self.file.read(length), object_pairs_hook=_without_doubles)
            header.pop("__metadata__", None)
            return {name: self._tensor(8 + length, **entry) for name, entry in header.items()}
        except (OSError, SafetensorError, ValueError, *_WRONG_FORM) as error:
            raise _damaged(self.path, error) from error

    def _tensor(self, start: int, dtype: str, shape: list, data_offsets: list) -> Tensor:
        """Check one entry once more: the library may have seen a file that was replaced since."""
        first, last = data_offsets
        if dtype in FLOATS and last - first != math.prod(shape) * np.dtype(FLOATS[dtype]).itemsize:
            raise ValueError("a tensor of another length than its shape")
        return Tensor(self.path, self.file, dtype, tuple(shape), start + first)


def write_tensors(path: Path, tensors: Mapping[str, np.ndarray]) -> None:
    """Write arrays, NumPy's or CuPy's, one by one, so that none of them is held twice.

    The file is on the disk when this returns. Raises OSError when it can't be written.
    """
    header, last = {"__metadata__": METADATA}, 0
    for name, array in tensors.items():
        first, last = last, last + array.nbytes
        entry = {"dtype": CODES[array.dtype.name], "shape": list(array.shape)}
        header[name] = {**entry, "data_offsets": [first, last]}
    text = json.dumps(header, separators=(",", ":")).encode()
    text += b" " * (-len(text) % 8)  # so that the numbers lie at multiples of their size
    with path.open("wb") as file:
        file.write(len(text).to_bytes(8, "little") + text)
        for array in tensors.values():
            file.write(np.ascontiguousarray(to_host(array), array.dtype.newbyteorder("<")))
        file.flush()
        os.fsync(file.fileno())


def _without_doubles(pairs: list[tuple]) -> dict:
    if len(dict(pairs)) != len(pairs):
        raise ValueError("a name that comes twice")
    return dict(pairs)


def _damaged(path: Path, reason) -> UserError:
    told = " ".join(str(reason).split())
    return UserError(
        f"{path} is truncated or damaged ({told:.200}); copy or train the model again."
    )
