"""Worlds by their names: "lake-6:slip=0.1", "push-7", "gym:CliffWalking-v1", "file.py:World"."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from journeyman.errors import MissingExtra, UsageError
from journeyman.foresee.setting import filled, plain_value, split
from journeyman.foresee.worlds.world import World

OTHERS = ("gym:ENV_ID", "FILE.py:CLASS")
"""How worlds that are not built in are asked for."""


@dataclass(frozen=True)
class _LakeSettings:
    slip: float = 0.0


@dataclass(frozen=True)
class _NoSettings:
    pass


def names() -> list[str]:
    """Names of the built-in worlds."""
    return list(_BUILT_IN)


def open_world(asked: str) -> World:
    """A world by its name, with settings after a colon.

    "gym:ENV_ID" is an environment of Gymnasium's registry, saved by replay; settings after a comma go to it, but for `cap`,
    the most actions of an episode: "gym:FrozenLake-v1,is_slippery=false,cap=40". "FILE.py:CLASS" is a user's own, its
    settings as well after a comma.

    Raises:
        UsageError: a name, setting or value that is not there, or a user's world that lacks something.
        MissingExtra: Gymnasium or Pillow is not installed.
    """
    name, settings = split(asked)
    try:
        import gymnasium as gymnasium
        import PIL as PIL
    except ImportError:
        raise MissingExtra("worlds need gymnasium and pillow; run: pip install 'journeyman[foresee]'") from None
    if name in _BUILT_IN:
        return _BUILT_IN[name](name, settings)
    if name == "gym":
        return _gym(asked, settings.pop("", ""), {key: plain_value(text) for key, text in settings.items()})
    if name.endswith(".py"):
        from journeyman.foresee.worlds.user_file import world_from_file

        made = settings.pop("", "")
        if not made:
            raise UsageError(f"'{asked}' names no class; write {name}:CLASS")
        return world_from_file(name, made, {key: plain_value(text) for key, text in settings.items()})
    raise UsageError(f"there is no world '{asked}'; worlds are {', '.join((*names(), *OTHERS))}")


def _lake(name: str, settings: Mapping[str, str]) -> World:
    from journeyman.foresee.worlds.lake import Lake

    return Lake(int(name.removeprefix("lake-")), filled(_LakeSettings, settings, what=name).slip)


def _push(name: str, settings: Mapping[str, str]) -> World:
    from journeyman.foresee.worlds.push import Push

    filled(_NoSettings, settings, what=name)
    return Push(int(name.removeprefix("push-")))


_BUILT_IN: dict[str, Callable[[str, Mapping[str, str]], World]] = {
    **{f"lake-{size}": _lake for size in (4, 6, 8)},
    **{f"push-{size}": _push for size in (6, 7, 8)},
}


def _gym(asked: str, env_id: str, settings: dict[str, Any]) -> World:
    """An environment of Gymnasium's registry, with its text rendering where it has one."""
    import gymnasium

    from journeyman.foresee.worlds.replay import ReplaySnapshot

    if not env_id:
        raise UsageError("'gym' names no environment; write gym:ENV_ID, such as gym:CliffWalking-v1")
    cap = settings.pop("cap", None)
    if cap is not None and (not isinstance(cap, int) or cap < 1):
        raise UsageError(f"cap is '{cap}'; it is a number of actions, at least 1")
    try:
        spec = gymnasium.spec(env_id)
        modes = _render_modes(spec)
        env = gymnasium.make(env_id, render_mode="ansi" if "ansi" in modes else None, **settings)
    except gymnasium.error.Error as error:
        raise UsageError(f"Gymnasium has no environment '{env_id}': {error}") from error
    except Exception as error:
        raise UsageError(f"Gymnasium's {env_id} could not be made: {type(error).__name__}: {error}") from error
    return ReplaySnapshot(env, name=asked, cap=cap)


def _render_modes(spec: Any) -> list[str]:
    """What an environment's class says it can render as."""
    import gymnasium

    made = spec.entry_point
    kind = gymnasium.envs.registration.load_env_creator(made) if isinstance(made, str) else made
    return list(getattr(kind, "metadata", {}).get("render_modes", []))
