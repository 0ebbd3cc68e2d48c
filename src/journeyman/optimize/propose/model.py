"""A language model as proposer: one request, one call, one candidate.

    jm.optimize("operations/job_shop", model="openai/gpt-5-mini", search="islands")

The prompt is made by `prompt`, the reply is applied by `edit`, and `mode` says which of the two forms is asked for. A reply
that gives no candidate is not repaired by a second call that nobody budgeted for: it costs a proposal, and the next prompt
for the same parent says what was wrong with it.
"""

from __future__ import annotations

import re
from dataclasses import replace
from typing import TYPE_CHECKING, NoReturn

from journeyman.errors import PromptTooLong, ProposalFailed, UsageError
from journeyman.models import Completion, Model, Outcome, Prompt
from journeyman.optimize.propose.edit import MAX_FILE_CHARS, apply_reply
from journeyman.optimize.propose.mode import REWRITE_SHARE, mode_of, room_for_rewrite
from journeyman.optimize.propose.pictures import choose
from journeyman.optimize.propose.prompt import PROMPT_CHARS, Layout, others_of, prompt_of, sections_of
from journeyman.optimize.propose.reply import read_reply
from journeyman.optimize.trial import SEED, Proposal, Request, Trial
from journeyman.report.text import one_line
from journeyman.verify import Candidate, Task

if TYPE_CHECKING:
    import numpy as np

_NOTE = 200
_CUT = "the reply was cut at the length limit"


class ModelProposer:
    """Asks `model` for each candidate.

    Args:
        model: is called from several threads; stays its owner's to close.
        name: under which its trials go on record.
        max_file_chars: longest file that a reply may write, in characters.
        prompt_chars: longest prompt, in characters. Other candidates give way first, then the last attempt.
        rewrite_share: share of whole files at the first step of a line of descent, 0..1; see `mode`.
    """

    waits = True

    def __init__(
        self,
        model: Model,
        *,
        name: str = "model",
        max_file_chars: int = MAX_FILE_CHARS,
        prompt_chars: int = PROMPT_CHARS,
        rewrite_share: float = REWRITE_SHARE,
    ) -> None:
        if not 0.0 <= rewrite_share <= 1.0:
            raise UsageError(f"rewrite_share is a share, 0 to 1, not {rewrite_share}")
        if max_file_chars < 1 or prompt_chars < 1:
            low = min(max_file_chars, prompt_chars)
            raise UsageError(f"max_file_chars and prompt_chars must be at least 1, not {low}")
        self.model = model
        self.name = name
        self.sees = model.sees
        self._max_file_chars = max_file_chars
        self._prompt_chars = prompt_chars
        self._rewrite_share = rewrite_share
        self._seed: Candidate | None = None
        self._depth: dict[int, int] = {}

    @classmethod
    def for_task(cls, task: Task, model: Model, *, name: str = "model") -> ModelProposer:
        """The proposer for `task`. Nothing in it depends on the task: the brief comes with each request."""
        return cls(model, name=name)

    def propose(self, request: Request, rng: np.random.Generator) -> Proposal:
        """The candidate that one reply makes of the first parent.

        Raises:
            ProposalFailed: of kind "refused", "empty", "empty_after_reasoning", "cut", "unparsable", "over_long" or
                "outside_region".
            CandidateInvalid: the reply writes a path that is not allowed.
            ModelUnavailable, ModelRejected, ReplayMismatch, BudgetExhausted: as the model's.
        """
        parent, brief = request.parents[0], request.brief
        assert brief is not None
        others, _ = others_of(request)
        mode = mode_of(
            request,
            rng,
            step=self._step(request),
            rewrite_share=self._rewrite_share,
            # A parent whose last reply was cut is not asked for as much once more.
            room=_longest(parent.candidate) <= room_for_rewrite(self.model) and _CUT not in request.failure,
            partner=bool(others),
        )
        pictures = choose(parent.pictures) if self.sees else {}
        layout = Layout(
            form="edit" if mode == "edit" else "rewrite", crossover=mode == "crossover", chars=self._prompt_chars,
            max_file_chars=self._max_file_chars, pictures=tuple(pictures),
        )  # fmt: skip
        try:
            sections = sections_of(request, layout)
        except ProposalFailed:
            if mode != "crossover":
                raise
            # No room for both: the parent alone may still fit.
            mode, layout = "rewrite", replace(layout, crossover=False)
            sections = sections_of(request, layout)
        seed, temperature = int(rng.integers(2**31)), request.hint.get("temperature")
        prompt = prompt_of(
            sections, pictures.values(), seed=seed,
            temperature=None if temperature is None else float(temperature),
        )  # fmt: skip
        said = self._ask(request, prompt)
        if said.outcome not in (Outcome.ANSWERED, Outcome.CUT):
            _explain(said)
        candidate = self._applied(parent.candidate, said, layout, brief.main)
        return Proposal(candidate, note=note_of(said.text), data={"mode": mode})

    def observe(self, trial: Trial) -> None:
        """Keeps the seed, whose fixed text counts, and how many steps each trial is away from it."""
        if trial.index == SEED:
            self._seed = trial.candidate
        self._depth[trial.index] = 1 + self._depth.get(trial.parents[0], 0) if trial.parents else 0

    def _step(self, request: Request) -> int:
        step = request.hint.get("step")
        return step if isinstance(step, int) else 1 + self._depth.get(request.parents[0].index, 0)

    def _ask(self, request: Request, prompt: Prompt) -> Completion:
        try:
            if request.calls is None:
                return self.model.complete(prompt)
            return request.calls.complete(self.model, prompt)
        except PromptTooLong as error:
            raise ProposalFailed("over_long", str(error)) from error

    def _applied(self, parent: Candidate, said: Completion, layout: Layout, main: str) -> Candidate:
        cut = said.outcome is Outcome.CUT
        try:
            return apply_reply(
                parent, said.text, layout.form, main=main, seed=self._seed, max_file_chars=self._max_file_chars,
                cut=cut,
            )  # fmt: skip
        except ProposalFailed as failure:
            if not cut:
                raise
            length = f", after {said.usage.output:,} tokens" if said.usage else ""
            text = f"{_CUT}{length}, before it was complete; answer with a smaller edit and fewer words"
            raise ProposalFailed("cut", text) from failure


