"""`journeyman distill ...` and what `journeyman run ...` knows of trainings: options, runs from real logs, wrong calls."""

from __future__ import annotations

import inspect
import io
import json
import os
import shlex
import signal
import subprocess
import sys
import time
from dataclasses import fields
from pathlib import Path

import pytest
import typer
from rich.console import Console

sys.path.insert(0, str(Path(__file__).parents[1]))

from distill_logs import VERDICT, write_training

from journeyman.cli import distill as commands
from journeyman.cli import main
from journeyman.cli.distill_options import SETTINGS, changes_of, default_of, parameter_of, shown, type_of
from journeyman.cli.distill_standing import standing_lines, standing_of, standing_words
from journeyman.cli.distill_train import OnFailure, spec_of
from journeyman.distill.report.story import story_of
from journeyman.distill.train_spec import TrainSpec, to_plain
from journeyman.errors import UsageError

from .conftest import Call

Capture = pytest.CaptureFixture[str]


def said(capfd: Capture, *words: str, status: int = 0) -> str:
    assert main([*words]) == status, capfd.readouterr()
    return capfd.readouterr().out


# --- options ------------------------------------------------------------------------------------------------------


def test_every_option_is_a_setting_with_its_default_from_the_spec() -> None:
    options = {p.name: p for p in typer.main.get_command(commands.app).commands["train"].params}  # type: ignore[attr-defined]
    plain = to_plain(TrainSpec("s", "t"))
    for setting in SETTINGS:
        option = options[parameter_of(setting)]
        assert setting.flag.split("/")[0] in option.opts
        assert option.default is None, "what is not given is left to the spec"
        at = plain
        for part in setting.name.split(".")[:-1]:
            at = at[part] if at[part] is not None else {"rank": 32}
        default = default_of(setting.name)
        assert at[setting.name.split(".")[-1]] == default
        if default not in (None, "") and "[" not in setting.help and setting.name != "lora.rank":
            assert option.help.endswith(f"[{shown(default)}]."), setting.flag
        assert type_of(setting.name) in (str, int, float, bool)


def test_every_setting_can_be_set() -> None:
    given = {"loss.k": 4, "betas": "0.9,0.95"}
    spec = spec_of("s", "t", "p", None, {"loss.k": 4, "evaluation.n": 2, "lora.rank": 8}, None)
    assert (spec.loss.k, spec.evaluation.n) == (4, 2)
    assert spec.lora is not None
    assert changes_of({}, ["loss.k=4", "lora=none"]) == {"loss.k": "4", "lora": None}
    assert changes_of({parameter_of(s): 0.5 for s in SETTINGS if s.flag == "--temperature"}, []) == {
        "sampling.temperature": 0.5, "loss.temperature": 0.5,
    }  # fmt: skip
    assert given
    for each in fields(TrainSpec):
        default_of(each.name)
    with pytest.raises(UsageError, match=r"there is no setting 'loss\.kk'"):
        spec_of("s", "t", "p", None, {"loss.kk": 4}, None)
    with pytest.raises(UsageError, match="--set takes NAME=VALUE"):
        changes_of({}, ["loss.k"])


def test_watch_and_presets_become_settings() -> None:
    assert spec_of("s", "t", "p", None, {}, OnFailure.OFF).watch_every == 0
    assert spec_of("s", "t", "p", None, {}, OnFailure.WARN).on_failure == "continue"
    assert spec_of("s", "t", "p", None, {}, OnFailure.STOP).on_failure == "stop"
    lab = spec_of("s", "t", "p", "lab", {"steps": 7}, None)
    assert (lab.student, lab.teacher, lab.prompts, lab.steps, lab.loss.form) == ("s", "t", "p", 7, "full")
    assert spec_of("s", "", "p", "paper-grpo", {}, None).method == "grpo"


def test_every_command_that_repairs_is_one(home: Path) -> None:
    from journeyman.distill.check import commands as repairs

    settings = (
        ("--grader", "exact"), ("--template", "boxed"), ("--max-tokens", "64"), ("--temperature", "0.5"),
        ("--no-thinking", ""),
    )  # fmt: skip
    names = repairs.Names("a b", "teacher", "p.jsonl", settings)
    made = [
        repairs.cold_start(names), repairs.other_template(names, "dapo"), repairs.teachers_prompts(names),
        repairs.shorter(names, 128), repairs.useful_depth(names), repairs.whole_vocabulary(names),
        repairs.check_again(names), repairs.check_again(names, "--grader", "math"),
    ]  # fmt: skip
    group = typer.main.get_command(commands.app)
    for command in made:
        program, noun, verb, *words = shlex.split(command)
        assert (program, noun) == ("journeyman", "distill")
        found = group.commands[verb]  # type: ignore[attr-defined]
        context = found.make_context(verb, words)
        assert context.params["student"] == "a b"


