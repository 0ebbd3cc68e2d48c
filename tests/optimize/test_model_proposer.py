"""The model proposer: one call, one candidate, and a name for everything else that can come back."""

from __future__ import annotations

import json
from abc import abstractmethod
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import msgspec
import numpy as np
import pytest
from quick_task import make_task

from journeyman.errors import (
    BudgetExhausted,
    CandidateInvalid,
    ModelRejected,
    ModelUnavailable,
    PromptTooLong,
    ProposalFailed,
    ReplayMismatch,
    UsageError,
)
from journeyman.models import FREE, Completion, Cost, Meter, Model, Outcome, Price, Prompt, Usage
from journeyman.models.scripted import open_scripted
from journeyman.optimize import optimize
from journeyman.optimize.brief import brief_of
from journeyman.optimize.propose.mode import room_for_rewrite, share_of_rewrites
from journeyman.optimize.propose.model import ModelProposer, note_of
from journeyman.optimize.trial import Proposal, Request, Trial, trial_of
from journeyman.testing.proposers import ProposerSuite, Setting, request_for, seed_trial
from journeyman.verify import Status, Task, Verdict, Verifier, load_task, make_candidate

REWRITE = "I move x.\n\n### FILE: params.toml\n```\nx = 1.0\ny = -3.0\nn = 7\n```\n"
EDIT = "I move x.\n\n### FILE: params.toml\n<<<<<<< SEARCH\nx = 4.0\n=======\nx = 1.0\n>>>>>>> REPLACE\n"


class Told(Model):
    """Answers with what it is given, or with what a function makes of the prompt; keeps every prompt."""

    name: str = "told"
    sees: bool = False
    price: Price | None = None
    max_tokens: int = 0

    def __init__(
        self,
        answer: str | Completion | Exception | Callable[[Prompt], str],
        *,
        sees: bool = False,
        max_tokens: int = 16_384,
    ) -> None:
        self.sees = sees
        self.prompts: list[Prompt] = []
        self._answer = answer
        self.max_tokens = max_tokens

    def worst_case(self, prompt: Prompt) -> Cost:
        return Cost(100 + (self.max_tokens if prompt.max_tokens is None else prompt.max_tokens))

    def complete(self, prompt: Prompt, meter: Meter = FREE) -> Completion:
        self.prompts.append(prompt)
        if isinstance(self._answer, Exception):
            raise self._answer
        if isinstance(self._answer, Completion):
            return self._answer
        text = self._answer if isinstance(self._answer, str) else self._answer(prompt)
        return Completion(text, Outcome.ANSWERED, Usage(100, 20))

    def close(self) -> None:
        pass


@pytest.fixture
def task(tmp_path: Path) -> Task:
    return make_task(tmp_path / "task")


def ask(
    task: Task, model: Model, *parents: Trial, failure: str = "", chance: int = 1, **hint: Any
) -> Proposal:
    proposer = ModelProposer.for_task(task, model)
    proposer.observe(seed_trial(task))
    request = Request(5, parents or (seed_trial(task),), hint, brief_of(task), failure)
    return proposer.propose(request, np.random.default_rng(chance))


def failure_of(task: Task, answer: str | Completion | Exception, **hint: Any) -> ProposalFailed:
    with pytest.raises(ProposalFailed) as caught:
        ask(task, Told(answer), **hint)
    return caught.value


# --- conformance ------------------------------------------------------------------------------------------------------


class Nudged(ProposerSuite):
    """The stand-in model answers in the form it is asked for, from the prompt's text alone."""

    @abstractmethod
    def task(self, tmp_path: Path) -> Task:
        """The task that the model works on."""

    @pytest.fixture
    def setting(self, tmp_path: Path) -> Iterator[Setting]:
        task = self.task(tmp_path)
        with open_scripted("nudge") as model:
            yield Setting(lambda: ModelProposer.for_task(task, model), task)


class TestOnPlainValues(Nudged):
    def task(self, tmp_path: Path) -> Task:
        return make_task(tmp_path / "task")


class TestOnPythonWithARegion(Nudged):
    def task(self, tmp_path: Path) -> Task:
        return load_task("operations/job_shop")


class TestOnCWithARegion(Nudged):
    def task(self, tmp_path: Path) -> Task:
        return load_task("computing/sha256")


