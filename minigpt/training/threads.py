"""Sharing out work over threads, with one BLAS thread each."""

from __future__ import annotations

import functools
import itertools
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor, wait
from contextlib import contextmanager

from threadpoolctl import ThreadpoolController


@contextmanager
def shared_out(threads: int):
    """Lend a `map` that runs on `threads` threads, with one BLAS thread each.

    NumPy lets go of the interpreter's lock while it computes, so two Python threads keep two cores
    busy in the elementwise work too, where a BLAS of two threads would leave one idle.
    """
    if threads == 1:
        yield map
        return
    with _OneBlasThread():
        yield functools.partial(_map_with_helpers, threads)


def _map_with_helpers(threads: int, function: Callable, *columns) -> list:
    """As `map`, on the calling thread and its helpers; each takes the next call that is left."""
    calls = list(zip(*columns, strict=True))
    results, numbers = [None] * len(calls), itertools.count()

    def work() -> None:
        while (number := next(numbers)) < len(calls):
            results[number] = function(*calls[number])

    helpers = [_helpers(threads - 1).submit(work) for _ in range(min(threads, len(calls)) - 1)]
    try:
        work()
    finally:
        wait(helpers)  # then nobody writes into our arrays any more, also after a failure
    for helper in helpers:
        helper.result()
    return results


@functools.cache
def _helpers(threads: int) -> ThreadPoolExecutor:
    """Threads that are kept: to start them takes as long as a small layer."""
    return ThreadPoolExecutor(threads, thread_name_prefix="minigpt")


class _OneBlasThread:
    """Limits BLAS to one thread while anybody needs it, and then restores what was before.

    The limit belongs to the whole process, so two trainings at once must share it.
    """

    lock, users, limiter = threading.Lock(), 0, None

    def __enter__(self):
        with self.lock:
            if _OneBlasThread.users == 0:
                _OneBlasThread.limiter = _blas().limit(limits=1, user_api="blas")
            _OneBlasThread.users += 1

    def __exit__(self, *error):
        with self.lock:
            _OneBlasThread.users -= 1
            if _OneBlasThread.users == 0:
                _OneBlasThread.limiter.restore_original_limits()


@functools.cache
def _blas() -> ThreadpoolController:
    """The BLAS libraries of this process, looked for once: a search takes milliseconds."""
    return ThreadpoolController()
