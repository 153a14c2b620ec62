"""`minigpt info`: the numbers of the account, readable, for presets and folders."""

import json
import re
import time
from pathlib import Path

import pytest

from minigpt import machine
from minigpt.cli import info
from minigpt.cli.main import COMMANDS
from minigpt.model import GPT, PRESETS, GPTConfig

CONFIG = {"vocab_size": 11, "block_size": 8, "n_layer": 3, "n_head": 2, "n_embd": 6}


def write_config(folder: str, **changes) -> None:
    Path(folder).mkdir()
    sizes = {"model_type": "gpt2", "n_embd": 8, "n_head": 2, "n_layer": 2, "n_positions": 16}
    text = json.dumps({**sizes, "vocab_size": 20, **changes})
    Path(folder, "config.json").write_text(text, encoding="utf-8")


def test_without_a_name_all_presets_are_listed_in_columns(cli):
    code, out, _ = cli("info")
    lines = out.splitlines()[: len(PRESETS) + 1]
    assert code == 0 and [line.split()[0] for line in lines] == ["name", *PRESETS]
    assert lines[2].split() == ["gpt2", "124,439,808", "12", "12", "768", "1,024"]
    assert lines[-1].split() == ["gpt3-175b", "174,604,259,328", "96", "96", "12,288", "2,048"]
    ends = {tuple(word.end() for word in re.finditer(r"\S+", line))[1:] for line in lines}
    assert len(ends) == 1
    rows = json.loads(cli("info", "--json")[1])
    assert [row["name"] for row in rows] == list(PRESETS)
    assert [f"{row['parameters']:,}" for row in rows] == [line.split()[1] for line in lines[1:]]


@pytest.mark.parametrize("name", PRESETS)
def test_the_text_is_aligned_and_its_parts_make_a_whole(cli, name):
    code, out, _ = cli("info", name)
    lines = out.splitlines()
    assert code == 0 and max(map(len, lines)) <= 100
    assert lines[0].startswith(f"{name}: ") and lines[0].endswith(" parameters")
    number = r"  [\w ]{18}  +[\d,.]+(?: [kMGT]?(?:B|FLOP))?"
    rows = [match for match in (re.match(number + r"(?=  |$)", line) for line in lines) if match]
    assert len(rows) == 6 + 5 + 4 + 6 and len({row.end() for row in rows}) == 1
    shares = [float(share) for share in re.findall(r" ([\d.]+)%", out.partition("memory")[0])]
    assert sum(shares) == pytest.approx(200, abs=0.4)  # of the parameters, and of forward


def test_text_and_json_have_the_same_numbers(cli, monkeypatch):
    monkeypatch.setattr(machine, "memory", lambda: {"total": 8_000_000_000, "available": None})
    out, found = cli("info", "gpt3-175b")[1], json.loads(cli("info", "gpt3-175b", "--json")[1])
    total = found["parameters"].pop("total")
    assert total == sum(found["parameters"].values()) == 174_604_259_328
    for count in (*found["parameters"].values(), total):
        assert f"  {count:,}" in out
    forward, held = found["flops_per_token"]["forward"], found["memory"]
    assert re.search(rf"\n  forward +{forward / 1e9:.0f} GFLOP ", out)
    assert f"{forward / total:.2f} a parameter" in out
    assert found["flops_per_token"]["training"] == 3 * forward
    assert held["weights_as_float32"] == 4 * total and held["weights_as_float16"] == 2 * total
    assert held["training"] == 16 * total and " 698 GB\n" in out and " 349 GB\n" in out
    assert held["kv_cache"] == 2 * 96 * 2048 * 12288 * 4 and " 19.3 GB " in out
    seconds = found["seconds_to_train_a_token_at_100_gflops"]
    assert seconds == pytest.approx(3 * forward / 100e9) and f"takes {seconds:.1f} s a token" in out
    years = seconds * 1e9 / (365.25 * 24 * 3600)
    assert f"{years:.0f} years for a billion tokens" in out
    assert "It needs 349 times this machine's 8.00 GB of memory" in out
    assert found["config"]["window"] == 256 and "every second block sees 256 places" in out


@pytest.mark.parametrize("tie_weights", [True, False])
def test_a_folder_is_a_model_as_well(cli, tie_weights):
    config = GPTConfig(**CONFIG, bias=False, tie_weights=tie_weights)
    model = GPT(config, device="cpu")
    model.save_pretrained("mine")
    code, out, _ = cli("info", "mine")
    assert code == 0 and out.startswith(f"mine: {model.n_params:,} parameters\n")
    assert "3 layers, 2 heads, 6 wide, block 8, vocabulary 11" in out and "no biases" in out
    assert ("also the head" in out) == tie_weights == ("a head of its own" not in out)
    found = json.loads(cli("info", "mine", "--json")[1])
    assert found["parameters"]["total"] == model.n_params
    assert ("head" in found["parameters"]) != tie_weights
    assert found["config"] == vars(config)


