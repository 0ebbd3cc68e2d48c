"""Attribution of whole runs: what is chosen, kept, paid for, reckoned beforehand and shown."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from xml.etree import ElementTree

import msgspec
import pytest

from journeyman.cli import main
from journeyman.errors import ModelConfigInvalid, ReplayDiffers, RunError, UsageError
from journeyman.foresee import evaluate, events
from journeyman.foresee.attribution.attribute import attribute, forecast
from journeyman.foresee.attribution.figure import figure_of
from journeyman.foresee.attribution.record import FILE_NAME, Attribution, read_attribution
from journeyman.foresee.attribution.shares import shares
from journeyman.foresee.attribution.staging import Stage, logged
from journeyman.foresee.attribution.wanted import Wanted
from journeyman.foresee.attribution.work import Progress
from journeyman.foresee.evaluate import budget_of, open_all
from journeyman.foresee.evaluation.plan import Given
from journeyman.foresee.protocol.repair import STAGES
from journeyman.ledger import Budget, Ledger
from journeyman.models import Price
from journeyman.models.scripted import Reply, Scripted
from journeyman.runlog import RunLog

AGENTS = ("scripted:perception=0.15,trust=1,misread=0.4", "scripted:perception=0.15,trust=1,drop=0.5")
READING, GATE = (f"{agent} | exact | normal | none" for agent in AGENTS)


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two agents, with and without a simulator, on a few lakes."""
    runs = tmp_path_factory.mktemp("runs")
    return evaluate("lake-6", agents=AGENTS, modes=["invisible", "normal"], instances=14, runs=runs).run


@pytest.fixture(scope="module")
def found(run: Path) -> Attribution:
    said: list[Progress] = []
    result = attribute(run, Wanted(sufficiency=False), on_progress=said.append)
    assert [one.done for one in said] == list(range(1, len(said) + 1))
    assert {one.total for one in said} == {len(said)}
    return result


def says(code: str = "F5", stage: str = "action", turn: int = 0) -> str:
    verdict = {"matters": "yes", "turn": turn, "stage": stage, "code": code, "evidence": f"It was turn {turn}."}
    return json.dumps(verdict)


def judge(name: str, stage: str, price: Price | None = None, seen: list[str] | None = None) -> Scripted:
    """Names always the same stage."""

    def reply(prompt: object) -> Reply:
        text = prompt.messages[-1].text  # type: ignore[attr-defined]
        if seen is not None:
            seen.append(text)
        return Reply(says("S1" if "This episode: success" in text else "F5", stage))

    return Scripted(name, reply, price=price)


def test_every_failure_is_attributed_and_every_success_with_calls_looked_at(run: Path, found: Attribution) -> None:
    with RunLog.open(run) as log:
        episodes = [e for e in events.episodes(log) if e.mode == "normal"]
    failed = [(e.cell, e.instance) for e in episodes if not e.success]
    assert [(f.cell, f.instance) for f in found.failures] == failed
    looked_at = [(e.cell, e.instance) for e in episodes if e.success and e.calls]
    assert [(s.cell, s.instance) for s in found.successes] == looked_at
    assert failed
    reading, gate = found.shares
    assert (reading.cell, reading.planted, gate.cell, gate.planted) == (READING, "reading", GATE, "gate")
    for cell, stage in ((reading, "reading"), (gate, "gate")):
        mine = next(one for one in cell.stages if one.stage == stage)
        assert mine.flips.hits == mine.flips.n == cell.failures
    assert found.replays == {READING: 1, GATE: 1}
    assert gate.made_by_calls.n == sum(s.cell == GATE for s in found.successes)


def test_it_is_kept_beside_the_run_as_it_was_found(run: Path, found: Attribution) -> None:
    kept = read_attribution(run)
    assert kept is not None
    assert kept.failures == found.failures
    one = found.failures[0]
    assert kept.failure_of(one.cell, one.instance, one.seed) == one
    assert kept.success_of(one.cell, one.instance, one.seed) is None
    with RunLog.open(run) as log:
        assert log.verb == "foresee"


