"""Evaluations of student and teacher while a run goes on."""

from __future__ import annotations

from typing import Any

from journeyman.distill import events
from journeyman.distill.acting import Acting
from journeyman.distill.check.course import RECOVERY
from journeyman.distill.diagnostics.sequence import gap_recovery
from journeyman.distill.model import LanguageModel
from journeyman.distill.parallel import autocast
from journeyman.distill.prepare import Kit
from journeyman.distill.recipes.evaluate import evaluate
from journeyman.distill.rollout.sampling import Sampler
from journeyman.distill.train_spec import seed_of


class Scores:
    """Evaluations of student and teacher on held-out prompts, by the first process; the others wait."""

    def __init__(self, kit: Kit, journal: events.Journal) -> None:
        self.kit, self.journal = kit, journal

    def before(self, acting: Acting) -> None:
        """Of the teacher, and of the student that the run begins with."""
        wanted, teacher = self.kit.spec.evaluation, self.kit.teacher_model
        if wanted.teacher and teacher is not None and (scores := self._score(teacher, None)):
            self.journal.write(events.EVALUATION, events.TEACHER, events.Evaluated(0, teacher=scores))
        if wanted.before and (scores := self._score(acting.model, acting.sampler)):
            self.journal.write(events.EVALUATION, "0", events.Evaluated(0, student=scores))

    def after(self, number: int, acting: Acting) -> events.Evaluated | None:
        """Of the student after so many updates."""
        scores = self._score(acting.model, acting.sampler)
        if not scores:
            return None
        before, teacher = (self.journal.evaluation(key) for key in ("0", events.TEACHER))
        share = None
        if before is not None and teacher is not None:
            share = gap_recovery(before.student["avg"], scores["avg"], teacher.teacher["avg"])
        found = events.Evaluated(number, student=scores, gap_recovery=share)
        self.journal.write(events.EVALUATION, str(number), found)
        return found

    def course(self, number: int) -> dict[str, list[float]]:
        """The share of the gap to the teacher's score that evaluations before step `number` found closed, in order."""
        found = (self.journal.evaluation(str(step)) for step in range(1, number))
        shares = [each.gap_recovery for each in found if each is not None and each.gap_recovery is not None]
        return {RECOVERY: shares} if shares else {}

    def _score(self, model: LanguageModel, sampler: Sampler | None) -> dict[str, Any]:
        kit, wanted = self.kit, self.kit.spec.evaluation
        if not kit.held_out or not kit.ranks.first or kit.grader is None:
            return {}
        with autocast(kit.ranks, kit.spec):
            return evaluate(
                model, kit.held_out, grader=kit.grader, sampler=sampler, sampling=wanted.sampling, n=wanted.n,
                seed=seed_of(kit.spec.seed, "evaluation"), template=wanted.template or kit.spec.template,
                enable_thinking=kit.spec.enable_thinking, system=kit.spec.system,
            ).plain()  # fmt: skip
