"""Which tokens a top-k loss looks at: five sets made of the student's and the teacher's lists (arXiv 2604.13016, 4.2)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from journeyman.distill.losses.spec import Strategy
from journeyman.errors import UsageError


@dataclass(frozen=True)
class TokenSet:
    """K slots at each of N positions; no token fills two valid slots of a position.

    Attributes:
        ids: [N, K] int64.
        valid: [N, K] bool: the slot's token is in the set. The ids of other slots mean nothing.
        in_student: [N, K] bool: the token is on the student's list; None where that list is not known.
        in_teacher: [N, K] bool, likewise.
    """

    ids: Any
    valid: Any
    in_student: Any
    in_teacher: Any


def token_set(top_student: Any, top_teacher: Any, strategy: Strategy) -> TokenSet:
    """The set of `strategy` from both lists of likeliest tokens [N, k]; a list that it does not need may be None.

    `student`, `teacher`, `intersection` have K = k slots, `union` and `symmetric_difference` K = 2k: the student's list,
    then the teacher's.

    Raises:
        UsageError: a list that the strategy needs is None.
    """
    import torch

    for name, spares, top in (("student", "teacher", top_student), ("teacher", "student", top_teacher)):
        if top is None and strategy != spares:
            raise UsageError(f"strategy {strategy!r} needs the {name}'s top-k list")
    both = top_student is not None and top_teacher is not None
    student_shared: Any = is_in(top_student, top_teacher) if both else None
    teacher_shared: Any = is_in(top_teacher, top_student) if both else None
    if strategy == "student":
        everywhere = torch.ones_like(top_student, dtype=torch.bool)
        return TokenSet(top_student, everywhere, everywhere, student_shared)
    if strategy == "teacher":
        everywhere = torch.ones_like(top_teacher, dtype=torch.bool)
        return TokenSet(top_teacher, everywhere, teacher_shared, everywhere)
    if strategy == "intersection":
        return TokenSet(top_student, student_shared, torch.ones_like(student_shared), student_shared)
    ids = torch.cat([top_student, top_teacher], -1)
    in_student = torch.cat([torch.ones_like(student_shared), teacher_shared], -1)
    in_teacher = torch.cat([student_shared, torch.ones_like(teacher_shared)], -1)
    if strategy == "union":
        valid = torch.cat([torch.ones_like(student_shared), ~teacher_shared], -1)
    else:
        valid = in_student ^ in_teacher
    return TokenSet(ids, valid, in_student, in_teacher)


def is_in(ids: Any, others: Any) -> Any:
    """[N, K] bool: whether ids[n, i] is one of others[n]. Shapes [N, K] and [N, M]."""
    import torch

    ordered = others.sort(-1).values
    at = torch.searchsorted(ordered, ids.contiguous()).clamp_(max=others.shape[-1] - 1)
    return ordered.gather(-1, at) == ids
