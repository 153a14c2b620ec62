"""`minigpt train`: what it leaves, what it says, and how it goes on after being stopped."""

import json
import math
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest
from safetensors.numpy import load_file

from minigpt import GPT, Tokenizer
from minigpt.training.checkpoint import CHECKPOINT_FILE
from minigpt.training.run import Run
from minigpt.training.settings import recipe

FILES = {
    *("run.json", "config.json", "model.safetensors", "vocab.json", "merges.txt", "log.jsonl"),
    *("checkpoint.safetensors", "samples.txt", "summary.json", "loss.png"),
}
TINY = {
    **{"corpus_mb": 0.3, "vocab_size": 600, "block_size": 256, "n_layer": 1, "n_head": 2},
    **{"n_embd": 16, "batch_size": 4, "steps": 8, "eval_every": 3, "threads": 2},
}


def never():
    return False


def nothing(*_):
    pass


def test_a_run_leaves_a_model_and_says_what_to_expect(cli, small):
    code, out, _ = cli("train", *small)
    assert code == 0
    folder = Path("runs/tinytown")
    assert {path.name for path in folder.iterdir()} >= FILES
    assert (folder / "loss.png").read_bytes()[:8] == b"\x89PNG\r\n\x1a\n"
    for rung in ("guessing: ln V", "counted tokens", "counted pairs", "floor", "this model"):
        assert rung in out
    assert "well formed" in out and "minigpt sample" in out

    summary = json.loads((folder / "summary.json").read_text(encoding="utf-8"))
    assert summary.keys() >= {
        *("val_loss", "floor", "bits_per_byte", "seconds", "tokens_per_second"),
        *("peak_memory_mb", "parameters", "well_formed", "consistent", "versions"),
    }
    settings = json.loads((folder / "run.json").read_text(encoding="utf-8"))
    rows = [json.loads(line) for line in (folder / "log.jsonl").read_text().splitlines()]
    assert [row["step"] for row in rows] == [0, 1, 2, 3, 4, 5, 6]
    assert all(row["train_loss"] > 0 for row in rows[1:])
    rows = [row for row in rows if row["val_loss"]]
    assert [row["step"] for row in rows] == [0, 3, 6]
    assert summary["val_loss"] == pytest.approx(min(row["val_loss"] for row in rows), abs=1e-4)
    expected = math.log(600) + settings["init_std"] ** 2 * settings["n_embd"] / 2
    assert rows[0]["val_loss"] == pytest.approx(expected, abs=0.02)  # before the first step
    assert summary["floor"] < summary["ladder"]["bigram"] < summary["ladder"]["unigram"]


def test_bits_per_byte_is_the_loss_in_other_units(trained):
    run = Run(trained, None)
    nats, bits = run.validation_loss()
    tokens = sum(len(targets) for _, targets in run.pairs)
    size = sum(len(text.encode("utf-8")) for text in run.encoded.dataset.validation)
    assert bits == pytest.approx(nats * tokens / size / math.log(2), rel=1e-9)


def test_the_next_run_takes_a_new_folder_and_sample_finds_the_latest(cli, small, trained):
    assert cli("train", *small, "--seed", 1)[0] == 0
    assert Path("runs/tinytown-2/model.safetensors").exists()
    code, out, _ = cli("sample", "--seed", 3)
    assert code == 0 and out == cli("sample", "--model", "runs/tinytown-2", "--seed", 3)[1]


def test_out_that_holds_a_run_is_kept_unless_overwritten(cli, small, trained):
    before = (trained / "model.safetensors").read_bytes()
    code, _, err = cli("train", *small, "--out", trained, "--seed", 1)
    assert code == 2 and "--resume" in err and "--overwrite" in err
    assert (trained / "model.safetensors").read_bytes() == before
    assert cli("train", *small, "--out", trained, "--seed", 1, "--overwrite")[0] == 0
    assert (trained / "model.safetensors").read_bytes() != before


