"""Trees and their flat twin: the same numbers, by name and in a row."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from minigpt.tree import FlatTree, items, nest, tree_map

unhurried = settings(deadline=None, max_examples=60)  # other tests may share the machine
KEYS = st.text("abcxyz_019", min_size=1, max_size=4)  # dots separate the levels
SHAPES = st.lists(st.integers(0, 4), max_size=3).map(tuple)


@st.composite
def leaves(draw):
    shape = draw(SHAPES)
    return np.arange(np.prod(shape, dtype=int), dtype="float64").reshape(shape) + draw(
        st.integers(-9, 9)
    )


TREES = st.recursive(
    st.dictionaries(KEYS, leaves(), min_size=1, max_size=4),
    lambda inner: st.dictionaries(KEYS, inner | leaves(), min_size=1, max_size=3),
    max_leaves=8,
)


@unhurried
@given(TREES)
def test_nest_undoes_items(tree):
    flat = dict(items(tree))
    assert not any(isinstance(value, dict) for value in flat.values())
    back = nest(flat)
    again = dict(items(back))
    assert list(again) == list(flat)
    assert all(again[path] is flat[path] for path in flat)
    assert same_form(back, tree)


def same_form(a, b) -> bool:
    if not (isinstance(a, dict) and isinstance(b, dict)):
        return a is b
    return list(a) == list(b) and all(same_form(a[key], b[key]) for key in a)


@unhurried
@given(TREES)
def test_tree_map_changes_the_leaves_and_nothing_else(tree):
    doubled = tree_map(lambda x, y, z: x + y + z, tree, tree, tree)
    before, after = dict(items(tree)), dict(items(doubled))
    assert list(before) == list(after)
    for path in before:
        np.testing.assert_array_equal(after[path], 3 * before[path])
    assert same_form(tree_map(lambda x: x, tree), tree)


def test_paths_are_the_names_of_gpt2s_checkpoint():
    tree = {"wte": {"weight": 1}, "h": {"0": {"ln_1": {"weight": 2, "bias": 3}}}}
    assert dict(items(tree)) == {"wte.weight": 1, "h.0.ln_1.weight": 2, "h.0.ln_1.bias": 3}
    assert dict(items(tree, "model.")).keys() == {
        "model.wte.weight", "model.h.0.ln_1.weight", "model.h.0.ln_1.bias"
    }  # fmt: skip
    assert nest({"h.0.ln_1.bias": 3}) == {"h": {"0": {"ln_1": {"bias": 3}}}}


@unhurried
@given(TREES)
def test_a_flat_tree_holds_the_same_numbers_in_the_same_order_of_keys(tree):
    flat = FlatTree(tree)
    assert same_keys(flat, tree)
    for (path, view), (_, value) in zip(items(flat), items(tree), strict=True):
        np.testing.assert_array_equal(view, value, err_msg=path)
        assert view.shape == value.shape
        assert view.size == 0 or np.shares_memory(view, flat.buffer)
        assert not np.shares_memory(view, value)  # a copy of what was given
    assert flat.buffer.ndim == 1
    assert flat.buffer.size == sum(value.size for _, value in items(tree))


def same_keys(a, b) -> bool:
    return [path for path, _ in items(a)] == [path for path, _ in items(b)]


@unhurried
@given(TREES)
def test_every_place_of_the_buffer_belongs_to_one_view_and_matrices_come_first(tree):
    flat = FlatTree(tree)
    flat.buffer[...] = 0
    for number, (_, view) in enumerate(items(flat), start=1):
        view += number  # would add up where two views overlapped
    owners = [number for number, (_, view) in enumerate(items(flat), start=1)
              for _ in range(view.size)]  # fmt: skip
    assert sorted(flat.buffer.tolist()) == sorted(owners)
    flat.buffer[: flat.matrix_size] = 1
    flat.buffer[flat.matrix_size :] = 2
    for _, view in items(flat):
        assert (view == (1 if view.ndim >= 2 else 2)).all()


@pytest.fixture
def tree():
    rng = np.random.default_rng(0)
    return {
        "ln": {"weight": rng.normal(size=3), "bias": rng.normal(size=3)},
        "fc": {"weight": rng.normal(size=(3, 4)), "scale": np.array(2.0)},
    }


def test_writing_into_the_buffer_changes_the_views_and_the_other_way_round(tree):
    flat = FlatTree(tree)
    flat.buffer *= 2
    np.testing.assert_array_equal(flat["ln"]["bias"], 2 * tree["ln"]["bias"])
    flat["fc"]["weight"][1, 2] = 77
    assert flat.buffer[1 * 4 + 2] == 77  # the only matrix comes first
    assert flat.matrix_size == 12


def test_assign_add_and_zeros_like(tree):
    flat = FlatTree(tree)
    zeros = flat.zeros_like()
    assert isinstance(zeros, FlatTree)
    assert (zeros.buffer == 0).all()
    assert zeros.buffer.size == flat.buffer.size
    assert zeros.matrix_size == flat.matrix_size
    assert same_keys(zeros, flat)
    assert not np.shares_memory(zeros.buffer, flat.buffer)
    zeros.add(tree)
    zeros.add(flat)
    np.testing.assert_array_equal(zeros.buffer, 2 * flat.buffer)
    buffer = zeros.buffer
    zeros.assign(tree)
    np.testing.assert_array_equal(zeros.buffer, flat.buffer)
    assert zeros.buffer is buffer
    assert np.shares_memory(zeros["ln"]["weight"], buffer)


def test_the_order_of_the_keys_does_not_matter_to_assign_and_add(tree):
    flat = FlatTree(tree)
    turned = {key: dict(reversed(value.items())) for key, value in reversed(tree.items())}
    other = flat.zeros_like()
    other.add(turned)
    np.testing.assert_array_equal(other.buffer, flat.buffer)
    other.assign(turned)
    np.testing.assert_array_equal(other.buffer, flat.buffer)


@pytest.mark.parametrize("method", ["assign", "add"])
def test_a_tree_of_another_form_is_an_error_of_ours(tree, method):
    flat = FlatTree(tree)
    missing = {"ln": tree["ln"]}
    misshapen = {**tree, "ln": {**tree["ln"], "bias": np.ones(1)}}  # would broadcast
    for other in (missing, {**tree, "more": np.ones(2)}, misshapen):
        with pytest.raises(AssertionError):
            getattr(flat, method)(other)


def test_the_dtype_is_the_first_arrays_or_the_one_asked_for(tree):
    assert FlatTree(tree).buffer.dtype == np.float64
    single = FlatTree(tree, "float32")
    assert single.buffer.dtype == np.float32
    assert all(view.dtype == np.float32 for _, view in items(single))
    assert single.zeros_like().buffer.dtype == np.float32


def test_a_flat_tree_of_a_flat_tree_is_a_copy(tree):
    flat = FlatTree(tree)
    other = FlatTree(flat)
    other.buffer += 1
    np.testing.assert_array_equal(flat["ln"]["weight"], tree["ln"]["weight"])


@unhurried
@given(TREES, st.sampled_from(["float32", "float64"]))
def test_an_empty_tree_has_the_layout_of_one_that_was_given(tree, dtype):
    shapes = {path: value.shape for path, value in items(tree)}
    flat, twin = FlatTree.empty(shapes, dtype), FlatTree(tree, dtype)
    assert isinstance(flat, FlatTree) and same_keys(flat, tree)
    assert flat.buffer.dtype == dtype and flat.matrix_size == twin.matrix_size
    flat.buffer[...] = twin.buffer  # so both have each number in the same place
    for (path, view), (_, value) in zip(items(flat), items(tree), strict=True):
        assert view.shape == value.shape
        np.testing.assert_array_equal(view, value, err_msg=path)