def test_shapley_values_add_up_to_what_all_repairs_bring(run: Path, found: Attribution) -> None:
    again = attribute(run, Wanted(cells=(1,), episodes=2, successes=False, all_subsets=True))
    for failure in (f for f in again.failures if f.cell == READING):
        assert len(failure.arms) == 32
        assert sum(failure.blame.values()) == pytest.approx(float(failure.whole or 0))
        assert failure.blame["reading"] > 0.5
        assert set(failure.sufficient) == set(STAGES)
    # What was found of the other cell stays.
    assert [f for f in again.failures if f.cell == GATE] == [f for f in found.failures if f.cell == GATE]
    assert len([f for f in again.failures if f.cell == READING]) == 2
    attribute(run, Wanted(sufficiency=False))


def test_what_cannot_be_chosen_is_said(run: Path) -> None:
    with pytest.raises(UsageError, match="no cell 7; its cells are 0 to 3"):
        attribute(run, Wanted(cells=(7,)))
    with pytest.raises(UsageError, match="in mode invisible"):
        attribute(run, Wanted(cells=(0,)))
    with pytest.raises(UsageError, match="episodes is 0"):
        Wanted(episodes=0)
    with pytest.raises(UsageError, match="replays is 0"):
        Wanted(replays=0)


def test_a_damaged_or_newer_file_is_named(tmp_path: Path) -> None:
    assert read_attribution(tmp_path) is None
    (tmp_path / FILE_NAME).write_text('{"run": 3}')
    with pytest.raises(RunError, match="is no attribution of a run"):
        read_attribution(tmp_path)
    (tmp_path / FILE_NAME).write_text('{"run": "r", "version": 99}')
    with pytest.raises(RunError, match="newer version"):
        read_attribution(tmp_path)


# --- judges -----------------------------------------------------------------------------------------------------------


