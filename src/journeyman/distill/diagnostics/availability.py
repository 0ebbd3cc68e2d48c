"""Which metrics a teacher's signal gives: exactly, as bounds, or not at all and why.

    availability(None)       # a teacher in process: everything
    availability(20)         # a server that tells its 20 likeliest tokens, and the sampled one
    availability(0)          # a server that tells the sampled token only
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Kind = Literal["exact", "bounded", "unavailable"]

# Of the student, the rollouts or the sampled tokens alone: no teacher's distribution is needed.
ALWAYS = (
    "observed/tokens", "response/length", "response/truncated", "score/rollouts", "entropy/student", "divergence/sampled",
    "repetition/share", "repetition/log_ratio", "repetition/log_ratio_other", "sequence/reward", "sequence/auroc",
)  # fmt: skip

# Need the teacher's probabilities of the tokens that both top lists hold.
OF_SHARED = (
    "overlap/advantage", "overlap/advantage_logged", "overlap/mass_weighted", "overlap/mass_student_nonempty",
    "overlap/mass_teacher_nonempty", "extreme/difference_shared",
)  # fmt: skip
OF_LISTS = ("overlap/ratio", "overlap/chance_corrected", "overlap/mass_student", "overlap/mass_teacher")
OF_VOCABULARY = (
    "entropy/teacher", "entropy/gap", "entropy/gap_of_means", "divergence/full", "repetition/divergence",
    "repetition/divergence_other",
)  # fmt: skip
OF_RANK = ("teacher/rank_mean", "teacher/rank_median", "teacher/in_top_k")
NAMES = (*ALWAYS, *OF_LISTS, *OF_SHARED, "extreme/difference", *OF_VOCABULARY, *OF_RANK)


@dataclass(frozen=True)
class Availability:
    """`why` says what is missing, for a metric that is not exact."""

    kind: Kind
    why: str = ""


def availability(top: int | None, k_metric: int = 16) -> dict[str, Availability]:
    """What a signal with the teacher's `top` likeliest tokens gives, for each name; None: the whole distribution."""
    if top is None:
        return {name: Availability("exact") for name in NAMES}
    said = {name: Availability("exact") for name in ALWAYS}
    tail = f"the server tells {top} tokens of the teacher's distribution; the rest can lie anywhere below them"
    if top == 0:
        tail = "the server tells the sampled token only; the rest of the teacher's distribution can lie anywhere"
    said |= {name: Availability("bounded", tail) for name in OF_VOCABULARY}
    if top >= k_metric:
        said |= {name: Availability("exact") for name in (*OF_LISTS, *OF_SHARED, "teacher/in_top_k")}
        said["extreme/difference"] = Availability("bounded", f"{tail}, the student's own tokens among it")
        deep = f"exact for tokens among the server's {top}; the others lie behind them"
        said |= {name: Availability("bounded", deep) for name in ("teacher/rank_mean", "teacher/rank_median")}
        return {name: said[name] for name in NAMES}
    if top == 0:
        said |= {name: Availability("unavailable", "the server tells no list of likely tokens") for name in OF_LISTS}
    else:
        short = f"the server tells {top} of the {k_metric} tokens of the teacher's list"
        said |= {name: Availability("bounded", short) for name in OF_LISTS}
    why = f"it needs the teacher's {k_metric} likeliest tokens, and the server tells {top}: ask for more, or lower k_metric"
    said |= {name: Availability("unavailable", why) for name in (*OF_SHARED, "extreme/difference")}
    said |= {name: Availability("bounded", "the server tells too few tokens that may come before") for name in OF_RANK}
    return {name: said[name] for name in NAMES}
