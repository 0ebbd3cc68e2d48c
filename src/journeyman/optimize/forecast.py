"""What a run would take and cost, from one measured verification of its seed and the first prompt of its models."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import msgspec
import numpy as np

from journeyman.errors import JourneymanError, NothingLeft, ProposalFailed
from journeyman.optimize.brief import brief_of
from journeyman.optimize.kit import Kit, begin, make_kit, micro_usd
from journeyman.optimize.plan import Plan
from journeyman.optimize.trial import SEED, trial_of
from journeyman.runlog import runs_root
from journeyman.verify import Task, Verdict, Verifier, load_task, preflight

if TYPE_CHECKING:
    from journeyman.models import Completion, Model, Prompt
    from journeyman.optimize.propose.base import Proposer
    from journeyman.optimize.search.base import Search

BYTES_A_TOKEN = 4
REPLY_TOKENS = 300
"""What a reply has besides a text as long as the candidate: a few sentences."""
ENOUGH_PROPOSALS = 16
"""Of a mixture not every proposal asks a model; by so many one will have."""


@dataclass(frozen=True)
class Calls:
    """One model's part of a forecast.

    `expected_tokens` and `expected_usd` take 4 bytes for a token, and for a reply a text as long as the candidate with 300
    tokens more; a model that reasons writes more. `most_tokens` and `most_usd` are what is set aside before a call. All are
    for one call; usd is None without a price.
    """

    model: str
    expected_tokens: int
    most_tokens: int
    expected_usd: float | None
    most_usd: float | None


@dataclass(frozen=True)
class Forecast:
    """`seconds` is the verification alone, of `evaluations` candidates that take as long as the seed, `parallel` at once.

    A proposer's own time comes on top. `calls` are the models', at most `most_calls` in all, one for each proposal. None
    where no cap ends the run.
    """

    task: str
    level: str
    evaluations: int | None
    proposals: int | None
    seed_score: float
    seed_s: float
    seconds: float | None
    calls: tuple[Calls, ...] = ()

    @property
    def expected_usd(self) -> float | None:
        """Money for one call of the dearest model for each evaluation; None where a price or a cap is missing."""
        dear = [call.expected_usd for call in self.calls]
        if any(usd is None for usd in dear) or (dear and self.evaluations is None):
            return None
        return max((usd for usd in dear if usd is not None), default=0.0) * (self.evaluations or 0)

    @property
    def expected_tokens(self) -> int | None:
        """Tokens, likewise."""
        if self.calls and self.evaluations is None:
            return None
        return max((call.expected_tokens for call in self.calls), default=0) * (self.evaluations or 0)


def forecast(
    task: Task | str | Path,
    *,
    search: str | Search = "chains",
    search_options: Mapping[str, Any] | None = None,
    proposer: str | Proposer | None = None,
    proposer_options: Mapping[str, Any] | None = None,
    model: str | Sequence[str] | None = None,
    models_file: str | Path | None = None,
    evaluations: int | None = 100,
    proposals: int | None = None,
    tokens: int | None = None,
    max_usd: float | None = None,
    parallel: int = 1,
    seeds: int = 1,
    max_wall_s: float | None = None,
    level: str | None = None,
    runs: str | Path | None = None,
) -> Forecast:
    """Make the preflight of `optimize`, which verifies the seed twice, and predict; no run is begun and no model asked.

    The arguments are those of `optimize`. Raises as `optimize` before its first proposal.
    """
    task = task if isinstance(task, Task) else load_task(task)
    root = Path(runs) if runs is not None else runs_root()
    plan = Plan(0, parallel, evaluations, proposals, tokens, micro_usd(max_usd))
    header, given = begin(
        task, plan, root, search=search, search_options=search_options, proposer=proposer,
        proposer_options=proposer_options, model=model, until=None, max_wall_s=max_wall_s, level=level,
    )  # fmt: skip
    kit = make_kit(header, task, root, given, models_file=None if models_file is None else Path(models_file))
    with Verifier(task, level=level) as verifier:
        passed = preflight(task, verifier, folder=root)
        reached = verifier.level
    most = evaluations if evaluations is not None else proposals
    # Three verifications before a run; the seed on dev, and seed and finalist on held-out, which is taken to cost the same.
    seconds = None if most is None else seeds * (3 + most / min(parallel, max(most, 1))) * passed.seconds
    if max_wall_s is not None:
        seconds = max_wall_s * seeds if seconds is None else min(seconds, max_wall_s * seeds)
    assert passed.seed.score is not None
    return Forecast(
        task.id, reached, None if evaluations is None else evaluations * seeds,
        None if proposals is None else proposals * seeds, passed.seed.score, passed.seconds, seconds,
        _first_calls(task, kit, passed.seed),
    )  # fmt: skip


class _Seen(JourneymanError):
    """The prompt that would have been sent."""

    def __init__(self, model: Model, prompt: Prompt) -> None:
        self.model, self.prompt = model, prompt
        super().__init__("a forecast sends nothing")


class _Looks:
    """Takes the place of the way to a model: looks at the prompt and sends nothing."""

    def complete(self, model: Model, prompt: Prompt) -> Completion:
        raise _Seen(model, prompt)


def _first_calls(task: Task, kit: Kit, verdict: Verdict) -> tuple[Calls, ...]:
    """What each model would be asked about the seed."""
    if not kit.opened:
        return ()
    seed = trial_of(SEED, task.seed, verdict)
    kit.search.tell(seed)
    kit.proposer.observe(seed)
    seen: dict[str, Calls] = {}
    for index in range(1, ENOUGH_PROPOSALS + 1):
        request = kit.search.ask(index)
        if request is None:
            break
        request = msgspec.structs.replace(request, brief=brief_of(task), calls=_Looks())
        try:
            kit.proposer.propose(request, np.random.default_rng((0, index)))
        except _Seen as call:
            seen.setdefault(call.model.name, _calls_of(call.model, call.prompt, task))
        except (ProposalFailed, NothingLeft):
            pass
        kit.search.failed(index)
    return tuple(seen.values())


def _calls_of(model: Model, prompt: Prompt, task: Task) -> Calls:
    from journeyman.models import Usage

    asked = sum(len(message.text.encode()) for message in prompt.messages)
    usage = Usage(math.ceil(asked / BYTES_A_TOKEN), math.ceil(task.seed.size / BYTES_A_TOKEN) + REPLY_TOKENS)
    worst = model.worst_case(prompt)
    price = model.price
    return Calls(
        model.name, usage.total, worst.tokens, None if price is None else price.micro_usd(usage) / 1e6,
        None if price is None else worst.micro_usd / 1e6,
    )  # fmt: skip


def as_document(found: Forecast) -> dict[str, Any]:
    """The forecast as plain data."""
    return {
        "task": found.task,
        "level": found.level,
        "evaluations": found.evaluations,
        "proposals": found.proposals,
        "calls": [msgspec.to_builtins(call) for call in found.calls],
        "tokens": found.expected_tokens,
        "usd": found.expected_usd,
        "seed_score": found.seed_score,
        "seed_seconds": found.seed_s,
        "hours": None if found.seconds is None else found.seconds / 3600,
    }
