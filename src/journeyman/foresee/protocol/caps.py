"""What an episode may take at most (spec a.6), and what it has taken."""

from __future__ import annotations

from dataclasses import dataclass

from journeyman.foresee.agents.prompts import CALLS_NOW, CALLS_PER_ACTION
from journeyman.foresee.worlds.world import Instance

EMPTY_TURNS = 3
"""After so many empty real turns in a row (twice as many replies that could not be read) an episode ends as "unreadable"."""


@dataclass(frozen=True)
class Caps:
    """Most real actions, calls in all, calls before each real action, and replies.

    The replies are as many as real actions and calls together, in every mode, so that no mode has more patience.
    """

    real: int
    calls: int
    calls_now: int
    turns: int


def caps_of(instance: Instance) -> Caps:
    """Real actions as the instance says; 5 calls before each and 3 times as many in all; turns: their sum."""
    calls = CALLS_PER_ACTION * instance.cap
    return Caps(instance.cap, calls, CALLS_NOW, instance.cap + calls)


@dataclass
class Taken:
    """What an episode has taken so far.

    `single`: what a call about one alternative alone counts as. `charged`, `charged_now`: what the calls counted as, in all
    and since the last real action; with `single` 1 it is their number.
    """

    caps: Caps
    single: int = 1
    real: int = 0
    calls: int = 0
    charged: int = 0
    charged_now: int = 0
    turns: int = 0

    @property
    def real_left(self) -> int:
        return self.caps.real - self.real

    @property
    def calls_left(self) -> int:
        return self.caps.calls - self.charged

    @property
    def calls_left_now(self) -> int:
        """Calls before the next real action, the cap on all of them considered."""
        return min(self.caps.calls_now - self.charged_now, self.calls_left)

    def call(self, *, alone: bool) -> int:
        """One more call; its number, from 0. The last that the caps allow may always be `alone`."""
        price = min(self.single, self.calls_left_now) if alone else 1
        self.calls += 1
        self.charged += price
        self.charged_now += price
        return self.calls - 1

    def acted(self, actions: int) -> None:
        """So many more real actions."""
        self.real += actions
        self.charged_now = 0