def test_judges_are_scored_against_the_replays_and_each_other(run: Path) -> None:
    seen: list[str] = []
    found = attribute(
        run, Wanted(sufficiency=False, episodes=4), judges=[judge("one", "meaning", seen=seen), judge("two", "input")]
    )
    one, two = found.agreement
    assert (one.judge, two.judge) == ("one", "two")
    in_reading = sum("reading" in f.singles for f in found.failures)
    in_gate = sum("gate" in f.singles for f in found.failures)
    assert (one.inside.hits, two.inside.hits) == (in_reading, in_gate)
    assert one.inside.n == len(found.failures)
    assert [(b.first, b.second, b.stage.n) for b in found.between] == [("one", "two", len(found.judged) // 2)]
    assert len(seen) == len(found.failures) + len(found.successes)
    # The judge is told how the same problem ended without a simulator.
    assert any("without a simulator: failure" in text for text in seen)
    assert any("without a simulator: success" in text for text in seen)
    failure = found.failures[0]
    assert [j.judge for j in found.judged_of(failure.cell, failure.instance, failure.seed)] == ["one", "two"]
    # Asked again, nothing is paid for; another judge's verdicts stay.
    again = attribute(run, Wanted(sufficiency=False, episodes=4), judges=[judge("one", "action", seen=seen)])
    assert len(seen) == len(found.failures) + len(found.successes)
    assert again.agreement == found.agreement


def test_a_budget_ends_the_judging_and_says_so(run: Path) -> None:
    with pytest.raises(ModelConfigInvalid, match="has no price"):
        attribute(run, Wanted(episodes=1), judges=[judge("free", "input")], max_usd=1.0)
    found = attribute(
        run, Wanted(sufficiency=False, episodes=3), judges=[judge("dear", "input", Price(10.0, 10.0))], max_usd=0.06
    )
    mine = [j for j in found.judged if j.judge == "dear"]
    total = len(found.failures) + len(found.successes)
    assert 0 < len(mine) < total
    assert any(f"dear judged {len(mine)} of {total} episodes" in note for note in found.notes)
    assert sum(j.micro_usd for j in mine) <= 60_000


def test_what_it_takes_is_said_before(run: Path) -> None:
    wanted = Wanted(episodes=2, sufficiency=False)
    before = read_attribution(run)
    said = forecast(run, wanted, judges=[judge("new", "input", Price(1.0, 4.0))])
    assert [(c.cell, c.failures, c.successes, c.replays) for c in said.cells] == [(READING, 2, 2, 1), (GATE, 2, 2, 1)]
    assert all(c.episodes_least < c.episodes_most and c.tokens == 0 for c in said.cells)
    (one,) = said.judges
    assert one.episodes == 8
    assert 0 < one.tokens < one.most_tokens
    assert one.usd is not None
    assert one.most_usd is not None
    assert 0 < one.usd < one.most_usd
    assert read_attribution(run) == before
    spent = attribute(run, wanted, judges=[judge("new", "input", Price(1.0, 4.0))])
    mine = next(a for a in spent.agreement if a.judge == "new")
    assert mine.micro_usd <= one.most_usd * 1e6
    assert mine.tokens == pytest.approx(one.tokens, rel=0.3)
    assert forecast(run, wanted, judges=[judge("new", "input")]).judges[0].known == 8


# --- agents that ask, governors that learn ----------------------------------------------------------------------------

WALKER = '''
"""Acts on what the last message shows, and falls where nothing warns it: a stand-in for a language model."""

def reply(messages, seed):
    last = messages[-1].text
    if "HYPOTHETICAL" in last and "X" in last:
        return "<act>Left</act>"
    if "HYPOTHETICAL" not in last and seed is not None and seed % 2:
        return "<simulate>Down</simulate>"
    return "<act>Down</act>"
'''


def test_agents_that_ask_are_replayed_several_times_and_not_paid_twice(tmp_path: Path) -> None:
    walker = tmp_path / "walker.py"
    walker.write_text(WALKER)
    run = evaluate(
        "lake-4", agents=f"scripted/{walker}", modes="normal", instances=4, runs=tmp_path / "runs", parallel=2
    ).run  # fmt: skip
    wanted = Wanted(sufficiency=False, episodes=2)
    planned = forecast(run, wanted).cells[0]
    assert planned.replays == 8
    assert planned.tokens > 0
    found = attribute(run, wanted, parallel=2)
    assert found.failures
    assert all(arm.success.n == 8 for failure in found.failures for arm in failure.arms)
    assert 0 < found.tokens <= planned.tokens * 1.5
    assert any("does not state what it reads" in note for note in found.notes)
    # The same question again costs nothing; with other replays it is another question.
    again = attribute(run, wanted)
    assert (again.tokens, again.failures) == (found.tokens, found.failures)
    assert forecast(run, wanted).cells[0].episodes_most == 0
    few = attribute(run, Wanted(sufficiency=False, episodes=1, replays=2), max_tokens=found.tokens // 20)
    assert any("replays ended early" in note for note in few.notes)


def test_a_governor_that_learns_is_as_it_was(tmp_path: Path) -> None:
    """Its rulings rest on earlier episodes; replays from the middle of the run still are the log."""
    governor = "voi:cost=0.02,reliability=learned"
    run = evaluate(
        "lake-4", agents="scripted:perception=0.3", world_models="exact+transition=0.4", governors=governor, modes="normal",
        instances=30, runs=tmp_path,
    ).run  # fmt: skip
    with RunLog.open(run) as log:
        opened = open_all(events.about(log).plan, Given(), None, budget_of(None, None, None))
        assert opened.learns(opened.plan.cells[0])
        everything = logged(log)
        last = [one for one in everything if not one.episode.success][-2:]
        stage = Stage(opened, 0, lambda one: [], Ledger(Budget()))
        from journeyman.foresee.attribution.replay import replay

        for one, staged in stage.staged(everything, lambda one: one in last):
            assert one.episode.calls or one.episode.real
            assert replay(staged).diverged is None
            assert replay(staged).diverged is None  # a replay taught it nothing
    found = attribute(run, Wanted(episodes=2, sufficiency=False, successes=False))
    assert len(found.failures) == 2


def test_a_run_that_cannot_be_repeated_is_left_as_it_was(run: Path, tmp_path: Path) -> None:
    import random

    from journeyman.foresee.agents.agent import Brief, Turn

    class Moody:
        """Walks by chance."""

        def begin(self, brief: Brief) -> None:
            """Nothing to prepare."""

        def reply(self, turn: Turn) -> str:
            """Any action."""
            return f"<act>{random.randrange(4)}</act>"

    made = evaluate("lake-6", agents=[Moody], modes="normal", instances=6, runs=tmp_path).run
    with pytest.raises(ReplayDiffers, match="--replays 8"):
        attribute(made, agents=[Moody])
    assert read_attribution(made) is None


# --- what is shown ----------------------------------------------------------------------------------------------------


def called(words: Sequence[str], capsys: pytest.CaptureFixture[str]) -> tuple[int, str, str]:
    status = main(["foresee", "attribute", *words])
    said = capsys.readouterr()
    return status, said.out, said.err


def test_the_command_shows_tables_and_writes_a_figure(
    run: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    figure, page = tmp_path / "why.svg", tmp_path / "why.html"
    status, out, err = called([str(run), "--episodes", "3", "--svg", str(figure), "--html", str(page)], capsys)
    assert status == 0
    assert out.startswith("Repairing the reading alone flips 3 of ")
    assert f"page: {page}" in err
    assert "failures that its repair flips [%]" in page.read_text()
    assert f"3 failures of {READING}, fault planted at the reading" in out
    assert "Planted faults and the repairs that flip them" in out
    assert "Successes" in out
    assert f"figure: {figure}" in err
    root = ElementTree.fromstring(figure.read_bytes())
    assert root.tag == "{http://www.w3.org/2000/svg}svg"
    assert "planted reading, repaired reading: 3 of 3" in figure.read_text()


def test_the_command_gives_one_document(run: Path, capsys: pytest.CaptureFixture[str]) -> None:
    status, out, _ = called([str(run), "--episodes", "2", "--failures-only", "--json", "-q"], capsys)
    assert status == 0
    document = json.loads(out)
    assert document["run"] == run.name
    assert len(document["failures"]) == 4
    read = msgspec.convert({k: v for k, v in document.items() if k in ("run", "failures", "replays")}, Attribution)
    assert read.failures[0].singles


def test_the_command_says_what_it_would_take(run: Path, capsys: pytest.CaptureFixture[str]) -> None:
    status, out, _ = called([str(run), "--dry-run", "--shapley", "--failures-only", "--episodes", "2"], capsys)
    assert status == 0
    assert "2 failures, 0 successes with calls; 64 to 64 replays; no language model is asked." in out
    status, out, _ = called([str(run), "--dry-run", "--json"], capsys)
    assert {cell["replays"] for cell in json.loads(out)["cells"]} == {1}


def test_wrong_calls_are_one_sentence(run: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for words, why, status in (
        (["no-such-run"], "there is no run", 2),
        ([str(run), "--cell", "9"], "no cell 9", 2),
        ([str(run), "--judge", "nobody"], "no model 'nobody'", 2),
    ):
        ended, _, err = called(words, capsys)
        assert (ended, why in err, err.count("\n")) == (status, True, 1)


def test_nothing_to_attribute_is_no_failure(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    run = evaluate("lake-4", agents="scripted:perception=0,call=never", modes="normal", instances=2, runs=tmp_path).run
    found = attribute(run)
    assert (found.failures, found.successes, figure_of(found)) == ((), (), None)
    status, out, _ = called([str(run)], capsys)
    assert (status, out) == (0, "No failure was attributed\nThere is no failure and no success with calls to look at.\n")
    status, _, err = called([str(run), "--svg", str(tmp_path / "a.svg")], capsys)
    assert status == 2
    assert "nothing to draw" in err


def test_shares_of_no_episodes_are_empty() -> None:
    empty = shares("cell", [], [])
    assert (empty.failures, empty.called, empty.made_by_calls.share) == (0, 0, None)
    assert all(stage.flips.n == 0 and stage.blame is None for stage in empty.stages)
