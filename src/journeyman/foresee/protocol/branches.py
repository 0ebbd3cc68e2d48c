"""What was simulated, as a tree apart from the real trajectory (spec J7): who asked what from where, and what came of it.

A node is one call. Its path is the actions from a real state to what was predicted. As the agent acts, nodes whose path it
follows stay alive with the rest of their path; when that is used up, the prediction is held against what happened.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from journeyman.foresee.agents.mind import Actions
from journeyman.foresee.world_models.model import Prediction
from journeyman.foresee.worlds.world import Digest


@dataclass
class Node:
    """One call.

    Attributes:
        call: its number. parent: the call that it went on from, None: the real state.
        actions: that were asked for. asked: with those before them, from the real state.
        path: the same, without any after the imagined end.
        root: hash of the real state at which it was asked.
        prediction: what was shown. true: what the exact clone says, {} where nobody asked it.
        rest: what is left of the path, from the present real state; None: the agent went another way.
        confirmed: whether it came out as predicted; None: not known.
        read_right: whether what the agent stated of it agrees with it; None: nothing stated.
    """

    call: int
    parent: int | None
    actions: Actions
    asked: Actions
    path: Actions
    root: str
    prediction: Prediction
    true: Digest
    rest: Actions | None
    confirmed: bool | None = None
    read_right: bool | None = None

    @property
    def over(self) -> bool:
        """Whether the imagined episode has ended there."""
        return bool(self.prediction.digest.get("terminal")) or self.prediction.done < len(self.actions)


class Branches:
    """The calls of an episode. `checked`, `wrong`: of predictions that were held against the world, and that failed."""

    def __init__(self) -> None:
        self.nodes: list[Node] = []
        self.checked = 0
        self.wrong = 0
        self._known: dict[tuple[str, Actions], Node] = {}
        self._times: Counter[tuple[str, Actions]] = Counter()

    def add(self, node: Node) -> None:
        """One more call."""
        self.nodes.append(node)
        self._known.setdefault((node.root, node.asked), node)

    def times(self, state: str, actions: Actions) -> int:
        """How often this was called before with the same words: this call is counted from now on."""
        self._times[state, actions] += 1
        return self._times[state, actions] - 1

    def known(self, state: str, path: Actions) -> Node | None:
        """The first call that has shown what these actions do from this real state."""
        return self._known.get((state, path))

    def from_here(self, call: int, state: str) -> Node | None:
        """The call of this number, if it was made at the present real state or leads on from it."""
        if not 0 <= call < len(self.nodes):
            return None
        node = self.nodes[call]
        return node if node.rest or node.root == state else None

    def at(self, state: str) -> Iterator[tuple[Node, Actions]]:
        """Calls that show something of this real state, with their paths from it."""
        for node in self.nodes:
            if node.rest:
                yield node, node.rest
            elif node.root == state:
                yield node, node.path

    def step(self, action: int, digest: Digest, state: str) -> list[Node]:
        """A real action was done; `digest` and `state` (a hash) are of what came of it. The nodes that are settled by it."""
        settled = []
        for node in self.nodes:
            if not node.rest:
                continue
            if node.rest[0] != action:
                node.rest = None
                continue
            node.rest = node.rest[1:]
            if node.rest and not digest.get("terminal"):
                self._known.setdefault((state, node.rest), node)
                continue
            # Where the real episode ends on the way, the prediction was wrong: it went on.
            node.confirmed = not node.rest and node.prediction.digest == digest
            self.checked += 1
            self.wrong += not node.confirmed
            settled.append(node)
        return settled

    @property
    def disagreed(self) -> float | None:
        """Share of the checked predictions that came out otherwise; None before the first."""
        return self.wrong / self.checked if self.checked else None


def agrees(reading: Mapping[str, Any], digest: Digest) -> bool | None:
    """Whether what was stated of a prediction is so; None where the statement names nothing that the digest has."""
    both = [name for name in reading if name in digest]
    return all(_plain(reading[name]) == _plain(digest[name]) for name in both) if both else None


def _plain(value: Any) -> Any:
    """Sequences as lists, so that (2, 3) is [2, 3]."""
    return [_plain(one) for one in value] if isinstance(value, list | tuple) else value
