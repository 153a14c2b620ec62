"""Files of any size: the ids of the whole text, in bounded memory, or no file at all."""

import gc
import os
import tracemalloc
from concurrent.futures.process import BrokenProcessPool
from pathlib import Path
from unittest.mock import Mock, patch

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from minigpt.errors import UserError
from minigpt.tokenizer import Tokenizer, stream
from minigpt.tokenizer.stream import TextReader

EOT = "<|endoftext|>"
SIGNS = "a's1\u00e9\u4e2d\U0001f600.! \n\r\t\u2003\x1c\x85"
SPECIAL = (EOT, "<|a b|>", " <", "|>\n")
CORPUS = "to be, or not to be: that's the question. \u4e2d\u6587 \U0001f600 12345\n\n" * 3
TOKENIZERS = {
    "gpt2": Tokenizer.train(CORPUS, 320, SPECIAL),
    "gpt4": Tokenizer.train(CORPUS, 320, SPECIAL, pattern="gpt4"),
    "byte": Tokenizer.byte(SPECIAL),
    "char": Tokenizer.char(CORPUS + SIGNS + "<|endoftx b>", SPECIAL),
}
TEXTS = st.lists(st.text(SIGNS) | st.sampled_from([CORPUS, *SPECIAL])).map("".join)
each_tokenizer = pytest.mark.parametrize("tok", TOKENIZERS.values(), ids=TOKENIZERS)


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return tmp_path_factory.mktemp("texts")


def write(folder: Path, text: str) -> Path:
    path = folder / "text.txt"
    path.write_bytes(text.encode("utf-8"))
    return path


# ---------------------------------------------------------------- the ids

@each_tokenizer
@settings(deadline=None, max_examples=200)
@given(text=TEXTS.filter(bool), size=st.integers(1, 40), bom=st.booleans(), data=st.data())
def test_the_ids_are_those_of_the_whole_text(folder, tok, text, size, bom, data):
    allowed = data.draw(st.sampled_from([(), "all", [EOT], [" <", "|>\n"]]))
    path = write(folder, "\ufeff" * bom + text)
    with patch.object(stream, "PIECE_BYTES", size):
        ids = tok.encode_file(path, allowed_special=allowed)
    assert ids.tolist() == tok.encode(text.replace("\r\n", "\n"), allowed)


@each_tokenizer
def test_pieces_are_small_and_count_every_byte(folder, tok):
    path = write(folder, CORPUS * 5)
    with patch.object(stream, "PIECE_BYTES", 64), path.open("rb") as file:
        pieces = list(stream.text_pieces(stream.TextReader(file, path), tok.pattern, SPECIAL))
    assert len(pieces) > 5 and max(len(piece.text) for piece in pieces) < 200
    assert "".join(piece.text for piece in pieces) == CORPUS * 5
    assert sum(piece.size for piece in pieces) == path.stat().st_size
    starts = np.cumsum([0] + [len(piece.text) for piece in pieces])
    assert [piece.start for piece in pieces] == starts[:-1].tolist()


def test_a_text_without_a_safe_place_is_searched_only_as_it_doubles(folder):
    path = write(folder, "x" * 5000)
    with patch.object(stream, "PIECE_BYTES", 4), path.open("rb") as file:
        reader = stream.TextReader(file, path)
        with patch.object(stream, "last_safe_cut", wraps=stream.last_safe_cut) as searched:
            assert [piece.text for piece in stream.text_pieces(reader, "gpt2", ())] == ["x" * 5000]
    assert searched.call_count < 20


def test_what_is_written_is_what_numpy_reads(folder):
    tok, path, out = TOKENIZERS["gpt2"], write(folder, CORPUS), folder / "new" / "ids.bin"
    ids = tok.encode_file(path, out)
    assert isinstance(ids, np.memmap) and not ids.flags.writeable and ids.dtype == "<u2"
    read = np.fromfile(out, dtype="<u2").tolist()
    assert read == ids.tolist() == tok.encode(CORPUS) == tok.encode_file(path).tolist()
    assert [entry.name for entry in out.parent.iterdir()] == ["ids.bin"]
    assert (stream.id_type(65536), stream.id_type(65537)) == ("<u2", "<u4")
    with patch.object(stream, "id_type", lambda size: "<u4"):
        assert tok.encode_file(path).dtype == "<u4"


def test_tiny_shakespeare(tmp_path):
    if "MINIGPT_DATA" not in os.environ:
        pytest.skip("MINIGPT_DATA names no folder with tinyshakespeare.txt")
    path = Path(os.environ["MINIGPT_DATA"], "tinyshakespeare.txt")
    text = path.read_text(encoding="utf-8")
    for pattern in ("gpt2", "gpt4"):
        tok = Tokenizer.train(text[:200_000], 1000, pattern=pattern)
        with patch.object(stream, "PIECE_BYTES", 10_000):
            assert tok.encode_file(path).tolist() == tok.encode(text)


