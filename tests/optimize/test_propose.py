"""Proposers: the suite that all pass, and what each is for."""

from __future__ import annotations

import json
import math
import os
import sys
import tomllib
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from quick_task import Rough, Valley, make_task, params

from journeyman.errors import NothingLeft, ProposalFailed, UsageError
from journeyman.optimize import Scripted, optimize
from journeyman.optimize.propose import PROPOSERS, make_proposer
from journeyman.optimize.propose.command import Command
from journeyman.optimize.propose.numeric import Numeric
from journeyman.optimize.trial import SEED, Proposal, Trial, trial_of
from journeyman.testing.proposers import ProposerSuite, Setting, request_for, seed_trial
from journeyman.verify import Status, Task, Verdict, load_task

ECHO = """\
import json, sys
asked = json.load(sys.stdin)
text = asked["parents"][0]["files"]["params.toml"]
print(json.dumps({"files": {"params.toml": text.replace("x = 4.0", f"x = {asked['seed'] % 10}.25")}, "note": "moved x"}))
"""


@pytest.fixture
def task(tmp_path: Path) -> Task:
    return make_task(tmp_path / "task")


class TestNumeric(ProposerSuite):
    @pytest.fixture
    def setting(self, task: Task) -> Setting:
        return Setting(lambda: Numeric.for_task(task), task)


class TestNumericOnPython(ProposerSuite):
    @pytest.fixture
    def setting(self) -> Setting:
        task = load_task("operations/job_shop")
        return Setting(lambda: Numeric.for_task(task), task)


class TestRough(ProposerSuite):
    @pytest.fixture
    def setting(self, task: Task) -> Setting:
        return Setting(lambda: Rough(task), task)


class TestScripted(ProposerSuite):
    @pytest.fixture
    def setting(self, task: Task) -> Setting:
        return Setting(lambda: Scripted(lambda request, rng: params(float(rng.random()))), task)


class TestCommand(ProposerSuite):
    @pytest.fixture
    def setting(self, task: Task, tmp_path: Path) -> Setting:
        (tmp_path / "echo.py").write_text(ECHO)
        return Setting(lambda: Command([sys.executable, str(tmp_path / "echo.py")]), task)

    # Sixty programs would take seconds and show no more than five.
    test_its_state_follows_from_what_it_observed = None  # type: ignore[assignment]


# --- numeric ------------------------------------------------------------------------------------------------------


def tune(
    proposer: Numeric, task: Task, loss: Any, count: int, *, ahead: int = 1, maximize: bool = False
) -> float:
    """The best loss after `count` proposals, `ahead` of them under way at a time."""
    best, seed = math.inf, seed_trial(task)
    proposer.observe(seed)
    under_way: list[Trial] = []
    for index in range(1, count + 1):
        made = proposer.propose(request_for(task, index, seed), np.random.default_rng((1, index)))
        value = loss(made.candidate.text(task.main))
        if value is not None:
            best = min(best, value)
        score = None if value is None else (-value if maximize else value)
        status = Status.OK if value is not None else Status.INFEASIBLE
        under_way.append(trial_of(index, made.candidate, Verdict(status, score, "dev"), data=made.data))
        if len(under_way) >= ahead:
            proposer.observe(under_way.pop(0))
    return best


def sphere(text: str) -> float | None:
    design = tomllib.loads(text)
    if design["n"] > 15:
        return None
    return float((design["x"] - 2.5) ** 2 + (design["y"] + 7) ** 2 + (design["n"] - 11) ** 2)


@pytest.mark.parametrize("ahead", [1, 8])
@pytest.mark.parametrize("maximize", [False, True])
def test_numeric_finds_the_bottom_of_a_valley(task: Task, ahead: int, maximize: bool) -> None:
    proposer = Numeric(task.main, maximize=maximize, parameters=task.parameters)
    assert tune(proposer, task, sphere, 300, ahead=ahead, maximize=maximize) < 0.05


def test_integers_stay_integers_and_bounds_hold(task: Task) -> None:
    proposer = Numeric.for_task(task)
    seen = []

    def loss(text: str) -> float:
        design = tomllib.loads(text)
        seen.append(design)
        return float(design["n"] ** 2 - design["x"])

    tune(proposer, task, loss, 120)
    assert all(type(d["n"]) is int and 0 <= d["n"] <= 20 and -10 <= d["x"] <= 10 for d in seen)
    assert all(type(d["x"]) is float for d in seen)


def test_everything_but_the_numbers_stays_as_it_was(task: Task) -> None:
    proposer = Numeric.for_task(task)
    made = proposer.propose(request_for(task, 1), np.random.default_rng(0))
    lines = made.candidate.text("params.toml").splitlines()
    assert lines[0] == "# where the valley is"
    assert [line.split(" = ")[0] for line in lines[1:]] == ["x", "y", "n"]


