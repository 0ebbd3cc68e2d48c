"""What stands on top: what came out in one sentence, what keeps it from meaning more, and the facts."""

from __future__ import annotations

import time

from journeyman.optimize.result import Result
from journeyman.optimize.story import Story
from journeyman.optimize.trial import SEED
from journeyman.report.number import NONE, alike, duration, number
from journeyman.verify import Verdict

_NOT_ASKED_AFRESH = ("scripted/", "replay/")


def verdict_sentence(result: Result) -> str:
    """Seed and best on dev and on held-out."""
    unit = f" {result.unit}" if result.unit else ""
    if result.best.index == SEED:
        return f"Nothing beat the seed: {number(result.seed.score)}{unit} on dev"
    seed, best = alike([result.seed.score, result.best.score])
    said = f"{seed} → {best}{unit} on dev"
    if result.seed_held_out is None or result.best_held_out is None:
        return said
    before, after = alike([result.seed_held_out.score, result.best_held_out.score])
    ended = after if result.best_held_out.ok else spoken(result.best_held_out.status)
    return f"{said}, {before if result.seed_held_out.ok else spoken(result.seed_held_out.status)} → {ended} on held-out"


def caveats(story: Story) -> list[str]:
    """What a reader must know before the numbers are believed; each a sentence."""
    result = story.result
    said: list[str] = []
    if result.reason is None:
        said.append(
            "The run has not ended: these are the numbers so far, and held-out is only verified at the end. "
            f"Go on with: journeyman run resume {result.run_id}"
        )
    if result.best_held_out is not None and not result.best_held_out.ok and result.best.index != SEED:
        said.append(
            f"The best design on dev failed on held-out ({spoken(result.best_held_out.status)}). That is the result: "
            "no other candidate takes its place."
        )
    elif result.best.index != SEED and result.best_held_out is not None and not result.improved:
        said.append(
            "What was gained on dev was not gained on held-out: the best design is no better than the seed there."
        )
    if result.reason is not None and result.best_held_out is None:
        said.append(
            "No held-out instances: the score says how well the very problem of the search was solved, not how the design "
            "does on others."
        )
    if result.best.verdict.level == "none":
        said.append(
            "Candidates ran without isolation (level none): a candidate could have read the verifier or changed it."
        )
    # A recorded model answers under the name of the one it repeats; the header says how it was opened.
    named = {call.model for call in story.calls} | {model["name"] for model in story.header.get("models", ())}
    canned = sorted(name for name in named if name.startswith(_NOT_ASKED_AFRESH))
    if canned:
        said.append(
            f"The replies of {', '.join(canned)} were recorded or scripted: this run shows that the way works, not what a "
            "model can do."
        )
    if result.unknown.micro_usd:
        said.append(
            f"{dollars(result.unknown.micro_usd)} of {dollars(result.spent.micro_usd)} is the worst case of calls whose "
            "outcome nobody knows: they were in flight when something broke."
        )
    return said


def spoken(status: str) -> str:
    """A status or kind as words."""
    return status.replace("_", " ")


def facts(story: Story) -> list[tuple[str, str]]:
    """Short name-value pairs."""
    result = story.result
    share = result.feasible_share
    pairs = [
        ("best on dev", number(result.best.score)),
        ("best on held-out", _held_out(result.best_held_out)),
        ("evaluations", _of(result.spent.evaluations, story, "evaluations")),
        ("proposals", str(sum(step.index != SEED for step in story.steps))),
        ("with a score", NONE if share is None else f"{100 * share:.0f} %"),
        ("proposals that failed", str(result.failed_proposals)),
        ("working time", duration(result.elapsed_s)),
    ]
    if result.spent.tokens:
        pairs.append(("tokens", thousands(result.spent.tokens)))
    if result.spent.micro_usd:
        pairs.append(("money", dollars(result.spent.micro_usd)))
    search, proposer = (story.header.get(part, {}).get("name", "") for part in ("search", "proposer"))
    if search:
        pairs.append(("search", str(search)))
    if proposer:
        pairs.append(("proposer", str(proposer)))
    models = sorted({call.model for call in story.calls})
    if models:
        pairs.append(("model" if len(models) == 1 else "models", ", ".join(models)))
    pairs.append(("isolation", result.best.verdict.level or NONE))
    return pairs


def subtitle(story: Story) -> str:
    """Which run this is and how it ended."""
    result = story.result
    begun = time.strftime("%Y-%m-%d %H:%M", time.localtime(story.created))
    sittings = f", in {story.sittings} sittings" if story.sittings > 1 else ""
    ended = f"Ended: {result.reason}." if result.reason else "Not ended."
    return f"Run {result.run_id}, begun {begun}{sittings}. {ended}"


def score_name(result: Result) -> str:
    """What stands at a score axis."""
    unit = f" [{result.unit}]" if result.unit else ""
    return f"score on dev{unit}, {'higher' if result.maximize else 'lower'} is better"


def dollars(micro_usd: float) -> str:
    """Money as people read it: cents, and more digits for less than a cent."""
    usd = micro_usd / 1e6
    return f"${usd:.2f}" if usd >= 0.1 or usd == 0 else f"${usd:.4f}" if usd >= 1e-4 else f"${usd:.6f}"


def thousands(count: int) -> str:
    """A count with its thousands set off."""
    return f"{count:,}".replace(",", "\u2009")


def _held_out(verdict: Verdict | None) -> str:
    if verdict is None:
        return NONE
    return number(verdict.score) if verdict.ok else spoken(verdict.status)


def _of(spent: int, story: Story, kind: str) -> str:
    cap = story.header.get("plan", {}).get(kind)
    return f"{spent} of {cap}" if cap else str(spent)