# --- what comes back --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("form", ["edit", "rewrite"])
@pytest.mark.parametrize("reply", [EDIT, REWRITE])
def test_a_reply_in_either_form_becomes_a_candidate(task: Task, form: str, reply: str) -> None:
    model = Told(reply)
    made = ask(task, model, mode=form)
    assert "x = 1.0" in made.candidate.text("params.toml")
    assert made.note == "I move x."
    assert made.data == {"mode": form}
    assert made.transcript == {}
    assert f"FORM: {form}\n" in model.prompts[0].messages[1].text


def test_a_proposal_is_one_call_and_never_two(task: Task) -> None:
    for answer in (EDIT, "no idea", Completion("", Outcome.EMPTY)):
        model = Told(answer)
        try:
            ask(task, model)
        except ProposalFailed:
            assert answer != EDIT
        assert len(model.prompts) == 1


def test_inside_a_run_the_call_goes_through_the_runs_calls(task: Task) -> None:
    class Calls:
        def __init__(self) -> None:
            self.asked: list[tuple[Model, Prompt]] = []

        def complete(self, model: Model, prompt: Prompt) -> Completion:
            self.asked.append((model, prompt))
            return Completion(EDIT, Outcome.ANSWERED)

    model, calls = Told("never asked"), Calls()
    proposer = ModelProposer(model)
    request = msgspec.structs.replace(request_for(task, 3), calls=calls)
    made = proposer.propose(request, np.random.default_rng(0))
    assert "x = 1.0" in made.candidate.text("params.toml")
    assert [asked[0] for asked in calls.asked] == [model]
    assert model.prompts == []


@pytest.mark.parametrize(
    ("answer", "kind", "words"),
    [
        (Completion("", Outcome.REFUSED, refusal="I will not\nhelp."), "refused", "I will not ⏎ help."),
        (Completion("", Outcome.REFUSED), "refused", "declined"),
        (Completion("", Outcome.EMPTY), "empty", "empty"),
        (
            Completion("", Outcome.EMPTY_AFTER_REASONING, Usage(9, 4096)),
            "empty_after_reasoning",
            "4,096 tokens",
        ),
        (Completion(" \n", Outcome.ANSWERED), "empty", "empty"),
        (Completion("hm", Outcome.ANSWERED), "unparsable", "changes no file"),
        (
            Completion(EDIT[:-30], Outcome.CUT, Usage(9, 4096)),
            "cut",
            "cut at the length limit, after 4,096 tokens",
        ),
        (Completion("I thi", Outcome.CUT), "cut", "answer with a smaller edit"),
        (PromptTooLong("the context of 'told' has room for 8,192 tokens"), "over_long", "8,192"),
    ],
)
def test_what_gives_no_candidate_has_a_name(
    task: Task, answer: str | Completion | Exception, kind: str, words: str
) -> None:
    failure = failure_of(task, answer)
    assert failure.kind == kind
    assert words in str(failure)
    assert "\n" not in str(failure)


def test_a_cut_reply_is_used_if_its_edits_are_whole(task: Task) -> None:
    made = ask(task, Told(Completion(EDIT + "\nThis shou", Outcome.CUT)))
    assert "x = 1.0" in made.candidate.text("params.toml")


@pytest.mark.parametrize(
    "error",
    [
        ModelUnavailable("away"),
        ModelRejected("401"),
        ReplayMismatch("other"),
        BudgetExhausted("tokens", 10, 9, 5),
    ],
)
def test_what_ends_a_run_passes_through(task: Task, error: Exception) -> None:
    with pytest.raises(type(error)):
        ask(task, Told(error))


def test_a_file_may_be_so_long_and_no_longer(task: Task) -> None:
    long = REWRITE.replace("n = 7\n", "n = 7\n" + "# more\n" * 100)
    proposer = ModelProposer(Told(long), max_file_chars=300)
    with pytest.raises(ProposalFailed, match="300 are allowed") as caught:
        proposer.propose(request_for(task, 1), np.random.default_rng(0))
    assert caught.value.kind == "over_long"


def test_a_parent_that_does_not_fit_costs_no_call(task: Task) -> None:
    model = Told(EDIT)
    proposer = ModelProposer(model, prompt_chars=500)
    with pytest.raises(ProposalFailed, match="does not fit") as caught:
        proposer.propose(request_for(task, 1), np.random.default_rng(0))
    assert caught.value.kind == "over_long"
    assert model.prompts == []


def test_outside_the_region_of_the_seed_nothing_changes() -> None:
    task = load_task("computing/sha256")
    reply = "### FILE: candidate.c\n<<<<<<< SEARCH\n#include <string.h>\n=======\n>>>>>>> REPLACE\n"
    failure = failure_of(task, reply)
    assert failure.kind == "outside_region"
    assert "only lines" in str(failure)


