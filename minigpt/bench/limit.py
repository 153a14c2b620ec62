"""What a training step can't do without: its matrix products, and the optimizer's memory traffic.

The time in which NumPy does just these on this machine is the floor to approach.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from threadpoolctl import threadpool_limits

from minigpt.bench.measure import Timing
from minigpt.model import GPTConfig
from minigpt.model.account import parameters_by_part
from minigpt.training.threads import shared_out

TILE = 128  # queries that attention takes at once, so that their scores stay in the cache
NUMBERS = 7  # that AdamW moves for a parameter: reads p, g, m, v and writes p, m, v
LEAST = 0.004  # seconds to time a product for: short ones are repeated


@dataclass(frozen=True)
class Gemm:
    """A product (rows, inner) @ (inner, columns), done `count` times in a step.

    Attributes:
        what: where it stands in the model.
        flip: the factor that is stored the other way round: "", "a" or "b".
        stack: products that are stacked in one call, as the heads of attention are.
        count: may be a fraction: the causal half of a square.
    """

    what: str
    rows: int
    inner: int
    columns: int
    flip: str
    count: float
    stack: int = 1

    @property
    def flops(self) -> float:
        """Multiplications and additions of all of them."""
        return 2.0 * self.rows * self.inner * self.columns * self.count


def gemms(config: GPTConfig, batch_size: int) -> list[Gemm]:
    """List the matrix products of one training step on (batch_size, block_size) tokens.

        y = x @ w        dx = dy @ w.T        dw = x.T @ dy

    Attention's are counted for the causal half: each query with the keys up to its own place.
    """
    C, N = config.n_embd, batch_size * config.block_size
    found = []
    linears = {"c_attn": (C, 3 * C), "attn.c_proj": (C, C), "c_fc": (C, 4 * C),
               "mlp.c_proj": (4 * C, C)}  # fmt: skip
    for name, (n_in, n_out) in linears.items():
        found += [
            Gemm(f"{name}: y", N, n_in, n_out, "", config.n_layer),
            Gemm(f"{name}: dx", N, n_out, n_in, "b", config.n_layer),
            Gemm(f"{name}: dw", n_in, N, n_out, "a", config.n_layer),
        ]
    V = config.vocab_size
    return [
        *found,
        *_attention_gemms(config, batch_size),
        Gemm("head: y", N, C, V, "b", 1),
        Gemm("head: dx", N, V, C, "", 1),
        Gemm("head: dw", V, N, C, "a", 1),
    ]


def _attention_gemms(config: GPTConfig, batch_size: int) -> list[Gemm]:
    """Six products a head: two of each shape, tile by tile of queries against all T keys."""
    T, D = config.block_size, config.n_embd // config.n_head
    rows = min(T, TILE)
    squares = config.n_layer * batch_size * config.n_head * T / rows
    count = 2 * squares * (T + 1) / (2 * T)  # the causal half, with the diagonal
    stack = max(1, config.n_head * T // rows)
    return [
        Gemm("q @ k.T, dy @ v.T", rows, D, T, "b", count, stack),
        Gemm("weights @ v, dscores @ k", rows, T, D, "", count, stack),
        Gemm("weights.T @ dy, dscores.T @ q", T, rows, D, "a", count, stack),
    ]


class Limit:
    """The time of a step's products and of its optimizer's traffic; each call measures them once.

    Each product is timed in the faster of two ways, which are tried at the first call: whole, with
    all threads of BLAS; or its rows shared out to as many Python threads, with one of BLAS each.
    """

    def __init__(self, config: GPTConfig, batch_size: int, threads: int):
        self.products, self.threads = gemms(config, batch_size), threads
        self.numbers = sum(parameters_by_part(config).values())
        self.ways: dict[Gemm, bool] = {}
        self.product_seconds, self.optimizer_seconds = [], []

    def __call__(self) -> None:
        if not self.ways:
            for gemm in self.products:
                whole, shared = (gemm_seconds(gemm, self.threads, way) for way in (False, True))
                self.ways[gemm] = shared < whole
        self.product_seconds.append(
            sum(
                gemm_seconds(gemm, self.threads, self.ways[gemm]) * gemm.count
                for gemm in self.products
            )
        )
        bandwidth = bytes_per_second(4 * self.numbers, self.threads)
        self.optimizer_seconds.append(NUMBERS * 4 * self.numbers / bandwidth)

    def result(self) -> dict:
        """Median seconds of both together and of each, and the products' speed."""
        products, optimizer = self.product_seconds[1:], self.optimizer_seconds[1:]  # one warm-up
        both = Timing("limit", [a + b for a, b in zip(products, optimizer, strict=True)])
        flops = sum(gemm.flops for gemm in self.products)
        seconds = Timing("products", products).median
        return {
            "seconds": both.median,
            "spread": both.spread,
            "products": seconds,
            "optimizer": Timing("optimizer", optimizer).median,
            "flops": flops,
            "flops_per_second": flops / seconds,
        }


