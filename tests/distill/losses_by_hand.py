"""Every form of the loss once more: one position at a time, in Python's floats, straight from the formulas.

Gradients by the logits are central differences. Forms whose weights are not differentiated get the differences of
sum c(v) * log p(v) with c held fixed, which is what their definition says.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable, Sequence
from typing import Any

import torch

from journeyman.distill.losses.heads import Head
from journeyman.distill.losses.spec import LossSpec
from journeyman.errors import UsageError

Row = Sequence[float]


def every_spec(k: int = 3) -> list[LossSpec]:
    """Each combination that means something, at temperatures of both sides that are not 1."""
    heat: dict[str, Any] = {"temperature": 0.8, "teacher_temperature": 1.3}
    found = [LossSpec(form=form, **heat) for form in ("full", "forward_kl", "sampled")]  # type: ignore[arg-type]
    found += [LossSpec(form="jsd", beta=beta, **heat) for beta in (0.1, 0.5, 0.8)]
    choices = itertools.product(
        ("student", "teacher", "intersection", "union", "symmetric_difference"),
        ("student", "teacher", "uniform"),
        ("code", "eq5"),
        (True, False),
        (True, False),
        (0.0, 0.6),
    )
    for strategy, weight, variant, renormalise, tail, min_mass in choices:
        try:
            spec = LossSpec(
                k=k, strategy=strategy, weight=weight, variant=variant, renormalise=renormalise, tail=tail,  # type: ignore[arg-type]
                min_mass=min_mass, **heat,
            )  # fmt: skip
        except UsageError:
            continue
        found.append(spec)
    return found


def name(spec: LossSpec) -> str:
    if spec.form != "topk":
        return f"{spec.form}-{spec.beta}" if spec.form == "jsd" else spec.form
    parts = [spec.strategy, spec.weight, spec.variant, "renormalised" if spec.renormalise else "raw"]
    return "-".join([*parts, *(["tail"] if spec.tail else []), *([f"min{spec.min_mass}"] if spec.min_mass else [])])


def softmax(z: Row) -> list[float]:
    top = max(z)
    e = [math.exp(x - top) for x in z]
    return [x / sum(e) for x in e]


def likeliest(p: Row, k: int) -> list[int]:
    return sorted(range(len(p)), key=lambda v: (-p[v], v))[:k]


def chosen(p: Row, q: Row, spec: LossSpec) -> set[int]:
    s, t = set(likeliest(p, spec.k)), set(likeliest(q, spec.k))
    sets = {"student": s, "teacher": t, "intersection": s & t, "union": s | t, "symmetric_difference": s ^ t}
    return sets[spec.strategy]


def kl(p: Row, q: Row) -> float:
    return sum(a * math.log(a / b) for a, b in zip(p, q, strict=True) if a > 0)


def of_position(z_s: Row, z_t: Row, token: int, spec: LossSpec) -> tuple[float, Callable[[Row], float]]:
    """The value at logits after temperature, and the function of the student's whose derivative there is the gradient."""
    p0, q = softmax(z_s), softmax(z_t)
    inside = chosen(p0, q, spec) if spec.form == "topk" else set()

    def exact(measure: Callable[[Row], float]) -> tuple[float, Callable[[Row], float]]:
        return measure(p0), lambda z: measure(softmax(z))

    def reward(weights: dict[int, float]) -> tuple[float, Callable[[Row], float]]:
        c = {v: w * (math.log(p0[v]) - math.log(q[v])) for v, w in weights.items()}
        return sum(c.values()), lambda z: sum(c[v] * math.log(softmax(z)[v]) for v in c)

    def bucket(p: Row) -> float:
        p_rest, q_rest = (math.fsum(d[v] for v in range(len(d)) if v not in inside) for d in (p, q))
        return sum(p[v] * math.log(p[v] / q[v]) for v in inside) + p_rest * math.log(p_rest / q_rest)

    if spec.form == "full":
        return exact(lambda p: kl(p, q))
    if spec.form == "forward_kl":
        return exact(lambda p: kl(q, p))
    if spec.form == "jsd":

        def jsd(p: Row) -> float:
            m = [spec.beta * a + (1 - spec.beta) * b for a, b in zip(p, q, strict=True)]
            return spec.beta * kl(p, m) + (1 - spec.beta) * kl(q, m)

        return exact(jsd)
    if spec.form == "sampled":
        return reward({token: 1.0})
    if spec.tail or sum(p0[v] for v in inside) < spec.min_mass:
        return exact(bucket)
    if not inside:
        return 0.0, lambda z: 0.0
    if spec.variant == "eq5":

        def renormalised(p: Row) -> float:
            zp, zq = sum(p[v] for v in inside), sum(q[v] for v in inside)
            return sum(p[v] / zp * math.log(p[v] / zp / (q[v] / zq)) for v in inside)

        return exact(renormalised)
    weights = {v: {"student": p0[v], "teacher": q[v], "uniform": 1.0}[spec.weight] for v in inside}
    total = sum(weights.values()) if spec.renormalise else 1.0
    return reward({v: w / total for v, w in weights.items()})


def by_hand(
    hidden_s: Any, head_s: Head, hidden_t: Any, head_t: Head, tokens: Any, weights: Any, spec: LossSpec
) -> tuple[Any, Any, Any, Any]:
    """Values [N], and the weighted loss's gradients by hidden states [N, H], head [R, H] and bias [R], in float64."""
    hidden, weight, bias = hidden_s.detach().double(), head_s.weight.detach().double(), head_s.bias.detach().double()
    inner = hidden @ weight.T + bias
    z_s = _after_cap(inner, head_s)[:, : head_s.size] / spec.temperature
    z_t = _after_cap(hidden_t.double() @ head_t.weight.double().T, head_t)[:, : head_t.size] / spec.teacher_temperature
    values, gradient = torch.zeros(len(tokens), dtype=torch.float64), torch.zeros_like(inner)
    for n in range(len(tokens)):
        row = z_s[n].tolist()
        values[n], measure = of_position(row, z_t[n].tolist(), int(tokens[n]), spec)
        for v in range(head_s.size):
            gradient[n, v] = _slope(lambda x, row=row, v=v, f=measure: f([*row[:v], x, *row[v + 1 :]]), row[v])
    slope = torch.full_like(inner, head_s.scale)
    if head_s.cap is not None:
        slope *= 1 - torch.tanh(head_s.scale * inner / head_s.cap) ** 2
    down = gradient * slope / spec.temperature * weights.double()[:, None]
    return values, down @ weight, down.T @ hidden, down.sum(0)


def _after_cap(inner: Any, head: Head) -> Any:
    return inner * head.scale if head.cap is None else head.cap * torch.tanh(head.scale * inner / head.cap)


def _slope(f: Callable[[float], float], x: float, step: float = 1e-5) -> float:
    """Central differences of fourth order."""
    return (8 * (f(x + step) - f(x - step)) - (f(x + 2 * step) - f(x - 2 * step))) / (12 * step)
