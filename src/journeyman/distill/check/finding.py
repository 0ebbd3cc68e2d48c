"""One thing that was looked at: whether it holds, the figure it rests on, and what to do if it does not."""

from __future__ import annotations

from dataclasses import dataclass, field


@dataclass(frozen=True)
class Finding:
    """Attributes:
    name: what was looked at, in snake_case: "identity", "shift", "eos" ...
    passed: True, False, or None where it could not be looked at (the cause says why).
    measured: the figures it rests on, by name.
    threshold: what they were held against, in words.
    cause: one sentence; empty where it passed.
    remedy: one sentence with the command or setting that mends it; empty where it passed.
    """

    name: str
    passed: bool | None
    measured: dict[str, float | str] = field(default_factory=dict)
    threshold: str = ""
    cause: str = ""
    remedy: str = ""
