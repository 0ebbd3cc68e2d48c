"""One response that another trainer sampled, as far as its file tells."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Record:
    """Attributes:
    step: of the training run; None where the file does not say.
    prompt, response: texts, special tokens left out by the trainers that decode; "" where only ids are known.
    prompt_ids, response_ids: token ids as the model saw and gave them; None where only texts are known.
    logp: the sampler's log-probability of each response token, nats; None where not written.
    scored: the trainer's own log-probability of each; None where not written.
    finished: it ended by itself; None where the file does not say.
    correct: by the grader of the run; None where there was none.
    answer: the right answer; None where not written.
    """

    step: int | None
    prompt: str = ""
    response: str = ""
    prompt_ids: tuple[int, ...] | None = None
    response_ids: tuple[int, ...] | None = None
    logp: tuple[float, ...] | None = None
    scored: tuple[float, ...] | None = None
    finished: bool | None = None
    correct: bool | None = None
    answer: str | None = None


@dataclass(frozen=True)
class Foreign:
    """What a file or folder held. `notes`: what was passed over or is not known, one sentence each."""

    source: str
    records: tuple[Record, ...]
    notes: tuple[str, ...] = ()

    def steps(self) -> list[int | None]:
        """The steps in order; [None] where no record says."""
        known = sorted({record.step for record in self.records if record.step is not None})
        return [*known] if known else [None]

    def at(self, step: int | None) -> list[Record]:
        """Records of one step."""
        return [record for record in self.records if record.step == step]
