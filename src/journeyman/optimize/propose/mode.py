"""Whether a model is asked for whole files or for edits.

Whole files early, targeted edits later: the larger part of what strong models gained in the published runs came from early
structural rewrites, the rest from many small refinements (arXiv 2604.12290, case studies). The law is our own choice, made
after the shape of those improvements, whose frequency falls as one over the step:

    share of rewrites at step t of a line of descent = rewrite_share * 8 / (7 + t)

0.8 at the first step by default, a half of that at the ninth, a fifth at the 33rd; over the first 25 steps a third of all.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

from journeyman.errors import UsageError
from journeyman.optimize.trial import Request

if TYPE_CHECKING:
    import numpy as np

    from journeyman.models import Model

Mode = Literal["rewrite", "edit", "crossover"]

REWRITE_SHARE = 0.8
"""Share of rewrites at the first step."""

_HALVED_AFTER = 8

_CHARS_PER_TOKEN = 3  # of program text; a little less than is usual, to be on the safe side
_SHARE_FOR_FILES = 0.5  # the rest is for reasoning and for the sentence before


def mode_of(
    request: Request, rng: np.random.Generator, *, step: int, rewrite_share: float, room: bool, partner: bool
) -> Mode:
    """The mode for `request`. Draws one number from `rng`, whatever it decides.

    Args:
        step: which step this is in the parent's line of descent, from 1.
        rewrite_share: at step 1, 0..1.
        room: whether a reply has room for the whole file; without it the mode is "edit".
        partner: whether there is another candidate to combine with; without it a crossover is a rewrite.
    """
    drawn = rng.random()
    if not room:
        return "edit"
    asked = request.hint.get("mode")
    if asked in ("rewrite", "edit"):
        return "rewrite" if asked == "rewrite" else "edit"
    if asked == "crossover":
        return "crossover" if partner else "rewrite"
    if asked is not None:
        raise UsageError(f"the search asks for the mode {asked!r}; there are: rewrite, edit, crossover")
    return "rewrite" if drawn < share_of_rewrites(step, rewrite_share) else "edit"


def share_of_rewrites(step: int, rewrite_share: float = REWRITE_SHARE) -> float:
    """The share at `step`, from 1."""
    return rewrite_share * _HALVED_AFTER / (_HALVED_AFTER - 1 + max(step, 1))


def room_for_rewrite(model: Model) -> int:
    """Longest file, in characters, that a reply of `model` can hold whole."""
    return int(model.max_tokens * _SHARE_FOR_FILES * _CHARS_PER_TOKEN)
