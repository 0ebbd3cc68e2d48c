"""What a run was asked to do, and when it has done it."""

from __future__ import annotations

import msgspec

from journeyman.ledger import Budget, Spend


class Plan(msgspec.Struct, frozen=True):
    """What a run was asked to do; part of the log's header. None: no cap.

    `calls`: proposals made at once; None: one with one lane, else two for each lane.
    """

    seed: int = 0
    parallel: int = 1
    evaluations: int | None = 100
    proposals: int | None = None
    tokens: int | None = None
    micro_usd: int | None = None
    calls: int | None = None

    def budget(self, wall_s: float | None) -> Budget:
        """The caps. Without one on proposals there is one all the same, so that failures cannot go on for ever."""
        proposals = self.proposals
        if proposals is None and self.evaluations is not None:
            proposals = 2 * self.evaluations + 20
        return Budget(self.evaluations, proposals, self.tokens, self.micro_usd, wall_s)


_SPENT = {
    "evaluations": "the budget of evaluations is spent",
    "proposals": "the budget of proposals is spent",
    "tokens": "the budget of tokens is spent",
    "micro_usd": "the budget of money is spent",
    "wall_s": "the deadline has come",
}


def short(left: Budget, spend: Spend) -> str | None:
    """The first kind of which too little is left for `spend`, or "wall_s" past the deadline; None if it fits."""
    for kind in ("evaluations", "proposals", "tokens", "micro_usd"):
        available = getattr(left, kind)
        if available is not None and getattr(spend, kind) > available:
            return kind
    return "wall_s" if left.wall_s == 0.0 else None


def reason_of(kind: str, plan: Plan) -> str:
    """Why a run ends that has too little of `kind`."""
    own_cap = plan.proposals is not None
    return _SPENT[kind] + ("; too many gave no new candidate" if kind == "proposals" and not own_cap else "")