def test_numeric_begins_again_when_it_stands_still(task: Task) -> None:
    proposer = Numeric.for_task(task)
    restarts = []

    def loss(text: str) -> float:
        return 1.0

    seed = seed_trial(task)
    proposer.observe(seed)
    for index in range(1, 900):
        made = proposer.propose(request_for(task, index, seed), np.random.default_rng((1, index)))
        restarts.append(made.data["numeric"]["restart"])
        proposer.observe(trial_of(index, made.candidate, Verdict(Status.OK, loss(""), "dev"), data=made.data))
    assert restarts == sorted(restarts)
    assert restarts[-1] >= 2


def test_numeric_follows_a_text_that_another_proposer_changed(task: Task) -> None:
    proposer = Numeric.for_task(task)
    proposer.observe(seed_trial(task))
    other = task.seed.replace("params.toml", "# another text\nn = 7\nx = 1.0\n")
    parent = trial_of(1, other, Verdict(Status.OK, 5.0, "dev"))
    made = proposer.propose(request_for(task, 2, parent), np.random.default_rng(0))
    assert made.candidate.text("params.toml").startswith("# another text\nn = ")
    assert made.data["numeric"]["from"] == [7, 1.0]
    rebuilt = Numeric.for_task(task)
    for one in (proposer, rebuilt):
        one.observe(trial_of(2, made.candidate, Verdict(Status.OK, 1.0, "dev"), data=made.data))
    again = [
        one.propose(request_for(task, 3, parent), np.random.default_rng(1)).candidate
        for one in (proposer, rebuilt)
    ]
    # The rebuilt one never saw the seed; only what belongs to this text counts.
    assert again[0] == again[1]


def test_numeric_begins_at_the_numbers_of_another_proposer_and_its_children_go_on_from_there(
    task: Task,
) -> None:
    proposer = Numeric.for_task(task)
    proposer.observe(seed_trial(task))
    better = task.seed.replace("params.toml", params(-8.0, 8.0, 3))
    foreign = trial_of(1, better, Verdict(Status.OK, 1.0, "dev"), parents=(SEED,), proposer="model")

    def centre(parent: Trial) -> float:
        made = [
            proposer.propose(request_for(task, i, parent), np.random.default_rng(i)) for i in range(2, 42)
        ]
        return float(np.median([tomllib.loads(one.candidate.text("params.toml"))["x"] for one in made]))

    assert centre(foreign) < -5.0 < 2.0 < centre(seed_trial(task))
    child = proposer.propose(request_for(task, 50, foreign), np.random.default_rng(50))
    told = trial_of(
        50, child.candidate, Verdict(Status.OK, 0.5, "dev"), parents=(1,), proposer="numeric", data=child.data
    )
    proposer.observe(told)
    grandchild = proposer.propose(request_for(task, 51, told), np.random.default_rng(51))
    assert grandchild.data["numeric"]["strategy"] == child.data["numeric"]["strategy"]
    fresh = Numeric.for_task(task)
    for trial in (seed_trial(task), told):
        fresh.observe(trial)
    again = fresh.propose(request_for(task, 51, told), np.random.default_rng(51))
    assert again.candidate == grandchild.candidate


def test_a_task_without_numbers_is_refused_with_what_to_do(tmp_path: Path, task: Task) -> None:
    (task.folder / "params.toml").write_text('x = "far"\n')
    with pytest.raises(UsageError, match=r"finds no number to tune in 'params.toml'"):
        make_proposer("numeric", load_task(task.folder), {})


def test_hundreds_of_numbers_are_tuned_too(tmp_path: Path, task: Task) -> None:
    text = "\n".join(f"v{i} = {i}.5" for i in range(150))
    proposer = Numeric("a.toml", maximize=False)
    from journeyman.verify import make_candidate

    seed = trial_of(SEED, make_candidate({"a.toml": text}), Verdict(Status.OK, 0.0, "dev"))
    proposer.observe(seed)
    for index in range(1, 60):
        made = proposer.propose(request_for(task, index, seed), np.random.default_rng((1, index)))
        proposer.observe(
            trial_of(index, made.candidate, Verdict(Status.OK, float(index), "dev"), data=made.data)
        )
    assert len(tomllib.loads(made.candidate.text("a.toml"))) == 150


# --- command ------------------------------------------------------------------------------------------------------


def ask(tmp_path: Path, task: Task, program: str, **options: Any) -> Proposal:
    (tmp_path / "program.py").write_text(program)
    proposer = Command([sys.executable, str(tmp_path / "program.py")], **options)
    trial = trial_of(
        3, task.seed, Verdict(Status.INFEASIBLE, None, "dev", feedback="n is too large"), note="tried n = 17"
    )
    request = request_for(task, 7, seed_trial(task), trial, failure="no file last time")
    return proposer.propose(request, np.random.default_rng(0))