def test_a_function_of_the_library_takes_what_its_command_gives() -> None:
    """Options whose names are passed on as keywords are keywords of the function."""
    from journeyman.distill import check, diagnose
    from journeyman.distill.recipes.evaluate import evaluate

    handed = {"grader", "limit", "n", "template", "enable_thinking", "second", "gradient", "engine", "dtype", "seed"}
    assert handed <= set(inspect.signature(check).parameters)
    assert {"source", "grader", "rows", "dtype", "seed"} <= set(inspect.signature(diagnose).parameters)
    assert {"n", "seed", "template", "enable_thinking", "resume"} <= set(inspect.signature(evaluate).parameters)


# --- runs ---------------------------------------------------------------------------------------------------------


def test_a_training_is_listed_and_shown(home: Path, capfd: Capture) -> None:
    write_training(home / "runs" / "good").close()
    write_training(home / "runs" / "poor", works=False, steps=37, ended=False).close()
    assert "student ← twin" in said(capfd, "run", "list")
    out = said(capfd, "run", "show", "good")
    for part in (
        "student ← twin: Score 0.610 → 0.9", "divergence [nats]", "teacher", "overlap/ratio", "▁", "Evaluations",
        "✗ temperature", "→ Use --engine own.", "Ready (step 60)", "ended: all steps were made", "run show good --html FILE",
    ):  # fmt: skip
        assert part in out, part
    assert "unheard/of" not in out
    assert "unheard/of" in said(capfd, "run", "show", "good", "--full")
    poor = said(capfd, "run", "show", "poor")
    assert str(VERDICT["remedy"]) in poor
    assert "No new capability (step 20)" in poor
    assert "go on with 'journeyman run resume poor'" in poor
    assert not {"\x1b"} & set(out + poor), "a pipe gets plain text"


def test_a_training_as_json_and_as_a_page(home: Path, capfd: Capture) -> None:
    write_training(home / "runs" / "good", steps=20).close()
    document = json.loads(said(capfd, "run", "show", "good", "--json"))
    assert (document["verb"], document["steps"], document["planned"]) == ("distill", 20, 60)
    assert document["evaluations"][0]["avg"] == 0.61
    assert len(document["course"]) == 20
    assert document["verdicts"][0]["verdict"]["name"] == "ready"
    assert document["findings"][1]["remedy"] == "Use --engine own."
    said(capfd, "run", "show", "good", "--html", "page.html")
    assert "<svg" in (home / "page.html").read_text()
    said(capfd, "run", "export", "good", "--to", "jsonl")
    assert (home / "good.jsonl").is_file()


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (("run", "show", "good", "--trial", "3"), "--trial belongs to optimizations"),
        (("run", "watch", "good", "--against", "money"), "--against belongs to optimizations"),
        (("run", "resume", "good", "--proposer", "scripted:x.json"), "--proposer and --models mean nothing to it"),
        (("distill", "compare", "good"), "a comparison takes 2 to 14 runs, not 1"),
        (("distill", "compare", "good", "good"), "is named twice"),
        (("distill", "resume", "nothing"), "there is no run 'nothing'"),
        (("distill", "train", "s", "t"), "a training needs prompts"),
        (("distill", "train", "s", "--prompts", "p.jsonl"), "needs a teacher"),
        (("distill", "train", "s", "t", "--prompts", "p", "--k", "0"), "k is 0"),
        (("distill", "train", "s", "t", "--prompts", "p", "--preset", "none"), "there is no preset 'none'"),
        (("distill", "train", "s", "t", "--prompts", "p", "--sink", "mlflow"), "there is no sink 'mlflow'"),
        (("distill", "train", "s", "t", "--prompts", "p", "--watch", "maybe"), "maybe"),
        (("distill", "train", "s", "t", "--prompts", "nothing.jsonl"), "nothing.jsonl"),
        (("distill", "check", "s", "t"), "--prompts"),
        (("distill", "check", "s", "t", "--prompts", "nothing.jsonl"), "nothing.jsonl"),
        (("distill", "diagnose", "--rollouts", "nothing"), "nothing does not exist"),
        (("distill", "evaluate", "s", "--prompts", "a/p.jsonl", "--prompts", "b/p.jsonl"), "the same name"),
        (("distill", "prompts", "s", "t", "--prompts", "p", "--share", "0.5"), "--mix FILE"),
        (("distill", "distil"), "No such command"),
        (("distill", "train", "s", "t", "--prompts", "p", "--sett", "x"), "--sett"),
    ],
)
def test_a_wrong_call_gets_one_sentence(
    home: Path, capfd: Capture, words: tuple[str, ...], sentence: str
) -> None:
    write_training(home / "runs" / "good", steps=3).close()
    assert main([*words]) == 2
    out, err = capfd.readouterr()
    assert out == ""
    assert sentence in err
    assert err.count("\n") == 1
    assert err.startswith("journeyman: ")


