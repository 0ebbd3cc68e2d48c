"""The mind for a world, by its name."""

from __future__ import annotations

from journeyman.errors import UsageError
from journeyman.foresee.agents.agent import Brief
from journeyman.foresee.agents.thinking import Thinking


def mind_for(brief: Brief, perception: float, misread: float, discount: float) -> Thinking:
    """A mind for one episode.

    Args:
        perception: rate at which the first look errs. misread: at which predictions are misread, as far as the agent knows.
        discount: of plans.

    Raises UsageError: a world for which there is none.
    """
    name = brief.about.name
    if name.startswith("lake-"):
        from journeyman.foresee.agents.lake_mind import LakeMind

        return LakeMind.of(brief.about, perception=perception, misread=misread, discount=discount)
    if name.startswith("push-"):
        from journeyman.foresee.agents.push_mind import PushMind

        return PushMind(brief.draws, brief.instance.id, perception)
    raise UsageError(
        f"scripted agents have a mind for lake-N and push-N, not for '{name}'; for a world of your own write an agent of "
        "your own and give it as FILE.py:NAME"
    )
