"""The real side of an episode: the state the world is in, those it was in, and that nothing but an action changes it."""

from __future__ import annotations

from collections.abc import Sequence

from journeyman.errors import EpisodeFailed, WorldTouched
from journeyman.foresee.agents.mind import Actions
from journeyman.foresee.draws import Draws
from journeyman.foresee.protocol.blame import Blame
from journeyman.foresee.protocol.scene import Scene
from journeyman.foresee.worlds.world import Digest, Instance, Observation, Snapshot, World, state_hash


class Reality:
    """The world of one episode, reset to its instance.

    Attributes:
        snapshots: of the real trajectory, the present one last.
        state: hash of the present one. digest: its symbolic content.
        truncated: the world itself said that time is up, and nothing else ended the episode.
    """

    def __init__(self, scene: Scene, instance: Instance, draws: Draws, blame: Blame) -> None:
        self._world, self._clone, self._format = scene.world, scene.clone, scene.format
        self._model, self._instance, self._blame = scene.model.name, instance.id, blame
        self.snapshots: list[Snapshot] = []
        self.truncated = False
        self.state = ""
        self.digest: Digest = {}
        blame("the world", self._world.reset, options={"instance": instance.id, "draws": draws})
        self._look()

    def step(self, action: int) -> None:
        """Do it."""
        _, _, terminated, truncated, _ = self._blame("the world", self._world.step, action)
        self.truncated = bool(truncated) and not terminated
        self._look()

    def observe(self) -> Observation:
        """What the agent sees of it."""
        return self._blame("the world", self._world.observe, self._format)

    @property
    def terminal(self) -> bool:
        return bool(self.digest["terminal"])

    @property
    def success(self) -> bool:
        return bool(self.digest["success"])

    def clone(self) -> World:
        """Another world, at the real state, free to be used."""
        assert self._clone is not None, "play() asks for one at its beginning"
        self._clone.restore(self.snapshots[-1])
        return self._clone

    def assert_untouched(self, call: int, actions: Actions) -> None:
        """After a call. Raises WorldTouched where the real state is another one."""
        if self._world.snapshot() != self.snapshots[-1]:
            raise WorldTouched(
                f"the world model '{self._model}' changed the real state of instance '{self._instance}' in call {call} "
                f"(actions {', '.join(map(str, actions))}); let it restore the snapshot in a world of its own"
            )

    def _look(self) -> None:
        snapshot = self._blame("the world", self._world.snapshot)
        digest = self._blame("the world", self._world.digest)
        lacking = [name for name in ("terminal", "success") if name not in digest]
        if lacking:
            raise EpisodeFailed(f"the world's digest lacks '{lacking[0]}'; it has {', '.join(digest) or 'nothing'}")
        self.snapshots.append(snapshot)
        self.state, self.digest = state_hash(snapshot), digest

    @property
    def history(self) -> Sequence[Snapshot]:
        """A copy of the trajectory, the present state last."""
        return tuple(self.snapshots)
