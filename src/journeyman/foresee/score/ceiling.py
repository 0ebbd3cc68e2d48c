"""How much a perfect choice of when to simulate could gain, and what part of it a policy gets (spec d.2.7, d.2.8).

The instances fall into four kinds, by what the agent does without a world model (I) and with it always asked (F):
unnecessary (both solve), needed (F only), harmful (I only), hopeless (neither).
"""

from __future__ import annotations

from collections.abc import Sequence

from journeyman.errors import UsageError
from journeyman.foresee.protocol.decision import Episode
from journeyman.foresee.score.interval import Numbers, Sample, Sums, measure, part_of, ratio, sample
from journeyman.foresee.score.measured import Measured, missing

KINDS = ("unnecessary", "needed", "harmful", "hopeless")
NAMES = (
    "ceiling/oracle", "ceiling/efficiency", "gate/precision", "gate/recall", "gate/harm_rate", "gate/random_precision",
    *(f"gate/{kind}" for kind in KINDS), "frontier/over_random",
)  # fmt: skip


def governance_efficiency(policy: float, invisible: float, ceiling: float) -> float | None:
    """GE = (SR - SR_I) / (SR* - SR_I): 0 never calls, 1 calls as an oracle would; None where there is nothing to gain.

    AVIC's published figures, 62.0 never, 66.6 always and 75.3 at best, give always-calling 0.35.
    Raises UsageError: a ceiling below the rate without calls, which no ceiling is.
    """
    if ceiling < invisible:
        raise UsageError(f"the ceiling {ceiling:g} is below {invisible:g}, the rate without calls")
    return None if ceiling == invisible else (policy - invisible) / (ceiling - invisible)


def kind_of(invisible: bool, force: bool) -> str:
    """Which of `KINDS` an instance is."""
    if invisible:
        return "unnecessary" if force else "harmful"
    return "needed" if force else "hopeless"


def counterfactuals(trios: Sequence[tuple[Episode, ...]]) -> Sample:
    """Sums of trios (policy, invisible, always), a row an instance."""
    found: dict[str, dict[str, float]] = {}
    for policy, invisible, always, *_ in trios:
        kind = kind_of(invisible.success, always.success)
        called = policy.calls > 0
        one: dict[str, float] = {
            "n": 1, "policy": policy.success, "invisible": invisible.success, "always": always.success,
            "ceiling": invisible.success or always.success, "called": called, "calls": policy.calls,
            "calls_always": always.calls, "called_needed": called and kind == "needed",
            "called_harmful": called and kind == "harmful", **{name: float(kind == name) for name in KINDS},
        }  # fmt: skip
        row = found.setdefault(policy.instance, dict.fromkeys(one, 0.0))
        for name, value in one.items():
            row[name] += value
    return sample([found[key] for key in sorted(found)], single=len(found) == len(trios))


def efficiency(sums: Sums) -> Numbers:
    """GE of the sums of `counterfactuals`, element by element; NaN where there is nothing to gain."""
    return ratio(sums["policy"] - sums["invisible"], sums["ceiling"] - sums["invisible"])


def ceiling(trios: Sequence[tuple[Episode, ...]], why: str) -> dict[str, Measured]:
    """`ceiling/*`, `gate/*` and `frontier/over_random` of trios (policy, invisible, always). `why`: where there is none."""
    if not trios:
        return {name: missing(why) for name in NAMES}
    sums = counterfactuals(trios)

    def share(part: str, whole: str, none: str, of: str) -> Measured:
        return measure(sums, part_of(part, whole), why=none, count=whole, of=of, share=True)

    no_call, every = "the policy called on no instance", "instances"
    return {
        "ceiling/oracle": share("ceiling", "n", "", every),
        "ceiling/efficiency": measure(sums, efficiency, why="there is nothing to gain: no instance needs a call"),
        "gate/precision": share("called_needed", "called", no_call, "instances with a call"),
        "gate/recall": share("called_needed", "needed", "no instance needs a call", "instances that need a call"),
        "gate/harm_rate": share("called_harmful", "harmful", "a call harms no instance", "instances that a call harms"),
        "gate/random_precision": share("needed", "n", "", every),
        **{f"gate/{kind}": share(kind, "n", "", every) for kind in KINDS},
        "frontier/over_random": _over_random(sums),
    }


def _over_random(sums: Sample) -> Measured:
    """Success above that of never and always mixed by a coin to as many calls."""
    if float(sums.sums["calls"][0]) > float(sums.sums["calls_always"][0]):
        return missing("it calls more than always-calling does, so no coin between never and always calls as much", n=sums.n)
    if not sums.sums["calls_always"][0]:
        return missing("always-calling made no call", n=sums.n)

    def statistic(s: Sums) -> Numbers:
        mixed = s["invisible"] + ratio(s["calls"], s["calls_always"]) * (s["always"] - s["invisible"])
        return ratio(s["policy"] - mixed, s["n"])

    return measure(sums, statistic, why="always-calling made no call")
