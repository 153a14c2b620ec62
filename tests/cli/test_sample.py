"""`minigpt sample` and `minigpt tokenize`, and the command line as a whole."""

import json
import subprocess
import sys

import pytest

from minigpt.cli.main import build_parser
from minigpt.model import GPT
from minigpt.tokenizer import Tokenizer
from minigpt.training.samples import TEMPERATURE, TOP_P, sample_texts, stream_text


def test_sample_repeats_by_seed_and_counts(cli, trained):
    one, again, other = (cli("sample", "--n", 2, "--seed", seed)[1] for seed in (0, 0, 1))
    assert one == again != other
    code, out, _ = cli("sample", "--prompt", "On Monday", "--max-new-tokens", 3)
    assert code == 0 and out.startswith("On Monday")
    greedy = {cli("sample", "--temperature", 0, "--seed", seed)[1] for seed in range(3)}
    assert len(greedy) == 1


def test_one_text_streams_what_would_stand_among_several(cli, trained):
    alone = cli("sample", "--seed", 3, "--prompt", "On Monday")[1]
    model, tokenizer = GPT.from_pretrained(trained), Tokenizer.from_pretrained(trained)
    options = {"temperature": TEMPERATURE, "top_p": TOP_P}
    assert alone == sample_texts(model, tokenizer, 1, "On Monday", seed=3, **options)[0] + "\n"
    pieces = list(stream_text(model, tokenizer, "On Monday", seed=3, **options))
    assert "".join(pieces) + "\n" == alone and len(pieces) > 20


def test_beams_stop_strings_and_penalties(cli, trained):
    code, out, _ = cli("sample", "--num-beams", 3, "--n", 2, "--max-new-tokens", 8)
    assert code == 0 and out.count("\n\n") == 1
    free = cli("sample", "--seed", 1)[1]
    stop = free[40:42]
    out = cli("sample", "--seed", 1, "--stop", stop)[1]
    assert free.startswith(out[:-1]) and stop in out and len(out) <= free.index(stop) + 20
    words = ("--temperature", 0, "--max-new-tokens", 60, "--no-repeat-ngram-size", 2)
    assert cli("sample", *words)[1] != cli("sample", *words[:4])[1]
    words = ("--temperature", 0, "--max-new-tokens", 60, "--repetition-penalty", 2)
    assert cli("sample", *words)[1] != cli("sample", *words[:4])[1]


def test_outgrowing_the_block_is_told_before(cli, trained):
    code, out, err = cli("sample", "--max-new-tokens", 400)
    assert code == 0 and out and err == (
        "Note: beyond 256 tokens the model sees its last 256 only, and each token costs a whole "
        "pass.\n"
    )
    assert cli("sample", "--max-new-tokens", 20)[2] == ""


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (["--n", "0"], "--n"),
        (["--n", str(10**20)], "--n"),
        (["--temperature", "-1"], "temperature"),
        (["--temperature", "nan"], "temperature"),
        (["--top-k", "-1"], "top_k"),
        (["--num-beams", "0"], "num_beams"),
        (["--num-beams", "3", "--top-p", "0.5"], "Beam search draws nothing"),
        (["--num-beams", "2", "--n", "3"], "use more beams"),
        (["--repetition-penalty", "-1"], "repetition_penalty"),
        (["--stop", ""], "stop"),
        (["--top-p", "1.5"], "top_p"),
        (["--max-new-tokens", "0"], "max_new_tokens"),
        (["--seed", "-1"], "seed"),
        (["--model", "nowhere"], "nowhere"),
        (["--prompt", "long " * 400], "shorten the prompt"),
    ],
)
def test_sample_tells_a_mistake_in_one_sentence(cli, trained, words, told):
    code, out, err = cli("sample", *words)
    assert code == 2 and told in err and out == "" and err.count("\n") == 1


def test_sample_without_a_model_says_how_to_get_one(cli):
    code, _, err = cli("sample")
    assert code == 2 and "minigpt train" in err


@pytest.mark.parametrize("name", ["model.safetensors", "config.json", "vocab.json"])
@pytest.mark.parametrize("damage", ["truncated", "missing"])
def test_a_damaged_model_is_told_by_the_name_of_the_file(cli, trained, name, damage):
    path = trained / name
    path.write_bytes(path.read_bytes()[:100]) if damage == "truncated" else path.unlink()
    code, _, err = cli("sample", "--model", trained)
    assert code == 2 and name in err and "Traceback" not in err


def test_tokenize_shows_ids_that_spell_the_text(cli):
    assert cli("tokenize", "--train", 300, "--out", "tok")[0] == 0
    code, out, _ = cli("tokenize", "Hello, Mia! 你好", "--model", "tok", "--json")
    table = json.loads(out)
    assert code == 0 and len(table["ids"]) == len(table["tokens"])
    code, out, _ = cli("tokenize", "Hé", "--tokenizer", "byte")
    assert code == 0 and "3 tokens for 2 characters, 3 bytes" in out


@pytest.mark.parametrize(
    ("words", "told"),
    [
        ([], "nothing to do"),
        (["x", "--train", "100"], "256"),
        (["x", "--text", "a.txt"], "--train"),
        (["x", "--train", "300", "--model", "m"], "leave out"),
        (["--train", "300", "--text", "missing.txt"], "missing.txt"),
        (["x"], "minigpt train"),
    ],
)
def test_tokenize_tells_a_mistake_in_one_sentence(cli, words, told):
    code, _, err = cli("tokenize", *words)
    assert code == 2 and told in err and err.count("\n") == 1


def test_every_command_has_help_with_examples(cli):
    for command in ("train", "sample", "tokenize"):
        code, out, _ = cli(command, "--help")
        assert code == 0 and "examples:" in out
    assert cli("--help")[0] == 0 and cli("doctor", "--help")[0] == 0
    assert cli("fly")[0] == 2


def test_no_arguments_mean_the_main_job():
    assert build_parser(["train"]).parse_args(["train"]).recipe is None


def test_a_closed_pipe_is_no_error():
    command = f'"{sys.executable}" -m minigpt tokenize "hello there" --tokenizer byte'
    code = f"import subprocess; p = subprocess.Popen({command!r}, shell=True, stdout=-1, stderr=-1)"
    code += "; p.stdout.close(); print(p.stderr.read())"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60)
    assert "Traceback" not in done.stdout + done.stderr


def test_doctor_runs_and_others_say_so_when_a_package_is_missing():
    code = """
import sys
sys.modules["regex"] = None  # as if it were not installed
from minigpt.cli import main
assert main(["doctor"]) == 0
assert main(["sample"]) == 2
try:
    from minigpt import Tokenizer
except ImportError as error:
    print(error)
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stderr
    assert "minigpt needs the package 'regex'" in done.stdout
    assert "minigpt doctor" in done.stderr and "Traceback" not in done.stderr


def test_a_home_that_is_not_there_and_a_closed_input_are_no_traceback(cli, monkeypatch):
    monkeypatch.setenv("MINIGPT_CACHE", "~nobody-of-this-name/x")
    monkeypatch.setenv("MINIGPT_DATA", "~nobody-of-this-name/y")
    code, out, _ = cli("doctor", "--json")
    assert code == 0 and "~nobody-of-this-name" in out
    monkeypatch.setattr(sys, "stdin", None)
    code, _, err = cli("tokenize", "-", "--tokenizer", "byte")
    assert code == 2 and "no standard input" in err
