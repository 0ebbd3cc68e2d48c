"""What a search is.

The engine is the only caller and calls from one thread, so a search needs no locks. It asks whenever a proposer is free,
which may be many times before the first verdict, and tells each trial once it has its verdict, in whatever order the
verdicts come.

**State.** A search owns its state and stores nothing: after a crash the engine makes a new one and repeats every `ask`,
`tell` and `failed` of the log, in their order, without repeating any evaluation. So what a search does must follow from
its arguments and these calls alone; randomness comes from a seed given to the constructor, never from a clock or a
global generator.

**Order.** The state after a set of `tell`s does not depend on their order, and telling a trial again changes nothing.

**Ownership.** Trials and requests are frozen; a search may keep them. They are light: files are read when looked at.
"""

from __future__ import annotations

from typing import Protocol, runtime_checkable

from journeyman.optimize.trial import Request, Trial


@runtime_checkable
class Search(Protocol):
    """Decides what to improve next. See the module for the rules that hold for all methods."""

    def ask(self, index: int) -> Request | None:
        """The request for proposal `index`, or None if there is nothing to ask before another verdict.

        `index` rises by one from call to call, starting at 1, except that it is the same again after None. The seed
        has been told before the first ask. None must leave the state as it was; None while nothing is in flight ends
        the run.
        """
        ...

    def tell(self, trial: Trial) -> None:
        """A trial has its verdict. The seed is told first, as trial 0, without having been asked for."""
        ...

    def failed(self, index: int) -> None:
        """Proposal `index` gave no candidate and will never be told."""
        ...