def test_a_path_that_leads_out_is_refused(task: Task) -> None:
    with pytest.raises(CandidateInvalid):
        ask(task, Told(REWRITE + "### FILE: ../x\n```\ny\n```\n"))


def test_options_out_of_range_are_refused() -> None:
    for wrong in ({"rewrite_share": 1.5}, {"prompt_chars": 0}, {"max_file_chars": 0}):
        with pytest.raises(UsageError):
            ModelProposer(Told(EDIT), **wrong)  # type: ignore[arg-type]


# --- what is asked for ------------------------------------------------------------------------------------------------


def modes(task: Task, count: int = 200, **hint: Any) -> float:
    """Share of rewrites among so many proposals."""
    made = [ask(task, Told(EDIT), chance=chance, **hint).data["mode"] for chance in range(count)]
    return made.count("rewrite") / count


def test_whole_files_early_and_edits_later(task: Task) -> None:
    assert share_of_rewrites(1) == 0.8
    assert share_of_rewrites(9) == 0.4
    assert share_of_rewrites(33) == pytest.approx(0.16)
    early, late = modes(task, step=1), modes(task, step=57)
    assert early == pytest.approx(0.8, abs=0.1)
    assert late == pytest.approx(0.1, abs=0.07)


def test_without_a_step_the_line_of_descent_is_counted(task: Task) -> None:
    proposer = ModelProposer(Told(EDIT), rewrite_share=1.0)
    trial = seed_trial(task)
    proposer.observe(trial)
    for index in range(1, 400):
        verdict = Verdict(Status.OK, 0.0, "dev")
        trial = trial_of(index, task.seed, verdict, parents=(trial.index, 0))
        proposer.observe(trial)

    def share(parent: Trial) -> float:
        request = Request(500, (parent,), {}, brief_of(task))
        made = [proposer.propose(request, np.random.default_rng(chance)).data["mode"] for chance in range(40)]
        return made.count("rewrite") / len(made)

    assert share(seed_trial(task)) == 1.0
    assert share(trial) < 0.2


def test_the_search_may_ask_for_a_mode_and_a_temperature(task: Task) -> None:
    model = Told(EDIT)
    assert ask(task, model, mode="rewrite", step=1000).data["mode"] == "rewrite"
    assert ask(task, model, mode="edit", step=1, temperature=0.3).data["mode"] == "edit"
    assert [prompt.temperature for prompt in model.prompts] == [None, 0.3]
    with pytest.raises(UsageError, match="'shake'"):
        ask(task, model, mode="shake")


def test_chance_seeds_the_model(task: Task) -> None:
    model = Told(EDIT)
    for chance in (1, 1, 2):
        ask(task, model, mode="edit", chance=chance)
    first, again, other = (prompt.seed for prompt in model.prompts)
    assert first == again != other
    assert model.prompts[0].digest == model.prompts[2].digest


def test_a_crossover_combines_two_candidates(task: Task) -> None:
    other = trial_of(
        3, make_candidate({"params.toml": "x = 0.5\ny = 2.0\nn = 3\n"}), Verdict(Status.OK, 2.0, "dev")
    )
    model = Told(REWRITE)
    assert ask(task, model, seed_trial(task), other, mode="crossover").data == {"mode": "crossover"}
    text = model.prompts[0].messages[1].text
    assert "x = 0.5\ny = 2.0\nn = 3\n" in text
    assert "Combine the candidate to improve with the other candidate (trial 3)" in text
    assert "FORM: rewrite" in text
    # Nobody to combine with, or no room for both: a rewrite.
    assert ask(task, model, mode="crossover").data == {"mode": "rewrite"}
    huge = trial_of(3, make_candidate({"params.toml": "# " + "x" * 200_000}), Verdict(Status.OK, 2.0, "dev"))
    assert ask(task, model, seed_trial(task), huge, mode="crossover").data == {"mode": "rewrite"}


def test_a_file_that_no_reply_can_hold_is_edited(task: Task) -> None:
    assert room_for_rewrite(Told(EDIT, max_tokens=1000)) == 1500
    comment = "# " + "x" * 1600 + "\n"
    long = trial_of(
        2,
        task.seed.replace("params.toml", task.seed.text("params.toml") + comment),
        Verdict(Status.OK, 1.0, "dev"),
    )
    assert ask(task, Told(EDIT, max_tokens=1000), long, mode="rewrite").data == {"mode": "edit"}
    assert ask(task, Told(EDIT), long, mode="rewrite").data == {"mode": "rewrite"}


