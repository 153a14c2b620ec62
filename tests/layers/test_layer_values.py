"""What the forward passes compute, against plain loops, known numbers and extreme inputs."""

import math

import numpy as np
import pytest

from minigpt import layers
from minigpt.layers.gelu import erf


@pytest.fixture
def rng():
    return np.random.default_rng(5)


def test_erf_agrees_with_the_standard_library():
    x = np.concatenate([np.linspace(-7, 7, 20011), [-1e300, -6, 6, 1e-300, -0.0, 0.0, 1e300]])
    exact = np.array([math.erf(v) for v in x])
    assert np.abs(erf(x) - exact).max() < 1e-15
    single = erf(x.clip(-1e30, 1e30).astype("float32"))
    assert single.dtype == np.float32
    assert np.abs(single - exact).max() < 3e-7
    assert erf(np.array([np.inf, -np.inf])).tolist() == [1, -1]
    with np.errstate(invalid="raise"):
        assert np.isnan(erf(np.array([np.nan]))).all()  # a diverged training must be told so


def test_erf_of_complex_numbers_carries_the_derivative():
    x = np.linspace(-5, 5, 999)
    slope = erf(x + 1e-30j).imag / 1e-30
    np.testing.assert_allclose(slope, 2 / math.sqrt(math.pi) * np.exp(-x * x), rtol=1e-9)


def test_both_gelus_at_known_points():
    x = np.array([-3.0, -1.0, 0.0, 0.5, 2.0])
    exact = [v * 0.5 * (1 + math.erf(v / math.sqrt(2))) for v in x]
    np.testing.assert_allclose(layers.gelu_exact(x)[0], exact, atol=1e-15)
    np.testing.assert_allclose(layers.gelu(x)[0], exact, atol=5e-4)  # an approximation of it
    assert abs(layers.gelu(np.array([1.0]))[0][0] - 0.8411919906082768) < 1e-15


def test_relu_by_hand():
    x = np.array([-2.0, -0.0, 0.0, 1e-30, 3.0])
    y, cache = layers.relu(x)
    assert y.tolist() == [0, 0, 0, 1e-30, 3]
    assert layers.relu_backward(np.full(5, 7.0), cache)[0].tolist() == [0, 0, 0, 7, 7]


@pytest.mark.parametrize(
    ("T_query", "T_key", "window"), [(5, 5, 2), (3, 5, 2), (4, 6, 1), (4, 4, 9)]
)
def test_a_band_lets_a_query_see_its_window_only(T_query, T_key, window):
    mask = layers.causal_mask(T_query, T_key, np, window)
    for query in range(T_query):
        place = T_key - T_query + query
        seen = [key for key in range(T_key) if place - window < key <= place]
        assert np.flatnonzero(mask[query]).tolist() == seen


def test_embedding_is_one_hot_times_the_matrix(rng):
    weight, ids = rng.normal(size=(7, 4)), rng.integers(0, 7, (2, 5))
    np.testing.assert_allclose(layers.embedding(ids, weight)[0], np.eye(7)[ids] @ weight)
    x = rng.normal(size=(2, 5, 4))
    by_hand = [[[vector @ row for row in weight] for vector in line] for line in x]
    np.testing.assert_allclose(layers.unembedding(x, weight)[0], by_hand)


def test_linear_by_hand(rng):
    x, weight, bias = rng.normal(size=(2, 3, 4)), rng.normal(size=(4, 5)), rng.normal(size=5)
    by_hand = [[[v @ weight[:, j] + bias[j] for j in range(5)] for v in line] for line in x]
    np.testing.assert_allclose(layers.linear(x, weight, bias)[0], by_hand)


def test_layernorm_gives_mean_0_and_variance_1_and_survives_a_constant(rng):
    x = 50 + 7 * rng.normal(size=(3, 64))
    y, _ = layers.layernorm(x, np.ones(64))
    np.testing.assert_allclose(y.mean(axis=-1), 0, atol=1e-12)
    np.testing.assert_allclose(y.var(axis=-1), 1, atol=1e-5)
    constant, cache = layers.layernorm(np.full((2, 4), 3.0), np.ones(4), np.arange(4.0))
    assert constant.tolist() == [[0, 1, 2, 3]] * 2
    assert np.isfinite(layers.layernorm_backward(np.ones((2, 4)), cache)[0]).all()


