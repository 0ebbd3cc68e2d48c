"""The words that judges label with: stages of governance and the working codebook (spec f.1, f.2).

The paper's own eight types are not known; this codebook is the specification's, and its codes are ours.
"""

from __future__ import annotations

from typing import Literal

from journeyman.foresee.protocol.repair import Repairable

Governed = Literal["input", "simulator", "meaning", "action"]
"""The paper's three stages, and the world model itself, which is none of them and can only be at fault where it errs."""

GOVERNED: tuple[Governed, ...] = ("input", "simulator", "meaning", "action")

GOVERNED_OF: dict[Repairable, Governed] = {
    "gate": "input", "query": "input", "simulator": "simulator", "reading": "meaning", "action": "action",
}  # fmt: skip
"""The stage at which a judge should see what a replay finds."""

QUESTIONS: dict[Governed, str] = {
    "input": "did the agent know when to simulate, and what?",
    "simulator": "did the simulator show what would really have happened?",
    "meaning": "did the agent take from the prediction what it showed?",
    "action": "did the evidence change the next real action in the right way?",
}

NAMES: dict[Governed, tuple[str, str]] = {
    "input": ("strategic input", "calibration failure"),
    "simulator": ("true prediction", "wrong prediction"),
    "meaning": ("clear interpretation", "interpretation ambiguity"),
    "action": ("grounded action", "unstable integration policy"),
}
"""Names of a success and of a failure at a stage; three are the paper's, that of the simulator is ours."""

Code = Literal["S1", "S2", "S3", "F1", "F2", "F3", "F4", "F5"]

CODES: dict[Code, str] = {
    "S1": "plan improved by comparison of outcomes",
    "S2": "state understanding corrected",
    "S3": "hypothesis resolved",
    "F1": "mistimed or useless call, or a needed call not made",
    "F2": "leading or vague query",
    "F3": "rollout misread",
    "F4": "loop or over-planning",
    "F5": "evidence ignored or attention drift",
}


def codes_of(success: bool) -> tuple[Code, ...]:
    """The codes that an episode with this end may have."""
    return ("S1", "S2", "S3") if success else ("F1", "F2", "F3", "F4", "F5")
