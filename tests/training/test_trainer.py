"""One step of the trainer: what it adds up, shares out, draws and refuses."""

import math

import numpy as np
import pytest

from minigpt.corpus.batches import DocumentBatches
from minigpt.errors import UserError
from minigpt.layers import IGNORE
from minigpt.model import GPT, GPTConfig
from minigpt.training import AdamW, Diverged, Trainer, evaluate, warmup_cosine
from minigpt.training.schedule import clip_by_global_norm
from minigpt.tree import FlatTree, items

V, T = 13, 6
TOKENS = np.random.default_rng(8).integers(0, V, 400)
NUMBERS = {"steps": 20, "lr": 1e-2, "min_lr": 1e-3, "warmup": 3}
NOISE = 1e-10  # Adam makes this of the rounding error 1e-18 that stands for the keys' bias gradient


def make_model(dtype="float64", dropout=0.0, **changes) -> GPT:
    config = GPTConfig(V, T, n_layer=2, n_head=2, n_embd=8, dropout=dropout, init_std=0.3)
    return GPT(config.replace(**changes), seed=1, device="cpu", dtype=dtype)


def some_pairs(count: int, B: int, ignored=0.4):
    """Batches whose rows and batches have different numbers of counted targets."""
    rng = np.random.default_rng(3)
    ids, targets = rng.integers(0, V, (2, count, B, T))
    targets[rng.random(targets.shape) < ignored] = IGNORE
    targets[-1, :, : T // 2] = IGNORE
    return list(zip(ids, targets, strict=True))


class Given:
    """Batches that are given, again and again."""

    def __init__(self, pairs):
        self.pairs, self.position = pairs, 0

    def next(self):
        self.position += 1
        return self.pairs[(self.position - 1) % len(self.pairs)]


def trained(model, batches, steps, **options):
    """Losses and gradient norms of some steps, which change the model."""
    trainer = Trainer(model, batches, **{**NUMBERS, "threads": 1, **options})
    told = []
    for _ in range(steps):
        loss = trainer.step()
        told.append((loss, trainer.grad_norm))
    return np.array(told)


def test_a_step_is_the_gradient_clipped_and_one_step_of_adamw():
    ours, by_hand = make_model(), make_model()
    pairs = some_pairs(4, 5)
    told = trained(ours, Given(pairs), 4, clip=0.5, betas=(0.8, 0.9), weight_decay=0.3)
    optimizer = AdamW(by_hand.params, betas=(0.8, 0.9), weight_decay=0.3)
    for step, (ids, targets) in enumerate(pairs):
        loss, grads = by_hand.loss_and_grads(ids, targets)
        grads = FlatTree(grads)
        norm = clip_by_global_norm(grads, 0.5)
        optimizer.step(grads, warmup_cosine(step, **NUMBERS))
        np.testing.assert_allclose(told[step], [loss, norm], rtol=1e-12)
    np.testing.assert_allclose(ours.params.buffer, by_hand.params.buffer, rtol=1e-10, atol=NOISE)


@pytest.mark.parametrize("k", [2, 3])
def test_accumulated_batches_are_one_large_batch(k):
    """Where some targets are ignored, the mean of the batches' means would be another number."""
    pairs = some_pairs(4 * k, 3)
    counts = [(targets != IGNORE).sum() for _, targets in pairs]
    assert len(set(counts[:k])) > 1
    large = [
        tuple(np.concatenate(arrays) for arrays in zip(*pairs[i : i + k], strict=True))
        for i in range(0, 4 * k, k)
    ]
    one, many = make_model(), make_model()
    expected = trained(one, Given(large), 4, batch_size=3 * k)
    told = trained(many, Given(pairs), 4, batch_size=3, accumulate=k)
    np.testing.assert_allclose(told, expected, rtol=1e-10)
    np.testing.assert_allclose(many.params.buffer, one.params.buffer, rtol=1e-10, atol=NOISE)


@pytest.mark.parametrize("threads", [2, 3, 8])
def test_shards_of_a_batch_add_up_to_the_batch(threads):
    """Of five rows two threads get three and two, three get 2, 2, 1, and eight get one each."""
    pairs = some_pairs(4, 5)
    one, many = make_model(), make_model()
    expected = trained(one, Given(pairs), 4, batch_size=5)
    told = trained(many, Given(pairs), 4, batch_size=5, threads=threads)
    np.testing.assert_allclose(told, expected, rtol=1e-10)
    np.testing.assert_allclose(many.params.buffer, one.params.buffer, rtol=1e-10, atol=NOISE)


@pytest.mark.parametrize("threads", [1, 2, 3])
def test_equal_numbers_of_threads_give_equal_bits(threads):
    def run():
        model = make_model("float32", dropout=0.2)
        told = trained(model, TOKENS, 6, batch_size=7, threads=threads, accumulate=2)
        return told.tobytes(), model.params.buffer.tobytes()

    assert run() == run() == run()


def test_the_seed_decides_the_dropout_masks_and_the_order_of_the_batches():
    def losses(seed, dropout, batches=TOKENS):
        return trained(make_model(dropout=dropout), batches, 3, seed=seed)[:, 0].tolist()

    pairs = some_pairs(3, 5)
    assert losses(0, 0.3, Given(pairs)) == losses(0, 0.3, Given(pairs))
    assert losses(0, 0.3, Given(pairs)) != losses(1, 0.3, Given(pairs))
    assert losses(0, 0.0, Given(pairs)) == losses(1, 0.0, Given(pairs))
    assert losses(0, 0.3, Given(pairs)) != losses(0, 0.0, Given(pairs))
    assert losses(0, 0.0) != losses(1, 0.0)


def test_each_step_batch_and_shard_draws_masks_of_its_own():
    """The same batch with a learning rate that moves nothing: only the masks can differ."""
    same = Given(some_pairs(1, 4))
    model = make_model(dropout=0.3)
    still = {"lr": 1e-300, "min_lr": 0.0, "weight_decay": 0.0}
    losses = trained(model, same, 8, **still)[:, 0]
    assert len(set(losses)) == 8

    ids, targets = same.pairs[0]
    twice = Given([(np.concatenate([ids, ids]), np.concatenate([targets, targets]))])
    by_shards = trained(model, twice, 1, batch_size=8, threads=2, **still)[0, 0]
    accumulated = trained(model, same, 1, accumulate=2, **still)[0, 0]
    assert len({by_shards, accumulated, losses[0]}) == 3  # else both halves had equal masks


def test_a_model_in_float32_stays_in_float32():
    model = make_model("float32", dropout=0.1)
    trainer = Trainer(model, TOKENS, batch_size=4, threads=2, **NUMBERS)
    loss = trainer.step()
    assert type(loss) is float and type(trainer.grad_norm) is float
    arrays = [model.params.buffer, trainer.grads.buffer, trainer.optimizer.m, trainer.optimizer.v]
    arrays += [array for _, array in items(model.params)]
    assert {array.dtype for array in arrays} == {np.dtype("float32")}


def test_a_batch_in_which_nothing_counts_has_no_loss_and_no_gradient():
    ids, targets = some_pairs(1, 4)[0]
    model = make_model()
    before = model.params.buffer.copy()
    pairs = [(ids, np.full_like(targets, IGNORE))]
    assert (trained(model, Given(pairs), 2, weight_decay=0.0) == 0).all()
    assert model.params.buffer.tobytes() == before.tobytes()


@pytest.mark.filterwarnings("ignore::RuntimeWarning")
@pytest.mark.parametrize("planted", [np.nan, np.inf])
@pytest.mark.parametrize("threads", [1, 2])
def test_numbers_that_are_not_finite_stop_the_training_before_they_spread(planted, threads):
    model = make_model("float32")
    trainer = Trainer(model, TOKENS, batch_size=4, threads=threads, **NUMBERS)
    for _ in range(3):
        trainer.step()
    model.params["h"]["1"]["mlp"]["c_fc"]["weight"][2, 5] = planted
    before = model.params.buffer.copy()
    memory = trainer.optimizer.m.copy()
    with pytest.raises(Diverged, match=r"not finite at step 3\b") as told:
        trainer.step()
    assert isinstance(told.value, UserError)
    assert "learning rate" in str(told.value) and "\n" not in str(told.value)
    assert model.params.buffer.tobytes() == before.tobytes()
    assert trainer.optimizer.m.tobytes() == memory.tobytes()
    assert (trainer.step_number, trainer.optimizer.t) == (3, 3)


@pytest.mark.filterwarnings("ignore::RuntimeWarning")
def test_a_gradient_that_is_not_finite_is_told_as_one(monkeypatch):
    model = make_model()
    original = model.loss_and_grads

    def planted(ids, targets, rng, count, take):
        def change(path, grads):
            if path == "ln_f":
                grads["bias"][1] = np.inf
            take(path, grads)

        return original(ids, targets, rng, count, change)

    monkeypatch.setattr(model, "loss_and_grads", planted)
    before = model.params.buffer.copy()
    with pytest.raises(Diverged, match="gradient is not finite at step 0"):
        Trainer(model, TOKENS, batch_size=4, threads=1, **NUMBERS).step()
    assert model.params.buffer.tobytes() == before.tobytes()


@pytest.mark.parametrize("name, value", [
    ("batch_size", 0),
    ("steps", 0),
    ("steps", -3),
    ("accumulate", 0),
    ("threads", 0),
    ("threads", -1),
    ("lr", 0.0),
    ("lr", -1e-3),
    ("lr", math.inf),
    ("lr", math.nan),
    ("min_lr", -1e-9),
    ("min_lr", 0.02),
    ("min_lr", math.nan),
    ("warmup", -1),
    ("weight_decay", -0.1),
    ("weight_decay", math.nan),
    ("clip", -1.0),
    ("clip", math.inf),
    ("betas", (0.9, 1.0)),
    ("betas", (-0.1, 0.9)),
])  # fmt: skip
def test_numbers_that_make_no_training_are_refused_by_name(name, value):
    with pytest.raises(UserError) as told:
        Trainer(make_model(), TOKENS, **{**NUMBERS, name: value})
    assert str(told.value).startswith(name)
    assert str(value) in str(told.value)


def test_a_text_that_is_too_short_is_refused_with_both_numbers():
    with pytest.raises(UserError, match="5 tokens.*block_size 6"):
        Trainer(make_model(), TOKENS[:5], **NUMBERS)


def test_fit_does_the_steps_that_remain_and_tells_each():
    trainer = Trainer(make_model(), TOKENS, batch_size=2, threads=1, **NUMBERS)
    trainer.step()
    told = []
    last = trainer.fit(lambda trainer, loss: told.append((trainer.step_number, loss)))
    assert [step for step, _ in told] == list(range(2, 21))
    assert last == told[-1][1]
    assert trainer.tokens_seen == 20 * 2 * T
    assert trainer.current_lr == NUMBERS["min_lr"]
    assert math.isnan(trainer.fit())  # nothing remains


@pytest.mark.parametrize("threads", [1, 2, None])
def test_evaluate_is_the_plain_loop(threads):
    model = make_model(dropout=0.5)  # no dropout here
    batches = [*some_pairs(3, 4), *some_pairs(1, 2, ignored=0.0)]
    batches += [DocumentBatches([TOKENS[:4], TOKENS[4:9]], 2, T).next()]
    total, counted = 0.0, 0
    for ids, targets in batches:
        logits = model(ids)
        for row, target in zip(logits.reshape(-1, V), targets.ravel(), strict=True):
            if target != IGNORE:
                total -= row[target] - np.log(np.exp(row).sum())
                counted += 1
    loss, count = evaluate(model, iter(batches), threads)
    assert count == counted
    assert loss == pytest.approx(total, rel=1e-12)
