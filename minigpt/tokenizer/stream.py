"""A text file of any size to ids: piece by piece, in bounded memory, on one core or on all.

The file is read in pieces and each is cut where cutting changes no id (see `SAFE_CUTS` in
`patterns.py`), so the pieces' ids, joined, are those of the whole text. What is behind the cut
waits for the next piece. Other processes may encode pieces meanwhile, only a few at a time.
"""

from __future__ import annotations

import codecs
import contextlib
import os
from collections import deque
from collections.abc import Callable, Collection, Iterator
from pathlib import Path
from typing import Any, BinaryIO, NamedTuple

import numpy as np

from minigpt.errors import UserError
from minigpt.files import atomic_path
from minigpt.machine import usable_cores
from minigpt.tokenizer.patterns import last_safe_cut

PIECE_BYTES = 1 << 20
POOL_BYTES = 30_000_000  # below, starting the processes takes longer than they save

Encoder = Callable[[str], bytes]


class Streaming:
    """The file side of `Tokenizer`."""

    def encode_file(
        self,
        path: str | os.PathLike,
        out: str | os.PathLike | None = None,
        allowed_special: Collection[str] | str = (),
        progress: bool = False,
        workers: int | None = 1,
    ) -> np.ndarray:
        r"""Encode a UTF-8 text file of any size; the ids are those of `encode` for its whole text.

        A byte order mark is dropped and `\r\n` becomes `\n`, as when a model is trained on texts.
        out: a file for the ids, little-endian, two bytes each (four if there are more than 65,536
        tokens). The result is then a read-only array on that file, else an array in memory.
        allowed_special: as in `encode`. progress: show a bar on the standard error.
        workers: how many processes encode; None takes all cores if the file is large. A script
        that asks for more than one needs `if __name__ == "__main__":` around its main part.
        UserError for a file that is missing, empty or not UTF-8, and when `out` can't be written.
        """
        allowed = sorted(self._checked_allowed(allowed_special))
        encode = PieceEncoder(self, allowed, id_type(self.vocab_size))
        with _opened(Path(path)) as file:
            size = os.fstat(file.fileno()).st_size
            pieces = text_pieces(TextReader(file, path), self.pattern, allowed)
            encoded = _encoded(pieces, encode, _checked_workers(workers, size), path)
            with contextlib.closing(_shown(encoded, size, progress)) as chunks:
                if out is None:
                    return np.frombuffer(bytearray().join(chunks), encode.dtype)
                if Path(out).exists() and Path(out).samefile(path):
                    raise UserError(f"The ids would take the place of {path}; choose another file.")
                with atomic_path(out, "choose another file") as temporary:
                    _write(temporary, chunks)
        return np.memmap(out, encode.dtype, "r")


def _write(path: Path, chunks: Iterator[bytes]) -> None:
    with path.open("wb") as file:
        file.writelines(chunks)


def id_type(vocab_size: int) -> str:
    """The smallest type of little-endian ids that holds them all: "<u2" or "<u4"."""
    return "<u2" if vocab_size <= 1 << 16 else "<u4"


class PieceEncoder:
    """A tokenizer that gives the ids of a text as bytes, and can be sent to another process."""

    def __init__(self, tokenizer: Any, allowed_special: list[str], dtype: str) -> None:
        self.tokenizer, self.allowed_special, self.dtype = tokenizer, allowed_special, dtype

    def __call__(self, text: str) -> bytes:
        ids = self.tokenizer.encode(text, self.allowed_special)
        return np.array(ids, dtype=self.dtype).tobytes()


# ---------------------------------------------------------------- from the file to pieces of text

class Piece(NamedTuple):
    """A text to encode by itself, where it begins, in characters, and the bytes read for it."""

    text: str
    start: int
    size: int


class TextReader:
    r"""Reads UTF-8 text as `corpus/text.py` does: no byte order mark, and `\n` for `\r\n`."""

    def __init__(self, file: BinaryIO, path: str | os.PathLike) -> None:
        self._file, self._path = file, path
        self._pending = b""  # the first bytes of a character or of a line end
        self.offset = 0  # where in the file they stand

    def read(self, size: int) -> str:
        """Read about `size` bytes as text; "" at the end. UserError for what is no UTF-8 text."""
        text = ""
        while not text:
            data = self._read_bytes(size)
            raw = self._pending + data
            text, used = self._decoded(raw, final=not data)
            if text.endswith("\r") and data:  # a line feed may follow
                text, used = text[:-1], used - 1
            if self.offset == 0:
                text = text.removeprefix("\ufeff")
            self._pending = raw[used:]
            self.offset += used
            if not data:
                break
        return text.replace("\r\n", "\n")

    def _read_bytes(self, size: int) -> bytes:
        try:
            return self._file.read(size)
        except OSError as error:
            raise _unreadable(self._path, error) from error

    def _decoded(self, raw: bytes, final: bool) -> tuple[str, int]:
        if b"\0" in raw:
            raise UserError(
                f"{self._path} is not text: byte {self.offset + raw.index(0)} is NUL; "
                "name a text file saved as UTF-8."
            )
        try:
            return codecs.utf_8_decode(raw, "strict", final)
        except UnicodeDecodeError as error:
            raise UserError(
                f"{self._path} is not UTF-8: byte {self.offset + error.start} is "
                f"0x{raw[error.start]:02x}; save it as UTF-8 and try again."
            ) from error


