"""The editable region of a candidate: what stands between EVOLVE-BLOCK-START and EVOLVE-BLOCK-END.

A file without markers is editable as a whole. Where the seed has markers, everything outside them is contract: a
candidate that changes it is rejected before it runs.
"""

from __future__ import annotations

from journeyman.errors import CandidateInvalid
from journeyman.verify.candidate import Candidate

START = "EVOLVE-BLOCK-START"
END = "EVOLVE-BLOCK-END"


def editable_spans(text: str) -> list[tuple[int, int]]:
    """Half-open character spans [start, end) that may be edited, whole lines, in order; markers themselves are outside.

    Raises CandidateInvalid for markers that are nested, unpaired or out of order.
    """
    spans: list[tuple[int, int]] = []
    opened: int | None = None
    at = 0
    for line in text.splitlines(keepends=True):
        if START in line:
            if opened is not None:
                raise CandidateInvalid(
                    f"{START} stands inside another editable block; close the first with {END}"
                )
            opened = at + len(line)
        elif END in line:
            if opened is None:
                raise CandidateInvalid(f"{END} has no {START} before it")
            spans.append((opened, at))
            opened = None
        at += len(line)
    if opened is not None:
        raise CandidateInvalid(f"{START} is never closed by {END}")
    return spans or [(0, len(text))]


def fixed_text(text: str) -> list[str] | None:
    """What stands outside the editable spans, piece by piece; None for a text without markers."""
    if START not in text and END not in text:
        return None
    pieces, at = [], 0
    for start, end in editable_spans(text):
        pieces.append(text[at:start])
        at = end
    return [*pieces, text[at:]]


def check_outside(seed: Candidate, candidate: Candidate) -> None:
    """Raise CandidateInvalid if the candidate changed or dropped what the seed keeps outside its editable blocks."""
    for path, data in seed.files.items():
        expected = fixed_text(data.decode("utf-8", errors="replace"))
        if expected is None:
            continue
        if path not in candidate.files:
            raise CandidateInvalid(f"the file {path!r} is missing; it holds the task's editable block")
        found = fixed_text(candidate.text(path))
        if found != expected:
            raise CandidateInvalid(
                f"{path!r} was changed outside its {START}/{END} block; edit only inside it"
            )
