"""Under every search, every prompt holds statement, constraints, parent, verdict and feedback: once each, and the true ones.

What is true is taken from the run's log, never from the prompt.
"""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import dataclass
from pathlib import Path

import msgspec
import pytest
from quick_task import Valley, make_task

from journeyman.models import Model, Prompt
from journeyman.models.nudge import nudge
from journeyman.models.scripted import Reply, Scripted
from journeyman.optimize import events, optimize
from journeyman.optimize.archive import Archive
from journeyman.optimize.brief import brief_of
from journeyman.optimize.search import SEARCHES
from journeyman.runlog import RunLog
from journeyman.verify import Candidate, Task, Verdict

EVALUATIONS = 12


@dataclass(frozen=True)
class Asked:
    """One prompt of a run, and what the log says about its proposal."""

    index: int
    parent: int
    system: str
    user: str
    failure: str
    """What the next prompt for this parent has to say; "" if nothing went wrong."""


def uneven(prompt: Prompt) -> Reply:
    """The stand-in model on bad days: every fourth proposal is of no use, some designs do not fit, some are no design."""
    index = int(prompt.key.partition("/")[0])
    if index % 8 == 2:
        return Reply("I would rather not say which file I mean.")
    if index % 8 == 6:
        return Reply(
            "A bold edit.\n\n### FILE: params.toml\n<<<<<<< SEARCH\nx = 99.0\n=======\nx = 0.0\n>>>>>>> REPLACE\n"
        )
    if index % 8 == 5:
        return Reply(f"Many.\n\n### FILE: params.toml\n```\nx = {index}.0\ny = 0.0\nn = 18\n```\n")
    if index % 8 == 7:
        return Reply(f"None.\n\n### FILE: params.toml\n```\nx = {index}.0\n```\n")
    return Reply(nudge(prompt))


def run(task: Task, search: str, folder: Path) -> tuple[list[Asked], dict[int, tuple[Candidate, Verdict]]]:
    """The prompts of a run in their order, and every trial of it."""
    model: Model = Scripted("scripted/uneven", uneven)
    result = optimize(
        task, search=search, model=model, evaluations=EVALUATIONS, verifier=Valley(), runs=folder, seed=4
    )
    asked: list[Asked] = []
    with RunLog.open(result.run) as log:
        archive, said = Archive(log), list(log.events())
        parents = {}
        for event in said:
            if event.kind in (events.CANDIDATE, events.FAILED):
                assert event.body is not None
                if event.body["index"] != 0:
                    parents[event.body["index"]] = event.body["parents"][0]
        wrong: dict[int, str] = {}
        trials: dict[int, tuple[Candidate, Verdict]] = {}
        for event in said:
            body = event.body or {}
            if event.kind == events.CALL:
                parent = parents[body["index"]]
                messages = msgspec.json.decode(log.blob(body["prompt"]))["messages"]
                assert [message["role"] for message in messages] == ["system", "user"]
                texts = [message["text"] for message in messages]
                asked.append(Asked(body["index"], parent, texts[0], texts[1], wrong.get(parent, "")))
            elif event.kind == events.CANDIDATE:
                archive.add_candidate(body["index"], body["digest"], event.seq)
                wrong.pop(parents.get(body["index"], -1), None)
            elif event.kind == events.VERDICT:
                archive.add_verdict(body["index"], event.seq)
                trials[body["index"]] = archive.candidate(body["index"]), archive.verdict(body["index"])
            elif event.kind == events.REPEATED:
                archive.share_verdict(body["index"], body["same_as"])
                trials[body["index"]] = archive.candidate(body["index"]), archive.verdict(body["index"])
                wrong[parents[body["index"]]] = f"identical to trial {body['same_as']}"
            elif event.kind == events.FAILED:
                wrong[parents[body["index"]]] = body["message"]
        assert result.verified == EVALUATIONS
        assert result.failed_proposals > 0
    return asked, trials


