"""`minigpt tokenize --file`: a text of any size to a file of ids."""

import re
from pathlib import Path

import numpy as np
import pytest

from minigpt.tokenizer import Tokenizer

TEXT = "to be, or not to be \u4e2d\n" * 50


@pytest.fixture
def text(cli):  # after `cli`, which changes to a folder of its own
    Path("text.txt").write_bytes(TEXT.encode("utf-8"))
    return "text.txt"


@pytest.mark.parametrize("workers", [(), ("--workers", 1)])
def test_a_file_becomes_ids_that_numpy_reads(cli, text, workers):
    code, out, err = cli("tokenize", "--file", text, "--out-ids", "ids.bin",
                         "--tokenizer", "byte", *workers)
    assert (code, err) == (0, "")
    raw = TEXT.encode("utf-8")
    n = f"{len(raw):,}"
    assert re.match(rf"{n} tokens for {n} bytes, 1.00 bytes a token, [\d.]+ MB/s\n", out)
    how = re.search(r"numpy.fromfile\('ids.bin', dtype='(<u2)'\)", out)
    assert np.fromfile("ids.bin", dtype=how[1]).tolist() == list(raw)


def test_train_and_encode_at_once_or_with_a_folder(cli, text):
    assert cli("tokenize", "--train", 270, "--text", text, "--out", "tok",
               "--file", text, "--out-ids", "a.bin")[0] == 0
    assert cli("tokenize", "--model", "tok", "--file", text, "--out-ids", "b.bin")[0] == 0
    ids = Tokenizer.from_pretrained("tok").encode(TEXT)
    for name in ("a.bin", "b.bin"):
        assert np.fromfile(name, dtype="<u2").tolist() == ids


@pytest.mark.parametrize(
    ("options", "sentence"),
    [
        (["--file", "text.txt"], "--file needs --out-ids"),
        (["--out-ids", "x"], "--out-ids needs --file"),
        (["a", "--workers", "2"], "--workers is for a large file"),
        (["a", "--file", "text.txt", "--out-ids", "x"], "leave out the STRING and --json"),
        (["--json", "--file", "text.txt", "--out-ids", "x"], "leave out the STRING and --json"),
        (["--file", "none.txt", "--out-ids", "x"], "There is no file none.txt; check the name"),
        (["--file", ".", "--out-ids", "x"], "is a folder"),
        (["--file", "text.txt", "--out-ids", "text.txt"], "would take the place of text.txt"),
        (["--file", "text.txt", "--out-ids", "x", "--workers", "0"], "workers is 0"),
    ],
)
def test_mistakes_are_one_sentence(cli, text, options, sentence):
    code, out, err = cli("tokenize", "--tokenizer", "byte", *options)
    assert code == 2 and out == "" and sentence in err and err.count("\n") == 1
    assert not Path("x").exists()
