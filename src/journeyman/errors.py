"""Every failure Journeyman can name, in one flat module.

An error's text is one sentence for a person: what was wrong, with which value, and what to do. The command line prints
that sentence and exits; no traceback reaches a user for any class of this module. A bug is whatever is *not* here.

`exit_status` is the command line's contract: 1 the work failed, 2 the call was wrong.
"""

from __future__ import annotations


class JourneymanError(Exception):
    """Base of all named failures."""

    exit_status = 1


class UsageError(JourneymanError):
    """The call was wrong: an unknown name, a value out of range, options that contradict one another."""

    exit_status = 2


# --- tasks and verdicts -------------------------------------------------------------------------------------------


class TaskError(JourneymanError):
    """A task folder is missing something or says something impossible."""

    exit_status = 2


class TaskNotFound(TaskError):
    """No built-in task has this name and no folder is there."""


class CandidateInvalid(JourneymanError):
    """A candidate is not a legal tree of files (path, size, encoding or edits outside the editable region)."""

    exit_status = 2


class VerifierFailure(JourneymanError):
    """A verifier, not a candidate, is at fault: it raised, hung or returned something that is no outcome."""


class PreflightFailure(JourneymanError):
    """A run cannot start: the seed, the verifier, the disk or the sandbox did not pass the check before it."""


# --- budget -------------------------------------------------------------------------------------------------------


class LedgerError(JourneymanError):
    """A settlement that contradicts its reservation."""


class BudgetExhausted(JourneymanError):
    """A reservation was refused: `asked` of `kind` does not fit in `limit` with `used` spent or reserved."""

    def __init__(self, kind: str, limit: float, used: float, asked: float) -> None:
        self.kind, self.limit, self.used, self.asked = kind, limit, used, asked
        if kind == "wall_s":
            text = f"the time is up: {used:,.0f} s of {limit:,.0f} s have passed"
        else:
            text = f"the budget of {kind} is spent: {used:,} of {limit:,} used or reserved, {asked:,} more asked for"
        super().__init__(text)


# --- runs ---------------------------------------------------------------------------------------------------------


class RunError(JourneymanError):
    """A run's folder cannot be used as asked."""


class RunNotFound(RunError):
    """No run has this name."""

    exit_status = 2


class RunLocked(RunError):
    """Another process is writing to the run."""


class RunCorrupt(RunError):
    """The log of a run is damaged; what was read before the damage is intact."""


class RunTooNew(RunError):
    """The log was written by a newer version of Journeyman."""


class RunReadOnly(RunError):
    """The folder of a run, or the place for a new one, cannot be written to."""


class RunDiskFull(RunError):
    """The disk has no room for what should be stored; everything committed before is intact."""


# --- sandbox ------------------------------------------------------------------------------------------------------


class NoSandbox(JourneymanError):
    """This host offers no isolation level, or not the one asked for."""


class SandboxFailure(JourneymanError):
    """The sandbox itself, not the candidate in it, failed."""


class CandidateFailure(JourneymanError):
    """A candidate's process ended a call early. `end` is one of the ends of `journeyman.sandbox.Ended`."""

    def __init__(self, end: str, message: str) -> None:
        self.end = end
        super().__init__(message)


class WrongAnswer(JourneymanError):
    """A compiled candidate gave an answer that is not the right one; the text says which."""


# --- models -------------------------------------------------------------------------------------------------------


class ModelNotFound(JourneymanError):
    """No model has this name, in models.toml or out of it."""

    exit_status = 2


class ModelConfigInvalid(JourneymanError):
    """A models.toml, or what it says of one model, cannot be used: an unknown field, no price under a money cap, no key."""

    exit_status = 2


class ModelUnavailable(JourneymanError):
    """A model gave no answer after all attempts, or was closed meanwhile; a run stops and can be resumed."""


class ModelRejected(JourneymanError):
    """An endpoint refuses the call itself (key, model name, parameters): asking again is of no use."""


class PromptTooLong(JourneymanError):
    """The model's context has no room for the prompt."""


class ReplayMismatch(JourneymanError):
    """A recorded model was asked something that its record does not hold."""


class ModelUnsuitable(JourneymanError):
    """A student or teacher cannot be used as asked: another tokenizer, no end token, a head that is not linear, no room."""

    exit_status = 2


# --- distillation -------------------------------------------------------------------------------------------------


class DataInvalid(JourneymanError):
    """A file of prompts or rollouts cannot be read as what it should be; the text names file, row and field."""

    exit_status = 2


class TrainingFailed(JourneymanError):
    """Training cannot go on: a loss or gradient that is not finite, or a verdict on which it was told to stop."""


# --- foresight ----------------------------------------------------------------------------------------------------


class EpisodeFailed(JourneymanError):
    """An agent, world, world model or governor raised in the middle of an episode; the text names it and the line."""


class ReplayDiffers(JourneymanError):
    """A logged episode, played again, is another one, though nothing was changed."""


class WorldTouched(JourneymanError):
    """A world model changed the real state that it was only to look at; what it predicts is worth nothing."""


# --- search -------------------------------------------------------------------------------------------------------


class ProposalFailed(JourneymanError):
    """A proposer gave no usable candidate. `kind` is counted and fed back; the proposal is charged.

    `proposer`: the part of a mixture that failed, "" for the proposer itself.
    """

    def __init__(self, kind: str, message: str, *, proposer: str = "") -> None:
        self.kind = kind
        self.proposer = proposer
        super().__init__(message)


class NothingLeft(JourneymanError):
    """A proposer has no further candidate; nothing is charged and the run ends."""


class RunInterrupted(JourneymanError):
    """Ctrl-C ended the work; the text says how to go on with the run."""


class MissingExtra(JourneymanError):
    """An optional package is not installed; the text names the command that installs it."""

    exit_status = 2