def test_trainings_are_compared(home: Path, capfd: Capture) -> None:
    write_training(home / "runs" / "one").close()
    write_training(home / "runs" / "two", works=False).close()
    out = said(capfd, "distill", "compare", "one", "two", "--html", "both.html")
    for part in ("gap recovery", "score", "overlap ratio", "divergence/full", "All settings are the same."):
        assert part in out
    assert "<svg" in (home / "both.html").read_text()
    document = json.loads(said(capfd, "distill", "compare", "one", "two", "--json"))
    assert [run["name"] for run in document["runs"]] == ["A", "B"]
    assert document["runs"][0]["gap_recovery"] > 0.8 > document["runs"][1]["gap_recovery"]


# --- progress -----------------------------------------------------------------------------------------------------


def test_where_a_training_stands_fits_every_terminal(tmp_path: Path) -> None:
    with write_training(tmp_path / "run", works=False, steps=37, ended=False) as log:
        standing = standing_of(story_of(log))
    words = standing_words(standing)
    assert words[0] == "step 37/60"
    assert words[-1] == "23 s left"
    assert "score 0.600 (before 0.610, teacher 1.00)" in words
    for width in (40, 80, 120, 200):
        for height in (5, 12, 24, 60):
            for ascii_only in (False, True):
                lines = standing_lines(standing, width=width, height=height, ascii_only=ascii_only)
                assert all(line.cell_len <= width or line.overflow == "ellipsis" for line in lines)
                if ascii_only:
                    assert all(line.plain.isascii() for line in lines)
    with write_training(tmp_path / "begun", steps=0, ended=False, evaluate=False) as log:
        (_, waiting) = standing_lines(standing_of(story_of(log)), width=80, ascii_only=False)
    assert "before the first step" in waiting.plain


def test_a_training_is_followed_until_it_ends(home: Path) -> None:
    log = write_training(home / "runs" / "run", steps=5, ended=False)
    watching = subprocess.Popen(
        [sys.executable, "-m", "journeyman", "run", "watch", "run", "--json"], stdout=subprocess.PIPE,
        stderr=subprocess.PIPE, text=True, env={**os.environ},
    )  # fmt: skip
    assert watching.stderr is not None
    first = watching.stderr.readline()
    assert "student ← twin: step 5/60" in first
    log.append("finished", "", {"reason": "all steps are done", "step": 5})
    log.close()
    out, _ = watching.communicate(timeout=60)
    assert watching.returncode == 0
    assert json.loads(out)["ended"] == "all steps are done"


def test_ctrl_c_ends_the_watching_only(home: Path) -> None:
    with write_training(home / "runs" / "run", steps=5, ended=False):
        watching = subprocess.Popen(
            [sys.executable, "-m", "journeyman", "run", "watch", "run"], stdout=subprocess.PIPE, stderr=subprocess.PIPE,
            text=True, env={**os.environ},
        )  # fmt: skip
        assert watching.stderr is not None
        watching.stderr.readline()
        time.sleep(0.5)
        watching.send_signal(signal.SIGINT)
        _, err = watching.communicate(timeout=60)
    assert watching.returncode == 0
    assert f"no longer watching; process {os.getpid()} goes on with the run" in err


def test_the_demo_shows_both_pairs_and_knows_when_a_pair_did_not_do_as_it_was_said(home: Path) -> None:
    from journeyman.cli.distill_demo import curves, demo_document, print_demo
    from journeyman.distill.check.check import CheckReport
    from journeyman.distill.check.figures import PairFigures, Verdict
    from journeyman.distill.demo import Shown

    def shown(name: str, works: bool, verdict: str) -> Shown:
        with write_training(home / name, works=works) as log:
            story = story_of(log)
        report = CheckReport((), PairFigures(), Verdict(verdict, f"it says {verdict}", {}))  # type: ignore[arg-type]
        return Shown(*(("student", "twin") if works else ("twin", "student")), works, report, story, home / name)

    good, poor = shown("good", True, "ready"), shown("poor", False, "no_new_capability")
    assert good.as_expected
    assert poor.as_expected, "it lost a point"
    assert not shown("surprise", True, "no_new_capability").as_expected
    assert not shown("unseen", False, "undecided").as_expected
    for width in (60, 80, 124):
        for ascii_only in (False, True):
            lines = curves([good, poor], width=width, ascii_only=ascii_only)
            assert all(line.cell_len <= width + 1 for line in lines)
    file = io.StringIO()
    print_demo([good, poor], Console(file=file, width=120))
    for part in ("check says: ready. it says ready", "check says: no new capability", "twin ← student", "0.610 → 0.600"):
        assert part in file.getvalue()
    assert demo_document(poor)["change"] == pytest.approx(-0.01)


