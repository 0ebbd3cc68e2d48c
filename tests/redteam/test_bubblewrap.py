"""Every attack that needs a wall, behind namespaces made by bubblewrap. The others meet the same exchange as embedded."""

from __future__ import annotations

import pytest
from contained import assert_contained, assert_leaves_nothing, attacks

pytestmark = pytest.mark.redteam
WALL = "bubblewrap"


@pytest.mark.parametrize(
    "attack", [a for a in attacks(WALL) if "none" not in a.contained_at], ids=lambda a: a.name
)
def test_attack_is_contained(attack, arena, host):
    assert_contained(attack, arena(attack.task, WALL), host)


def test_a_closed_verifier_leaves_nothing(arena, host):
    assert_leaves_nothing(arena("data", WALL), WALL, host)
