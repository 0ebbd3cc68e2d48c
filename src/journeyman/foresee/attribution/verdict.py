"""A judge's answer on one episode: one JSON object, decoded strictly."""

from __future__ import annotations

import re
from typing import Literal

import msgspec

from journeyman.errors import UsageError
from journeyman.foresee.attribution.codebook import Code, Governed, codes_of

_FENCED = re.compile(r"```(?:json)?\s*(.*?)```", re.S | re.I)
LONGEST = 600
"""Characters of the evidence."""


class Verdict(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What a judge says (spec f.2).

    Attributes:
        matters: whether the calls, or their absence, matter for how the episode ended.
        turn: number of the decisive decision; None where there is none.
        stage: where it was decided.
        code: of the codebook.
        evidence: one sentence that quotes the number of a turn.
    """

    matters: Literal["yes", "no", "unclear"]
    turn: int | None
    stage: Governed
    code: Code
    evidence: str


def read_verdict(text: str, *, success: bool, turns: int, stages: tuple[Governed, ...]) -> Verdict:
    """The verdict in a reply: a JSON object with nothing around it but blanks, or one in a fence.

    Args:
        success: whether the episode succeeded, which says the codes that there are.
        turns: decisions of the episode.
        stages: that may be named.

    Raises UsageError: one sentence that says what is wrong, fit to be told to the judge.
    """
    fenced = _FENCED.findall(text)
    if len(fenced) > 1:
        raise UsageError(f"the reply has {len(fenced)} fenced blocks; write one JSON object and nothing else")
    body = (fenced[0] if fenced else text).strip()
    try:
        said = msgspec.json.decode(body.encode("utf-8", "replace"), type=Verdict)
    except msgspec.ValidationError as error:
        raise UsageError(f"the JSON object is not as asked: {error}") from None
    except msgspec.DecodeError as error:
        raise UsageError(f"the reply is not one JSON object alone: {error}") from None
    codes = codes_of(success)
    if said.code not in codes:
        end = "success" if success else "failure"
        raise UsageError(f"the code is {said.code}, but the episode is a {end}: it is one of {', '.join(codes)}")
    if said.stage not in stages:
        raise UsageError(f"the stage is '{said.stage}'; here it is one of {', '.join(stages)}")
    if said.matters == "yes" and said.turn is None:
        raise UsageError("what matters has a decisive turn, and turn is null; give its number")
    if said.turn is not None and not 0 <= said.turn < turns:
        raise UsageError(f"there is no turn {said.turn}; the episode has turns 0 to {turns - 1}")
    evidence = said.evidence.strip()
    if not evidence or len(evidence) > LONGEST:
        raise UsageError(f"the evidence has {len(evidence)} characters; write one sentence of 1 to {LONGEST}")
    quoted = {int(number) for number in re.findall(r"\d{1,6}", evidence)}
    wanted = set(range(turns)) if said.turn is None else {said.turn}
    if not quoted & wanted and turns:
        which = "the number of a turn" if said.turn is None else f"the number of turn {said.turn}"
        raise UsageError(f"the evidence does not quote {which}")
    return said
