"""The record of an episode while it is played: a line for each decision (spec a.7)."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from typing import Any

from journeyman.foresee.agents.agent import Reply
from journeyman.foresee.agents.grammar import Said
from journeyman.foresee.agents.mind import Mind
from journeyman.foresee.governors.governor import Ruling
from journeyman.foresee.protocol.decision import Decision
from journeyman.foresee.worlds.world import Observation


class Record:
    """The decisions so far. `keep`: stores the text of a reply and gives its digest; None: texts are not kept."""

    def __init__(self, keep: Callable[[str], str] | None) -> None:
        self.decisions: list[Decision] = []
        self._keep = keep
        self._reply = Reply("")
        self._text = ""

    def heard(self, reply: Reply) -> None:
        """The next lines are about this reply; its cost goes with the first of them."""
        self._reply = reply
        self._text = self._keep(reply.text) if self._keep is not None else ""

    def line(
        self, context: Any, *, real: int, state: str, after: str, said: Said | None = None, mind: Mind | None = None,
        ruling: Ruling | None = None, **known: Any,
    ) -> None:  # fmt: skip
        """One line. Of several about one reply, the first has what was stated with it, and what it cost."""
        usage, self._reply = self._reply.usage, Reply("")
        first = not (self.decisions and known.get("batch") not in (None, len(self.decisions)))
        self.decisions.append(
            Decision(
                len(self.decisions), real, context, text=self._text, state=state, after=after,
                reading=said.reading if said is not None and first else None,
                confidence=said.wish.confidence if said is not None else None,
                ruling={} if ruling is None else _plain(ruling),
                values=_values(mind) if mind is not None and first else {},
                tokens_in=usage.get("tokens_in", 0), tokens_out=usage.get("tokens_out", 0),
                micro_usd=usage.get("micro_usd", 0), **known,
            )
        )  # fmt: skip

    def total(self, name: str) -> int:
        """The sum of a count over all lines."""
        return sum(getattr(decision, name) for decision in self.decisions)


def observation_hash(observation: Observation) -> str:
    """Sixteen hexadecimal digits of what was seen."""
    seen = f"{observation.text}\x1f{observation.symbols}\x1f".encode() + observation.image
    return hashlib.blake2b(seen, digest_size=8).hexdigest()


def _values(mind: Mind) -> dict[str, float]:
    return {",".join(map(str, actions)): value for actions, value in mind.values().items()}


def _plain(ruling: Ruling) -> dict[str, Any]:
    """A ruling as the record has it; what is empty is left out."""
    plain: dict[str, Any] = {"verdict": ruling.verdict}
    if ruling.actions:
        plain["actions"] = list(ruling.actions)
    if ruling.others:
        plain["others"] = [list(actions) for actions in ruling.others]
    if ruling.why:
        plain["why"] = ruling.why
    if ruling.values:
        plain["values"] = dict(ruling.values)
    if ruling.propensity is not None:
        plain["propensity"] = ruling.propensity
    return plain
