"""What stands on top of the page: what came out in one sentence, what keeps it from meaning more, and the facts."""

from __future__ import annotations

import time

from journeyman.distill.check.finding import Finding
from journeyman.distill.diagnostics import sequence
from journeyman.distill.report.story import Story
from journeyman.report.number import NONE, alike, duration, number, share

_STARTS = ("divergence/full", "divergence/sampled", "loss")


def headline(story: Story) -> str:
    """The scores before and after where there are any, else divergence and overlap; with the number of steps."""
    if not story.steps:
        return "No step was made" + ("." if story.reason is not None else " yet.")
    last = story.steps[-1].step
    steps = f"in {last} step{'s' * (last != 1)}"
    if len(story.evaluations) > 1:
        before, after = story.evaluations[0], story.evaluations[-1]
        shown = alike([before.avg, after.avg, story.teacher.avg if story.teacher else None], digits=3)
        said = f"Score {shown[0]} → {shown[1]} {steps}"
        return said if story.teacher is None else f"{said}; the teacher has {shown[2]}"
    parts = [
        f"{name} {first} → {then}"
        for metric, name in (("divergence/full", "divergence"), ("divergence/sampled", "divergence"), ("loss", "loss"))
        for first, then in _ends(story, metric)
    ][:1]
    parts += [f"overlap {first} → {then}" for first, then in _ends(story, "overlap/ratio")]
    said = f"{', '.join(parts)} {steps}" if parts else f"{last} steps"
    return said[0].upper() + said[1:]


def _ends(story: Story, metric: str) -> list[tuple[str, str]]:
    course = story.course(metric)
    if not course:
        return []
    first, last = alike([course[0][1], course[-1][1]], digits=3)
    return [(first, last)]


def gap_recovery(story: Story) -> float | None:
    """(after - before) / (teacher - before); None where a score is missing or the teacher is no better to begin with."""
    if len(story.evaluations) < 2 or story.teacher is None:
        return None
    return sequence.gap_recovery(story.evaluations[0].avg, story.evaluations[-1].avg, story.teacher.avg)


def caveats(story: Story) -> list[str]:
    """What a reader must know before the figures are believed; each a sentence."""
    said = []
    judged = story.verdict
    if judged is not None and judged.verdict.name not in ("ready", "undecided"):
        said.append(f"At step {judged.step}: {_sentence(judged.verdict.sentence)}")
    failed = [finding for finding in story.findings if finding.passed is False]
    if failed:
        names = ", ".join(words(finding.name) for finding in failed)
        said.append(f"The wiring was not right when it began: {names}. What follows may be a consequence of that.")
    if story.reason is None:
        said.append(
            f"The run has not ended: these are the figures so far. Go on with: journeyman distill resume {story.run_id}"
        )
    if story.steps and len(story.evaluations) < 2:
        said.append("No score before and after: without one, a falling divergence does not say that the student got better.")
    return said


def facts(story: Story) -> list[tuple[str, str]]:
    """Short name-value pairs."""
    spec = story.spec
    loss = spec.get("loss") or {}
    sampling = spec.get("sampling") or {}
    pairs = [
        ("student", story.student or NONE),
        ("teacher", story.teacher_name or NONE),
        ("loss", loss_words(loss) if loss else NONE),
        ("steps", f"{story.steps[-1].step if story.steps else 0}" + (f" of {story.planned}" if story.planned else "")),
    ]
    if spec.get("prompts_per_step") and spec.get("rollouts_per_prompt"):
        pairs.append(("rollouts a step", f"{spec['prompts_per_step']} × {spec['rollouts_per_prompt']}"))
    if sampling.get("max_tokens"):
        pairs.append(("response limit", f"{sampling['max_tokens']} tokens"))
    if spec.get("lr"):
        pairs.append(("learning rate", f"{spec['lr']:.3g}"))
    pairs.append(("time", duration(sum(step.wall_s for step in story.steps)) if story.steps else NONE))
    tokens = sum(step.tokens for step in story.steps)
    if tokens:
        pairs.append(("tokens trained on", f"{tokens:,}".replace(",", "\u2009")))
    recovered = gap_recovery(story)
    if recovered is not None:
        pairs.append(("gap recovery", f"{100 * recovered:.0f} %"))
    if story.seed is not None:
        pairs.append(("seed", str(story.seed)))
    return pairs


def loss_words(loss: dict[str, object]) -> str:
    """The loss in a few words: `student's top-16`, `exact`, `sampled token` ..."""
    form = loss.get("form")
    if form != "topk":
        return {"full": "exact reverse KL", "sampled": "sampled token", "forward_kl": "forward KL", "jsd": "JSD"}.get(
            str(form), str(form)
        )
    strategy = str(loss.get("strategy", "student")).replace("_", " ")
    said = f"{strategy} top-{loss.get('k')}"
    if loss.get("variant") == "eq5":
        return f"{said}, Eq 5"
    return said if loss.get("renormalise", True) else f"{said}, {'tail' if loss.get('tail') else 'raw weights'}"


def subtitle(story: Story) -> str:
    """Which run this is and how it ended."""
    begun = time.strftime("%Y-%m-%d %H:%M", time.localtime(story.created))
    ended = f"Ended: {story.reason}." if story.reason else "Not ended."
    return f"Run {story.run_id}, begun {begun}. {ended}"


def passed_words(findings: tuple[Finding, ...]) -> str:
    """`9 of 10 passed, 1 could not be looked at`."""
    passed = sum(finding.passed is True for finding in findings)
    unseen = sum(finding.passed is None for finding in findings)
    tail = f", {unseen} could not be looked at" if unseen else ""
    return f"{passed} of {len(findings)} passed{tail} ({share(passed, len(findings))})"


def words(name: str) -> str:
    """A name in snake_case as words."""
    return name.replace("_", " ")


def measured_words(measured: dict[str, float | str]) -> str:
    """`divergence 0.0021, share 1.0`."""
    return ", ".join(
        f"{words(name)} {value if isinstance(value, str) else number(value, digits=3)}" for name, value in measured.items()
    )


def _sentence(text: str) -> str:
    text = text.strip()
    return text if text.endswith((".", "!", "?")) else f"{text}."