@pytest.mark.parametrize("eps", [1e-5, 0.3])
def test_layernorm_by_hand(eps, rng):
    x, weight, bias = rng.normal(size=(3, 4)), rng.normal(size=4), rng.normal(size=4)
    by_hand = [(v - v.mean()) / math.sqrt(v.var() + eps) * weight + bias for v in x]
    np.testing.assert_allclose(layers.layernorm(x, weight, bias, eps=eps)[0], by_hand)


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_softmax_of_large_scores(dtype, rng):
    x = (1e4 * rng.normal(size=(6, 9))).astype(dtype)
    with np.errstate(over="raise", invalid="raise", divide="raise"):
        y, cache = layers.softmax(x)
        dx, _ = layers.softmax_backward(np.ones_like(y), cache)
    np.testing.assert_allclose(y.sum(axis=-1), 1, rtol=1e-6)
    assert (y.argmax(axis=-1) == x.argmax(axis=-1)).all()
    assert np.isfinite(dx).all()
    shifted, _ = layers.softmax(np.array([1.0, 2.0, 3.0]) + 1e4)
    np.testing.assert_allclose(shifted, np.exp([1, 2, 3]) / np.exp([1, 2, 3]).sum(), rtol=1e-11)


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_cross_entropy_of_large_scores(dtype):
    logits = np.array([[1e4, -1e4, 0.0], [0.0, 1e4, 1e4]], dtype=dtype)
    with np.errstate(over="raise", invalid="raise", divide="raise"):
        loss, cache = layers.cross_entropy(logits, np.array([1, 2]))
        dlogits, _ = layers.cross_entropy_backward(1.0, cache)
    np.testing.assert_allclose(loss, (2e4 + math.log(2)) / 2, rtol=1e-6)
    np.testing.assert_allclose(dlogits, [[0.5, -0.5, 0], [0, 0.25, -0.25]], atol=1e-6)


def test_cross_entropy_by_hand_and_its_count(rng):
    logits, targets = rng.normal(size=(3, 4, 7)), rng.integers(0, 7, (3, 4))
    targets[0, 1] = targets[2, 3] = layers.IGNORE
    p = np.exp(logits) / np.exp(logits).sum(axis=-1, keepdims=True)
    places = [(b, t) for b in range(3) for t in range(4) if targets[b, t] != layers.IGNORE]
    by_hand = -sum(math.log(p[b, t, targets[b, t]]) for b, t in places)
    loss, cache = layers.cross_entropy(logits, targets)
    np.testing.assert_allclose(loss, by_hand / 10)
    np.testing.assert_allclose(layers.cross_entropy(logits, targets, count=1)[0], by_hand)
    dlogits, _ = layers.cross_entropy_backward(1.0, cache)
    assert (dlogits[targets == layers.IGNORE] == 0).all()
    np.testing.assert_allclose(dlogits.sum(axis=-1), 0, atol=1e-15)  # p and one-hot both sum to 1


def test_another_ignore_index(rng):
    logits, targets = rng.normal(size=(5, 7)), np.array([3, 0, 1, 0, 6])
    loss, cache = layers.cross_entropy(logits, targets, ignore_index=0)
    np.testing.assert_allclose(loss, layers.cross_entropy(logits[[0, 2, 4]], targets[::2])[0])
    assert (layers.cross_entropy_backward(1.0, cache)[0][[1, 3]] == 0).all()


def test_the_shards_of_a_batch_add_up(rng):
    logits, targets = rng.normal(size=(5, 4, 7)), rng.integers(0, 7, (5, 4))
    targets[0] = layers.IGNORE
    whole, cache = layers.cross_entropy(logits, targets)
    dwhole, _ = layers.cross_entropy_backward(1.0, cache)
    shards = [layers.cross_entropy(logits[s], targets[s], count=16) for s in ([0, 1], [2, 3, 4])]
    np.testing.assert_allclose(sum(loss for loss, _ in shards), whole)
    parts = [layers.cross_entropy_backward(1.0, cache)[0] for _, cache in shards]
    np.testing.assert_allclose(np.concatenate(parts), dwhole)


@pytest.mark.parametrize("count", [None, 8, 8.0, np.int64(8), np.float64(8), np.array(8)])
def test_the_count_does_not_change_the_dtype(count):
    logits = np.ones((2, 4, 3), dtype="float32")
    loss, cache = layers.cross_entropy(logits, np.zeros((2, 4), int), count=count)
    assert loss.dtype == np.float32
    assert float(loss) == pytest.approx(np.log(3))
    assert layers.cross_entropy_backward(loss, cache)[0].dtype == np.float32