# ---------------------------------------------------------------- memory

def test_memory_does_not_grow_with_the_file(folder):
    tok, peaks = Tokenizer.train(CORPUS, 320), []
    tok.encode(CORPUS)
    with patch.object(stream, "PIECE_BYTES", 10_000):
        for times in (1000, 8000):
            path = write(folder, CORPUS * times)
            gc.collect()
            tracemalloc.start()
            tok.encode_file(path, folder / "ids.bin")
            peaks.append(tracemalloc.get_traced_memory()[1])
            tracemalloc.stop()
    assert path.stat().st_size > 1_400_000
    assert peaks[1] < 1.2 * peaks[0] < 1_000_000


@pytest.mark.parametrize("workers", [1, 3])
def test_only_a_few_pieces_are_alive(workers):
    alive, most = set(), []

    def pieces():
        for number in range(20):
            alive.add(number)
            most.append(len(alive))
            yield stream.Piece(f"{number} ", number, 1)

    def encode(text):
        return text.encode()

    with patch("concurrent.futures.ProcessPoolExecutor", PoolInThisProcess):
        for size, data in stream._encoded(pieces(), encode, workers, "name"):
            assert size == 1
            alive.remove(int(data))
    assert max(most) == (1 if workers == 1 else workers + 1) and not alive


# ---------------------------------------------------------------- other processes

class PoolInThisProcess:
    """Looks like a pool of processes; `broken` says from which piece on it fails, and how."""

    broken: dict = {}

    def __init__(self, workers, context, start, arguments):
        assert context.get_start_method() == "spawn"
        self.encode, self.submitted, self.closed = arguments[0], 0, False
        if "start" in self.broken:
            raise self.broken["start"]

    def submit(self, work, text):
        self.submitted += 1
        if "submit" in self.broken and self.submitted > 2:
            raise self.broken["submit"]
        pool, number = self, self.submitted

        class Future:
            def result(self):
                if "result" in pool.broken and number > 2:
                    raise pool.broken["result"]
                return pool.encode(text)

        return Future()

    def shutdown(self, cancel_futures=False):
        assert cancel_futures


@pytest.mark.parametrize("broken", [
    {}, {"start": OSError("no semaphores")}, {"start": ImportError()},
    {"submit": BrokenProcessPool()}, {"submit": OSError("no more processes")},
    {"result": BrokenProcessPool()},
])
def test_without_a_pool_this_process_does_the_work(folder, broken):
    tok, path = TOKENIZERS["gpt2"], write(folder, CORPUS * 4)
    with patch.object(stream, "PIECE_BYTES", 50), \
            patch.object(PoolInThisProcess, "broken", broken), \
            patch("concurrent.futures.ProcessPoolExecutor", PoolInThisProcess):
        assert tok.encode_file(path, workers=2).tolist() == tok.encode(CORPUS * 4)


def test_two_processes_give_the_same_ids(folder):
    tok, path = TOKENIZERS["gpt2"], write(folder, CORPUS * 60)
    with patch.object(stream, "PIECE_BYTES", 2000), \
            patch.object(stream.PieceEncoder, "__call__", lambda *_: pytest.fail("done here")):
        ids = tok.encode_file(path, folder / "ids.bin", workers=2)
    assert ids.tolist() == tok.encode(CORPUS * 60)


def test_a_mistake_in_another_process_is_told(folder):
    path = write(folder, "abc" * 20 + "x")
    with patch.object(stream, "PIECE_BYTES", 40), \
            pytest.raises(UserError, match="from character 60 on: The character 'x' at position 0"):
        Tokenizer.char("abc").encode_file(path, workers=2)


def test_how_many_processes():
    with patch.object(stream, "usable_cores", lambda: 8):
        assert stream._checked_workers(None, stream.POOL_BYTES) == 8
        assert stream._checked_workers(None, stream.POOL_BYTES - 1) == 1
    assert stream._checked_workers(4, 10**9) == 4
    assert stream._checked_workers(500, 10**12) == 61
    assert stream._checked_workers(4, stream.PIECE_BYTES + 1) == 2
    assert stream._checked_workers(4, 0) == 1


# ---------------------------------------------------------------- progress, Ctrl-C, mistakes