# --- the whole way ------------------------------------------------------------------------------------------------


@pytest.fixture
def pair(home: Path) -> Path:
    """student, twin: the models that come with the package; train.jsonl, held-out.jsonl: their prompts."""
    from journeyman.distill.data.prompts import write_prompts
    from journeyman.distill.lab.build import lab_model
    from journeyman.distill.lab.prompts import lab_prompts

    for name in ("student", "twin"):
        (home / name).symlink_to(lab_model(name))
    write_prompts(home / "train.jsonl", lab_prompts("student", "train", 32, 0))
    write_prompts(home / "held-out.jsonl", lab_prompts("student", "evaluation", 8, 0))
    return home


TRAIN = (
    "distill", "train", "student", "twin", "--prompts", "train.jsonl", "--preset", "lab", "--steps", "2",
    "--prompts-per-step", "4", "--rollouts", "2", "--max-tokens", "40", "--eval-prompts", "held-out.jsonl", "--eval-n", "1",
    "--eval-max-tokens", "40", "--save-every", "1",
)  # fmt: skip


@pytest.mark.slow
def test_a_training_from_the_command_line(pair: Path, call: Call, capfd: Capture) -> None:
    """In a process of its own; what is asked before and after it in this one, where torch is loaded already."""
    one_thread = {"OMP_NUM_THREADS": "1", "OMP_WAIT_POLICY": "PASSIVE"}
    predicted = json.loads(said(capfd, *TRAIN, "--dry-run", "--json"))
    assert predicted["steps"] == 2
    assert predicted["peak_gb"] > 0
    assert json.loads(said(capfd, "run", "list", "--json")) == []
    done = call(*TRAIN, "--sink", "tensorboard", "--json", env=one_thread)
    assert done.status == 0, done.err
    document = done.document
    assert document["steps"] == 2
    assert [e["step"] for e in document["evaluations"]] == [0, 2]
    folder = Path(document["run"])
    assert (folder / "report.html").is_file()
    assert list((folder / "tensorboard").iterdir())
    assert "step 2/2" in done.err
    assert len(document["findings"]) == 12
    again = json.loads(said(capfd, "distill", "resume", "last", "--json"))
    assert again["run_id"] == document["run_id"], "a run that has ended gives its result"


def test_wrong_wiring_is_refused_unless_told_otherwise(pair: Path, capfd: Capture) -> None:
    """The twin as its instruct sibling would be: it ends with a token that the student never gives."""
    from journeyman.distill.model import open_model, save

    other = open_model(pair / "twin")
    other.model.generation_config.eos_token_id = [*other.eos_ids, 7]
    save(other, pair / "other")
    words = ("distill", "train", "student", "other", *TRAIN[4:], "--steps", "1")
    assert main([*words]) == 1
    out, err = capfd.readouterr()
    assert out == ""
    assert "the wiring is not right (eos), so nothing was begun. The student ends with" in err
    assert "journeyman distill check student other --prompts train.jsonl --grader bracket --max-tokens 40 --wiring" in err
    assert not list((pair / "runs").glob("*"))
    assert json.loads(said(capfd, *words, "--no-check", "--json"))["findings"] == []


@pytest.mark.slow
def test_a_check_from_the_command_line(pair: Path, call: Call, capfd: Capture) -> None:
    one_thread = {"OMP_NUM_THREADS": "1", "OMP_WAIT_POLICY": "PASSIVE"}
    words = ("distill", "check", "student", "twin", "--prompts", "train.jsonl", "--limit", "16", "--max-tokens", "64")
    done = call(*words, "--n", "2", "--no-gradient", env=one_thread)
    assert "✓ identity" in done.out
    assert "divergence [nats]" in done.out
    assert done.status == 0
    assert json.loads(said(capfd, *words, "--wiring", "--json"))["wired"] is True
    reverse = said(
        capfd, "distill", "check", "twin", "student", "--prompts", "train.jsonl", "--limit", "32", "--max-tokens", "64",
        "--n", "2", "--grader", "bracket", "--json", status=1,
    )  # fmt: skip
    assert json.loads(reverse)["verdict"]["name"] == "no_new_capability", "a pair that cannot work"
