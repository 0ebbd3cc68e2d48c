"""The examples of a world and an agent of one's own, run as a user runs them."""

from __future__ import annotations

from pathlib import Path

import pytest

from journeyman.errors import UsageError
from journeyman.foresee.draws import Draws
from journeyman.foresee.evaluate import evaluate
from journeyman.foresee.world_models.exact import Exact
from journeyman.foresee.world_models.model import Asked
from journeyman.foresee.worlds.registry import open_world
from journeyman.runlog import RunLog

EXAMPLES = Path(__file__).parents[2] / "examples"
TANK = f"{EXAMPLES}/my_world/tank.py:Tank"
SCOUT = f"{EXAMPLES}/my_agent/scout.py:Scout"


def test_the_scout_fills_tanks_by_asking_and_hardly_without(tmp_path):
    result = evaluate(TANK, agents=SCOUT, modes=["invisible", "normal", "force"], instances=30, runs=tmp_path)
    invisible, normal, force = result.rows()
    assert normal.success >= 0.8
    assert invisible.success <= 0.5
    assert normal.helps - normal.hurts == pytest.approx(normal.success - invisible.success)
    assert (force.success, force.calls) == (normal.success, normal.calls), "it asks before each action anyhow"
    assert result.reason == "all episodes are played"
    with RunLog.open(result.run) as log:
        assert log.blob_digests() == [], "an agent that repeats itself has no replies kept"


def test_the_scout_plays_other_worlds_too(tmp_path):
    result = evaluate("lake-4", agents=SCOUT, modes=["invisible", "normal"], instances=30, runs=tmp_path)
    invisible, normal = result.rows()
    assert normal.success > invisible.success + 0.2
    assert normal.helps > normal.hurts


def test_the_tank_is_a_world_that_can_be_saved():
    tank = open_world(TANK)
    for instance in tank.instances(20):
        tank.reset(options={"instance": instance.id})
        start = tank.snapshot()
        ways = {start: tank.digest()}
        edge = [start]
        while edge:  # all states, by breadth
            state = edge.pop(0)
            for action in range(4):
                tank.restore(state)
                tank.step(action)
                after = tank.snapshot()
                if after not in ways:
                    ways[after] = tank.digest()
                    edge.append(after)
                asked = Asked(Draws(0), instance.id, 0)
                assert Exact(tank).predict(state, (action,), asked).snapshot == after
        assert any(digest["success"] for digest in ways.values()), "every tank can be filled"
        assert any(digest["terminal"] and not digest["success"] for digest in ways.values())
        tank.restore(start)
        assert tank.snapshot() == start
        tank.reset(options={"instance": instance.id})
        assert tank.snapshot() == start


def test_the_examples_are_short_and_explained():
    for folder in ("my_world", "my_agent"):
        (file,) = (EXAMPLES / folder).glob("*.py")
        assert len(file.read_text().splitlines()) < 80
        assert file.name in (EXAMPLES / folder / "README.md").read_text()


def test_a_world_in_a_file_may_use_dataclasses_and_says_where_it_fails(tmp_path):
    text = Path(TANK.rpartition(":")[0]).read_text()
    wet = "@dataclass\nclass Wet:\n    level: int = 0\n"
    header = "from __future__ import annotations\nfrom dataclasses import dataclass\n"
    (tmp_path / "wet.py").write_text(f"{header}{wet}{text}")
    assert open_world(f"{tmp_path}/wet.py:Tank").about.name == "tank"
    (tmp_path / "dry.py").write_text("x = 1\nx / 0\n")
    with pytest.raises(UsageError, match=r"dry.py cannot be loaded: ZeroDivisionError: division by zero \(line 2\)"):
        open_world(f"{tmp_path}/dry.py:Tank")
    with pytest.raises(UsageError, match="has no class 'Tonk'; it has Wet, Tank"):
        open_world(f"{tmp_path}/wet.py:Tonk")
