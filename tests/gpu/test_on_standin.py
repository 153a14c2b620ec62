"""The clear functions, the model and what is done with it run on CuPy, played by the stand-in.

Equal to NumPy, in float32 throughout, and nothing is copied to the host on the way.
"""

from functools import partial

import numpy as np
import pytest
from layer_parts import NAMES, parts
from model_parts import VARIANTS, gpt_part

from minigpt import GPT, GPTConfig, layers
from minigpt.backend import to_host
from minigpt.model.gpt import gpt_loss, gpt_loss_backward
from minigpt.training import AdamW, Trainer
from minigpt.training.schedule import clip_by_global_norm
from minigpt.training.trainer import evaluate
from minigpt.tree import FlatTree, items, tree_map

CLOSE = {"float32": {"rtol": 2e-5, "atol": 2e-6}, "float64": {"rtol": 1e-12, "atol": 1e-14}}
CONFIG = GPTConfig(vocab_size=23, block_size=12, n_layer=2, n_head=2, n_embd=16)
TOKENS = np.random.default_rng(3).integers(0, 23, 400)


def moved(cupy, thing):
    """The same with every array on the device: in lists, dicts and bound arguments."""
    if isinstance(thing, np.ndarray):
        return cupy.asarray(thing)
    if isinstance(thing, dict):
        return {key: moved(cupy, value) for key, value in thing.items()}
    if isinstance(thing, (list, tuple)):
        return type(thing)(moved(cupy, value) for value in thing)
    if isinstance(thing, partial):
        return partial(thing.func, *moved(cupy, thing.args), **moved(cupy, thing.keywords))
    return thing


def arrays(tree) -> list:
    """All arrays in nested dicts, lists and tuples, on the host."""
    if isinstance(tree, dict):
        return arrays(list(tree.values()))
    if isinstance(tree, (list, tuple)):
        return [array for item in tree for array in arrays(item)]
    return [] if tree is None else [to_host(tree)]


def there_and_back(forward, backward, inputs, params, dy):
    """y, dx and the gradients, of a pair of functions."""
    y, cache = forward(*inputs, **params)
    dx, grads = backward(dy, cache)
    return y, dx, grads


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("name", NAMES)
def test_a_pair_computes_what_it_does_on_numpy(cupy, name, dtype):
    part = parts(dtype)[name]
    y, _ = part.forward(*part.inputs, **part.params)
    dy = np.asarray(np.random.default_rng(5).standard_normal(np.shape(y)), dtype)
    expected = arrays(there_and_back(part.forward, part.backward, part.inputs, part.params, dy))

    given = moved(cupy, [part.forward, part.backward, part.inputs, part.params, dy])
    before = [array.tobytes() for array in arrays(given[2:])]
    cupy.state.clear()
    found = there_and_back(*given)
    assert cupy.state.transfers == 0, cupy.state.places
    if dtype == "float32":
        assert not cupy.state.float64, cupy.state.float64
    for a, b in zip(arrays(found), expected, strict=True):
        assert (a.dtype, a.shape) == (b.dtype, b.shape)
        np.testing.assert_allclose(a, b, **CLOSE[dtype])
    assert [array.tobytes() for array in arrays(given[2:])] == before
    again = arrays(there_and_back(*given))
    assert all(a.tobytes() == b.tobytes() for a, b in zip(arrays(found), again, strict=True))


@pytest.mark.parametrize("variant", VARIANTS)
def test_the_model_computes_what_it_does_on_numpy(cupy, variant):
    part = gpt_part(variant, dtype="float32", scale=0.3)
    options = part.forward.keywords
    targets = np.random.default_rng(4).integers(0, 7, part.inputs[0].shape)
    targets[1, 2:] = -100

    def loss_and_grads(ids, targets, params, options):
        loss, cache = gpt_loss(ids, targets, **params, layers=layers, **options)
        return loss, gpt_loss_backward(1.0, cache)[1]

    given = part.inputs[0], targets, part.params, options
    expected = arrays(loss_and_grads(*given))
    on_device = moved(cupy, given)
    cupy.state.clear()
    found = loss_and_grads(*on_device)
    assert cupy.state.transfers == 0, cupy.state.places
    assert not cupy.state.float64, cupy.state.float64
    for a, b in zip(arrays(found), expected, strict=True):
        np.testing.assert_allclose(a, b, rtol=1e-3, atol=1e-5)


def both_models(config=CONFIG, **options):
    """The same model on the device and on the host, with the clear functions."""
    options = {"seed": 1, "layers": layers, **options}
    return GPT(config, device="cuda", **options), GPT(config, device="cpu", **options)


