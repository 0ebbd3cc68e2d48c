"""Candidates from a list or a function: for tests, replays and examples."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING

from journeyman.optimize.propose.base import NothingLeft
from journeyman.optimize.trial import Proposal, Request, Trial
from journeyman.verify import Candidate, make_candidate

if TYPE_CHECKING:
    import numpy as np

Files = Candidate | Proposal | Mapping[str, bytes | str] | str
"""A candidate in any handy form; a bare string takes the place of the task's main file."""


class Scripted:
    """Gives proposal k the k-th item of a list, or what a function makes of the request.

    The list is looked up by the request's index, so that a resumed run goes on at the right place. After its end the
    run ends.

    Args:
        script: a sequence of candidates, or a function (request, rng) -> candidate, which may raise ProposalFailed.
        waits: the function waits for something outside and is called in a thread of its own.
    """

    def __init__(
        self,
        script: Sequence[Files] | Callable[[Request, np.random.Generator], Files],
        *,
        name: str = "scripted",
        waits: bool = False,
    ) -> None:
        self.name = name
        self.waits = waits
        self._script = script

    def propose(self, request: Request, rng: np.random.Generator) -> Proposal:
        """The candidate scripted for this request."""
        if callable(self._script):
            return as_proposal(self._script(request, rng), request)
        if request.index > len(self._script):
            raise NothingLeft(f"the script has {len(self._script)} candidates and all were proposed")
        return as_proposal(self._script[request.index - 1], request)

    def observe(self, trial: Trial) -> None:
        """A script does not look."""


def as_proposal(made: Files, request: Request) -> Proposal:
    """The proposal in its proper form. Raises CandidateInvalid for a tree that is none."""
    if isinstance(made, Proposal):
        return made
    if isinstance(made, Candidate):
        return Proposal(made)
    if isinstance(made, str):
        main = request.brief.main if request.brief else "candidate"
        return Proposal(make_candidate({main: made}))
    return Proposal(make_candidate(made))
