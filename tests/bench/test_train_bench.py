"""The benchmarks of training: the list of products, the reference in PyTorch, the numbers."""

import math
import subprocess
import sys
import time

import numpy as np
import pytest

from minigpt.bench import limit, scaling, train
from minigpt.bench.limit import Gemm, Limit, bytes_per_second, gemm_seconds, gemms
from minigpt.bench.table import duration, table, three_digits
from minigpt.model import GPT, GPTConfig
from minigpt.model.account import flops_per_token
from minigpt.tree import items

TINY = GPTConfig(vocab_size=50, block_size=24, n_layer=2, n_head=2, n_embd=16)
WITHOUT_TORCH = "import sys; import minigpt.cli.bench; print('torch' in sys.modules)"


@pytest.mark.parametrize("name", train.CONFIGS)
def test_the_products_have_the_flops_of_the_account(name):
    config, batch_size = train.standard(name)
    expected = flops_per_token(config)["training"] * batch_size * config.block_size
    assert sum(gemm.flops for gemm in gemms(config, batch_size)) == pytest.approx(expected, 1e-12)


def test_the_products_of_a_linear_layer_by_hand():
    found = {gemm.what: gemm for gemm in gemms(TINY, 3) if gemm.what.startswith("c_fc")}
    shapes = {what: (g.rows, g.inner, g.columns, g.flip, g.count) for what, g in found.items()}
    assert shapes == {
        "c_fc: y": (72, 16, 64, "", 2),
        "c_fc: dx": (72, 64, 16, "b", 2),
        "c_fc: dw": (16, 72, 64, "a", 2),
    }


def test_a_standard_configuration_has_its_sizes():
    config, batch_size = train.standard("gpt2")
    assert (config.n_layer, config.n_head, config.n_embd) == (12, 12, 768)
    assert (config.block_size, batch_size, config.vocab_size) == (128, 2, 50304)


@pytest.mark.parametrize("stack", [1, 5])
@pytest.mark.parametrize("shared", [False, True])
@pytest.mark.parametrize("flip", ["", "a", "b"])
def test_a_timed_product_is_computed_as_a_whole(monkeypatch, flip, shared, stack):
    gemm = Gemm("x", 7, 5, 6, flip, 1, stack)
    a, b, y = limit._operands(gemm, 2)
    rng = np.random.default_rng(0)
    a[...], b[...], y[...] = rng.normal(size=a.shape), rng.normal(size=b.shape), np.nan
    assert (a.shape[1:], b.shape[1:], len(y)) == ((7, 5), (5, 6), 1 if stack == 1 else 6)
    assert [x.flags.c_contiguous for x in (a, b)] == [flip != "a", flip != "b"]
    monkeypatch.setattr(limit, "_operands", lambda *_: (a, b, y))
    assert gemm_seconds(gemm, 2, shared) > 0
    np.testing.assert_allclose(y, a @ b, rtol=1e-5, atol=1e-5)


@pytest.mark.parametrize("shared", [False, True])
def test_a_stack_is_timed_by_the_product(monkeypatch, shared):
    monkeypatch.setattr(limit, "_per_call", lambda run: 6.0)
    assert gemm_seconds(Gemm("x", 9, 9, 9, "", 1), 2, shared) == 6
    assert gemm_seconds(Gemm("x", 9, 9, 9, "", 1, stack=4), 2, shared) == 1.5


def test_short_products_are_repeated_until_they_can_be_timed():
    calls = []
    seconds = limit._per_call(lambda n: (calls.append(n), time.sleep(0.001 * n)))
    assert 0.001 <= seconds < 0.1 and calls[:2] == [1, 1] and calls[-1] > 1


def test_the_bandwidth_is_that_of_a_computer():
    assert 1e8 < bytes_per_second(10_000_000, 2) < 1e13


def test_the_limit_adds_products_and_traffic_without_the_first_round():
    floor = Limit(TINY, 3, threads=2)
    for _ in range(3):
        floor()
    result = floor.result()
    assert len(floor.product_seconds) == 3 and set(floor.ways) == set(floor.products)
    assert result["seconds"] >= max(result["products"], result["optimizer"]) > 0
    floor.product_seconds[:], floor.optimizer_seconds[:] = [9, 1, 2, 3], [9, 5, 5, 5]
    assert floor.result()["seconds"] == 7 and floor.result()["products"] == 2
    assert floor.result()["flops_per_second"] == sum(g.flops for g in floor.products) / 2


