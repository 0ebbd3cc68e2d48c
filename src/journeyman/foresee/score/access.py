"""What access to a world model changes, instance by instance (spec d.1, d.2.2, d.2.3).

Over all instances the effect is what it helped less what it hurt, exactly: D = H - X. A published table that violates it
used another denominator.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

from journeyman.foresee.protocol.decision import Episode
from journeyman.foresee.score.interval import Sample, measure, part_of, ratio, sample, wilson
from journeyman.foresee.score.measured import Measured, missing
from journeyman.foresee.score.paired_table import Counts, counts_of, instance_p, smallest_change

NAMES = (
    "access/delta", "access/helps", "access/hurts", "access/p", "access/helps_called", "access/hurts_called",
    "access/helps_given_call", "access/hurts_given_call", "access/flips_uncalled", "access/detectable",
)  # fmt: skip
NEVER = "the world model was never called"


def differences(pairs: Sequence[tuple[Episode, ...]]) -> Sample:
    """Sums of pairs (with access, without), a row an instance."""
    found: dict[str, dict[str, float]] = {}
    for with_, without, *_ in pairs:
        helps, hurts = with_.success and not without.success, without.success and not with_.success
        called = with_.calls > 0
        one = {
            "n": 1, "with": with_.success, "without": without.success, "helps": helps, "hurts": hurts, "called": called,
            "idle": not called, "helps_called": helps and called, "hurts_called": hurts and called,
            "flips": (helps or hurts) and not called,
        }  # fmt: skip
        row = found.setdefault(with_.instance, dict.fromkeys(one, 0.0))
        for name, value in one.items():
            row[name] += value
    return sample([found[key] for key in sorted(found)], single=len(found) == len(pairs))


def access(pairs: Sequence[tuple[Episode, ...]], why: str) -> dict[str, Measured]:
    """`access/*` of pairs (with access, without).

    `why` is said where there is none. Raises AssertionError if D = H - X does not hold, which would be an error here.
    """
    if not pairs:
        return {name: missing(why) for name in NAMES}
    sums, counts = differences(pairs), counts_of(pairs)
    delta = _delta(sums, counts)
    helps = _share(sums, "helps", "n")
    hurts = _share(sums, "hurts", "n")
    assert delta.value is not None
    assert helps.value is not None
    assert hurts.value is not None
    assert math.isclose(delta.value, helps.value - hurts.value, abs_tol=1e-12), "the effect is not helps less hurts"
    discordant = counts.discordant
    least = smallest_change(counts.n, discordant) if counts.n else None
    never = "so few pairs differ that no change of the success rate is found with 80 % power"
    return {
        "access/delta": delta,
        "access/helps": helps,
        "access/hurts": hurts,
        "access/p": Measured(instance_p(pairs), n=counts.n, method="exact"),
        "access/helps_called": _share(sums, "helps_called", "n"),
        "access/hurts_called": _share(sums, "hurts_called", "n"),
        "access/helps_given_call": _share(sums, "helps_called", "called", "instances with a call", NEVER),
        "access/hurts_given_call": _share(sums, "hurts_called", "called", "instances with a call", NEVER),
        "access/flips_uncalled": _share(sums, "flips", "idle", "instances without a call", "every instance had a call"),
        "access/detectable": missing(never, n=counts.n) if least is None else Measured(least, n=counts.n),
    }


def gap(pairs: Sequence[tuple[Episode, ...]], why: str) -> Measured:
    """Success rate of the first of each pair less that of the second (spec d.1, force gaps). `why`: where there is none."""
    return _delta(differences(pairs), counts_of(pairs)) if pairs else missing(why)


def _delta(sums: Sample, counts: Counts) -> Measured:
    if sums.single and counts.n in (counts.both + counts.neither, counts.first, counts.second):
        # All pairs are alike, so resampling shows no spread. As many may still be otherwise as Wilson's interval allows.
        least, most = 1 - wilson(0, counts.n)[1], wilson(0, counts.n)[1]
        if counts.n == counts.first:
            return Measured(1.0, least, 1.0, counts.n, method="wilson", why="all pairs are won")
        if counts.n == counts.second:
            return Measured(-1.0, -1.0, -least, counts.n, method="wilson", why="all pairs are lost")
        return Measured(0.0, -most, most, counts.n, method="wilson", why="no pair differs")
    return measure(sums, lambda s: ratio(s["with"] - s["without"], s["n"]), why="there is no pair")


def _share(sums: Sample, part: str, whole: str, of: str = "instances", why: str = "") -> Measured:
    return measure(sums, part_of(part, whole), why=why or "there is no pair", count=whole, of=of, share=True)
