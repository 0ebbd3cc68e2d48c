"""Episodes sorted into cells, and cells paired on the instances that both have played."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property

import msgspec

from journeyman.foresee.cell import MODES
from journeyman.foresee.protocol.decision import Episode

MEMORIES = ("restart", "continue", "branches")
Trial = tuple[str, int, int]
"""Instance, seed, and number of the repetition with the same seed."""


class CellName(msgspec.Struct, frozen=True, order=True):
    """The parts of `Cell.key`. `world_model` is "" and `agent` the whole key where it is none of ours."""

    agent: str
    world_model: str = ""
    mode: str = "normal"
    governor: str = "none"
    memory: str = "restart"

    @property
    def key(self) -> str:
        """As in logs."""
        parts = [self.agent, self.world_model, self.mode, self.governor] if self.world_model else [self.agent]
        return " | ".join(parts if self.memory == "restart" else [*parts, self.memory])


def cell_name(key: str, mode: str) -> CellName:
    """What a cell's key says; `mode` is the episode's, for keys that are none of ours.

    >>> cell_name("scripted:trust=0.9 | exact | normal | voi:cost=0.02", "normal").governor
    'voi:cost=0.02'
    """
    parts = key.split(" | ")
    memory = parts.pop() if len(parts) > 4 and parts[-1] in MEMORIES else "restart"
    if len(parts) >= 4 and parts[-2] in MODES:
        # An agent may be a command with a pipe in it: what the name does not need belongs to it.
        return CellName(" | ".join(parts[:-3]), parts[-3], parts[-2], parts[-1], memory)
    return CellName(key, mode=mode)


@dataclass(frozen=True)
class Group:
    """All episodes of one cell in one world.

    Attributes:
        source: letter of the run they are from, where two runs have the same cell and instances; else "".
        episodes: sorted by instance and seed, so that their order in a file means nothing.
        letters: of all runs they are from.
    """

    world: str
    name: CellName
    episodes: tuple[Episode, ...]
    source: str = ""
    letters: str = ""

    @property
    def key(self) -> str:
        """The cell's key, with the letter of its run where one is needed."""
        return f"{self.source}: {self.name.key}" if self.source else self.name.key

    @cached_property
    def trials(self) -> dict[Trial, Episode]:
        """Each episode by instance, seed and repetition, in this order."""
        found: dict[Trial, Episode] = {}
        again: dict[tuple[str, int], int] = {}
        for episode in self.episodes:
            key = (episode.instance, episode.seed)
            found[(*key, again.setdefault(key, 0))] = episode
            again[key] += 1
        return found

    @cached_property
    def instances(self) -> frozenset[str]:
        """Their ids."""
        return frozenset(episode.instance for episode in self.episodes)

    @property
    def single(self) -> bool:
        """Whether each instance was played once."""
        return len(self.instances) == len(self.episodes)


def groups_of(episodes: Iterable[Episode]) -> list[Group]:
    """One group for each cell and world, in the order in which they first come."""
    found: dict[tuple[str, str, str], list[Episode]] = {}
    for episode in episodes:
        found.setdefault((episode.world, episode.cell, episode.mode), []).append(episode)
    return [
        Group(world, cell_name(key, mode), _in_order(members)) for (world, key, mode), members in found.items()
    ]


def pooled(runs: Sequence[tuple[str, Sequence[Group]]]) -> list[Group]:
    """Groups of several runs (letter, groups): the same cell with other instances or seeds, or with equal episodes, is one.

    Where two runs played a cell on the same instance with the same seed and it came out otherwise, each keeps its own
    group, under its run's letter.
    """
    same: dict[tuple[str, CellName], list[tuple[str, Group]]] = {}
    for letter, groups in runs:
        for group in groups:
            same.setdefault((group.world, group.name), []).append((letter, group))
    found = []
    for (world, name), members in same.items():
        trials: dict[Trial, Episode] = {}
        differ = False
        for _, group in members:
            differ = differ or any(trials.get(key, episode) != episode for key, episode in group.trials.items())
            trials.update(group.trials)
        if differ:
            found += [Group(world, name, group.episodes, letter, letter) for letter, group in members]
        else:
            letters = "".join(letter for letter, _ in members)
            found.append(Group(world, name, _in_order(trials.values()), letters=letters))
    return found


def paired(*groups: Group) -> list[tuple[Episode, ...]]:
    """Episodes of the same instance, seed and repetition in all groups, in order.

    Where no seed is common, episodes of an instance are paired in the order of their seeds. Empty: nothing is common.
    """
    common = set(groups[0].trials).intersection(*(group.trials for group in groups[1:]))
    if common:
        return [tuple(group.trials[key] for group in groups) for key in sorted(common)]
    by_instance = [_by_instance(group) for group in groups]
    shared = set(by_instance[0]).intersection(*by_instance[1:])
    return [row for key in sorted(shared) for row in zip(*(each[key] for each in by_instance), strict=False)]


def invisible_of(group: Group, groups: Sequence[Group]) -> Group | None:
    """The same agent without a world model in the same world: what access is measured against."""
    return _closest(group, groups, "invisible")


def always_of(group: Group, groups: Sequence[Group]) -> Group | None:
    """The same agent with the same world model, which it must ask before each action: mode force, else governor "always"."""
    same = [other for other in groups if other.name.world_model == group.name.world_model]
    forced = _closest(group, same, "force")
    if forced is not None:
        return forced
    return _closest(group, [g for g in same if g.name.governor.partition(":")[0] == "always"], "normal")


def normal_of(group: Group, groups: Sequence[Group]) -> Group | None:
    """The same agent with the same world model, which it may ask as it likes: what mode force is measured against."""
    same = [g for g in groups if g.name.world_model == group.name.world_model and g.name.governor == group.name.governor]
    return _closest(group, same, "normal")


def _closest(group: Group, groups: Sequence[Group], mode: str) -> Group | None:
    """Of the agent's groups in `mode`, the one that has most of the rest of the name in common; one without a governor
    before one with the same, since what it is wanted for is the mode alone."""
    fit = [
        other for other in groups
        if other.world == group.world and other.name.agent == group.name.agent and other.name.mode == mode
        and (not other.source or other.source == group.source or (not group.source and other.source in group.letters))
    ]  # fmt: skip

    def unlike(other: Group) -> tuple[bool, bool, bool, bool]:
        mine, theirs = group.name, other.name
        return (
            theirs.world_model != mine.world_model, theirs.governor != "none", theirs.governor != mine.governor,
            theirs.memory != mine.memory,
        )  # fmt: skip

    return min(fit, key=unlike) if fit else None


def _by_instance(group: Group) -> dict[str, list[Episode]]:
    found: dict[str, list[Episode]] = {}
    for episode in group.episodes:
        found.setdefault(episode.instance, []).append(episode)
    return found


def _in_order(episodes: Iterable[Episode]) -> tuple[Episode, ...]:
    return tuple(sorted(episodes, key=lambda episode: (episode.instance, episode.seed)))
