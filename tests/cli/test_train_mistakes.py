"""`minigpt train` told something wrong: one sentence, exit code 2, nothing lost or half written."""

import errno
import json
import os
from pathlib import Path

import pytest

from minigpt.model import replace
from minigpt.training.checkpoint import CHECKPOINT_FILE


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("n_layers = 2", "did you mean 'n_layer'?"),
        ("n_layer = ", "not valid TOML"),
        ('n_layer = "two"', "invalid int value"),
        ("[model]\nn_layer = 2", "model"),
    ],
)
def test_a_wrong_file_of_options_is_told(cli, text, told):
    Path("my.toml").write_text(text, encoding="utf-8")
    code, _, err = cli("train", "--config", "my.toml")
    assert code == 2 and told in err and "Traceback" not in err


BAD = [
    ("--n-layer 0", "n_layer"),
    ("--n-layer x", "invalid int value"),
    ("--n-embd 40000000", "GB of memory"),
    ("--batch-size 1000000", "GB of memory"),
    ("--n-layer 1000000000", "GB of memory"),
    ("--n-embd 10 --n-head 3", "divisible"),
    ("--n-embd -4", "n_embd"),
    ("--lr -1", "lr must be above 0"),
    ("--lr nan", "lr must be above 0"),
    ("--min-lr 1", "min_lr"),
    ("--dropout 1", "dropout"),
    ("--batch-size 0", "batch_size"),
    ("--batch-size 500", "too few for a batch"),
    ("--steps 0", "steps"),
    ("--warmup -1", "warmup"),
    ("--beta2 1", "betas"),
    ("--clip -1", "clip"),
    ("--threads 0", "threads"),
    ("--eval-every 0", "eval_every"),
    ("--judged 0", "judged"),
    ("--seed -1", "seed"),
    ("--corpus-mb 0", "corpus_mb"),
    ("--corpus-mb nan", "corpus_mb"),
    ("--corpus-mb inf", "corpus_mb"),
    ("--init-std inf", "init_std"),
    ("--val-fraction 0", "val"),
    ("--val-fraction 1.5", "val"),
    ("--vocab-size 200", "256"),
    ("--block-size 8", "raise block_size"),
    ("--tokenizer words", "invalid choice"),
    ("--language fr", "invalid choice"),
    ("--device tpu", "invalid choice"),
    ("--recipe nothing", "invalid choice"),
    ("--steps", "expected one argument"),
    ("--colour red", "unrecognized"),
    ("--text missing.txt", "missing.txt"),
    ("--text empty.txt", "empty"),
    ("--text binary.txt", "binary.txt"),
    ("--text latin.txt", "UTF-8"),
    ("--text short.txt --block-size 64", "block_size"),
    ("--config missing.toml", "missing.toml"),
]


@pytest.mark.parametrize(("words", "told"), BAD, ids=[words for words, _ in BAD])
def test_a_users_mistake_is_one_sentence_and_leaves_nothing(cli, words, told):
    Path("empty.txt").write_bytes(b"")
    Path("binary.txt").write_bytes(bytes(range(256)) * 4)
    Path("latin.txt").write_bytes("Bär ".encode("latin-1") * 100)
    Path("short.txt").write_text("a short text", encoding="utf-8")
    code, _, err = cli("train", "--corpus-mb", "0.1", "--out", "new", *words.split())
    assert code == 2
    assert told in err and "Traceback" not in err and err.count("\n") == 1
    assert not Path("new").exists()


def test_a_damaged_log_is_told(cli, trained):
    (trained / "log.jsonl").write_text('{"step": 1}\n', encoding="utf-8")
    code, _, err = cli("train", "--resume", trained)
    assert code == 2 and "log.jsonl" in err
    (trained / "log.jsonl").unlink()
    code, _, err = cli("train", "--resume", trained)
    assert code == 2 and "log.jsonl" in err