def test_the_bar_counts_the_bytes_on_the_standard_error(folder, capsys):
    path = write(folder, CORPUS)
    TOKENIZERS["byte"].encode_file(path)
    assert capsys.readouterr() == ("", "")
    TOKENIZERS["byte"].encode_file(path, progress=True)
    captured = capsys.readouterr()
    assert captured.out == "" and f"/{path.stat().st_size}" in captured.err
    with patch("tqdm.tqdm") as bar, patch.object(stream, "PIECE_BYTES", 50):
        TOKENIZERS["gpt2"].encode_file(path, progress=True)
    counts = [call.args[0] for call in bar.return_value.update.call_args_list]
    assert len(counts) > 3 and sum(counts) == path.stat().st_size == bar.call_args.kwargs["total"]


@pytest.mark.parametrize("workers", [1, 2])
@pytest.mark.parametrize("old", [None, b"old"])
def test_ctrl_c_leaves_no_half_file(tmp_path, workers, old):
    path, out, calls = write(tmp_path, CORPUS * 9), tmp_path / "out" / "ids.bin", []
    out.parent.mkdir()
    if old:
        out.write_bytes(old)

    def encode(self, text):
        calls.append(text)
        if len(calls) == 3:
            assert len(list(out.parent.iterdir())) == (2 if old else 1)
            raise KeyboardInterrupt
        return b"12"

    with patch.object(stream, "PIECE_BYTES", 100), \
            patch.object(stream.PieceEncoder, "__call__", encode), \
            patch("concurrent.futures.ProcessPoolExecutor", PoolInThisProcess), \
            pytest.raises(KeyboardInterrupt):
        TOKENIZERS["gpt2"].encode_file(path, out, workers=workers)
    assert [entry.read_bytes() for entry in out.parent.iterdir()] == ([old] if old else [])


@pytest.mark.parametrize(
    ("raw", "sentence"),
    [
        (b"", "is empty; name a file with text"),
        (b"\xef\xbb\xbf", "is empty"),
        ("abc\u00e9".encode() + b"\xff" + b"abc" * 20, "is not UTF-8: byte 5 is 0xff; save it"),
        (b"ab " * 20 + b"\xe4\xb8", "is not UTF-8: byte 60 is 0xe4"),
        (b"ab " * 20 + b"\0", "is not text: byte 60 is NUL"),
        ("abc".encode("utf-16"), "is not"),
    ],
)
@pytest.mark.parametrize("size", [1, 7, 1000])
def test_files_that_are_no_text(tmp_path, raw, sentence, size):
    path = tmp_path / "text.txt"
    path.write_bytes(raw)
    with patch.object(stream, "PIECE_BYTES", size), pytest.raises(UserError, match=sentence):
        TOKENIZERS["gpt2"].encode_file(path, tmp_path / "ids.bin")
    assert list(tmp_path.iterdir()) == [path]


def test_paths_and_options_that_are_wrong(tmp_path):
    tok, path = TOKENIZERS["gpt2"], write(tmp_path, "abc")
    for wrong, sentence in ((tmp_path / "none", "There is no file .*none; check the name"),
                            (tmp_path, "is a folder; name one text file")):
        with pytest.raises(UserError, match=sentence):
            tok.encode_file(wrong)
    with pytest.raises(UserError, match="The ids would take the place of"):
        tok.encode_file(path, path)
    with pytest.raises(UserError, match="Cannot write .*: it is a folder; choose another file"):
        tok.encode_file(path, tmp_path)
    for workers in (0, -1, 1.5, "2"):
        with pytest.raises(UserError, match="pass a whole number of 1 or more, or None"):
            tok.encode_file(path, workers=workers)
    with pytest.raises(UserError, match="the special tokens are"):
        tok.encode_file(path, allowed_special=["<|x|>"])
    assert path.read_bytes() == b"abc"


def test_a_file_that_cannot_be_read_is_not_mistaken_for_one_that_cannot_be_written(tmp_path):
    path, damaged = write(tmp_path, "abc"), Mock()
    damaged.read.side_effect = OSError(5, "Input/output error")
    with pytest.raises(UserError, match=r"Cannot read .*text.txt \(input/output error\)"), \
            patch.object(stream, "TextReader", lambda _, path: TextReader(damaged, path)):
        TOKENIZERS["gpt2"].encode_file(path, tmp_path / "ids.bin")


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs /dev/full")
def test_a_full_disk_is_told_in_one_sentence(tmp_path):
    path, out = write(tmp_path, CORPUS), tmp_path / "ids.bin"

    def write_to_full(temporary, chunks):
        with Path("/dev/full").open("wb", buffering=0) as file:
            file.writelines(chunks)

    with patch.object(stream, "_write", write_to_full), pytest.raises(
            UserError, match="the disk is full"):
        TOKENIZERS["gpt2"].encode_file(path, out)
    assert not out.exists()
