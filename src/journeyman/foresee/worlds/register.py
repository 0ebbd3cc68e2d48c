"""Puts the built-in worlds into Gymnasium's registry: `gymnasium.make("journeyman/Lake-6-v0")` needs no import of ours.

Gymnasium calls `register` through the entry point group `gymnasium.envs` whenever it is imported, by whomever, so this
module imports nothing of the worlds themselves.
"""

from __future__ import annotations


def register() -> None:
    """Register each world, under the namespace that Gymnasium puts us in."""
    from gymnasium.envs.registration import register

    for size in (4, 6, 8):
        register(
            f"Lake-{size}-v0",
            entry_point="journeyman.foresee.worlds.lake:Lake",
            kwargs={"size": size},
            max_episode_steps=4 * size,
        )
    for size in (6, 7, 8):
        register(
            f"Push-{size}-v0",
            entry_point="journeyman.foresee.worlds.push:Push",
            kwargs={"size": size},
            max_episode_steps=60,  # three times the longest shortest solution
        )
