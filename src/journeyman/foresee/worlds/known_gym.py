"""Gymnasium's own small environments in words: who the agent is, what its actions are called, what counts as success."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class Ended:
    """The last step of an episode, for a rule of success: reward of that step, sum of all, why it ended, its `info`."""

    reward: float
    total: float
    terminated: bool
    truncated: bool
    info: Mapping[str, Any]


Success = Callable[[Ended], bool]


@dataclass(frozen=True)
class Known:
    """What is said of an environment. `cap`: actions of an episode where the environment has no limit of its own."""

    role: str
    rules: str
    actions: Sequence[str]
    success: Success
    cap: int = 200


def at_end(ended: Ended) -> bool:
    """The environment ended the episode, and not the clock."""
    return ended.terminated


def rewarded(ended: Ended) -> bool:
    """`info` says so ("is_success" or "success"); where it says nothing, the last step was rewarded."""
    for key in ("is_success", "success"):
        if key in ended.info:
            return bool(ended.info[key])
    return ended.terminated and ended.reward > 0


def held_out(ended: Ended) -> bool:
    """The clock ended the episode, and nothing before it."""
    return ended.truncated and not ended.terminated


KNOWN: Mapping[str, Known] = {
    "CliffWalking": Known(
        "You walk along a cliff.",
        "The grid has 4 rows and 12 columns of tiles, numbered row by row from 0. You begin at 36. A step onto the cliff, "
        "tiles 37 to 46, puts you back to the beginning. Reach tile 47: that is success.",
        ("Up", "Right", "Down", "Left"), at_end, 100,
    ),
    "FrozenLake": Known(
        "You cross a frozen lake on foot.",
        "S is the start, F ice, H a hole, G the goal. Tiles are numbered row by row from 0. A hole ends the attempt without "
        "success. Reach the goal: that is success.",
        ("Left", "Down", "Right", "Up"), rewarded, 100,
    ),
    "Taxi": Known(
        "You drive a taxi.",
        "Go to the passenger, pick up, go to the destination, drop off there: that is success. The observation is "
        "((row * 5 + column) * 5 + passenger) * 4 + destination, with passenger and destination 0 red, 1 green, 2 yellow, "
        "3 blue, and passenger 4 in the taxi.",
        ("South", "North", "East", "West", "Pickup", "Dropoff"), at_end, 200,
    ),
    "CartPole": Known(
        "You balance a pole on a cart.",
        "The observation is the cart's position and speed and the pole's angle and angular speed. Push the cart so that the "
        "pole stays up until the time is over: that is success.",
        ("Left", "Right"), held_out, 500,
    ),
    "MountainCar": Known(
        "You drive a car out of a valley.",
        "The observation is position and speed. The engine is too weak to climb at once: swing. Reach the flag at 0.5: that "
        "is success.",
        ("Left", "Coast", "Right"), at_end, 200,
    ),
    "Acrobot": Known(
        "You swing a double pendulum.",
        "The observation is cosine and sine of both angles and their speeds. Bring the free end one length above the fixed "
        "one: that is success.",
        ("Push", "Coast", "Pull"), at_end, 500,
    ),
    "Blackjack": Known(
        "You play blackjack against the dealer.",
        "The observation is your sum, the dealer's open card and whether you have a usable ace. Winning is success.",
        ("Stick", "Hit"), rewarded, 20,
    ),
}  # fmt: skip
"""By the name without namespace and version."""


def known(env_id: str) -> Known | None:
    """What is said of an environment by its id, such as "CliffWalking-v1"; None of one that is not in the list."""
    return KNOWN.get(env_id.rpartition("/")[2].rpartition("-v")[0] or env_id)