def text_pieces(reader: TextReader, pattern: str | None, names: Collection[str]) -> Iterator[Piece]:
    """Yield the text in pieces whose ids, joined, are those of the whole.

    names: special tokens, which must not be cut. A text that can be cut nowhere is one piece.
    """
    rest, start, before = "", 0, 0
    # As much again as there is: a text without a safe place is searched twice in all, not often.
    while text := reader.read(max(PIECE_BYTES, len(rest))):
        rest += text
        cut = _cut_beside_names(rest, pattern, names)
        if cut:
            yield Piece(rest[:cut], start, reader.offset - before)
            rest, start, before = rest[cut:], start + cut, reader.offset
    if rest or reader.offset > before:
        yield Piece(rest, start, reader.offset - before)


def _cut_beside_names(text: str, pattern: str | None, names: Collection[str]) -> int:
    """The last safe place where no special token is cut, nor one that may have just begun."""
    end = len(text) - max(map(len, names), default=0)
    while cut := last_safe_cut(text, pattern, end):
        if not any(name in text[max(0, cut - len(name) + 1) : cut + len(name) - 1]
                   for name in names):  # fmt: skip
            break
        end = cut
    return cut


# ---------------------------------------------------------------- from pieces of text to ids

def _encoded(
    pieces: Iterator[Piece], encode: Encoder, workers: int, path: str | os.PathLike
) -> Iterator[tuple[int, bytes]]:
    """Yield for each piece how many bytes were read for it, and its ids as bytes."""
    empty = True
    results = _in_turn(pieces, encode) if workers == 1 else _in_a_pool(pieces, encode, workers)
    with contextlib.closing(results):
        for piece, result in results:
            try:
                data = result()
            except UserError as error:  # a character that is not in the vocabulary
                raise UserError(f"{path}, from character {piece.start} on: {error}") from error
            empty = empty and not data
            yield piece.size, data
    if empty:
        raise UserError(f"{path} is empty; name a file with text in it.")


def _in_turn(pieces: Iterator[Piece], encode: Encoder) -> Iterator[tuple[Piece, Callable]]:
    for piece in pieces:
        yield piece, lambda text=piece.text: encode(text)


def _in_a_pool(
    pieces: Iterator[Piece], encode: Encoder, workers: int
) -> Iterator[tuple[Piece, Callable]]:
    """Let other processes encode; whatever they can't do, for want of processes, is done here."""
    waiting: deque = deque()
    with _pool(encode, workers) as submit:
        for piece in pieces:
            waiting.append((piece, submit(piece.text)))
            if len(waiting) > workers:  # one more than they work on, so that none is idle
                yield waiting.popleft()
        while waiting:
            yield waiting.popleft()


@contextlib.contextmanager
def _pool(encode: Encoder, workers: int) -> Iterator[Callable[[str], Callable[[], bytes]]]:
    """Lend a function that takes a text and returns a function that waits for its ids."""
    from concurrent.futures import ProcessPoolExecutor
    from concurrent.futures.process import BrokenProcessPool
    from multiprocessing import get_context

    def submit(text: str) -> Callable[[], bytes]:
        future = None
        with contextlib.suppress(BrokenProcessPool, OSError):
            future = pool and pool.submit(_work, text)

        def result() -> bytes:
            with contextlib.suppress(BrokenProcessPool):
                if future:
                    return future.result()
            return encode(text)

        return result

    pool = None
    # "spawn" is what Windows and macOS do; a fork would copy threads' locks in any state.
    with contextlib.suppress(OSError, ImportError, NotImplementedError):  # no semaphores here
        pool = ProcessPoolExecutor(workers, get_context("spawn"), _start_work, (encode,))
    try:
        yield submit
    finally:
        if pool:
            pool.shutdown(cancel_futures=True)


def _start_work(encode: Encoder) -> None:
    """Prepare a worker: it keeps the tokenizer, and leaves Ctrl-C to the process that asked."""
    import signal

    global _encode
    _encode = encode
    signal.signal(signal.SIGINT, signal.SIG_IGN)


def _work(text: str) -> bytes:
    return _encode(text)


def _shown(encoded: Iterator[tuple[int, bytes]], size: int, progress: bool) -> Iterator[bytes]:
    """Pass the ids on, and let a progress bar count the bytes of the text."""
    from tqdm import tqdm

    bar = tqdm(total=size, unit="B", unit_scale=True, leave=False, dynamic_ncols=True,
               disable=not progress)  # fmt: skip
    with contextlib.closing(encoded), bar:
        for read, data in encoded:
            bar.update(read)
            yield data


# ---------------------------------------------------------------- what the user may get wrong

def _checked_workers(workers: int | None, size: int) -> int:
    """How many processes to use; UserError unless it is None or a whole number of 1 or more."""
    if workers is None:
        workers = usable_cores() if size >= POOL_BYTES else 1
    if not hasattr(workers, "__index__") or workers < 1:
        raise UserError(f"workers is {workers!r:.40}; pass a whole number of 1 or more, or None.")
    return max(1, min(int(workers), 61, -(-size // PIECE_BYTES)))  # 61: no more on Windows


def _opened(path: Path) -> BinaryIO:
    if not path.exists():
        raise UserError(f"There is no file {path}; check the name.")
    if not path.is_file():
        kind = "a folder" if path.is_dir() else "not an ordinary file"
        raise UserError(f"{path} is {kind}; name one text file saved as UTF-8.")
    try:
        return path.open("rb")
    except OSError as error:
        raise _unreadable(path, error) from error


def _unreadable(path: str | os.PathLike, error: OSError) -> UserError:
    reason = (error.strerror or type(error).__name__).lower()
    return UserError(f"Cannot read {path} ({reason}); check its permissions or name another file.")