def test_training_tells_time_memory_and_the_share_of_the_limit():
    found = train.train(TINY, 3, rounds=2, threads=2, turn=0.01)
    mine = found["minigpt"]
    assert mine["seconds"] > 0 and mine["ratio"] == 1 and mine["peak_mb"] >= mine["imported_mb"]
    assert found["limit"]["share"] == found["limit"]["seconds"] / mine["seconds"]
    assert found["parameters"] == GPT(TINY, device="cpu").n_params and found["tokens"] == 72
    text = train.as_text({"tiny": found})
    assert "minigpt" in text and "limit" in text and "PyTorch" not in text
    assert max(map(len, text.splitlines())) <= 100


def test_the_time_of_a_step_does_not_depend_on_the_steps_in_a_turn():
    from minigpt.bench.measure import Timing

    timings = {"a": Timing("a", [1.0, 2.0]), "b": Timing("b", [30.0, 40.0])}
    each = train.per_step(timings, {"a": 1, "b": 10})
    assert (each["a"].seconds, each["b"].seconds) == ([1.0, 2.0], [3.0, 4.0])


def test_memory_is_that_of_the_child_alone():
    ballast = np.ones(60_000_000)  # 480 MB, which a child would begin its peak with
    found = train.peak_memory("minigpt", TINY, 3, 1)
    assert 10 < found["imported_mb"] <= found["peak_mb"] < 400
    assert ballast[-1] == 1


def test_memory_of_what_can_not_run_is_left_out():
    assert train.peak_memory("nobody", TINY, 0, 1) == {}


def test_one_batch_has_each_token_s_successor_as_its_target():
    batch = train.OneBatch(TINY, 3)
    ids, targets = batch.next()
    assert ids.shape == (3, 24) and (ids[:, 1:] == targets[:, :-1]).all()


def test_a_step_of_ours_trains():
    step = train.stepper("minigpt", TINY, 3, threads=2)
    losses = [step() for _ in range(40)]
    assert losses[0] == pytest.approx(math.log(50), abs=0.2) and losses[-1] < losses[0]


def test_scaling_varies_one_size_and_tells_time_a_token(monkeypatch):
    monkeypatch.setattr(scaling, "BASE", {"T": 64, "width": 16, "batch": 4})
    axes = {"T": (8, 16), "batch": (1, 2), "threads": (1,)}
    found = scaling.scaling(1, threads=2, axes=axes, turn=0.01)
    assert [(row["axis"], row["value"], row["tokens"]) for row in found["rows"]] == [
        ("T", 8, 32), ("T", 16, 64), ("batch", 1, 64), ("batch", 2, 128), ("threads", 1, 256),
    ]  # fmt: skip
    for row in found["rows"]:
        assert row["minigpt"]["seconds_per_token"] * row["tokens"] == row["minigpt"]["seconds"] > 0
    assert set(scaling.panels(found)[scaling.LABELS["T"]]) == {"minigpt"}
    assert scaling.message(found).startswith("2 times the context costs")
    assert max(map(len, scaling.as_text(found).splitlines())) <= 100


def test_tables_are_aligned_and_numbers_have_three_digits():
    assert table(("a", "b"), [("xx", "1"), ("y", "22")]).splitlines() == ["a    b", "xx   1",
                                                                         "y   22"]  # fmt: skip
    assert [three_digits(x) for x in (0.5, 9.999, 12.34, 1234.5)] == ["0.50", "10.0", "12.3",
                                                                      "1,234"]  # fmt: skip
    assert [duration(s) for s in (2.5, 0.0351, 8.12e-4, 0.99999, None)] == [
        "2.50 s", "35.1 ms", "812 us", "1.00 s", "",
    ]  # fmt: skip


def test_the_command_does_not_import_torch():
    done = subprocess.run([sys.executable, "-c", WITHOUT_TORCH], capture_output=True, text=True)
    assert done.stdout.strip() == "False", done.stderr


@pytest.mark.parametrize(("compilers", "word"), [((), "no C++ compiler"), (("g++",), "KeyError")])
def test_why_it_can_not_be_compiled_in_a_word(monkeypatch, compilers, word):
    monkeypatch.setattr(train.shutil, "which", lambda name: name if name in compilers else None)
    assert train._why(KeyError("x")) == word