def gemm_seconds(gemm: Gemm, threads: int, shared: bool) -> float:
    """Seconds for one product of this shape; a stack is timed together and divided."""
    a, b, y = _operands(gemm, threads)
    if not shared:
        with threadpool_limits(threads, user_api="blas"):
            return _per_call(lambda repeats: _repeat(a, b, y, repeats)) / len(y)
    if gemm.stack > 1:
        parts = [(a[k::threads], b[k::threads], y[k::threads]) for k in range(threads)]
    else:
        cuts = np.array_split(np.arange(gemm.rows), threads)
        cuts = [slice(cut[0], cut[-1] + 1) for cut in cuts if len(cut)]
        parts = [(a[:, cut], b, y[:, cut]) for cut in cuts]
    with threadpool_limits(1, user_api="blas"), shared_out(threads) as run_all:
        return _per_call(
            lambda repeats: list(run_all(lambda part: _repeat(*part, repeats), parts))
        ) / len(y)


def _operands(gemm: Gemm, threads: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Both factors, stored as in the model, and room for the product: each (stack, …, …)."""
    n = -(-gemm.stack // threads) * threads if gemm.stack > 1 else 1  # equal shares

    def full(rows, columns, flipped):
        shape = (n, columns, rows) if flipped else (n, rows, columns)
        array = np.full(shape, 0.5, np.float32)
        return array.swapaxes(1, 2) if flipped else array

    a = full(gemm.rows, gemm.inner, gemm.flip == "a")
    b = full(gemm.inner, gemm.columns, gemm.flip == "b")
    return a, b, np.empty((n, gemm.rows, gemm.columns), np.float32)


def _repeat(a, b, y, repeats: int) -> None:
    for _ in range(repeats):
        np.matmul(a, b, out=y)


def _per_call(run: Callable[[int], object]) -> float:
    """Seconds a call, after one that is not timed, of as many as take LEAST seconds."""
    run(1)
    repeats = 1
    while True:
        start = time.perf_counter()
        run(repeats)
        seconds = time.perf_counter() - start
        if seconds >= LEAST:
            return seconds / repeats
        repeats = max(2 * repeats, int(1.2 * LEAST / max(seconds, 1e-9) * repeats))


def bytes_per_second(n_bytes: int, threads: int) -> float:
    """The speed of `a += b`, which reads two numbers and writes one, on all threads.

    Both arrays together have four times `n_bytes`, as parameters, gradients and both moments have:
    a small model's stay in the cache. Above 256 MB it makes no difference any more.
    """
    n = max(threads, min(2 * n_bytes, 1 << 27) // 4)
    a, b = np.zeros(n, np.float32), np.full(n, 1e-3, np.float32)
    cuts = [slice(k * n // threads, (k + 1) * n // threads) for k in range(threads)]

    def run(part: slice, repeats: int) -> None:
        for _ in range(repeats):
            np.add(a[part], b[part], out=a[part])

    with shared_out(threads) as run_all:
        seconds = _per_call(lambda repeats: list(run_all(lambda cut: run(cut, repeats), cuts)))
    return 3 * a.nbytes / seconds
