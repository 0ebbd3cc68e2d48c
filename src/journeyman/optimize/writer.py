"""What a run writes: each event, and the call of the state that belongs to it.

A resume makes the same calls for the same events (see `replay`). Whoever writes holds a commit of the log open, and settles
with the ledger in it.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from journeyman.optimize import events
from journeyman.optimize.state import Made, State, parents_of
from journeyman.optimize.trial import Proposal, Request, Trial
from journeyman.runlog import RunLog
from journeyman.verify import Verdict


class Writer:
    """Writes to `log` and tells `state`. `elapsed_s`: working seconds of the run so far."""

    def __init__(self, log: RunLog, state: State, elapsed_s: Callable[[], float]) -> None:
        self._log, self._state, self._elapsed_s = log, state, elapsed_s

    def candidate(
        self,
        index: int,
        proposal: Proposal,
        parents: tuple[int, ...],
        proposer: str,
        hint: dict[str, Any] | None = None,
    ) -> None:
        """Proposal `index` gave a candidate."""
        archive, spend = self._state.archive, proposal.spend
        digest = proposal.candidate.digest
        same_as = archive.first_with(digest)
        put = self._log.put_blob
        body = events.candidate_body(index, digest, proposal, parents, proposer, same_as, put, hint=hint)
        seq = self._log.append(events.CANDIDATE, str(index), body)
        made = Made(
            digest, parents, proposer, proposal.note, proposal.data, same_as, spend.tokens, spend.micro_usd
        )
        self._state.candidate_came(index, made, seq, proposal.candidate)

    def failure(self, request: Request, kind: str, message: str, proposer: str) -> None:
        """The proposal for `request` gave none."""
        body = events.FailedBody(request.index, kind, message, parents_of(request), proposer)
        self._log.append(events.FAILED, str(request.index), events.plain(body), self._now())
        self._state.proposal_failed(request.index, kind, message, proposer)

    def verdict(self, index: int, verdict: Verdict, attempts: int, *, counts: bool) -> Trial | None:
        """Trial `index` has a verdict, after so many attempts; the trial, unless it is measured again before it counts."""
        body = events.verdict_body(index, verdict, self._log.put_blob, counts=counts)
        seen = events.measured(verdict, self._elapsed_s(), attempts)
        seq = self._log.append(events.VERDICT, str(index), events.plain(body), seen)
        return self._state.verdict_came(
            index, verdict.status, verdict.score, seq, counts=counts, verdict=verdict
        )

    def repeated(self, index: int, made: Made) -> Trial:
        """Trial `index` has the files, and so the verdict, of an earlier one."""
        assert made.same_as is not None
        first = self._state.archive.verdict(made.same_as)
        body = events.RepeatedBody(index, made.same_as, first.status, first.score)
        self._log.append(events.REPEATED, str(index), events.plain(body))
        return self._state.verdict_repeated(index, first.status, first.score)

    def best(self, trial: Trial) -> None:
        """`trial` is the best so far."""
        self._log.append(events.BEST, str(trial.index), {"index": trial.index, "score": trial.score})
        self._state.best_is(trial)

    def end(
        self,
        reason: str,
        finalist: int,
        pictures: Mapping[str, bytes],
        held_out: Sequence[tuple[Verdict, int]],
    ) -> None:
        """The run has ended. `held_out`: verdicts of the seed and of the finalist (one, where they are the same), each with
        the number of its attempts."""
        put = self._log.put_blob
        if pictures:
            files = {name: put(data) for name, data in pictures.items()}
            self._log.append(events.PICTURES, "", None, {"index": finalist, "files": files})
        if held_out:
            (seed, seed_attempts), (best, best_attempts) = held_out[0], held_out[-1]
            # The seed is trial 0; a body names its trial.
            bodies = events.verdict_body(0, seed, put), events.verdict_body(finalist, best, put)
            at_s = self._elapsed_s()
            seen = {
                "seed": events.measured(seed, at_s, seed_attempts),
                "finalist": events.measured(best, at_s, best_attempts),
            }
            self._log.append(events.FINAL, "", events.plain(events.FinalBody(finalist, *bodies)), seen)
        self._log.append(events.END, "", {"reason": reason}, self._now())

    def _now(self) -> dict[str, float]:
        """When it is written, in working seconds: differs between equal runs."""
        return {"at_s": self._elapsed_s()}