def test_against_torch_without_torch_is_a_user_s_mistake(monkeypatch):
    from minigpt.bench.torch_gpt import import_torch
    from minigpt.errors import UserError

    monkeypatch.setitem(sys.modules, "torch", None)
    with pytest.raises(UserError, match="pip install torch"):
        import_torch()


@pytest.mark.oracle
class TestAgainstTorch:
    """Needs PyTorch."""

    torch = property(lambda self: pytest.importorskip("torch", reason="see the extra 'oracles'"))

    @pytest.mark.parametrize("bias", [True, False])
    def test_loss_and_gradients_equal_minigpt_s(self, bias):
        assert self.torch
        from minigpt.bench import torch_gpt

        model = GPT(TINY.replace(init_std=0.3, bias=bias), device="cpu")
        ids, targets = train.OneBatch(TINY, 3).next()
        ours, grads = model.loss_and_grads(ids, targets)
        theirs = torch_gpt.make_model(model.config, model.params)
        loss = theirs(*map(self.torch.from_numpy, (ids, targets)))
        loss.backward()
        assert loss.item() == pytest.approx(float(ours), rel=1e-5)
        expected = {name: p.grad.numpy() for name, p in theirs.named_parameters()}
        for name, grad in items(grads):
            found = torch_gpt.turned(name, expected.pop(name))
            assert np.abs(found - grad).max() <= 1e-4 * np.abs(grad).max(), name
        assert expected == {}

    def test_a_step_moves_the_weights_as_ours(self):
        from minigpt.bench import torch_gpt

        model = GPT(TINY.replace(init_std=0.3), device="cpu")
        batch = train.OneBatch(TINY, 3)
        theirs = torch_gpt.make_model(model.config, model.params)
        before = model.params.buffer.copy()
        step = torch_gpt.make_step(theirs, *batch.next())
        trainer = train.Trainer(model, batch, 3, 10**9, 1e-4, 1e-4, 0, threads=1)
        for _ in range(5):
            assert step() == pytest.approx(trainer.step(), rel=1e-5)
        moved = dict(items(model.params))
        for name, parameter in theirs.named_parameters():
            difference = torch_gpt.turned(name, parameter.detach().numpy()) - moved[name]
            if name.endswith("c_attn.bias"):  # a key's bias changes no weight: its gradient is
                difference = np.delete(difference, slice(16, 32))  # 0, up to rounding
            assert np.abs(difference).max() < 2e-5, name
        assert np.abs(model.params.buffer - before).max() > 3e-4

    def test_the_table_has_them_all_and_says_why_one_is_missing(self, monkeypatch):
        assert self.torch

        def fails(*args, compile=False, make=train.stepper):
            if args[0] == "compiled":
                raise KeyError("no")
            return make(*args)

        monkeypatch.setattr(train, "stepper", fails)
        monkeypatch.setattr(train, "peak_memory", lambda *args: {"peak_mb": 3})
        found = train.train(TINY, 3, 2, "torch", compile=True, threads=1, turn=0.01)
        assert found["torch"]["ratio"] == found["torch"]["seconds"] / found["minigpt"]["seconds"]
        assert "seconds" not in found["compiled"] and found["compiled"]["why"]
        text = train.as_text({"tiny": found})
        assert "PyTorch" in text and found["compiled"]["why"] in text and "3 MB" in text
        assert train.message({"tiny": found}).endswith("times as fast as PyTorch")
        assert list(*train.panels({"tiny": found}).values()) == ["minigpt", "PyTorch", "limit"]

    @pytest.mark.slow
    def test_compiled_steps_give_the_same_losses(self):
        if not any(map(train.shutil.which, ("c++", "g++", "clang++", "cl"))) or not self.torch:
            pytest.skip("torch.compile needs a C++ compiler")
        from minigpt.bench import torch_gpt

        params, batch = GPT(TINY, device="cpu").params, train.OneBatch(TINY, 3).next()
        models = [torch_gpt.make_model(TINY, params) for _ in range(2)]
        eager, compiled = (torch_gpt.make_step(models[k], *batch, compile=k) for k in (False, True))
        for _ in range(3):
            assert compiled() == pytest.approx(eager(), rel=1e-5)

    def test_memory_of_torch_is_measured_too(self):
        assert self.torch
        found = train.peak_memory("torch", TINY, 3, 1)
        assert found["peak_mb"] >= found["imported_mb"] > 50
