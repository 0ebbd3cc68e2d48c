"""What one step of a search costs: ask and tell, without proposer, verifier or log.

AB-MCTS at 100, 1,000 and 10,000 trials beside the authors' library (treequest 0.3.3, in the same process; 1,000 steps of
it take most of this benchmark's time), then every search at trial 10,000. A child's reward is its parent's plus noise, in
both alike. Processor time, mean of the last 50 steps.
"""

from __future__ import annotations

import importlib.util
import math
import operator
import random
import time
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import rows

LATE = 50
ALONE = 10_000
BESIDE = 1_000


def child_of(reward: float, rng: random.Random) -> float:
    return min(max(reward + rng.gauss(-0.01, 0.05), 0.001), 0.999)


def score_of(reward: float) -> float:
    """The score that `AbMcts` gives this reward, if the seed has the score 0."""
    logit = math.log(reward / (1 - reward))
    return math.copysign(math.expm1(abs(logit)), logit)


def ours(name: str, marks: tuple[int, ...], **options: Any) -> list[float]:
    """Milliseconds a step at each of `marks`."""
    from journeyman.optimize.search import make_search
    from journeyman.testing.searches import a_trial

    search = make_search(name, operator.gt, options, seed=1)
    rewards, rng = {0: 0.5}, random.Random(2)
    search.tell(a_trial(0, 0.0, ()))
    model = a_trial(1, 0.0)

    def one(index: int) -> float:
        began = time.process_time()
        request = search.ask(index)
        asked = time.process_time()
        assert request is not None
        rewards[index] = child_of(rewards[request.parents[0].index], rng)
        parents = tuple(parent.index for parent in request.parents)
        trial = replace(
            model, index=index, score=score_of(rewards[index]), digest=str(index), parents=parents
        )
        told = time.process_time()
        search.tell(trial)
        return asked - began + time.process_time() - told

    return late_steps(one, marks)


def library(marks: tuple[int, ...], posterior: str) -> list[float]:
    """The same of TreeQuest's AB-MCTS-A."""
    import numpy as np
    import treequest

    np.random.seed(1)
    algorithm = treequest.ABMCTSA(dist_type=posterior)
    state = algorithm.init_tree()
    rng = random.Random(2)

    def one(index: int) -> float:
        nonlocal state
        began = time.process_time()
        state, trial = algorithm.ask(state, ["only"])
        asked = time.process_time()
        reward = child_of(trial.parent_state or 0.5, rng)
        told = time.process_time()
        state = algorithm.tell(state, trial.trial_id, (reward, reward))
        return asked - began + time.process_time() - told

    return late_steps(one, marks)


def late_steps(one: Callable[[int], float], marks: tuple[int, ...]) -> list[float]:
    took = [one(index) for index in range(1, marks[-1] + 1)]
    return [1000 * sum(took[mark - LATE : mark]) / LATE for mark in marks]


def measure() -> list[rows.Row]:
    from journeyman.optimize.search import SEARCHES

    found = []
    beside = importlib.util.find_spec("treequest") is not None
    for posterior in ("gaussian", "beta"):
        rows.say(f"ab_mcts, {posterior}")
        mine = ours("ab_mcts", (100, BESIDE, ALONE), posterior=posterior)
        theirs = library((100, BESIDE), posterior) if beside else []
        for mark, ms, peer in zip((100, BESIDE, ALONE), mine, [*theirs, None, None, None], strict=False):
            name = "TreeQuest" if peer is not None else ""
            found.append(
                rows.row(f"ab_mcts, {posterior}, a step at trial {mark:,}", "ms", ms, peer, name, "<= 1")
            )
    for name in SEARCHES:
        if name != "ab_mcts":
            rows.say(name)
            (ms,) = ours(name, (ALONE,))
            found.append(rows.row(f"{name}, a step at trial {ALONE:,}", "ms", ms, target="<= 1"))
    return found


if __name__ == "__main__":
    rows.main(measure)
