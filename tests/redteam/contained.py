"""What is asserted of every attack behind a wall; one test file for each wall, so that they can run side by side."""

from __future__ import annotations

import re

import pytest
from arena import Arena, Attack, Host, Scales, deserved, loot, open_verifier, read_attacks

from journeyman.verify import Status, Verdict

ALL = read_attacks()
CANDIDATES_FAULT = {Status.INFEASIBLE, Status.CANDIDATE_ERROR, Status.TIMEOUT}


def attacks(wall: str) -> list[Attack]:
    """The attacks that this wall must contain."""
    return [attack for attack in ALL.values() if attack.contained(wall)]


def assert_contained(attack: Attack, here: Arena, host: Host) -> None:
    """Its score is what its design deserves, the host is unchanged, and the next candidate finds all as it was."""
    with Scales(host) as scales:
        for now in filter(None, (attack, ALL.get(attack.then))):
            assert_deserved(now, here, here.run(now))
    # The limits are 256 MB, or 400 MB for a family, on top of the interpreter and its packages.
    assert scales.most_mb < 1200
    assert here.leftovers() == []
    assert host.check() == []
    after = here.verifier.evaluate(here.task.seed)
    assert after.ok, after.feedback
    if not here.task.noisy:
        assert after.score == here.seed.score


def assert_deserved(attack: Attack, here: Arena, verdict: Verdict) -> None:
    """The verdict is the attack's expected one, tells no secret, and has the score that its design deserves."""
    said = f"{verdict.status} {verdict.score}: {verdict.feedback[:600]}"
    assert loot(verdict) == [], f"{loot(verdict)} {said}"
    assert not [secret for secret in here.host.secrets if secret in repr(verdict)], said
    assert re.search(attack.says, verdict.feedback), said
    if attack.expect in ("seed-score", "deserved"):
        assert verdict.ok, said
    elif attack.expect == "not-ok":
        assert verdict.status in CANDIDATES_FAULT, said
    elif attack.expect.startswith("status:"):
        assert verdict.status == attack.expect.removeprefix("status:"), said
    else:
        assert attack.expect == "deserved-or-not-ok"
        assert verdict.ok or verdict.status in CANDIDATES_FAULT, said
    if attack.expect == "seed-score":
        assert verdict.score == here.seed.score, said
    if verdict.ok and here.task.id.startswith("redteam/"):
        assert verdict.score == pytest.approx(deserved(here.task, verdict), rel=1e-12), said
        if here.task.exchange == "build":
            # The attacks work as the seed does. What a clock could be cheated of is a hundredfold, so this is no race.
            assert verdict.score < 4 * here.seed.score, said


def assert_leaves_nothing(here: Arena, wall: str, host: Host) -> None:
    """A closed verifier leaves neither a folder nor a process."""
    before = sorted(host.scratch.iterdir())
    with open_verifier(here.task, wall) as verifier:
        verifier.evaluate(here.task.seed)
    assert sorted(host.scratch.iterdir()) == before
    assert here.leftovers() == []
