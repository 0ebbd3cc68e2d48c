"""Without walls: the exchange still gives each design what it deserves, `none` is said, and the other attacks do bite."""

from __future__ import annotations

import pytest
from arena import loot
from contained import ALL, assert_contained, assert_leaves_nothing, attacks

from journeyman.verify import load_task
from journeyman.verify.verifier import Verifier

pytestmark = pytest.mark.redteam
BITES = [attack for attack in ALL.values() if "none" in attack.bites_at]


@pytest.mark.parametrize("attack", attacks("none"), ids=lambda a: a.name)
def test_attack_on_the_exchange_fails_even_without_walls(attack, arena, host):
    assert_contained(attack, arena(attack.task, "none"), host)


@pytest.mark.parametrize("attack", BITES, ids=lambda a: a.name)
def test_attack_bites_without_walls(attack, arena, host):
    """So that an attack which is contained elsewhere is known to try what it says."""
    here = arena(attack.task, "none")
    assert loot(here.run(attack))
    host.ears.heard.clear()


def test_a_verdict_without_walls_says_so(host):
    with Verifier(load_task(host.tasks["data"]), level="none") as verifier:
        assert verifier.level.startswith("none")
        assert verifier.evaluate(verifier.task.seed).level.startswith("none")


def test_none_is_never_chosen_unasked(host):
    with Verifier(load_task(host.tasks["data"])) as verifier:
        assert verifier.level.split()[0] in ("namespaces", "restricted")


def test_a_closed_verifier_leaves_nothing(arena, host):
    assert_leaves_nothing(arena("data", "none"), "none", host)
