"""Governors by their names with settings."""

from __future__ import annotations

from collections.abc import Mapping

from journeyman.errors import UsageError
from journeyman.foresee.governors.governor import Governor
from journeyman.foresee.setting import filled, split

NAMES: Mapping[str, str] = {
    "none": "all is left to the agent",
    "never": "no call",
    "always": "a call for what is wanted before it is done",
    "random:0.3": "a call at a share of the decision points, or as often as in another run: random:matched=RUN/GOVERNOR",
    "confidence:0.1": "a call where the doubt of what is wanted is above a threshold",
    "voi:cost=0.02": "the call that is worth most, if it is worth its cost",
    "uplift:FILE": "a call where calls were seen to help",
    "encourage:0.15": "a logged coin forces or forbids calls, to learn what they are worth",
    "oracle": "a call where the agent is about to lose the episode; knows the world",
}
"""Name with its usual settings -> what it does, in words."""

_MATCHED = "random:matched="


def open_governor(name: str) -> Governor | None:
    """The governor of this name, new; None for "none".

    Raises UsageError: an unknown name, a setting it does not have, a value out of range, or a file that cannot be used.
    """
    if name.startswith(_MATCHED):  # the governor that is named there may have settings of its own
        from journeyman.foresee.governors.chance import Chance
        from journeyman.foresee.governors.matched import rate_of_run

        return Chance(rate_of_run(name.removeprefix(_MATCHED)), name)
    kind, given = split(name)
    if kind in ("none", "never", "always", "oracle"):
        if given:
            raise UsageError(f"the governor '{kind}' has no settings; write '{kind}'")
        return _plain(kind)
    if kind in ("random", "confidence", "encourage"):
        return _with_number(kind, given)
    if kind == "voi":
        from journeyman.foresee.governors import blind, voi

        settings = filled(voi.Settings, given, what="voi", first="cost")
        return voi.Voi(settings, name, blind.from_files(settings.calibration, settings.uplift))
    if kind == "uplift":
        from journeyman.foresee.governors import uplift_gate

        return uplift_gate.UpliftGate(filled(uplift_gate.Settings, given, what="uplift", first="file"), name)
    raise UsageError(f"there is no governor '{kind}'; there are {', '.join(NAMES)}")


def _plain(kind: str) -> Governor | None:
    from journeyman.foresee.governors.always import Always
    from journeyman.foresee.governors.never import Never
    from journeyman.foresee.governors.oracle import Oracle

    made: dict[str, type[Never] | type[Always] | type[Oracle]] = {"never": Never, "always": Always, "oracle": Oracle}
    return made[kind]() if kind in made else None


def _with_number(kind: str, given: Mapping[str, str]) -> Governor:
    from journeyman.foresee.governors.chance import Chance
    from journeyman.foresee.governors.confidence import Confidence
    from journeyman.foresee.governors.encourage import Encourage

    if kind == "random":
        return Chance(_number(kind, given, "rate", "0.3"))
    if kind == "confidence":
        return Confidence(_number(kind, given, "threshold", "0.1"))
    return Encourage(_number(kind, given, "share", "0.15"))


def _number(kind: str, given: Mapping[str, str], setting: str, usual: str) -> float:
    """The one number that a governor is given."""
    unknown = [key for key in given if key not in ("", setting)]
    if unknown:
        raise UsageError(f"the governor '{kind}' has no setting '{unknown[0]}'; it has {setting}")
    if len(given) != 1:
        raise UsageError(f"the governor '{kind}' needs one number; write '{kind}:{usual}'")
    (text,) = given.values()
    try:
        return float(text)
    except ValueError:
        raise UsageError(f"the governor '{kind}' needs a number, not '{text}'; write '{kind}:{usual}'") from None