def test_after_a_cut_reply_an_edit_is_asked_for(task: Task) -> None:
    failure = failure_of(task, Completion("```\nx =", Outcome.CUT), mode="rewrite")
    model = Told(EDIT)
    assert ask(task, model, failure=str(failure), mode="rewrite").data == {"mode": "edit"}
    assert str(failure) in model.prompts[0].messages[1].text


def test_several_files(task: Task) -> None:
    tree = make_candidate(
        {"params.toml": task.seed.text("params.toml"), "lib/table.json": json.dumps([1, 2])}
    )
    parent = trial_of(4, tree, Verdict(Status.OK, 1.0, "dev"))
    reply = EDIT + "### FILE: lib/table.json\n```json\n[3]\n```\n"
    made = ask(task, Told(reply), parent).candidate
    assert made.text("lib/table.json") == "[3]"
    assert "x = 1.0" in made.text("params.toml")


# --- notes ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("reply", "note"),
    [
        (EDIT, "I move x."),
        ("x goes from 4.0 to 1.0, e.g. nearer. Then more.\n" + EDIT, "x goes from 4.0 to 1.0, e.g. nearer."),
        (
            "\n\n## Plan\n\n- Use **tabu** search\n  with restarts! And so on.\n" + EDIT,
            "Use **tabu** search with restarts!",
        ),
        ("# Plan\n" + EDIT.partition("\n\n")[2], "Plan"),
        ("\x1b[31mred\u202e text\n\n" + EDIT, "\\x1b[31mred\\u202e text"),
        (EDIT.partition("\n\n")[2], ""),
        ("w" * 500 + "\n\n" + EDIT, "w" * 199 + "…"),
    ],
)
def test_the_note_is_the_first_sentence_on_one_harmless_line(reply: str, note: str) -> None:
    assert note_of(reply) == note


# --- pictures ---------------------------------------------------------------------------------------------------------

DRAWING_VERIFIER = """\
import struct
import zlib

from journeyman.verify import feasible


def chunk(kind, data):
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))


def score(instance, design):
    pixels = zlib.compress(b"\\0" + bytes([int(design["x"]) % 256] * 3))
    png = b"\\x89PNG\\r\\n\\x1a\\n" + chunk(b"IHDR", struct.pack(">IIBBBBB", 1, 1, 8, 2, 0, 0, 0))
    png += chunk(b"IDAT", pixels) + chunk(b"IEND", b"")
    return feasible(design["x"] ** 2, artifacts={"valley.png": png, "notes.txt": b"no picture"})
"""


def test_pictures_of_the_verdict_reach_a_model_that_sees(task: Task) -> None:
    (task.folder / "verifier.py").write_text(DRAWING_VERIFIER)
    drawing = load_task(task.folder)
    with Verifier(drawing) as verifier:
        verdict = verifier.evaluate(drawing.seed)
    assert verdict.ok, verdict.feedback
    drawn = {name: data for name, data in verdict.artifacts.items() if name.endswith(".png")}
    assert drawn
    seed = trial_of(0, drawing.seed, verdict)
    for sees in (True, False):
        model = Told(EDIT, sees=sees)
        assert ModelProposer(model).sees is sees
        ask(drawing, model, seed)
        system, user = model.prompts[0].messages
        assert system.images == ()
        assert [image.data for image in user.images] == (list(drawn.values()) if sees else [])
        assert all(image.media_type == "image/png" for image in user.images)
        for name in drawn:
            assert (f"`{name}`" in user.text) is sees


def test_in_a_run_each_prompt_has_the_pictures_of_its_own_parent(task: Task, tmp_path: Path) -> None:
    (task.folder / "verifier.py").write_text(DRAWING_VERIFIER)
    drawing = load_task(task.folder)
    model = Told(lambda prompt: REWRITE.replace("x = 1.0", f"x = {len(model.prompts)}.0"), sees=True)
    optimize(drawing, search="chains", model=model, evaluations=3, runs=tmp_path / "runs", cache=False)
    shown = [prompt.messages[1] for prompt in model.prompts]
    assert len(shown) == 3
    # The first improves the seed, the others x = 1, which nothing that follows beats.
    assert all(len(message.images) == 2 for message in shown)
    assert shown[0].images != shown[1].images
    assert shown[1].images == shown[2].images