def test_a_stopped_run_goes_on_with_the_same_bits(tmp_path):
    settings = recipe("tinytown", **TINY, dropout=0.2)
    whole = Run(tmp_path / "whole", settings)
    assert whole.train(nothing, nothing, never)

    parts = Run(tmp_path / "parts", settings)
    steps = []
    assert not parts.train(lambda step, loss: steps.append(step), nothing, lambda: len(steps) == 5)
    resumed = Run(tmp_path / "parts", None)
    assert resumed.trainer.step_number == 5
    assert resumed.train(nothing, nothing, never)

    expected, found = (load_file(tmp_path / name / CHECKPOINT_FILE) for name in ("whole", "parts"))
    for name in ("params", "m", "v"):
        assert np.array_equal(expected[name], found[name])
    assert [row["val_loss"] for row in whole.log] == [row["val_loss"] for row in resumed.log]


def test_resume_refuses_another_text_and_other_settings(cli, tmp_path):
    Path("notes.txt").write_text("the cat sat on the mat. " * 200, encoding="utf-8")
    options = "--tokenizer byte --block-size 16 --n-layer 1 --n-head 1 --n-embd 8 --steps 4".split()
    assert cli("train", "--text", "notes.txt", *options, "--out", "r")[0] == 0
    code, _, err = cli("train", "--resume", "r", "--lr", "1")
    assert code == 2 and "leave out --lr" in err
    Path("notes.txt").write_text("the dog sat on the mat. " * 200, encoding="utf-8")
    code, _, err = cli("train", "--resume", "r")
    assert code == 2 and "text is not the one" in err


def wait_for(path: Path, process, seconds=60):
    end = time.monotonic() + seconds
    while not path.exists():
        assert process.poll() is None and time.monotonic() < end, process.stderr
        time.sleep(0.05)


@pytest.mark.skipif(os.name == "nt", reason="Windows has no SIGINT for a child process")
@pytest.mark.parametrize("how", ["SIGINT", "SIGKILL"])
def test_ctrl_c_and_kill_leave_a_run_that_goes_on(tmp_path, small, how):
    options = [*small, "--steps", "100000", "--eval-every", "20", "--out", "r"]
    command = [sys.executable, "-m", "minigpt", "train", *options]
    process = subprocess.Popen(command, cwd=tmp_path, text=True, stdout=subprocess.PIPE,
                               stderr=subprocess.PIPE)  # fmt: skip
    wait_for(tmp_path / "r" / CHECKPOINT_FILE, process)
    time.sleep(0.3)
    process.send_signal(getattr(signal, how))
    out, err = process.communicate(timeout=60)
    if how == "SIGINT":
        assert process.returncode == 130, err
        assert 'minigpt train --resume "r"' in out
    assert "Traceback" not in err
    resumed = Run(tmp_path / "r", None)
    before = resumed.trainer.step_number
    done = []
    resumed.train(lambda step, loss: done.append(step), nothing, lambda: len(done) == 2)
    assert done == [before + 1, before + 2]


def test_a_loss_that_is_not_finite_stops_the_run_and_keeps_the_last_good_state(cli, small):
    code, _, err = cli("train", *small, "--lr", "1e30", "--clip", "0", "--warmup", "0",
                       "--steps", "50", "--eval-every", "1")  # fmt: skip
    assert code == 2
    assert "not finite at step" in err and "likely causes" in err and "last good" in err
    checkpoint = load_file(Path("runs/tinytown", CHECKPOINT_FILE))
    assert np.isfinite(checkpoint["params"]).all()
    assert np.isfinite(GPT.from_pretrained("runs/tinytown").params.buffer).all()


@pytest.mark.filterwarnings("error::UserWarning")  # the user would see it between the lines
def test_own_text_with_each_tokenizer(cli):
    Path("notes.txt").write_text("Ein Bär, zwei Bären. 熊熊熊! " * 300, encoding="utf-8")
    options = "--block-size 16 --n-layer 1 --n-head 1 --n-embd 8 --steps 3 --batch-size 2".split()
    for kind in ("bpe", "char", "byte"):
        words = ["--text", "notes.txt", "--tokenizer", kind, "--vocab-size", 260, "--out", kind]
        code, out, err = cli("train", *words, *options)
        assert code == 0, err
        assert "A sample:" in out
        summary = json.loads(Path(kind, "summary.json").read_text(encoding="utf-8"))
        assert summary["floor"] is None and summary["well_formed"] is None
        assert Tokenizer.from_pretrained(kind).kind == kind
        assert cli("sample", "--model", kind, "--prompt", "Ein", "--max-new-tokens", 5)[0] == 0