def parts(text: str) -> list[tuple[str, str]]:
    """(heading, text below it) for every top heading of a prompt; what stands in fences or in the statement has none."""
    found: list[tuple[str, list[str]]] = [("", [])]
    fence = ""
    quoted = False
    for line in text.split("\n"):
        ticks = re.match(r"`{3,}", line)
        if quoted or line == "<statement>":
            quoted = line != "</statement>"
        elif fence:
            fence = "" if line == fence else fence
        elif ticks:
            fence = ticks[0]
        elif line.startswith("# "):
            found.append((line, []))
            continue
        found[-1][1].append(line)
    assert not fence
    assert not quoted
    return [(heading, "\n".join(lines)) for heading, lines in found]


@pytest.fixture(scope="module")
def task(tmp_path_factory: pytest.TempPathFactory) -> Task:
    return make_task(tmp_path_factory.mktemp("valley") / "task")


@pytest.mark.parametrize("search", SEARCHES)
def test_every_prompt_has_all_that_a_proposal_needs(search: str, task: Task, tmp_path: Path) -> None:
    asked, trials = run(task, search, tmp_path)
    brief = brief_of(task)
    assert len(asked) >= EVALUATIONS
    assert [one.index for one in asked] == list(range(1, len(asked) + 1))
    assert asked[0].parent == 0
    assert len({one.system for one in asked}) == 1
    told = 0
    for one in asked:
        candidate, verdict = trials[one.parent]
        assert one.user.count(brief.statement.strip()) == 1
        assert one.user.count(brief.constraints) == 1
        sections = parts(one.user)
        kinds = Counter(re.split(r" \(|:", heading)[0] for heading, _ in sections)
        once = ("# Task", "# Constraints", "# Score", "# Candidate to improve", "# Reply")
        assert all(kinds[name] == 1 for name in once), kinds
        by_name = dict(sections)
        assert by_name["# Constraints"].strip() == brief.constraints
        assert "A smaller score is better" in by_name["# Score"]
        parent = by_name[f"# Candidate to improve (trial {one.parent})"]
        assert parent.count(f"### FILE: params.toml\n```\n{candidate.text('params.toml')}```") == 1
        assert parent.count("### FILE: ") == 1
        assert parent.count(f"Status: {verdict.status}") == 1
        if verdict.score is not None:
            assert parent.count(f"Score: {verdict.score:.6g}\n") == 1
        assert verdict.feedback
        assert parent.count(f"## Feedback of the verifier\n\n```\n{verdict.feedback}\n```") == 1
        for instance in verdict.instances:
            assert parent.count(f"- {instance.instance}: {instance.score:.6g}\n") == 1
        for name, metric in verdict.metrics.items():
            assert parent.count(f"- {name}: {metric.value:.6g} {metric.unit}".rstrip()) == 1
        wrong = by_name.get("# What went wrong last time", "")
        assert bool(wrong) == bool(one.failure)
        assert one.failure in wrong
        told += bool(one.failure)
    # Every search comes back to some parent after a failure, so this was put to the test.
    assert told > 0


@pytest.mark.parametrize("search", SEARCHES)
def test_every_prompt_shows_the_others_as_they_are(search: str, task: Task, tmp_path: Path) -> None:
    asked, trials = run(task, search, tmp_path)
    for one in asked:
        seen = {one.parent}
        for heading, text in parts(one.user):
            number = re.match(r"# (?:Other candidate|Last attempt) \(trial (\d+)\)", heading)
            if number is None:
                continue
            index = int(number[1])
            candidate, verdict = trials[index]
            assert index < one.index
            assert index not in seen
            seen.add(index)
            assert str(verdict.status) in heading + text
            if heading.startswith("# Other"):
                assert f"### FILE: params.toml\n```\n{candidate.text('params.toml')}```" in text
                if verdict.score is not None:
                    assert f": ok, {verdict.score:.6g}" in heading
            else:
                assert verdict.feedback in text
                assert "```\n--- params.toml" in text