def test_a_program_is_told_everything(tmp_path: Path, task: Task) -> None:
    made = ask(
        tmp_path,
        task,
        "import sys, json; a = sys.stdin.read(); print(json.dumps({'files': {'asked.json': a}, 'note': 'n'}))",
    )
    asked = json.loads(made.candidate.text("asked.json"))
    assert asked["task"]["statement"].startswith("Move x, y and n")
    assert "integer at least 0 and at most 20" in asked["task"]["constraints"]
    assert asked["task"]["direction"] == "minimize"
    assert asked["parents"][0]["files"]["params.toml"] == task.seed.text("params.toml")
    assert asked["parents"][1]["feedback"] == "n is too large"
    assert asked["parents"][1]["status"] == "infeasible"
    assert asked["failure"] == "no file last time"
    assert (asked["evaluations_left"], asked["proposals_left"], asked["index"]) == (93, 193, 7)
    assert made.note == "n"
    assert json.loads(made.transcript["request"])["index"] == 7
    assert "output" not in json.loads(made.transcript["request"])


def test_a_program_may_leave_a_tree_in_its_output_folder(tmp_path: Path, task: Task) -> None:
    program = "import json,sys,os; o=json.load(sys.stdin)['output']; open(o+'/params.toml','w').write('x = 1'); print('{}')"
    assert ask(tmp_path, task, program).candidate.files == {"params.toml": b"x = 1"}


@pytest.mark.parametrize(
    ("program", "kind", "text"),
    [
        (
            "import sys; print('Traceback: no key', file=sys.stderr); sys.exit(3)",
            "exit",
            "ended with status 3: Traceback: no key",
        ),
        ("print('hello')", "malformed", "not as agreed.*begins 'hello"),
        ('print(\'{"files": {"a": 1}}\')', "malformed", "not as agreed"),
        ("print('{}')", "malformed", "neither with files nor with a tree"),
        ("print('x' * 3_000_000)", "output", "printed more than 1 MB"),
    ],
)
def test_what_a_program_may_do_wrong(tmp_path: Path, task: Task, program: str, kind: str, text: str) -> None:
    with pytest.raises(ProposalFailed, match=text) as failed:
        ask(tmp_path, task, program, output_mb=1)
    assert failed.value.kind == kind


def test_a_program_that_hangs_is_ended_with_its_children(tmp_path: Path, task: Task) -> None:
    program = (
        "import os, time, subprocess, sys\n"
        "child = subprocess.Popen([sys.executable, '-c', 'import time; time.sleep(60)'])\n"
        f"open({str(tmp_path / 'child')!r}, 'w').write(str(child.pid))\n"
        "time.sleep(60)\n"
    )
    with pytest.raises(ProposalFailed, match="no answer within 2 s"):
        ask(tmp_path, task, program, timeout_s=2.0)
    child = int((tmp_path / "child").read_text())
    # Killed; what may be left is an entry nobody has reaped.
    stat = Path(f"/proc/{child}/stat")
    assert not stat.exists() or stat.read_text().split(") ")[1][0] in "ZX"


def test_a_program_gets_a_clean_environment(
    tmp_path: Path, task: Task, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SOME_API_KEY", "secret")
    program = "import os, json; print(json.dumps({'files': {'env': ' '.join(os.environ)}}))"
    assert "SOME_API_KEY" not in ask(tmp_path, task, program).candidate.text("env").split()
    assert "SOME_API_KEY" in ask(tmp_path, task, program, env=["SOME_API_KEY"]).candidate.text("env").split()
    assert "SOME_API_KEY" in ask(tmp_path, task, program, env=None).candidate.text("env").split()


def test_a_run_with_a_program(tmp_path: Path, task: Task) -> None:
    (tmp_path / "echo.py").write_text(ECHO)
    result = optimize(
        task, proposer="command", proposer_options={"command": f"{sys.executable} {tmp_path / 'echo.py'}"},
        evaluations=4, parallel=2, verifier=Valley(), runs=tmp_path / "runs",
    )  # fmt: skip
    assert result.best.note == "moved x"
    assert result.best.proposer == "command"


def test_a_program_that_is_not_there_is_refused_at_once(task: Task) -> None:
    with pytest.raises(UsageError, match="'no-such-program' is not there"):
        make_proposer("command", task, {"command": "no-such-program --fast"})
    with pytest.raises(UsageError, match="needs a program"):
        make_proposer("command", task, {})


# --- the others ---------------------------------------------------------------------------------------------------


def test_a_script_ends(task: Task) -> None:
    proposer = Scripted([params(1.0)])
    assert proposer.propose(request_for(task, 1), np.random.default_rng(0)).candidate.text(
        "params.toml"
    ) == params(1.0)
    with pytest.raises(NothingLeft, match="the script has 1 candidates"):
        proposer.propose(request_for(task, 2), np.random.default_rng(0))


def test_wrong_names_are_refused_with_what_there_is(task: Task) -> None:
    assert set(PROPOSERS) >= {"numeric", "command"}
    with pytest.raises(
        UsageError, match="there is no proposer 'oracle'; there are: numeric, random, command, model, mixed"
    ):
        make_proposer("oracle", task, {})
    assert os.environ.get("SOME_API_KEY") is None
