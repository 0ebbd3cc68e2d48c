"""What a caller is shown while a run works."""

from __future__ import annotations

from dataclasses import dataclass

from journeyman.ledger import Budget, Ledger, Spend
from journeyman.optimize.state import State
from journeyman.optimize.trial import Trial


@dataclass(frozen=True)
class Progress:
    """A snapshot after a step.

    `feasible_share`: share (0 to 1) of verified candidates that have a score; None before the first. `spent` and `budget`
    say what each cap stands at (None: no cap). `time_left_s`: seconds to the deadline, None without one. `last`: the trial
    just told, None after a failed proposal. `best` and `seed` hold dev scores.
    """

    seed: Trial | None
    best: Trial | None
    last: Trial | None
    spent: Spend
    budget: Budget
    verified: int
    failed_proposals: int
    repeated: int
    feasible_share: float | None
    time_left_s: float | None


def progress_of(state: State, ledger: Ledger, last: Trial | None) -> Progress:
    """The snapshot of a run."""
    return Progress(
        seed=state.seed,
        best=state.best,
        last=last,
        spent=ledger.spent,
        budget=ledger.budget,
        verified=state.verified,
        failed_proposals=state.failed_proposals,
        repeated=state.repeated,
        feasible_share=state.feasible / state.verified if state.verified else None,
        time_left_s=ledger.time_left_s(),
    )