@pytest.mark.parametrize("recompute", [False, True])
def test_loss_and_gradients_of_a_gpt_with_dropout(cupy, recompute):
    ours, theirs = both_models(CONFIG.replace(dropout=0.2), recompute=recompute)
    ids, targets = TOKENS[:48].reshape(4, 12), TOKENS[1:49].reshape(4, 12)
    cupy.state.clear()
    loss, grads = ours.loss_and_grads(ids, targets, np.random.default_rng(0))
    assert (cupy.state.transfers, cupy.state.float64) == (0, [])
    expected, others = theirs.loss_and_grads(ids, targets, np.random.default_rng(0))
    assert float(loss) == pytest.approx(float(expected), rel=1e-5)
    for (path, a), (_, b) in zip(items(grads), items(others), strict=True):
        np.testing.assert_allclose(to_host(a), b, rtol=1e-3, atol=1e-6, err_msg=path)
    assert float(ours.loss(ids, targets)) == pytest.approx(float(theirs.loss(ids, targets)))
    np.testing.assert_allclose(to_host(ours(ids)), theirs(ids), rtol=1e-4, atol=1e-6)


def test_trees_and_the_optimizer(cupy):
    rng = np.random.default_rng(2)
    tree = {"a": {"weight": rng.standard_normal((3, 4)).astype("f4")},
            "b": rng.standard_normal(5).astype("f4")}  # fmt: skip
    ours, theirs = FlatTree(moved(cupy, tree)), FlatTree(tree)
    grads = tree_map(lambda x: np.cos(x).astype("f4"), tree)
    one, other = AdamW(ours, lr=0.1), AdamW(theirs, lr=0.1)
    for _ in range(20):
        one.step(moved(cupy, grads))
        other.step(grads)
    np.testing.assert_allclose(to_host(ours.buffer), theirs.buffer, rtol=1e-5)
    assert not cupy.state.float64 and ours["b"].dtype == np.float32

    ours, theirs = FlatTree(moved(cupy, grads)), FlatTree(grads)
    ours.add(moved(cupy, grads))
    theirs.add(grads)
    assert clip_by_global_norm(ours, 0.5) == pytest.approx(clip_by_global_norm(theirs, 0.5))
    np.testing.assert_allclose(to_host(ours.buffer), theirs.buffer, rtol=1e-5)


def test_training_with_the_clear_functions(cupy):
    numbers = {"batch_size": 4, "steps": 8, "lr": 1e-2, "warmup": 2, "accumulate": 2}
    ours, theirs = (Trainer(m, TOKENS, threads=1, **numbers) for m in both_models())
    losses = [ours.step() for _ in range(8)]
    np.testing.assert_allclose(losses, [theirs.step() for _ in range(8)], rtol=1e-4)
    assert not cupy.state.float64
    batches = [theirs.batches.next()]
    found, expected = (evaluate(trainer.model, batches, threads=1) for trainer in (ours, theirs))
    assert found[0] == pytest.approx(expected[0], rel=1e-4) and found[1] == expected[1]


PROMPTS = [[1, 2, 3], [4, 5, 6, 7, 8], [9]]
WAYS = {
    "greedy": {"do_sample": False},
    "drawn": {"do_sample": True, "temperature": 0.9, "top_k": 5, "seed": 3},
    "nucleus": {"do_sample": True, "top_p": 0.8, "seed": 3},
    "beams": {"num_beams": 3},
    "penalty": {"repetition_penalty": 1.3, "no_repeat_ngram_size": 2},
}


@pytest.mark.parametrize("new", [4, 20], ids=["within the block", "beyond it"])
@pytest.mark.parametrize("way", WAYS)
@pytest.mark.filterwarnings("ignore")  # a text that outgrows the block is told
def test_it_writes_what_it_does_on_numpy(cupy, way, new):
    ours, theirs = both_models()
    for buffer in (ours.params.buffer, theirs.params.buffer):
        buffer *= 5  # so that no two tokens are nearly as likely
    for prompts in ([PROMPTS[0]], PROMPTS):  # padded at the left
        cupy.state.clear()
        found = ours.generate(prompts, new, **WAYS[way])
        assert cupy.state.transfers <= new, "more than one copy a token"
        expected = theirs.generate(prompts, new, **WAYS[way])
        assert [list(row) for row in found] == [list(row) for row in expected]


def test_it_is_saved_and_read_back(cupy, tmp_path):
    ours, theirs = both_models()
    ours.save_pretrained(tmp_path / "a", max_shard_size="5kB")
    theirs.save_pretrained(tmp_path / "b", max_shard_size="5kB")
    names = sorted(path.name for path in (tmp_path / "a").iterdir())
    assert len(names) > 3
    for name in names:
        assert (tmp_path / "a" / name).read_bytes() == (tmp_path / "b" / name).read_bytes()
    again = GPT.from_pretrained(tmp_path / "b", device="cuda", layers=layers)
    assert again.xp is cupy
    assert to_host(again.params.buffer).tobytes() == theirs.params.buffer.tobytes()


def test_wrong_ids_are_refused_on_the_host(cupy):
    from minigpt.errors import UserError

    model, _ = both_models()
    with pytest.raises(UserError, match="Token id 23 is out of range"):
        model([[1, 23]])
    cupy.state.clear()
    assert model(np.array([[1, 2]])).shape == (1, 2, 23)
    assert cupy.state.transfers == 0
