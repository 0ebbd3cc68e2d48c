"""A run written event by event into a real log, as an engine would, with calls of models in it."""

from __future__ import annotations

import os
import socket
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import msgspec

from journeyman.ledger import Spend
from journeyman.ledger.ledger import Reserved, Settled
from journeyman.optimize import events
from journeyman.optimize.plan import Plan
from journeyman.optimize.trial import Proposal
from journeyman.runlog import RunLog
from journeyman.verify import Candidate, InstanceVerdict, Metric, Status, Verdict

TASK = {"task": "test/written", "task_digest": "0", "unit": "kg", "maximize": False}


@dataclass(frozen=True)
class Asked:
    """One reply of a model."""

    model: str = "opus"
    prompt: str = "Make it lighter."
    reply: str = "width = 3"
    outcome: str = "answered"
    finish: str = "stop"
    input: int | None = 1000
    output: int | None = 200
    micro_usd: int | None = 4000
    latency_s: float = 2.5


class Writing:
    """Writes the run in `folder`. Every method is one commit or two, as the engine makes them. Lower scores are better."""

    def __init__(self, folder: Path, *, max_wall_s: float | None = None, **plan: Any) -> None:
        header = {**TASK, "plan": msgspec.to_builtins(Plan(**plan)), "max_wall_s": max_wall_s, "until": None}
        self.log = RunLog.create(folder, verb="optimize", header=header)
        self.at_s = 0.0
        self.best: float | None = None
        self._calls: dict[int, int] = {}
        self.session()

    def __enter__(self) -> Writing:
        return self

    def __exit__(self, *_: object) -> None:
        self.log.close()

    def session(self, **more: Any) -> None:
        who = {"pid": os.getpid(), "host": socket.gethostname(), "task": "/nowhere", "deadline": None}
        self.log.append(events.SESSION, "", None, {**who, **more})

    def seed(self, score: float | None = 20.0) -> None:
        with self.log.commit():
            self._candidate(0, "width = 10\n", (), "seed", None)
        with self.log.commit():
            self._verdict(0, Status.OK if score is not None else Status.INFEASIBLE, score)

    def begin(self, index: int) -> None:
        with self.log.commit():
            self._reserve(str(index), Spend(1, 1))

    def call_begins(self, index: int) -> str:
        self._calls[index] = self._calls.get(index, 0) + 1
        key = f"{index}/call/{self._calls[index]}"
        with self.log.commit():
            self._reserve(key, Spend(tokens=9000, micro_usd=90000))
        return key

    def call(self, index: int, asked: Asked) -> None:
        key = self.call_begins(index)
        put = self.log.put_blob
        self.at_s += asked.latency_s
        with self.log.commit():
            prompt = put(
                msgspec.json.encode({"messages": [{"role": "user", "text": asked.prompt, "images": []}]})
            )
            reply = put(msgspec.json.encode({"text": asked.reply, "outcome": asked.outcome}))
            body = events.CallBody(
                index, self._calls[index], asked.model, "digest", prompt, reply, asked.outcome, asked.finish, asked.input,
                asked.output, micro_usd=asked.micro_usd,
            )  # fmt: skip
            self.log.append(
                events.CALL,
                key,
                events.plain(body),
                {"latency_s": asked.latency_s, "attempts": 1, "at_s": self.at_s},
            )
            tokens = (asked.input or 0) + (asked.output or 0)
            self._settle(key, Spend(tokens=tokens, micro_usd=asked.micro_usd or 0))

    def candidate(
        self,
        index: int,
        files: str,
        parents: Sequence[int] = (0,),
        by: str = "opus",
        note: str = "",
        same: int | None = None,
    ) -> None:
        with self.log.commit():
            self._candidate(index, files, tuple(parents), by, same, note)

    def verdict(self, index: int, status: Status, score: float | None, feedback: str = "") -> None:
        self.at_s += 1.0
        with self.log.commit():
            self._verdict(index, status, score, feedback)

    def repeated(self, index: int, same: int, status: Status, score: float | None) -> None:
        with self.log.commit():
            body = events.RepeatedBody(index, same, status, score)
            self.log.append(events.REPEATED, str(index), events.plain(body))
            self._settle(str(index), Spend(0, 1))

    def fails(
        self, index: int, kind: str, message: str, parents: Sequence[int] = (0,), by: str = "opus"
    ) -> None:
        with self.log.commit():
            body = events.FailedBody(index, kind, message, tuple(parents), by)
            self.log.append(events.FAILED, str(index), events.plain(body))
            self._settle(str(index), Spend(0, 1))

    def end(self, reason: str = "the budget of evaluations is spent") -> None:
        with self.log.commit():
            self.log.append(events.END, "", {"reason": reason})

    def interrupted(self) -> None:
        self.log.append(events.INTERRUPTED, "", None, {"at_s": self.at_s})

    def _candidate(
        self, index: int, files: str, parents: tuple[int, ...], by: str, same: int | None, note: str = ""
    ) -> None:
        proposal = Proposal(Candidate({"params.toml": files.encode()}), note)
        body = events.candidate_body(
            index, proposal.candidate.digest, proposal, parents, by, same, self.log.put_blob
        )
        self.log.append(events.CANDIDATE, str(index), body)

    def _verdict(self, index: int, status: Status, score: float | None, feedback: str = "") -> None:
        metrics = {"mass": Metric(score, "kg")} if score is not None else {}
        one = InstanceVerdict("a", status, score, score, metrics, feedback, 0.5)
        verdict = Verdict(status, score, "dev", (one,), metrics, feedback, level="plain data", wall_s=0.5)
        body = events.verdict_body(index, verdict, self.log.put_blob)
        self.log.append(
            events.VERDICT, str(index), events.plain(body), events.measured(verdict, self.at_s, 1)
        )
        if index:
            self._settle(str(index), Spend(1, 1))
        if score is not None and (self.best is None or score < self.best):
            self.best = score
            self.log.append(events.BEST, str(index), {"index": index, "score": score})

    def _reserve(self, key: str, spend: Spend) -> None:
        self.log.append(*events.ledger_event(Reserved(key, spend)))

    def _settle(self, key: str, spend: Spend) -> None:
        self.log.append(*events.ledger_event(Settled(key, spend, True)))


