"""The wiring is looked at before the first step, with the models, the engine and the settings of the training itself."""

from __future__ import annotations

from typing import TYPE_CHECKING

from journeyman.distill.check.bench import prepare
from journeyman.distill.check.commands import Names, check_again
from journeyman.distill.check.finding import Finding
from journeyman.distill.check.wiring import look, no_signal
from journeyman.distill.teacher.in_process import InProcess
from journeyman.errors import ModelUnsuitable, PreflightFailure

if TYPE_CHECKING:
    from journeyman.distill.acting import Acting
    from journeyman.distill.prepare import Kit


def before(kit: Kit, acting: Acting) -> list[Finding]:
    """What each check of the wiring found, by the first process for all. Neither weights nor random numbers are touched.

    Without a teacher (method grpo) only what is of the student is looked at. An engine on a server gets the student's
    weights first.

    Raises:
        PreflightFailure: one failed; with its cause, what mends it, and the command that shows them all.
    """
    acting.after(0)
    found = kit.ranks.told(_looked(kit, acting) if kit.ranks.first else None)
    wrong = [finding for finding in found if finding.passed is False]
    if wrong:
        first = wrong[0]
        listed = ", ".join(finding.name for finding in wrong)
        raise PreflightFailure(
            f"the wiring is not right ({listed}), so nothing was begun. {first.cause} {first.remedy} See all of it with: "
            f"{_command(kit)}"
        )
    return found


def _looked(kit: Kit, acting: Acting) -> list[Finding]:
    spec = kit.spec
    try:
        bench = prepare(
            kit.student, kit.teacher or InProcess(kit.student), kit.prompts, sampler=acting.sampler,
            sampling=spec.sampling, spec=spec.loss, template=spec.template, enable_thinking=spec.enable_thinking,
            system=spec.system, seed=spec.seed,
        )  # fmt: skip
    except ModelUnsuitable as error:  # a served teacher whose answers are no answers
        return [no_signal(str(error))]
    return look(bench, alone=kit.teacher is None)


def _command(kit: Kit) -> str:
    from journeyman.distill.check.check import settings_of

    spec = kit.spec
    settings = settings_of(spec.grader, spec.sampling, spec.loss, spec.template, spec.enable_thinking)
    names = Names(spec.student, spec.teacher or spec.student, spec.prompts, settings)
    engine = () if spec.engine == "auto" else ("--engine", spec.engine)
    return check_again(names, *engine, "--wiring")
