"""Language models as judges of why an episode ended as it did: asked, asked again where an answer cannot be taken, paid."""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor, as_completed
from dataclasses import dataclass, field

import msgspec

from journeyman.errors import BudgetExhausted, UsageError
from journeyman.foresee.attribution.codebook import Governed
from journeyman.foresee.attribution.judge_prompt import ask_again
from journeyman.foresee.attribution.paying import Paying
from journeyman.foresee.attribution.verdict import Verdict, read_verdict
from journeyman.ledger import Ledger
from journeyman.models import Completion, Cost, Model, Outcome, Prompt


@dataclass(frozen=True)
class Case:
    """An episode to be judged. `success`, `turns`, `stages`: what a verdict is checked by (`read_verdict`)."""

    cell: str
    instance: str
    seed: int
    prompt: Prompt
    success: bool
    turns: int
    stages: tuple[Governed, ...]


class Judged(msgspec.Struct, frozen=True, omit_defaults=True):
    """What a judge said of an episode.

    Attributes:
        judge: name of the model.
        prompt: digest of the first question, by which an answer that is paid for is found again.
        success: how the episode ended.
        verdict: None where no answer could be taken; `fault` says why.
        asked: questions, 1 or 2.
        tokens, micro_usd: of all attempts; an attempt whose cost nobody knows counts at its worst case.
    """

    judge: str
    cell: str
    instance: str
    seed: int
    prompt: str
    success: bool
    verdict: Verdict | None = None
    fault: str = ""
    asked: int = 1
    tokens: int = 0
    micro_usd: int = 0


@dataclass
class Judgment:
    """What came of asking. `left`: cases that were not judged since the budget was spent; `why`: its sentence."""

    judged: list[Judged] = field(default_factory=list)
    left: int = 0
    why: str = ""


def judge(
    model: Model, cases: Sequence[Case], ledger: Ledger, *, known: Mapping[tuple[str, str], Judged] | None = None,
    parallel: int = 8, on_judged: Callable[[Judged], None] | None = None,
) -> Judgment:  # fmt: skip
    """Ask `model` about each case, in the order of `cases` as far as the result goes.

    Args:
        ledger: each attempt is reserved at its worst case before it leaves, and settled after. Where it refuses, no further
            case is begun; those in flight end as they can.
        known: (judge, digest of the prompt) -> an earlier answer, which is not asked for again.
        parallel: questions in flight.
        on_judged: called for each new answer, one at a time, in the order in which they come.

    Raises what `Model.complete` raises except `BudgetExhausted`; answers that came before were handed to `on_judged`.
    """
    earlier = known or {}
    found: dict[int, Judged] = {}
    asked: dict[int, Case] = {}
    for i, case in enumerate(cases):
        before = earlier.get((model.name, case.prompt.digest))
        if before is None:
            asked[i] = case
        else:
            found[i] = before
    refused = threading.Event()
    why = ""
    with ThreadPoolExecutor(max_workers=max(1, parallel)) as pool:
        futures: dict[Future[Judged | None], int] = {
            pool.submit(_unless, refused, model, case, ledger): i for i, case in asked.items()
        }
        try:
            for future in as_completed(futures):
                try:
                    judged = future.result()
                except BudgetExhausted as error:
                    refused.set()
                    why = why or str(error)
                    continue
                if judged is not None:
                    found[futures[future]] = judged
                    if on_judged is not None:
                        on_judged(judged)
        except BaseException:
            refused.set()
            for future in futures:
                future.cancel()
            raise
    return Judgment([found[i] for i in sorted(found)], len(cases) - len(found), why)


def worst_case(model: Model, cases: Sequence[Case]) -> Cost:
    """What judging these may cost at most: every first answer is as long as may be, cannot be taken, and is asked again."""
    tokens = micro_usd = 0
    for case in cases:
        first = model.worst_case(case.prompt)
        again = model.worst_case(ask_again(case.prompt, "x" * 4 * (case.prompt.max_tokens or model.max_tokens), "x" * 400))
        tokens += first.tokens + again.tokens
        micro_usd += first.micro_usd + again.micro_usd
    return Cost(tokens, micro_usd)


def _unless(refused: threading.Event, model: Model, case: Case, ledger: Ledger) -> Judged | None:
    return None if refused.is_set() else _judge_one(model, case, ledger)


def _judge_one(model: Model, case: Case, ledger: Ledger) -> Judged:
    meter = Paying(ledger, f"{model.name}/{case.cell}/{case.instance}/{case.seed}")
    asked = 1
    found = _read(model.complete(case.prompt, meter), case)
    if isinstance(found, tuple):
        asked = 2
        found = _read(model.complete(ask_again(case.prompt, *found), meter), case)
    verdict, fault = (None, found[1]) if isinstance(found, tuple) else (found, "")
    return Judged(
        model.name, case.cell, case.instance, case.seed, case.prompt.digest, case.success, verdict, fault, asked,
        meter.tokens, meter.micro_usd,
    )  # fmt: skip


def _read(said: Completion, case: Case) -> Verdict | tuple[str, str]:
    """The verdict, or the reply and what is wrong with it."""
    try:
        return read_verdict(said.text, success=case.success, turns=case.turns, stages=case.stages)
    except UsageError as error:
        return said.text, str(error) if said.outcome is Outcome.ANSWERED else f"{error} (it was {said.outcome.value})"
