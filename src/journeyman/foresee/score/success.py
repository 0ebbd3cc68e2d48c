"""How often an agent succeeds, and what an episode takes (spec d.1)."""

from __future__ import annotations

from collections.abc import Sequence

from journeyman.foresee.protocol.decision import Episode
from journeyman.foresee.score.interval import Sample, measure, part_of, sample, wilson
from journeyman.foresee.score.measured import Measured, missing


def totals(episodes: Sequence[Episode]) -> Sample:
    """What a cell's episodes add up to, a row an instance: the quantities of `success`, `usage` and `value`."""
    found: dict[str, dict[str, float]] = {}
    names = ("n", "solved", "calls", "charged", "real", "called", "kilotokens", "usd", "decisions", "refused", "unreadable")
    for episode in episodes:
        row = found.setdefault(episode.instance, dict.fromkeys(names, 0.0))
        row["n"] += 1
        row["solved"] += episode.success
        row["calls"] += episode.calls
        row["charged"] += episode.charged
        row["real"] += episode.real
        row["called"] += episode.calls > 0
        row["kilotokens"] += (episode.tokens_in + episode.tokens_out) / 1000
        row["usd"] += episode.micro_usd / 1e6
        row["decisions"] += len(episode.decisions)
        row["refused"] += sum(decision.context == "R" for decision in episode.decisions)
        row["unreadable"] += sum(decision.context == "P" for decision in episode.decisions)
    return sample([found[key] for key in sorted(found)], single=len(found) == len(episodes))


def success(sums: Sample) -> dict[str, Measured]:
    """`success/*`, `cost/*` and `protocol/*` of the sums of `totals`."""
    none = "there is no episode"
    found = {
        "success/rate": _wilson(sums),
        "success/rate_resampled": measure(sums, part_of("solved", "n"), why=none, share=True),
        "cost/calls": measure(sums, part_of("calls", "n"), why=none),
        "cost/real": measure(sums, part_of("real", "n"), why=none),
    }
    for name, what in (("kilotokens", "tokens were"), ("usd", "money was")):
        counted = sums.n > 0 and float(sums.sums[name][0]) > 0
        found[f"cost/{name}"] = (
            measure(sums, part_of(name, "n"), why=none) if counted else missing(f"no {what} counted", n=sums.n)
        )
    for name in ("refused", "unreadable"):
        found[f"protocol/{name}"] = measure(
            sums, part_of(name, "decisions"), why="no decision was logged", count="decisions", of="decisions"
        )
    return found


def _wilson(sums: Sample) -> Measured:
    if not sums.n:
        return missing("there is no episode")
    hits, n = float(sums.sums["solved"][0]), int(sums.sums["n"][0])
    if sums.single:
        return Measured(hits / n, *wilson(hits, n), n=n, method="wilson")
    why = "no Wilson interval: instances were played several times; see success/rate_resampled"
    return Measured(hits / n, n=n, of="episodes", why=why)
