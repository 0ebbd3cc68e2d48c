"""Logs of runs with calls of models, written through the real run log: every kind of step, and any text in every place."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import msgspec
import numpy as np

from journeyman.optimize import events
from journeyman.optimize.trial import Proposal
from journeyman.runlog import RunLog
from journeyman.verify import Candidate, Metric, Status, Verdict
from journeyman.verify.verdict import InstanceVerdict

SVG = b'<svg xmlns="http://www.w3.org/2000/svg" width="300" height="120"><rect width="300" height="120" fill="red"/></svg>'
MODELS = ("large", "small")
Said = Callable[[str], str]


def plain(text: str) -> str:
    return text


class Writer:
    """Writes one run. `say` turns every text that a candidate, a model, a simulator or a user could have written."""

    def __init__(
        self, folder: Path, *, proposals: int, statement: str, say: Said, level: str, models: tuple[str, ...]
    ) -> None:
        self.rng = np.random.default_rng(7)
        self.say, self.level, self.models, self.proposals = say, level, models, proposals
        self.statement = statement
        header = {
            "task": say("mine/heat_sink"), "unit": "", "maximize": True, "search": {"name": "islands"},
            "proposer": {"name": "mixed"}, "plan": {"evaluations": proposals}, "level": None,
        }  # fmt: skip
        self.log = RunLog.create(folder, verb="optimize", header=header)
        self.put = self.log.put_blob
        self.files = {0: "\n".join(f"def part_{i}(x):\n    return x * {i}\n" for i in range(60))}
        self.scores = {0: 0.2}
        self.best = 0
        self.at_s = 1.0

    def verdict(self, score: float | None, status: Status, said: str, split: str = "dev") -> Verdict:
        wobble = self.rng.random(4).tolist()
        instances = tuple(
            InstanceVerdict(
                self.say(f"chip-{i}"), status, score, None if score is None else 40 - 20 * score,
                {self.say("mass"): Metric(1.0 + wobble[i], self.say("kg")), "peak": Metric(70 + 9 * wobble[-i], "degC")},
                self.say(said),
            )
            for i in range(2)
        )  # fmt: skip
        return Verdict(
            status, score, split, instances, instances[0].metrics, self.say(said), {}, self.level, wall_s=0.4
        )

    def candidate(
        self, index: int, parents: list[int], proposer: str, note: str, same_as: int | None = None
    ) -> None:
        tree = Candidate({self.say("design.py"): self.say(self.files[index]).encode()})
        proposal = Proposal(tree, note=self.say(note))
        body = events.candidate_body(
            index, tree.digest, proposal, tuple(parents), proposer, same_as, self.put
        )
        self.log.append(events.CANDIDATE, str(index), body)

    def told(self, index: int, verdict: Verdict) -> None:
        body = events.verdict_body(index, verdict, self.put)
        self.log.append(
            events.VERDICT, str(index), events.plain(body), events.measured(verdict, self.at_s, 1)
        )
        if index:
            self.settle(str(index), evaluations=1, proposals=1)
        if verdict.score is not None and (index == 0 or verdict.score > self.scores[self.best]):
            self.best, self.scores[index] = index, verdict.score
            self.log.append(events.BEST, str(index), {"index": index, "score": verdict.score})

    def settle(self, key: str, **amounts: int) -> None:
        self.log.append(events.SETTLE, key, amounts)

    def call(self, index: int, number: int, model: str, parent: int, outcome: str) -> None:
        key = f"{index}/call/{number}"
        text = f"{self.statement}\n# Candidate {parent}\n\n{self.files[parent]}\n\n{self.say('too hot at the rim')}\n"
        messages = [
            {"role": "system", "text": "You improve designs."},
            {"role": "user", "text": self.say(text)},
        ]
        reply = {
            "text": "" if outcome == "refused" else self.say(f"I change part {index}."), "outcome": outcome,
            "reasoning": self.say("First the fins. " * 20),
            "refusal": self.say("I will not.") if outcome == "refused" else "",
        }  # fmt: skip
        read, written = (int(n) for n in self.rng.integers((3000, 300), (5000, 1500)))
        money = {"micro_usd": 2 * read + 8 * written} if model == self.models[0] else {}
        body: dict[str, Any] = {
            "index": index, "number": number, "model": self.say(model), "digest": "", "outcome": outcome, "finish": "stop",
            "prompt": self.put(json.dumps({"messages": messages}).encode()), "reply": self.put(json.dumps(reply).encode()),
            "input": read, "output": written, "reasoning": written // 3, "cached": read // 2, **money,
        }  # fmt: skip
        self.log.append(events.RESERVE, key, {"tokens": 20_000})
        seen = {"latency_s": 4.0 + number, "at_s": self.at_s, "attempts": 1 + index % 2, "served_by": "x"}
        self.log.append("call", key, body, seen)
        self.settle(key, tokens=read + written, **money)

    def proposal(self, index: int) -> None:
        """One proposal of every tenth is refused, cut short, infeasible, a crash or an earlier one again."""
        rng = self.rng
        known = sorted(self.scores)
        parent = self.best if rng.random() < 0.5 else int(rng.choice(known))
        parents = list(dict.fromkeys([parent, int(rng.choice(known))]))
        model = self.models[index % len(self.models)]
        proposer = "numeric" if index % 5 == 0 else model
        self.log.append(events.RESERVE, str(index), {"evaluations": 1, "proposals": 1})
        self.at_s += 8.0
        fate = index % 10
        outcome = {3: "refused", 6: "cut"}.get(fate, "answered")
        if proposer != "numeric":
            for number in range(1, 2 + (fate == 7)):
                self.call(index, number, model, parent, outcome)
        if fate in (3, 6):
            kind = "refused" if fate == 3 else "unparsable"
            message = self.say("the text between SEARCH and ======= is not in the file")
            body = events.FailedBody(index, kind, message, tuple(parents))
            self.log.append(events.FAILED, str(index), {**events.plain(body), "proposer": proposer})
            self.settle(str(index), proposals=1)
            return
        if fate == 8:
            self.files[index] = self.files[parent]
            self.candidate(index, parents, proposer, "the same once more", parent)
            body_ = events.RepeatedBody(index, parent, Status.OK, self.scores[parent])
            self.log.append(events.REPEATED, str(index), events.plain(body_))
            self.settle(str(index), proposals=1)
            return
        lines = self.files[parent].split("\n")
        lines[int(rng.integers(len(lines)))] = f"    return x * {index}  # {proposer}"
        self.files[index] = "\n".join(lines)
        self.candidate(index, parents, proposer, f"part {index}: thinner fins")
        if fate == 4:
            self.told(
                index, self.verdict(None, Status.INFEASIBLE, "mass is 3.2 kg, at most 3 kg are allowed")
            )
        elif fate == 9:
            self.told(
                index, self.verdict(None, Status.CANDIDATE_ERROR, "the candidate raised\n  ZeroDivisionError")
            )
        else:
            score = self.scores[parent] + float(rng.normal(-0.02, 0.05))
            verdict = self.verdict(score, Status.OK, "the rim is hot")
            self.told(index, verdict)
            self.scores[index] = score

    def end(self) -> None:
        """Held-out verdicts, a picture and the end."""
        put = self.put
        seed, best = (
            self.verdict(s, Status.OK, "", "held-out") for s in (0.2, self.scores[self.best] - 0.05)
        )
        bodies = [events.verdict_body(0, seed, put), events.verdict_body(self.best, best, put)]
        files = {self.say("sink.svg"): put(SVG), "sink.txt": put(b"no picture")}
        self.log.append(events.PICTURES, "", None, {"index": self.best, "files": files})
        self.log.append(events.FINAL, "", msgspec.to_builtins(events.FinalBody(self.best, *bodies)), {})
        self.log.append(events.END, "", {"reason": "the budget of evaluations is spent"})


def write_run(
    folder: Path,
    *,
    proposals: int = 30,
    statement: str = "Keep the chip cold. Every constraint is hard.\n" * 40,
    say: Said = plain,
    level: str = "namespaces",
    models: tuple[str, ...] = MODELS,
    ended: bool = True,
) -> RunLog:
    """A run with calls, open for writing; every proposal has its fate by its number, scores wander."""
    writer = Writer(folder, proposals=proposals, statement=statement, say=say, level=level, models=models)
    with writer.log.commit(durable=False):
        writer.log.append(events.SESSION, "", None, {"pid": 1})
        writer.candidate(0, [], "seed", "")
        writer.told(0, writer.verdict(0.2, Status.OK, "warm"))
        for index in range(1, proposals + 1):
            writer.proposal(index)
        if ended:
            writer.end()
        else:
            writer.log.append(events.RESERVE, str(proposals + 1), {"evaluations": 1, "proposals": 1})
    return writer.log
