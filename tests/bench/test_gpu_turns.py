"""The parts of `minigpt bench gpu`: errors, turns, the pace, lines and pictures."""

import time

import numpy as np
import pytest

from minigpt.bench import gpu_parity, gpu_report, gpu_training, gpu_turns
from minigpt.bench.gpu_turns import Contestant, Plan, compare, noise, sized


def test_every_pair_of_the_table_is_compared(cupy):
    from minigpt.kernels import fastest

    names = set(vars(fastest(cupy, "fp32")))
    pairs = {name for name in names if f"{name}_backward" in names}
    assert pairs <= set(gpu_parity.CASES.values()), pairs - set(gpu_parity.CASES.values())


def test_errors_are_shares_of_the_largest_number():
    truth = {"a": np.array([1.0, -4.0]), "b": np.array([100.0])}
    found = {"a": np.array([1.0, -4.4], np.float32), "b": np.array([101.0])}
    told = gpu_parity.verdict(found, truth, 0.05)
    assert told == {"error": pytest.approx(0.1), "where": "a", "tolerance": 0.05, "ok": False}
    assert gpu_parity.verdict(found, truth, 0.2)["ok"]
    found["b"] = np.array([np.nan])
    told = gpu_parity.verdict(found, truth, 0.2)
    assert told["error"] is None and told["where"] == "b" and not told["ok"]
    assert gpu_report.line("models", "x", told).endswith("no number   2e-01  NOT EQUAL b")


def test_the_pace_by_hand():
    told = gpu_training.pace_of([1.0, 1.0, 1.1, 1.3, 1.0], 1000, 1005)
    assert told["slowest"] == 1.3 and told["slow_steps"] == 1 and not told["reached"]
    assert gpu_training.pace_of([1.0, 1.1, 1.0], 1000, 1005)["reached"]
    assert not gpu_training.pace_of([1.0, 1.1, 1.0], 1000, 1100)["reached"]


def test_marks_lie_between_steps(cupy):
    marks = gpu_training.Marks(cupy)
    for _ in range(3):
        marks.set()
    assert marks.seconds() == [1e-3, 1e-3]  # the stand-in's


def sleeper(seconds):
    return lambda: Contestant(lambda: time.sleep(seconds), lambda: None, lambda: 7)


def test_contestants_are_compared_by_rounds(cupy):
    plan = Plan(rounds=3, turn=0.02)
    found = compare(plan, {"minigpt": sleeper(0.01), "torch": sleeper(0.03)})
    assert 1.5 < found["ratio"] < 4 and found["minigpt"]["memory"] == 7
    assert len(found["torch"]["rounds"]) == 3 and found["torch"]["host_seconds"] >= 0.03


def test_steps_that_take_back_freed_memory_are_not_counted(cupy, monkeypatch):
    fresh = [0]
    monkeypatch.setattr(gpu_turns, "free_caches", lambda xp: fresh.__setitem__(0, 4))

    def step():
        time.sleep(0.02 if fresh[0] > 0 else 0.001)
        fresh[0] -= 1

    found = compare(
        Plan(rounds=2, turn=0.05),
        {"minigpt": lambda: Contestant(step, lambda: None, lambda: 7)},
    )
    assert max(found["minigpt"]["rounds"]) < 0.006


def test_the_host_s_seconds_are_those_of_a_step_by_itself():
    queue = []

    def step():
        time.sleep(0.02 if queue else 0.001)  # a full queue
        queue.append(1)

    assert Contestant(step, queue.clear, lambda: 7).host_seconds() < 0.01


def test_one_that_fails_leaves_the_other_s_numbers(cupy):
    def fails():
        raise MemoryError("no room")

    found = compare(Plan(rounds=1, turn=0), {"minigpt": sleeper(0.001), "torch": fails})
    assert found["failed"] == "torch: MemoryError: no room" and "ratio" not in found
    assert found["minigpt"]["seconds"] >= 0.001 and found["torch"] == {}
    line = gpu_report.line("kernels", "mlp, fp32", found)
    assert "ms" in line and line.endswith("failed: torch: MemoryError: no room")


def made_up(ratio, **more):
    one = {"seconds": 0.01, "spread": 0.01, "host_seconds": 0.001, "memory": 12 << 30}
    return {"minigpt": one, "torch": one, "ratio": ratio, "ratio_spread": 0.02, **more}


def test_lines_and_pictures_tell_what_was_reached(tmp_path):
    training = {"baby GPT, tf32": made_up(0.9, bar=1.0, reached=False),
                "GPT-2 124M, fp32": made_up(0.8),
                "GPT-2 124M, bf16": made_up(0.75, bar=0.7, reached=True)}  # fmt: skip
    found = {"done": True, "sections": {"training": training, "kernels": {"mlp": made_up(0.98)}}}
    line = gpu_report.line("training", "baby GPT, tf32", training["baby GPT, tf32"])
    assert line.split()[-3:] == ["1.0", "NOT", "REACHED"] and "0.90 ±2%" in line
    code, told = gpu_report.verdict(found)
    assert code == 0 and "Bars reached: 1 of 2" in told
    assert "Not reached, training (1): baby GPT, tf32" in told
    assert gpu_report.message("training", training) == "Training: 1 of 2 bars are reached"
    assert gpu_report.message("kernels", found["sections"]["kernels"]).endswith("in 1 of 1")
    paths = gpu_report.draw(found, tmp_path)
    assert [path.name for path in paths] == ["gpu_training.png", "gpu_kernels.png"]
    assert all(path.read_bytes().startswith(b"\x89PNG") for path in paths)


def test_a_run_that_did_not_end_is_a_failure():
    code, told = gpu_report.verdict({"sections": {}})
    assert code == 1 and "did not come to its end" in told


def test_noise_and_sizes():
    large = noise((1025, 1024))
    assert large.dtype == np.float32 and large.shape == (1025, 1024)
    assert abs(large.std() - 1) < 0.01 and (large[1024] == large[0]).all()
    config, batch_size = sized((3, 2, 128, 81, 4, 97), dropout=0.5)
    assert (config.n_layer, config.n_head, config.n_embd, config.block_size) == (3, 2, 128, 81)
    assert batch_size == 4 and config.vocab_size == 97 and config.dropout == 0.5
