"""Every attack behind every wall that must contain it: its score is what its design deserves, and the host is unchanged."""

from __future__ import annotations

import re

import pytest
from arena import WALLS, Arena, Attack, Scales, deserved, loot, open_verifier, read_attacks

from journeyman.verify import Status, Verdict

ALL = read_attacks()
CANDIDATES_FAULT = {Status.INFEASIBLE, Status.CANDIDATE_ERROR, Status.TIMEOUT}
CASES = [
    pytest.param(attack, wall, id=f"{wall}-{attack.name}")
    for wall in WALLS
    for attack in ALL.values()
    if attack.contained(wall)
]
pytestmark = pytest.mark.redteam


@pytest.mark.parametrize(("attack", "wall"), CASES)
def test_attack_is_contained(attack, wall, arena, host):
    here: Arena = arena(attack.task, wall)
    for now in filter(None, (attack, ALL.get(attack.then))):
        verdict = here.run(now)
        assert_deserved(now, here, verdict)
    assert here.leftovers() == []
    assert host.check() == []
    after = here.verifier.evaluate(here.task.seed)
    assert after.ok, after.feedback
    if not here.task.noisy:
        assert after.score == here.seed.score


@pytest.mark.parametrize("wall", [*WALLS, "none"])
def test_a_closed_verifier_leaves_nothing(wall, host, arena):
    """Neither a folder nor a process, at whatever level."""
    here: Arena = arena("data", wall)
    before = sorted(host.scratch.iterdir())
    with open_verifier(here.task, wall) as verifier:
        verifier.evaluate(here.task.seed)
    assert sorted(host.scratch.iterdir()) == before


@pytest.mark.parametrize(
    "attack", [a for a in ALL.values() if a.name.startswith("memory")], ids=lambda a: a.name
)
def test_memory_of_the_host_is_not_eaten(attack, wall, arena, host):
    """All processes of an attack together stay near the limit of their task (256 or 400 MB, the interpreter not counted)."""
    here: Arena = arena(attack.task, wall)
    with Scales(host) as scales:
        here.run(attack)
    assert scales.most_mb < 1200
    assert host.check() == []


BITES = [a for a in ALL.values() if "none" in a.bites_at]


@pytest.mark.parametrize("attack", BITES, ids=lambda a: a.name)
def test_attack_bites_without_walls(attack, arena, host):
    """So that an attack which is contained elsewhere is known to try what it says."""
    here: Arena = arena(attack.task, "none")
    assert loot(here.run(attack))
    host.check()


HARMLESS = [a for a in ALL.values() if "none" in a.contained_at]


@pytest.mark.parametrize("attack", HARMLESS, ids=lambda a: a.name)
def test_attack_on_the_exchange_fails_even_without_walls(attack, arena, host):
    """What only concerns the data that cross the wall, and time, holds at every level; and `none` is said."""
    here: Arena = arena(attack.task, "none")
    verdict = here.run(attack)
    assert verdict.level.startswith("none")
    assert_deserved(attack, here, verdict)
    assert here.leftovers() == []
    assert host.check() == []


def assert_deserved(attack: Attack, here: Arena, verdict: Verdict) -> None:
    said = f"{verdict.status} {verdict.score}: {verdict.feedback[:600]}"
    assert loot(verdict) == [], f"{loot(verdict)} {said}"
    everything = repr(verdict)
    assert re.search(attack.says, verdict.feedback), said
    assert not [s for s in here.host.secrets if s in everything], said
    if attack.expect == "seed-score":
        assert verdict.ok, said
        assert verdict.score == here.seed.score, said
    elif attack.expect.startswith("status:"):
        assert verdict.status == attack.expect.removeprefix("status:"), said
    elif attack.expect == "not-ok":
        assert verdict.status in CANDIDATES_FAULT, said
    elif attack.expect == "deserved":
        assert verdict.ok, said
    else:
        assert attack.expect == "deserved-or-not-ok"
        assert verdict.ok or verdict.status in CANDIDATES_FAULT, said
    if verdict.ok and here.task.id.startswith("redteam/"):
        assert verdict.score == pytest.approx(deserved(here.task, verdict), rel=1e-12), said
        if here.task.exchange == "build":
            # The attacks here work as the seed does. What a clock could be cheated of is a hundredfold, so this is no race.
            assert verdict.score < 4 * here.seed.score, said
