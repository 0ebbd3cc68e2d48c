"""Any deterministic Gymnasium environment as a world: a state is its seed and the actions since, done again to restore it.

    world = ReplaySnapshot(gymnasium.make("CliffWalking-v1"))
    world = ReplaySnapshot(my_env, actions={"left": [-1.0], "right": [1.0]}, cap=60)

Chance counts as part of the instance: the seed fixes it, so a clone meets the same luck as the world itself.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any

import gymnasium
import msgspec
import numpy as np
from gymnasium import spaces

from journeyman.errors import UsageError
from journeyman.foresee.draws import Draws
from journeyman.foresee.worlds.instance_ids import SPLITS, Id, ids, read_id
from journeyman.foresee.worlds.known_gym import Ended, Success, known, rewarded
from journeyman.foresee.worlds.seen import plain, same, summed_up
from journeyman.foresee.worlds.world import About, Digest, Instance, Observation, Snapshot, state_hash

TRAIN_SEEDS = 1_000_000
"""Seed of the first train instance; test instance n has the seed n."""
_STYLED = re.compile(r"\x1b\[([\d;]+)m(.*?)\x1b\[0m", re.DOTALL)


class _Path(msgspec.Struct, frozen=True, array_like=True):
    """A state: of which instance ("" for a seed alone), its seed, the actions since, and a hash of what is seen there."""

    world: str
    instance: str
    seed: int
    actions: tuple[int, ...]
    seen: str


class ReplaySnapshot(gymnasium.Env[Any, int]):
    """A world that saves by seed and actions. A restore costs as many steps as there are actions, unless it only goes on.

    Args:
        env: a Gymnasium environment whose steps follow from seed and actions alone.
        actions: names of a discrete environment's actions, in order; or name -> action, a menu, for any environment.
            None: names known of Gymnasium's own environments, else "0", "1", ...
        name: in ids and messages; None: the environment's own id.
        cap: most actions of an episode; None: the environment's own limit, else 200.
        success: whether an ended episode was one; None: known for Gymnasium's own, else `known_gym.rewarded`.
        check: whether to play 30 actions twice from one seed, and refuse an environment that does not repeat itself.

    Raises UsageError: actions that cannot be counted and have no menu, another number of names, or no determinism, which is
    also noticed later, by `restore`.
    """

    _seen: Any
    _ended: Ended
    _instance: str
    _seed: int
    _actions: tuple[int, ...]

    def __init__(
        self, env: gymnasium.Env[Any, Any], actions: Sequence[str] | Mapping[str, Any] | None = None, *,
        name: str | None = None, cap: int | None = None, success: Success | None = None, check: bool = True,
    ) -> None:  # fmt: skip
        env_id = env.spec.id if env.spec is not None else type(env.unwrapped).__name__
        told = known(env_id)
        self._env, self.base = env, name or f"gym:{env_id}"
        self._values, names = _menu(env, actions, told.actions if told else None, self.base)
        limit = env.spec.max_episode_steps if env.spec is not None else None
        self.cap = cap or limit or (told.cap if told else 200)
        self._success = success or (told.success if told else rewarded)
        self.render_mode = env.render_mode
        self.metadata = {**env.metadata}
        self.observation_space = env.observation_space
        self.action_space = spaces.Discrete(len(names))  # type: ignore[assignment]  # of np.int64; an int is as good
        self._about = About(
            name=self.base,
            role=told.role if told else f"You act in {env_id}.",
            rules=told.rules if told else "Each action is one step. What you see is the observation, printed as it is.",
            legend={"[x]": "x, marked"} if env.render_mode == "ansi" else {},
            actions=names,
            formats=("symbols", "image") if env.render_mode == "rgb_array" else ("symbols",),
        )
        if check:
            self._check()
        self._start("", 0)

    @property
    def about(self) -> About:
        return self._about

    def instances(self, n: int | None = None, split: str = "test") -> Sequence[Instance]:
        return [Instance(str(of), self.cap) for of in ids(self.base, n, split)]

    def reset(self, *, seed: int | None = None, options: dict[str, Any] | None = None) -> tuple[Any, dict[str, Any]]:
        """Options: "instance", an id. Else it begins from `seed`, None: one that is drawn."""
        super().reset(seed=seed)
        if options and "instance" in options:
            of = read_id(options["instance"], self.base)
            info = self._start(str(of), _seed(of))
        else:
            info = self._start("", int(self.np_random.integers(2**31)) if seed is None else seed)
        return self._seen, info

    def step(self, action: int) -> tuple[Any, float, bool, bool, dict[str, Any]]:
        """After the end nothing moves."""
        if not (isinstance(action, int | np.integer) and 0 <= action < len(self._values)):
            raise UsageError(f"{action!r} is no action of {self.base}; 0 to {len(self._values) - 1} are {self._names()}")
        if self._over():
            return self._seen, 0.0, self._ended.terminated, self._ended.truncated, {}
        seen, reward, terminated, truncated, info = self._env.step(self._values[int(action)])
        self._actions = (*self._actions, int(action))
        truncated = truncated or len(self._actions) >= self.cap
        self._seen = seen
        self._ended = Ended(float(reward), self._ended.total + float(reward), bool(terminated), bool(truncated), info)
        return seen, float(reward), bool(terminated), bool(truncated), info

    def snapshot(self) -> Snapshot:
        return msgspec.json.encode(_Path(self.base, self._instance, self._seed, self._actions, self._hash()))

    def restore(self, snapshot: Snapshot) -> None:
        try:
            path = msgspec.json.decode(snapshot, type=_Path)
        except (msgspec.DecodeError, TypeError) as error:
            raise UsageError(f"{snapshot!r:.60} is no state of {self.base}; snapshot() gives one") from error
        if path.world != self.base:
            raise UsageError(f"a state of {path.world} cannot be one of {self.base}")
        done = len(self._actions)
        if path.seed != self._seed or path.actions[:done] != self._actions:
            self._start(path.instance, path.seed)
            done = 0
        self._instance = path.instance
        for action in path.actions[done:]:
            self.step(action)
        if self._hash() != path.seen:
            raise UsageError(
                f"{self.base} is not deterministic: seed {path.seed} and the same {len(path.actions)} actions led to "
                "another state, so it cannot be saved by replay; give it snapshot() and restore() of its own"
            )

    def clone(self) -> ReplaySnapshot:
        """Another one, around a new environment of the same spec, or a deep copy where there is no spec.

        Raises UsageError: neither can be had."""
        import copy

        if self._env.spec is not None:
            env = gymnasium.make(self._env.spec, render_mode=self._env.render_mode)
        else:
            try:
                env = copy.deepcopy(self._env)
            except Exception as error:
                raise UsageError(f"{self.base} cannot be copied: {error}; make it with gymnasium.make") from error
        menu = dict(zip(self._about.actions, self._values, strict=True))
        return ReplaySnapshot(env, menu, name=self.base, cap=self.cap, success=self._success, check=False)

    def digest(self) -> Digest:
        over = self._over()
        return {
            "observation": summed_up(plain(self._seen)),
            "reward": self._ended.total,
            "terminal": over,
            "success": over and bool(self._success(self._ended)),
        }

    def observe(self, format: str = "symbols") -> Observation:
        """`format`: "symbols", "text", and "image" where the environment renders as "rgb_array". Raises UsageError else."""
        text = f"Observation: {_printed(summed_up(plain(self._seen)))}. Sum of rewards: {self._ended.total:g}."
        if self._over():
            text += f" The episode is over: {'success' if self.digest()['success'] else 'no success'}."
        if format == "symbols":
            return Observation(text, _unstyled(str(self._env.render())) if self.render_mode == "ansi" else "")
        if format == "image" and self.render_mode == "rgb_array":
            from journeyman.foresee.worlds.picture import png

            return Observation(text, image=png(np.asarray(self._env.render(), np.uint8)))
        if format == "text":
            return Observation(text)
        has = ", ".join((*self._about.formats, "text"))
        raise UsageError(f"{self.base} shows itself as {has}, not as '{format}'; for images make it with 'rgb_array'")

    def render(self) -> Any:
        return self._env.render()

    def close(self) -> None:
        self._env.close()

    def _start(self, instance: str, seed: int) -> dict[str, Any]:
        self._seen, info = self._env.reset(seed=seed)
        self._instance, self._seed = instance, seed
        self._actions = ()
        self._ended = Ended(0.0, 0.0, False, False, info)
        return info

    def _over(self) -> bool:
        return self._ended.terminated or self._ended.truncated

    def _hash(self) -> str:
        return state_hash(msgspec.json.encode([plain(self._seen), self._ended.total]))

    def _names(self) -> str:
        return ", ".join(self._about.actions)

    def _check(self) -> None:
        """Thirty actions, twice."""
        runs = []
        for _ in range(2):
            self._start("", 0)
            seen = [plain(self._seen)]
            for number in range(30):
                step = self.step(Draws(0).below(len(self._values), "policy", number))
                seen.append([plain(step[0]), *step[1:4]])
            runs.append(seen)
        for number, (first, second) in enumerate(zip(*runs, strict=True)):
            if not same(first, second):
                raise UsageError(
                    f"{self.base} is not deterministic: with seed 0, observation {number} was once {_printed(first)} and "
                    f"once {_printed(second)}, so it cannot be saved by replay; give it snapshot() and restore() of its own"
                )


def _menu(
    env: gymnasium.Env[Any, Any], asked: Sequence[str] | Mapping[str, Any] | None, usual: Sequence[str] | None, name: str
) -> tuple[list[Any], tuple[str, ...]]:
    """Actions as the environment takes them, and their names."""
    if isinstance(asked, Mapping):
        return list(asked.values()), tuple(asked)
    space = env.action_space
    if not isinstance(space, spaces.Discrete):
        raise UsageError(f"actions of {name} are {space}; give a menu, actions={{'name': action, ...}}")
    count = int(space.n)
    names = tuple(asked or (usual if usual and len(usual) == count else map(str, range(count))))
    if len(names) != count:
        raise UsageError(f"{name} has {count} actions, not the {len(names)} that were named: {', '.join(names)}")
    return [int(space.start) + number for number in range(count)], names


def _seed(of: Id) -> int:
    return of.number + (TRAIN_SEEDS if of.split == SPLITS[1] else 0)


def _printed(seen: Any) -> str:
    if isinstance(seen, list):
        return f"[{', '.join(map(_printed, seen))}]"
    return f"{seen:.4g}" if isinstance(seen, float) else str(seen)


def _unstyled(text: str) -> str:
    """Terminal colors as brackets around what they mark."""
    return _STYLED.sub(r"[\2]", text).strip("\n")