def test_a_batch_without_targets_has_loss_0_and_no_gradient():
    loss, cache = layers.cross_entropy(np.ones((2, 3)), np.full(2, layers.IGNORE))
    assert loss == 0
    assert (layers.cross_entropy_backward(1.0, cache)[0] == 0).all()


def test_causal_mask():
    assert layers.causal_mask(3, 3, np).tolist() == np.tri(3).astype(bool).tolist()
    assert layers.causal_mask(2, 4, np).astype(int).tolist() == [[1, 1, 1, 0], [1, 1, 1, 1]]
    assert layers.causal_mask(1, 4, np).all()


def test_attention_by_hand(rng):
    """One sequence, loops over heads and positions, no masks but causal."""
    T, H, D = 4, 3, 2
    C = H * D
    x, w_attn, w_proj = rng.normal(size=(T, C)), rng.normal(size=(C, 3 * C)), np.eye(C)
    y, _ = layers.attention(x[None], {"weight": w_attn}, {"weight": w_proj}, n_head=H)
    q, k, v = x @ w_attn[:, :C], x @ w_attn[:, C : 2 * C], x @ w_attn[:, 2 * C :]
    for h in range(H):
        part = slice(h * D, (h + 1) * D)
        for t in range(T):
            scores = [math.exp(q[t, part] @ k[s, part] / math.sqrt(D)) for s in range(t + 1)]
            mean = sum(e * v[s, part] for s, e in enumerate(scores)) / sum(scores)
            np.testing.assert_allclose(y[0, t, part], mean)


def test_a_padding_mask_is_added_to_the_causal_one(rng):
    x, weight = rng.normal(size=(2, 5, 6)), {"weight": rng.normal(size=(6, 18))}
    both = weight, {"weight": rng.normal(size=(6, 6))}
    plain, _ = layers.attention(x, *both, n_head=3)
    seeing, _ = layers.attention(x, *both, n_head=3, mask=np.ones((2, 1, 1, 5), dtype=bool))
    assert (plain == seeing).all()  # a mask that hides nothing does not show the future
    hidden = np.ones((2, 1, 1, 5), dtype=bool)
    hidden[0, ..., :2] = False
    padded, _ = layers.attention(x, *both, n_head=3, mask=hidden)
    shorter, _ = layers.attention(x[:, 2:], *both, n_head=3)
    np.testing.assert_allclose(padded[0, 2:], shorter[0])  # as if the padding were not there
    np.testing.assert_allclose(padded[1], plain[1])


def test_the_dropout_of_attention_weights(rng):
    q, k, v = rng.normal(size=(3, 2, 3, 4, 5))
    mask, drop = layers.causal_mask(4, 4, np), layers.dropout_mask(rng, (2, 3, 4, 4), 0.5, q)
    y, _ = layers.scaled_dot_product(q, k, v, mask, drop)
    scores = np.where(mask, q @ k.swapaxes(-1, -2) / math.sqrt(5), -np.inf)
    weights = np.exp(scores) / np.exp(scores).sum(axis=-1, keepdims=True)
    np.testing.assert_allclose(y, (weights * drop) @ v)


def test_heads_split_and_merge(rng):
    x = rng.normal(size=(2, 5, 12))
    heads = layers.split_heads(x, 3)
    assert heads.shape == (2, 3, 5, 4)
    assert (heads[1, 2, 3] == x[1, 3, 8:12]).all()
    assert (layers.merge_heads(heads) == x).all()


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("p", [0.1, 0.5, 0.9])
def test_dropout_mask(p, dtype):
    like = np.empty(1, dtype)
    mask = layers.dropout_mask(np.random.default_rng(0), (200, 300), p, like)
    assert mask.dtype == dtype
    kept = mask > 0
    np.testing.assert_allclose(mask[kept], 1 / (1 - p), rtol=1e-6)
    n = mask.size
    assert abs((~kept).sum() - n * p) < 4 * math.sqrt(n * p * (1 - p))
    again = layers.dropout_mask(np.random.default_rng(0), (200, 300), p, like)
    assert (mask == again).all()
    assert layers.dropout_mask(np.random.default_rng(0), (2, 3), 0, like) is None
