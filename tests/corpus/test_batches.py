"""Batches: every token where it should be, as often as it should be, and the same after a stop."""

import json
from collections import Counter
from itertools import islice

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from minigpt.corpus.batches import DocumentBatches, WindowBatches, padded, windows
from minigpt.errors import UserError
from minigpt.layers import IGNORE

SEPARATOR = 0


def window_batches(n=101, batch_size=4, block_size=7, seed=0):
    """Batches of the text 1000, 1001, …, so that a token tells its place."""
    return WindowBatches(np.arange(1000, 1000 + n), batch_size, block_size, seed)


def rows_of_epochs(batches, epochs: int) -> list[list[tuple]]:
    """The rows of each epoch, read off batches of a single row."""
    assert batches.batch_size == 1
    result = []
    for _ in range(epochs):
        batches.next()  # begins the epoch, of which it takes the first row
        batches.position -= 1
        result.append([batches.next() for _ in range(len(batches.starts))])
    return result


@pytest.mark.parametrize("n", [8, 9, 14, 15, 16, 22, 100, 101])
def test_each_token_is_a_target_at_most_once_an_epoch_and_no_window_is_left_out(n):
    for rows in rows_of_epochs(window_batches(n, batch_size=1), epochs=4):
        starts = sorted(int(ids[0, 0]) - 1000 for ids, _ in rows)
        targets = Counter(int(t) for _, row in rows for t in row.ravel())
        assert max(targets.values()) == 1
        assert starts == list(range(starts[0], n - 7, 7))  # side by side, up to the end
        assert 0 <= starts[0] < 7
        left_over = n - 1 - len(targets)
        assert left_over <= 2 * (7 - 1)  # less than a window at each end


def test_targets_are_the_inputs_one_place_later():
    batches = window_batches()
    for _ in range(20):
        ids, targets = batches.next()
        assert ids.shape == targets.shape == (4, 7)
        assert np.array_equal(targets, ids + 1)
        assert np.array_equal(ids, ids[:, :1] + np.arange(7))


def test_the_order_is_shuffled_and_the_offset_differs_from_epoch_to_epoch():
    epochs = rows_of_epochs(window_batches(701, batch_size=1), epochs=8)
    orders = [[int(ids[0, 0]) - 1000 for ids, _ in rows] for rows in epochs]
    assert all(order != sorted(order) for order in orders)
    assert len({min(order) % 7 for order in orders}) > 2


def test_every_offset_and_so_every_token_comes_up():
    """The first and the last token that can be a target are not left out for ever."""
    seen, offsets = set(), set()
    for rows in rows_of_epochs(window_batches(17, batch_size=1), epochs=100):
        seen.update(int(t) - 1000 for _, row in rows for t in row.ravel())
        offsets.add(min(int(ids[0, 0]) - 1000 for ids, _ in rows))
    assert seen == set(range(1, 17))
    assert offsets == set(range(7))


@settings(deadline=None)
@given(st.integers(1, 9), st.integers(0, 40), st.integers(1, 5), st.integers(0, 3))
def test_windows_lie_within_the_text(block_size, spare, batch_size, seed):
    n = block_size + 1 + spare
    batches = WindowBatches(np.arange(n), batch_size, block_size, seed)
    for _ in range(5):
        ids, targets = batches.next()
        assert ids.shape == (batch_size, block_size)
        assert ids.min() >= 0 and targets.max() < n
        assert np.array_equal(targets, ids + 1)


def test_the_smallest_text_is_one_window_and_a_smaller_one_is_refused():
    ids, targets = window_batches(8, batch_size=3).next()
    assert np.array_equal(ids, [range(1000, 1007)] * 3)
    assert np.array_equal(targets, [range(1001, 1008)] * 3)
    for n in (0, 1, 7):
        with pytest.raises(UserError, match=rf"has {n} tokens.*block_size 7 needs at least 8"):
            window_batches(n)


def documents(count=23, longest=9, seed=5):
    """Documents of different lengths; each token names its document and its place in it."""
    rng = np.random.default_rng(seed)
    lengths = rng.integers(1, longest + 1, count)
    return [
        np.array([SEPARATOR, *(100 * (d + 1) + np.arange(n)), SEPARATOR])
        for d, n in enumerate(lengths)
    ]


def make(kind, seed=0, batch_size=3):
    if kind == "windows":
        return window_batches(batch_size=batch_size, seed=seed)
    return DocumentBatches(documents(), batch_size, 12, seed)


kinds = pytest.mark.parametrize("kind", ["windows", "documents"])


def take(batches, n):
    return [(ids.tolist(), targets.tolist()) for ids, targets in (batches.next() for _ in range(n))]


@kinds
def test_a_seed_gives_the_same_batches_and_another_seed_others(kind):
    assert take(make(kind), 20) == take(make(kind), 20)
    assert take(make(kind), 3) != take(make(kind, seed=1), 3)