def test_a_preset_goes_before_a_folder_of_its_name(cli):
    write_config("gpt2")
    assert cli("info", "gpt2")[1].startswith("gpt2: 124,439,808 parameters")
    assert "2 layers, 2 heads, 8 wide" in cli("info", Path.cwd() / "gpt2")[1]


@pytest.mark.parametrize(("name", "told"), [
    ("gpt3-175", "'gpt3-175'; nearest: gpt3-175b, "),
    ("GPT2-XL", "'GPT2-XL'; nearest: gpt2-xl, "),
    ("nonsense", "'nonsense'; `minigpt info` lists the presets."),
    ("", "''; `minigpt info` lists the presets."),
])  # fmt: skip
def test_an_unknown_name_is_told_in_one_sentence_with_what_is_near(cli, name, told):
    code, out, err = cli("info", name)
    assert code == 2 and out == "" and err.count("\n") == 1
    assert err.startswith(f"minigpt info: There is no preset and no folder of the name {told}")


def test_a_folder_without_a_model_and_wrong_sizes_are_told(cli):
    Path("empty").mkdir()
    code, _, err = cli("info", "empty")
    assert code == 2 and "config.json is missing" in err and err.count("\n") == 1
    write_config("wrong", n_head=3)
    code, _, err = cli("info", "wrong")
    assert code == 2 and "n_embd (8) must be divisible by n_head (3)" in err


def test_a_hostile_number_of_layers_takes_no_time_and_no_memory(cli):
    write_config("many", n_layer=10**12)
    start = time.perf_counter()
    code, out, _ = cli("info", "many")
    assert code == 0 and "1,000,000,000,000 layers" in out and " EB " not in out
    per_block = 12 * 8**2 + 13 * 8
    total = 10**12 * per_block + (20 + 16) * 8 + 2 * 8
    assert out.startswith(f"many: {total:,} parameters")
    for field in ("n_layer", "vocab_size", "n_positions", "n_embd"):
        write_config(field, **{field: 10**300})
        code, out, err = cli("info", field)
        assert code == 2 and out == "" and err.count("\n") == 1
        assert f"The sizes of {field} make more than 10^24 parameters" in err
    write_config("most", n_layer=10**20, n_positions=10**21)
    assert cli("info", "most")[0] == 0
    assert time.perf_counter() - start < 5


def test_a_machine_that_does_not_tell_its_memory_is_left_out(cli, monkeypatch):
    monkeypatch.setattr(machine, "memory", lambda: {"total": None, "available": None})
    code, out, _ = cli("info", "gpt2")
    assert code == 0 and "this machine" not in out and "92.3 days for a billion tokens" in out
    assert json.loads(cli("info", "gpt2", "--json")[1])["memory_of_this_machine"] is None


@pytest.mark.parametrize(("number", "text"), [
    (0, "0.00 B"), (999, "999 B"), (999.6, "1.00 kB"), (9_996, "10.0 kB"), (99_960, "100 kB"),
    (123_456_789, "123 MB"), (1_991_036_928, "1.99 GB"), (2.794e12, "2.79 TB"), (5e15, "5.00 PB"),
    (7e18, "7.00 EB"), (7e24, "7,000,000 EB"),
])  # fmt: skip
def test_sizes_keep_three_digits(number, text):
    assert info.scaled(number, "B") == text


@pytest.mark.parametrize(("seconds", "text"), [
    (3e-5, "30.0 µs"), (3e-9, "0.00 µs"), (0.0085, "8.50 ms"), (59, "59.0 s"), (90, "1.50 minutes"),
    (7200, "2.00 hours"), (3e6, "34.7 days"), (1e10, "317 years"), (4e13, "1,267,524 years"),
])  # fmt: skip
def test_durations_have_a_unit_that_says_something(seconds, text):
    assert info.duration(seconds) == text


def test_help_shows_examples_and_the_command_is_listed(cli):
    code, out, _ = cli("info", "--help")
    assert code == 0 and "examples:" in out and "minigpt info gpt2" in out
    assert COMMANDS.index("info") == COMMANDS.index("tokenize") + 1
    assert "minigpt info gpt3-175b" in cli("--help")[1]
