"""What a gradient check found, in a form that a person can act on."""

from __future__ import annotations

from dataclasses import dataclass, field


@dataclass
class TensorCheck:
    """The worst disagreement within one tensor's gradient.

    `relative_error` = |analytic - numeric| / max(|analytic|, |numeric|, scale), where the scale is
    the largest entry (elementwise) or the norm (directional) of the whole gradient, so that
    rounding in an entry near zero does not count as a mistake.
    """

    name: str
    shape: tuple
    index: tuple | None  # None for a directional check, which sees all elements together
    analytic: float
    numeric: float
    relative_error: float
    step: float
    ok: bool


@dataclass
class Report:
    """The result of `gradcheck`: truthy if every gradient is right and the contract was kept.

    `print(report)` shows a line a tensor and then each breach of the contract in words.
    """

    name: str
    method: str
    tolerance: float
    tensors: list[TensorCheck] = field(default_factory=list)
    breaches: list[str] = field(default_factory=list)

    @property
    def ok(self) -> bool:
        checked = bool(self.tensors)  # a check that measured nothing has found nothing right
        return checked and not self.breaches and all(tensor.ok for tensor in self.tensors)

    @property
    def max_relative_error(self) -> float:
        return max((tensor.relative_error for tensor in self.tensors), default=0.0)

    def __bool__(self) -> bool:
        return self.ok

    def __str__(self) -> str:
        verdict = "right" if self.ok else "WRONG"
        lines = [f"{self.name}: {verdict}  ({self.method}, tolerance {self.tolerance:g})"]
        width = max([len("tensor"), *(len(tensor.name) for tensor in self.tensors)])
        header = f"{'tensor':<{width}}  {'shape':<14} {'element':<14} {'analytic':>12}"
        lines.append(f"     {header} {'numeric':>12} {'rel. error':>10} {'step':>8}")
        for tensor in self.tensors:
            mark = "ok" if tensor.ok else "XX"
            element = "(all)" if tensor.index is None else str(tensor.index)
            lines.append(
                f"  {mark} {tensor.name:<{width}}  {tensor.shape!s:<14} {element:<14} "
                f"{tensor.analytic:>12.5g} {tensor.numeric:>12.5g} "
                f"{tensor.relative_error:>10.1e} {tensor.step:>8.0e}"
            )
        lines += [f"  XX {breach}" for breach in self.breaches]
        return "\n".join(lines)

    __repr__ = __str__
