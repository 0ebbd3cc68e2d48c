"""What every proposer must pass. Inherit and give one fixture:

    class TestMine(ProposerSuite):
        @pytest.fixture
        def setting(self, tmp_path):
            task = load_task(...)
            return Setting(lambda: Mine(task), task)

Each call of `make` gives a new proposer in the same first state.
"""

from __future__ import annotations

import random
from collections.abc import Callable
from dataclasses import dataclass

import msgspec
import numpy as np
import pytest

from journeyman.errors import NothingLeft, ProposalFailed
from journeyman.optimize.brief import brief_of
from journeyman.optimize.propose.base import Proposer
from journeyman.optimize.trial import SEED, Proposal, Request, Trial, trial_of
from journeyman.verify import Status, Task, Verdict, make_candidate
from journeyman.verify.region import check_outside


@dataclass(frozen=True)
class Setting:
    """A maker of proposers and the task they work on. `seeded`: chance comes from the generator passed in only."""

    make: Callable[[], Proposer]
    task: Task
    seeded: bool = True


def seed_trial(task: Task) -> Trial:
    """The seed with a verdict."""
    return trial_of(SEED, task.seed, Verdict(Status.OK, 0.0, "dev", feedback="the seed"))


def request_for(task: Task, index: int, *parents: Trial, failure: str = "") -> Request:
    """A request as the engine makes it."""
    return Request(
        index, parents or (seed_trial(task),), {"chain": 0, "step": index}, brief_of(task), failure,
        evaluations_left=100 - index, proposals_left=200 - index,
    )  # fmt: skip


def judged(index: int, made: Proposal, name: str) -> Trial:
    """A trial of the proposal; its score follows from its files, and one in seven has none."""
    digest = made.candidate.digest
    draw = random.Random(digest)
    good = draw.random() > 1 / 7
    verdict = Verdict(
        Status.OK if good else Status.INFEASIBLE, draw.gauss(0, 1) if good else None, "dev", feedback="judged"
    )
    # What comes back has been through the log.
    data = msgspec.msgpack.decode(msgspec.msgpack.encode(made.data))
    maker = made.proposer or name
    return trial_of(index, made.candidate, verdict, parents=(SEED,), proposer=maker, data=data)


class ProposerSuite:
    """The rules of `journeyman.optimize.propose.base`, as tests."""

    @pytest.fixture
    def setting(self) -> Setting:
        """The proposer under test and its task."""
        raise NotImplementedError("give a fixture setting that returns a Setting")

    def propose(self, proposer: Proposer, request: Request) -> Proposal | None:
        """One proposal; None if the proposer says, as it should, that it has none."""
        try:
            return proposer.propose(request, np.random.default_rng((7, request.index)))
        except (ProposalFailed, NothingLeft):
            return None

    def test_has_a_name_and_says_whether_it_waits(self, setting: Setting) -> None:
        proposer = setting.make()
        assert proposer.name
        assert proposer.waits in (True, False)

    def test_gives_a_legal_tree_that_keeps_what_must_stay(self, setting: Setting) -> None:
        proposer = setting.make()
        proposer.observe(seed_trial(setting.task))
        made = [self.propose(proposer, request_for(setting.task, index)) for index in range(1, 6)]
        assert any(made)
        for one in filter(None, made):
            assert make_candidate(one.candidate.files) == one.candidate
            assert setting.task.main in one.candidate.files
            check_outside(setting.task.seed, one.candidate)

    def test_what_it_notes_is_plain_data(self, setting: Setting) -> None:
        proposer = setting.make()
        proposer.observe(seed_trial(setting.task))
        made = self.propose(proposer, request_for(setting.task, 1))
        assert made is not None
        assert msgspec.json.decode(msgspec.json.encode(made.data)) == made.data
        assert "\n" not in made.note

    def test_the_same_request_and_generator_give_the_same_candidate(self, setting: Setting) -> None:
        if not setting.seeded:
            pytest.skip("this proposer has chance of its own")
        answers = []
        for _ in range(2):
            proposer = setting.make()
            proposer.observe(seed_trial(setting.task))
            made = [self.propose(proposer, request_for(setting.task, index)) for index in range(1, 6)]
            answers.append([one and one.candidate.digest for one in made])
        assert answers[0] == answers[1]

    def test_its_state_follows_from_what_it_observed(self, setting: Setting) -> None:
        """Several under way, told out of order, some never told; a second one only observes, and proposes the same."""
        if not setting.seeded:
            pytest.skip("this proposer has chance of its own")
        task, rng = setting.task, random.Random(1)
        first, second = setting.make(), setting.make()
        for proposer in (first, second):
            proposer.observe(seed_trial(task))
        under_way: list[Trial] = []
        best = seed_trial(task)
        for index in range(1, 60):
            made = self.propose(first, request_for(task, index, best))
            if made is not None:
                under_way.append(judged(index, made, first.name))
            while len(under_way) > 4:
                trial = under_way.pop(rng.randrange(len(under_way)))
                first.observe(trial)
                second.observe(trial)
                second.observe(trial)
                if trial.score is not None and best.score is not None and trial.score > best.score:
                    best = trial
        one, other = (self.propose(p, request_for(task, 60, best)) for p in (first, second))
        assert (one and one.candidate.digest) == (other and other.candidate.digest)

    def test_takes_any_parent_and_a_word_about_the_last_failure(self, setting: Setting) -> None:
        proposer = setting.make()
        seed = seed_trial(setting.task)
        proposer.observe(seed)
        failed = trial_of(
            1,
            setting.task.seed,
            Verdict(Status.TIMEOUT, None, "dev", feedback="10 s passed"),
            parents=(SEED,),
        )
        proposer.observe(failed)
        self.propose(
            proposer, request_for(setting.task, 2, seed, failed, failure="the last reply had no file")
        )