def write_example(folder: Path, **plan: Any) -> Writing:
    """A run of two models with something of everything in it, not ended: proposal 7 waits for its model."""
    run = Writing(folder, **{"evaluations": 20, "tokens": 100_000, "micro_usd": 5_000_000, **plan})
    run.seed()
    for index, (asked, files, score) in enumerate(
        [
            (Asked(), "width = 6\n", 12.0),
            (Asked("haiku", reply="width = 1", micro_usd=None), "width = 1\n", None),
            (Asked(outcome="cut", finish="length", reply="width = "), None, None),
            (Asked("haiku", outcome="refused", finish="content_filter", reply="", output=0), None, None),
            (Asked(reply="[bold]width[/bold] = 3\n\x1b[2J\u202e"), "width = 3\n# \x1b[2J[red]\u202e\n", 6.0),
        ],
        1,
    ):
        run.begin(index)
        run.call(index, asked)
        if files is None:
            kind, message = (
                ("cut", "the reply ends at 200 tokens") if asked.outcome == "cut" else ("refused", "I cannot")
            )
            run.fails(index, kind, message, (1,), asked.model)
            continue
        parents = (1, 0) if index > 1 else (0,)
        run.candidate(index, files, parents, asked.model, f"width {index}\x07")
        status = Status.OK if score is not None else Status.INFEASIBLE
        run.verdict(
            index, status, score, "" if score is not None else "stress_mpa is 400, at most 250 \x1b[31m"
        )
    run.begin(6)
    run.call(6, Asked())
    run.candidate(6, "width = 6\n", (5,), "opus", same=1)
    run.repeated(6, 1, Status.OK, 12.0)
    run.begin(7)
    run.call_begins(7)
    return run
