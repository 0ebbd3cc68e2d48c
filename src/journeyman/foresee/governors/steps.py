"""What a belief held of each step of a walk before it was predicted."""

from __future__ import annotations

from journeyman.foresee.agents.mind import Actions, Mind


def risks(mind: Mind, actions: Actions) -> list[float]:
    """For each action the probability that it loses something for good, given that those before it did not; in 0..1."""
    found, kept = [], 1.0
    for end in range(1, len(actions) + 1):
        still = 1.0 - mind.irreversible(actions[:end])
        found.append(min(max(1.0 - still / kept, 0.0), 1.0) if kept > 0.0 else 0.0)
        kept = still
    return found


def shown_bad(step_risks: list[float], reliability: float) -> float:
    """Probability that a prediction of these steps shows a loss, each shown right with this reliability by itself. Steps
    that can lose nothing cannot be shown to."""
    through = 1.0
    for risk in step_risks:
        if risk > 0.0:
            through *= 1.0 - risk * reliability - (1.0 - risk) * (1.0 - reliability)
    return 1.0 - through
