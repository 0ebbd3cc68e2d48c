"""What judges are asked of a run: a case for each episode."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

from journeyman.foresee.attribution.judge import Case
from journeyman.foresee.attribution.judge_prompt import judge_prompt, stages_of
from journeyman.foresee.attribution.staging import Logged
from journeyman.foresee.evaluation.opened import Opened
from journeyman.foresee.protocol.decision import Episode


def cases_of(
    chosen: Sequence[Logged], episodes: Sequence[Logged], opened: Opened, texts: Callable[[Episode], Mapping[int, str]]
) -> list[Case]:
    """One for each chosen episode.

    Args:
        episodes: all of the run, in which the same problems in mode invisible are looked up.
        texts: gives the replies of an episode by decision.
    """
    cells = opened.plan.cells
    without = {
        (cells[one.cell].agent, one.episode.seed, one.episode.instance): one.episode.success
        for one in episodes
        if cells[one.cell].mode == "invisible"
    }
    found = []
    for one in chosen:
        cell, episode = cells[one.cell], one.episode
        exact = cell.world_model == "exact"
        prompt = judge_prompt(
            episode, opened.world, exact=exact, without=without.get((cell.agent, episode.seed, episode.instance)),
            replies=texts(episode), key=f"{one.key}/judge",
        )  # fmt: skip
        found.append(
            Case(
                episode.cell, episode.instance, episode.seed, prompt, episode.success, len(episode.decisions),
                stages_of(exact),
            )
        )  # fmt: skip
    return found
