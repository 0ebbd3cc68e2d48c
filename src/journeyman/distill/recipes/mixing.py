"""Other prompts among the aligned ones, as many as the student's entropy asks for."""

from __future__ import annotations

import math
import random
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from journeyman.distill.data.prompt import Prompt
from journeyman.distill.data.templates import render_all
from journeyman.distill.model import LanguageModel
from journeyman.distill.recipes.alignment import student_entropies
from journeyman.distill.recipes.evaluate import Progress
from journeyman.distill.recipes.spread import cell, half_width, percent_of, plain_intervals, shifted
from journeyman.distill.rollout.sampling import Sampler, Sampling
from journeyman.errors import UsageError
from journeyman.stats.interval import Interval, t_interval

if TYPE_CHECKING:
    from journeyman.report.table import Table

SHARES = (0.1, 0.25, 0.5, 0.75)
"""Shares of other prompts that `mix_prompts` tries where none is given, least first."""


@dataclass(frozen=True)
class Mix:
    """Attributes:
    prompts: both kinds, shuffled by the seed. share: of the other prompts among them.
    entropy_start, entropy_own, entropy_others: the student's mean entropy on the prompts before any choice, on the aligned
        ones and on the others; nats a token, with 95 % t interval over prompts.
    entropy_mix: what that makes on the mix.
    floor: the part of the starting entropy below which the mix must not fall.
    holds: whether it stays above; None where the interval includes the limit.
    sentence: that in words.
    """

    prompts: list[Prompt] = field(repr=False)
    share: float
    entropy_start: Interval
    entropy_own: Interval
    entropy_others: Interval
    entropy_mix: Interval
    floor: float
    holds: bool | None
    sentence: str

    def table(self) -> Table:
        """The entropies, a row each."""
        from journeyman.report.table import Table

        rows = [
            (name, cell(found), f"{found.mean / self.entropy_start.mean:.2f}" if self.entropy_start.mean else "")
            for name, found in (
                ("start", self.entropy_start), ("aligned prompts", self.entropy_own), ("other prompts", self.entropy_others),
                (f"mix, {percent_of(self.share)} others", self.entropy_mix),
            )
        ]  # fmt: skip
        columns = ("prompts", "student entropy, nats a token", "of the start")
        return Table(columns, rows, "Entropy guard", frozenset(columns[1:]), self.sentence)

    def plain(self) -> dict[str, Any]:
        """All but the prompts as plain data."""
        entropies = {name: getattr(self, name) for name in ("entropy_start", "entropy_own", "entropy_others", "entropy_mix")}
        return {
            "what": "mix", "share": self.share, "floor": self.floor, "holds": self.holds, "sentence": self.sentence,
            "count": len(self.prompts), **plain_intervals(entropies),
        }  # fmt: skip


def mix_prompts(
    student: LanguageModel,
    own: Sequence[Prompt],
    others: Sequence[Prompt],
    *,
    start: Sequence[Prompt],
    share: float | None = None,
    floor: float = 0.9,
    probe: int = 64,
    template: str = "chat",
    sampler: Sampler | None = None,
    sampling: Sampling | None = None,
    n: int = 1,
    seed: int = 0,
    enable_thinking: bool | None = None,
    on_progress: Progress | None = None,
) -> Mix:
    """`own` prompts and as many `others` as make `share` of the whole, if the student's entropy survives.

    The guard is measured on the student's responses to up to `probe` prompts of each kind, drawn by `seed`: its mean entropy
    on the mix must be at least `floor` of that on `start`, the prompts it had before any choice. With share None the least
    of `SHARES` at which it surely is is taken, else the largest that there are prompts for. This is the entropy before
    training; the same guard belongs into the run, where `entropy/student` is logged.

    Raises UsageError: a share outside [0, 1), a floor outside (0, 1], too few other prompts; DataInvalid: none fits.
    """
    if share is not None and not 0 <= share < 1:
        raise UsageError(f"share is {share}; the other prompts are a part of the mix, at least 0 and below 1")
    if not 0 < floor <= 1:
        raise UsageError(f"floor is {floor}; it is the part of the starting entropy to keep, above 0 and up to 1")
    if probe < 2:
        raise UsageError(f"probe is {probe}; a spread needs at least 2 prompts of each kind")
    shares = [s for s in ((share,) if share is not None else SHARES) if _needed(s, len(own)) <= len(others)]
    if not own or not shares:
        least = share if share is not None else SHARES[0]
        raise UsageError(
            f"{len(own)} prompts and {len(others)} others: a share of {least:g} needs {_needed(least, len(own))} others"
        )
    rng = random.Random(seed)
    entropies = []
    for at, prompts in enumerate((start, own, others)):
        drawn = [prompts[i] for i in sorted(rng.sample(range(len(prompts)), min(probe, len(prompts))))]
        if not drawn:
            entropies.append([0.0])
            continue
        rendered = render_all(drawn, student, template, enable_thinking=enable_thinking)
        count = len(rendered.ids)
        found = student_entropies(
            student, rendered.prompts, rendered.ids, sampler=sampler, sampling=sampling, n=n, seed=seed,
            on_progress=shifted(on_progress, at * count, 3 * count),
        )  # fmt: skip
        entropies.append(found)
    started, aligned, foreign = (t_interval(values) for values in entropies)
    # What whole prompts make of a share, so that a small set is judged by the mix it really gives.
    real = [_needed(s, len(own)) / (len(own) + _needed(s, len(own))) for s in shares]
    tried = [(s, _mixed_entropy(aligned, foreign, s)) for s in real]
    chosen, entropy = next(((s, e) for s, e in tried if _holds(e, started, floor)), tried[-1])
    holds = _holds(entropy, started, floor)
    drawn = rng.sample(list(others), _needed(chosen, len(own)))
    mixed = [*own, *drawn]
    rng.shuffle(mixed)
    sentence = _guard(chosen, entropy, started, floor, holds)
    return Mix(mixed, chosen, started, aligned, foreign, entropy, floor, holds, sentence)


def _needed(share: float, own: int) -> int:
    return round(own * share / (1 - share))


def _mixed_entropy(own: Interval, others: Interval, share: float) -> Interval:
    """Of a mix: the weighted mean of two independent means, its interval from theirs."""
    mean = (1 - share) * own.mean + share * others.mean
    halves = [half_width(own), half_width(others) if share else 0.0]
    if None in halves:
        return Interval(mean, None, None, own.n + others.n)
    half = math.hypot((1 - share) * (halves[0] or 0.0), share * (halves[1] or 0.0))
    return Interval(mean, mean - half, mean + half, own.n + others.n)


def _holds(entropy: Interval, start: Interval, floor: float) -> bool | None:
    limit = floor * start.mean
    halves = (half_width(entropy), half_width(start))
    if halves[0] is None or halves[1] is None:
        return None
    half = math.hypot(halves[0], floor * halves[1])
    if abs(entropy.mean - limit) < half:
        return None
    return entropy.mean >= limit


def _guard(share: float, entropy: Interval, start: Interval, floor: float, holds: bool | None) -> str:
    said = (
        f"With {percent_of(share)} other prompts the student's entropy is {entropy.mean:.3f} nats a token, "
        f"{entropy.mean / start.mean if start.mean else 0.0:.2f} of the {start.mean:.3f} at the start"
    )
    if holds is None:
        return f"{said}; whether that is above {floor:g} is within the error: measure more prompts."
    if holds:
        return f"{said}, above the floor of {floor:g}."
    return f"{said}, below the floor of {floor:g}: take more other prompts, or others on which the student is less sure."
