"""The page of a run with calls of models: what it says of them, and how large it gets."""

from __future__ import annotations

from pathlib import Path

import pytest

from journeyman.optimize.page import page_of, write_report
from journeyman.optimize.shown.costs import by_model, by_proposer, outcomes_by_model
from journeyman.optimize.story import Story, story_of
from journeyman.report.page import render
from journeyman.report.table import Table

from .logs import write_run


@pytest.fixture(scope="module")
def story(tmp_path_factory: pytest.TempPathFactory) -> Story:
    with write_run(tmp_path_factory.mktemp("calls") / "run") as log:
        return story_of(log)


def column(table: Table, name: str) -> dict[str, str]:
    place = table.columns.index(name)
    return {row[0]: row[place] for row in table.rows}


def test_calls_belong_to_their_proposals(story: Story) -> None:
    for step in story.steps:
        expected = 0 if step.index == 0 or step.index % 5 == 0 else 2 if step.index % 10 == 7 else 1
        assert [call.number for call in step.calls] == list(range(1, expected + 1))
        assert all(call.index == step.index for call in step.calls)
    assert story.step(6).kind == "unparsable"
    assert story.step(6).proposer == "large"
    assert story.step(3).calls[0].outcome == "refused"


def test_money_and_tokens_add_up(story: Story) -> None:
    last = story.step(story.course[-1])
    assert last.tokens_so_far == sum(call.tokens for call in story.calls) == story.result.spent.tokens
    assert (
        round(last.usd_so_far * 1e6)
        == sum(call.micro_usd or 0 for call in story.calls)
        == story.result.spent.micro_usd
    )
    assert last.usd_so_far > 0


def test_the_tables_of_models_say_what_the_log_says(story: Story) -> None:
    models, ends, proposers = by_model(story), outcomes_by_model(story), by_proposer(story.steps[1:])
    calls = {name: [call for call in story.calls if call.model == name] for name in ("large", "small")}
    assert column(models, "calls") == {name: str(len(own)) for name, own in calls.items()}
    assert column(models, "money")["small"] == "–", "nobody knows the price of this one"
    assert f"{len(calls['small'])} of {len(story.calls)} calls" in models.note
    assert column(models, "of them cached") == {"large": "50 %", "small": "50 %"}
    assert sum(int(n) for n in column(ends, "refused").values()) == sum(
        call.outcome == "refused" for call in story.calls
    )
    assert sum(int(n) for n in column(proposers, "proposals").values()) == 30
    improved = sum(step.improved for step in story.steps)
    assert sum(int(said.split()[0]) for said in column(proposers, "improvements").values()) == improved > 0


def test_there_is_a_panel_for_money(tmp_path: Path) -> None:
    with write_run(tmp_path / "run", proposals=12) as log:
        text = render(page_of(log))
    assert "money [US$]" in text
    assert "Models and proposers" in text
    assert text.count("Keep the chip cold. Every constraint is hard.") == 40, (
        "the statement stands there once"
    )


def test_a_hundred_candidates_with_long_prompts_make_a_file_of_reasonable_size(tmp_path: Path) -> None:
    statement = "Keep the chip cold, and say why it is.\n" * 390
    assert len(statement) > 15_000
    with write_run(tmp_path / "run", proposals=100, statement=statement) as log:
        write_report(log, tmp_path / "page.html")
        text = (tmp_path / "page.html").read_text()
    assert len(text) < 1_500_000
    assert text.count("Keep the chip cold, and say why it is.") == 390
    assert all(f'id="c{i}"' in text for i in range(101))


def test_a_proposal_that_was_not_settled_is_under_way(tmp_path: Path) -> None:
    with write_run(tmp_path / "run", proposals=7, ended=False) as log:
        story = story_of(log)
        assert story.steps[-1].kind == "under way"
        assert "under way" in render(page_of(log))