def test_a_flipped_bit_in_a_checkpoint_is_seen(cli, trained):
    path = trained / CHECKPOINT_FILE
    data = bytearray(path.read_bytes())
    data[-100] ^= 1
    path.write_bytes(bytes(data))
    code, _, err = cli("train", "--resume", trained)
    assert code == 2 and "checksum" in err


@pytest.mark.parametrize(("name", "value"), [("steps", None), ("lr", "a"), ("seed", 1.5),
                                              ("bias", "no"), ("text", "n.txt")])  # fmt: skip
def test_settings_of_a_wrong_kind_are_told(cli, trained, name, value):
    path = trained / "run.json"
    stored = json.loads(path.read_text(encoding="utf-8"))
    path.write_text(json.dumps({**stored, name: value}), encoding="utf-8")
    code, _, err = cli("train", "--resume", trained)
    assert code == 2 and name in err and err.count("\n") == 1


def test_a_folder_with_anything_of_a_model_is_left_alone(cli, small):
    Path("mine").mkdir()
    Path("mine/model.safetensors").write_bytes(b"precious")
    code, _, err = cli("train", *small, "--out", "mine")
    assert code == 2 and "model.safetensors" in err
    assert Path("mine/model.safetensors").read_bytes() == b"precious"
    assert len(list(Path("mine").iterdir())) == 1


@pytest.mark.parametrize("option", ["--out", "--resume", "--config", "--text"])
def test_an_empty_value_is_refused(cli, option):
    code, _, err = cli("train", option, "")
    assert code == 2 and f"{option} is empty" in err and not Path("runs").exists()


def test_a_run_that_fails_leaves_no_empty_folder(cli):
    assert cli("train", "--corpus-mb", "0.1", "--vocab-size", "100")[0] == 2
    assert not list(Path("runs").iterdir())


def test_resuming_nothing_is_told(cli):
    code, _, err = cli("train", "--resume", "nowhere")
    assert code == 2 and "There is no run in nowhere" in err


@pytest.mark.parametrize("damage", ["truncated", "garbage", "missing", "other model"])
def test_a_damaged_checkpoint_is_told(cli, small, trained, damage):
    path = trained / CHECKPOINT_FILE
    whole = path.read_bytes()
    if damage == "missing":
        path.unlink()
    elif damage == "other model":
        assert cli("train", *small, "--n-embd", 8, "--out", "s")[0] == 0
        path.write_bytes(Path("s", CHECKPOINT_FILE).read_bytes())
    else:
        path.write_bytes(whole[: len(whole) // 2] if damage == "truncated" else b"{}" * 100)
    code, _, err = cli("train", "--resume", trained)
    assert code == 2 and CHECKPOINT_FILE in err and "Traceback" not in err


@pytest.mark.skipif(os.name == "nt" or not hasattr(os, "geteuid"), reason="POSIX permissions")
def test_a_folder_that_can_not_be_written_is_told(cli, small):
    Path("file").write_text("x", encoding="utf-8")
    code, _, err = cli("train", *small, "--out", "file/run")
    assert code == 2 and "file" in err and "Traceback" not in err
    if os.geteuid() == 0:
        return  # root may write anywhere
    Path("locked").mkdir(mode=0o500)
    code, _, err = cli("train", *small, "--out", "locked/run")
    assert code == 2 and "permission" in err


def test_a_full_disk_is_told_and_the_old_model_kept(cli, small, trained, monkeypatch):
    old = (trained / "model.safetensors").read_bytes()

    def full(path, tensors):
        path.write_bytes(b"half")
        raise OSError(errno.ENOSPC, "No space left on device", str(path))

    monkeypatch.setattr(replace, "write_tensors", full)
    code, _, err = cli("train", *small, "--out", trained, "--overwrite", "--seed", 1)
    assert code == 2 and "disk is full" in err
    assert (trained / "model.safetensors").read_bytes() == old
    assert not [path for path in trained.iterdir() if path.name.startswith(".tmp")]