@kinds
@pytest.mark.parametrize("batch_size", [1, 3])
def test_restored_batches_go_on_the_same_across_the_ends_of_epochs(kind, batch_size):
    """A stop after any batch of the first epochs, one of them at an epoch's very end."""
    batches = make(kind, batch_size=batch_size)
    for done in range(40):
        state = batches.state()
        again = make(kind, batch_size=batch_size, seed=77)  # its own place is forgotten
        take(again, done % 3)
        again.restore(json.loads(json.dumps(state)))  # as a checkpoint keeps it
        expected = make(kind, batch_size=batch_size)
        take(expected, done)
        assert take(again, 15) == take(expected, 15)
        batches.next()


@kinds
def test_a_state_stays_as_it_was_while_the_batches_go_on(kind):
    batches = make(kind)
    take(batches, 2)
    state = batches.state()
    expected = take(batches, 30)
    batches.restore(state)
    assert take(batches, 30) == expected


def real(ids, targets) -> list[int]:
    """One row's tokens without padding; checks that it is a document with shifted targets."""
    n = int((targets != IGNORE).sum())
    assert (targets[:n] != IGNORE).all() and not ids[n:].any()
    assert ids[0] == SEPARATOR
    assert np.array_equal(ids[1:n], targets[: n - 1])
    return [*ids[:n].tolist(), int(targets[n - 1])]


@pytest.mark.parametrize("batch_size", [1, 4, 5])
def test_every_document_comes_whole_and_at_most_once_an_epoch(batch_size):
    given = documents(count=40)
    batches = DocumentBatches(given, batch_size, 12, seed=1)
    expected = sorted(document.tolist() for document in given)
    epochs = []
    for _ in range(3):
        found = [real(*row) for _ in range(40 // batch_size)
                 for row in zip(*batches.next(), strict=True)]  # fmt: skip
        assert sorted(found) == expected  # 40 is a multiple of all three sizes
        epochs.append(found)
    assert epochs[0] != epochs[1] != epochs[2]  # shuffled anew


def test_documents_that_fill_no_batch_wait_for_another_epoch():
    batches = DocumentBatches(documents(count=10), 4, 12, seed=0)
    seen = Counter()
    for _ in range(50):  # 25 epochs of two batches
        rows = [tuple(real(*row)) for row in zip(*batches.next(), strict=True)]
        assert len(set(rows)) == 4
        seen.update(rows)
    assert len(seen) == 10 and min(seen.values()) > 5


def test_documents_of_like_length_share_a_batch():
    given = documents(count=640, seed=3)
    batches = DocumentBatches(given, 8, 12, seed=0)
    kept = sum(float((batches.next()[1] != IGNORE).mean()) for _ in range(80)) / 80
    rng = np.random.default_rng(0)
    mixed = [max(len(given[i]) for i in rng.choice(640, 8)) - 1 for _ in range(80)]
    lengths = np.mean([len(document) - 1 for document in given])
    assert kept > 0.95 > lengths / np.mean(mixed)


def test_a_document_longer_than_the_block_gives_its_beginning():
    long = np.array([SEPARATOR, *range(100, 130), SEPARATOR])
    batches = DocumentBatches([long, *documents(count=3)], 4, 12, seed=0)
    rows = [real(*row) for row in zip(*batches.next(), strict=True)]
    assert [SEPARATOR, *range(100, 112)] in rows


def test_fewer_documents_than_a_batch_are_refused():
    with pytest.raises(UserError, match="3 documents.*batch of 4"):
        DocumentBatches(documents(count=3), 4, 12)


@pytest.mark.parametrize("given", [[], [[5]], [[1, 2, 3], []]])
def test_no_documents_or_empty_ones_are_refused(given):
    with pytest.raises(UserError, match="at least two tokens"):
        DocumentBatches(given, 2, 8)


@settings(deadline=None)
@given(st.integers(0, 60), st.integers(1, 20))
def test_windows_have_every_token_but_the_first_as_a_target_once(n, block_size):
    pairs = windows(np.arange(n), block_size)
    assert [int(t) for _, targets in pairs for t in targets] == list(range(1, n))
    for ids, targets in pairs:
        assert 1 <= len(ids) == len(targets) <= block_size
        assert np.array_equal(ids + 1, targets)
    assert all(len(ids) == block_size for ids, _ in pairs[:-1])


def test_padded_keeps_every_pair_in_its_row_and_ignores_the_rest():
    pairs = windows(np.arange(50, 75), 7) + windows(np.arange(10, 13), 7)
    batches = list(padded(pairs, 3))
    assert [ids.shape for ids, _ in batches] == [(3, 7), (2, 3)]
    rows = [row for batch in batches for row in zip(*batch, strict=True)]
    assert len(rows) == len(pairs)
    for (ids, targets), (x, y) in zip(rows, pairs, strict=True):
        assert np.array_equal(ids[: len(x)], x) and np.array_equal(targets[: len(y)], y)
        assert (targets[len(y) :] == IGNORE).all() and not ids[len(x) :].any()


def test_padded_of_nothing_is_nothing():
    assert list(islice(padded([], 4), 1)) == []