def test_chinese_stories(cli, small):
    code, out, err = cli("train", *small, "--language", "zh")
    assert code == 0, err
    assert "TinyTown (zh)" in out and Path("runs/tinytown-zh").is_dir()


def test_options_from_a_file_yield_to_the_command_line(cli, small):
    Path("my.toml").write_text(
        'n_layer = 2\nbias = false\nlr = 2e-3\ntext = ["notes.txt"]\ntokenizer = "char"\n'
        "n-head = 1\nn_embd = 8\nblock_size = 8\nsteps = 2\nval_fraction = 0.2\n",
        encoding="utf-8",
    )
    Path("notes.txt").write_text("abc " * 100, encoding="utf-8")
    code, _, err = cli("train", "--config", "my.toml", "--lr", "3e-3", "--out", "r")
    assert code == 0, err
    stored = json.loads(Path("r/run.json").read_text(encoding="utf-8"))
    assert (stored["n_layer"], stored["bias"], stored["lr"]) == (2, False, 3e-3)
    assert (stored["tokenizer"], stored["text"]) == (
        "char",
        [str(Path("notes.txt").resolve())],
    )


def test_the_command_line_wins_over_the_file_with_zero_and_no_too(cli, small):
    Path("my.toml").write_text(
        "seed = 3\ndropout = 0.5\nbias = true\nwarmup = 50\nclip = 2.0\n", encoding="utf-8"
    )
    words = "--seed 0 --dropout 0 --no-bias --warmup 0 --out r --config my.toml".split()
    assert cli("train", *small, *words)[0] == 0
    stored = json.loads(Path("r/run.json").read_text(encoding="utf-8"))
    found = [stored[name] for name in ("seed", "dropout", "bias", "warmup", "clip")]
    assert found == [0, 0.0, False, 0, 2.0]


def test_a_run_goes_on_from_another_folder_with_its_own_threads(cli, monkeypatch):
    Path("notes.txt").write_text("the cat sat on the mat. " * 100, encoding="utf-8")
    words = "--text notes.txt --tokenizer byte --block-size 16 --n-layer 1 --n-head 1 --n-embd 8"
    assert cli("train", *words.split(), "--steps", 2, "--out", "r", "--threads", 3)[0] == 0
    Path("elsewhere").mkdir()
    monkeypatch.chdir("elsewhere")
    assert cli("train", "--resume", "../r")[0] == 0
    assert Run(Path("../r"), None).trainer.threads == 3


def test_many_files_each_begin_with_the_mark_and_short_ones_only_train(cli):
    Path("texts").mkdir()
    Path("texts/a.txt").write_text("One long text about a cat. " * 40, encoding="utf-8")
    Path("texts/b.txt").write_text("hello", encoding="utf-8")
    Path("texts/c$x_{$.txt").write_text("Another text about a dog. " * 40, encoding="utf-8")
    words = "--vocab-size 270 --block-size 16 --n-layer 1 --n-head 1 --n-embd 8 --steps 2".split()
    code, _, err = cli("train", "--text", "texts", *words, "--out", "r")
    assert code == 0, err
    run = Run(Path("r"), None)
    eot = run.tokenizer.eot
    assert [text[0] for text in run.encoded.train] == [eot] * 3
    assert len(run.encoded.validation) == 2
    assert run.encoded.predicted_bytes == run.encoded.dataset.validation_bytes
    assert cli("train", "--text", "texts/c$x_{$.txt", *words, "--out", "s")[0] == 0


def test_a_picture_that_can_not_be_drawn_ends_no_training(cli, small, monkeypatch):
    def broken(*_):
        raise ValueError("no such backend")

    monkeypatch.setattr("minigpt.plots.loss_curve", broken)
    code, out, _ = cli("train", *small)
    assert code == 0 and "no picture: no such backend" in out
