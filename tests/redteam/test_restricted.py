"""Every attack behind Landlock, a system call filter and limits: the level `restricted`."""

from __future__ import annotations

import pytest
from contained import assert_contained, assert_leaves_nothing, attacks

pytestmark = pytest.mark.redteam
WALL = "restricted"


@pytest.mark.parametrize("attack", attacks(WALL), ids=lambda a: a.name)
def test_attack_is_contained(attack, arena, host):
    assert_contained(attack, arena(attack.task, WALL), host)


def test_a_closed_verifier_leaves_nothing(arena, host):
    assert_leaves_nothing(arena("data", WALL), WALL, host)
