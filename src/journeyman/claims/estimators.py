"""E0: the sampled token, taken as a reward, gives the gradient of the whole vocabulary on average; differentiated, none."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from journeyman.claims.claim import Arm, Cell, Claim, Judgement, Measured

if TYPE_CHECKING:
    from markupsafe import Markup

VOCABULARY, POSITIONS = 50, 32
SAMPLES = [4**e for e in range(7)]
EXACT = 1e-6
SLOPE = (-0.6, -0.4)


def run(cell: Cell) -> Mapping[str, Any]:
    """Gradients with respect to the student's logits: exact expectation over all tokens, and means of growing samples."""
    import torch

    from journeyman.distill.losses.forms import divergence_of_logits
    from journeyman.distill.losses.spec import LossSpec

    draw = torch.Generator().manual_seed(cell.seed)
    student, teacher = (torch.randn(POSITIONS, VOCABULARY, generator=draw, dtype=torch.float64) * 2 for _ in range(2))
    as_reward = cell.arm.settings["as_reward"]

    def gradient(form: str, tokens: Any, weights: Any, rows: Any) -> Any:
        logits = student[rows].clone().requires_grad_()
        if form == "sampled" and not as_reward:
            ratio = torch.log_softmax(logits, -1) - torch.log_softmax(teacher[rows], -1)
            (weights * ratio.gather(-1, tokens[:, None])[:, 0]).sum().backward()
        else:
            spec = LossSpec(form=form)  # type: ignore[arg-type]  # "full" or "sampled"
            divergence_of_logits(logits, teacher[rows], tokens, weights, spec).loss.backward()
        return logits.grad

    every = torch.arange(POSITIONS)
    whole = gradient("full", torch.zeros_like(every), torch.ones(POSITIONS, dtype=torch.float64), every)
    p = torch.softmax(student, -1)
    expected = torch.zeros_like(whole)
    for token in range(VOCABULARY):
        expected += gradient("sampled", torch.full_like(every, token), p[:, token], every)
    errors = []
    for samples in SAMPLES:
        tokens = torch.multinomial(p, samples, replacement=True, generator=draw).flatten()
        rows = every.repeat_interleave(samples)
        weights = torch.full((len(rows),), 1 / samples, dtype=torch.float64)
        mean = gradient("sampled", tokens, weights, rows).view(POSITIONS, samples, VOCABULARY).sum(1)
        errors.append([samples, float((mean - whole).norm() / whole.norm())])
    return {
        "error_of_expectation": float((expected - whole).norm() / whole.norm()),
        "size_of_expectation": float(expected.norm() / whole.norm()),
        "slope": _slope(errors),
        "errors": errors,
    }


def judge(measured: Measured) -> Judgement:
    """The criterion, on every seed."""
    error = max(measured.values("as a reward", "error_of_expectation"))
    slopes = measured.values("as a reward", "slope")
    size = max(measured.values("differentiated", "size_of_expectation"))
    met = error <= EXACT and size <= EXACT and all(SLOPE[0] <= slope <= SLOPE[1] for slope in slopes)
    sentence = (
        f"Taken as a reward, the expectation over all tokens differs from the full gradient by {error:.1g} of its size, "
        f"and the mean of a sample comes nearer with exponent {min(slopes):.2f} to {max(slopes):.2f}; differentiated, "
        f"the expectation is {size:.1g} of the full gradient."
    )
    figures = {"error of the expectation": error, "least slope": min(slopes), "largest slope": max(slopes), "size": size}
    return Judgement("reproduced" if met else "contradicted", sentence, figures)


def draw(measured: Measured) -> Sequence[Markup]:
    """Relative error of the mean of a sample, on logarithmic axes; thin lines are the seeds."""
    from journeyman.report.draw.lines import Series, draw_lines

    series = []
    for i, arm in enumerate(measured.cells):
        curves = measured.curves(arm, "errors")
        mean = [
            (math.log2(curves[0][j][0]), math.log10(sum(curve[j][1] for curve in curves) / len(curves)))
            for j in range(len(curves[0]))
        ]
        spread = [(x, *_ends([math.log10(curve[j][1]) for curve in curves])) for j, (x, _) in enumerate(mean)]
        series.append(Series(arm, f"s{i}", mean, spread, dots=True))
    drawing = draw_lines(
        series, x_name="log2 of the number of samples", y_name="log10 of the relative error of the gradient",
        label="The error of the sampled-token gradient falls with the root of the number of samples where the token is a "
        "reward, and does not fall where the log-ratio is differentiated", width=560, height=320,
    )  # fmt: skip
    return [drawing]


def _ends(values: Sequence[float]) -> tuple[float, float]:
    return min(values), max(values)


def _slope(errors: Sequence[Sequence[float]]) -> float:
    """Exponent of the error against the number of samples, by least squares on logarithms."""
    x = [math.log(n) for n, _ in errors]
    y = [math.log(error) for _, error in errors]
    mean_x, mean_y = sum(x) / len(x), sum(y) / len(y)
    return sum((a - mean_x) * (b - mean_y) for a, b in zip(x, y, strict=True)) / sum((a - mean_x) ** 2 for a in x)


CLAIM = Claim(
    id="E0",
    title="the sampled-token gradient is unbiased, taken as a reward",
    statement=(
        "The log-ratio of the sampled token is an unbiased estimate of the reverse KL divergence at that position, at a "
        "cost that does not grow with the vocabulary."
    ),
    source="arXiv 2604.13016, Eq 3 and Eq 4",
    setting=(
        f"Random logits of student and teacher, {POSITIONS} positions, {VOCABULARY} tokens. The gradient with respect to "
        "the student's logits, once with the log-ratio as a reward for the token's log-probability, once by differentiating "
        "the log-ratio itself; its exact expectation over all tokens, and its mean over up to 4096 samples, beside the "
        "gradient of the divergence over the whole vocabulary."
    ),
    criterion=(
        f"On every seed: as a reward, the expectation equals the full gradient within {EXACT:g} of its norm, and the error "
        f"of a sample's mean falls with the number of samples with an exponent between {SLOPE[0]} and {SLOPE[1]} (the root "
        f"law is -0.5); differentiated, the expectation is at most {EXACT:g} of the full gradient's norm."
    ),
    arms=(Arm("as a reward", {"as_reward": True}), Arm("differentiated", {"as_reward": False})),
    run=run,
    judge=judge,
    draw=draw,
    minutes=0.05,
)
