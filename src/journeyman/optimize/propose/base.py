"""What a proposer is.

A proposer makes one candidate from one request. It never meets the verifier: what it learns comes in requests (the
parent's files, verdict and feedback) and, if it wants, in `observe`.

**Randomness** comes from the generator passed in, which depends on the run's seed and the request's index alone. A
proposer that uses no other source of chance makes a resumed run equal to one that was never stopped.

**Threads.** `observe` is called from the engine's one thread. So is `propose`, unless `waits` is true: then it is called
from a thread of its own, several at a time, because it waits for something outside (a program, a model).

**State.** Whatever `observe` builds up is built up again after a crash by the same calls in the same order, `propose`
not among them: state must follow from `observe` alone.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol, runtime_checkable

from journeyman.errors import NothingLeft
from journeyman.optimize.trial import Proposal, Request, Trial

if TYPE_CHECKING:
    import numpy as np


__all__ = ["NothingLeft", "Proposer"]


@runtime_checkable
class Proposer(Protocol):
    """Makes candidates. See the module for the rules."""

    name: str
    waits: bool

    def propose(self, request: Request, rng: np.random.Generator) -> Proposal:
        """One candidate for `request`.

        Raises:
            ProposalFailed: no usable candidate; costs a proposal, and its text is in the next request for this parent.
            NothingLeft: there will be no further candidate.
        """
        ...

    def observe(self, trial: Trial) -> None:
        """A trial has its verdict (any trial of the run, the seed first). Telling a trial again changes nothing."""
        ...