def note_of(reply: str) -> str:
    """The first sentence of a reply's prose, on one line."""
    parts = [part.strip() for part in re.split(r"\n\s*\n|\n(?=#)", read_reply(reply).prose)]
    said = [part for part in parts if re.search(r"\w", part)]
    # A heading says less than what stands below it.
    first = next((part for part in said if not part.startswith("#")), next(iter(said), "")).strip("#*>- \t")
    # A full stop ends a sentence where a new one could begin: not in 0.5, and not in "e.g. this".
    sentence = re.split(r"(?<=[.!?])\s+(?=[A-Z0-9`\"'(])", " ".join(first.split()), maxsplit=1)[0]
    return one_line(sentence, limit=_NOTE)


def _explain(said: Completion) -> NoReturn:
    if said.outcome is Outcome.REFUSED:
        words = f" ({one_line(said.refusal, limit=300)})" if said.refusal.strip() else ""
        raise ProposalFailed("refused", f"the model declined to answer{words}")
    if said.outcome is Outcome.EMPTY_AFTER_REASONING:
        spent = f" of {said.usage.output:,} tokens" if said.usage else ""
        text = (
            f"the reply had no text after its reasoning{spent}; think less, and answer with a smaller change"
        )
        raise ProposalFailed("empty_after_reasoning", text)
    raise ProposalFailed("empty", "the reply was empty; answer in the form asked for")


def _longest(candidate: Candidate) -> int:
    return max(map(len, candidate.files.values()))
