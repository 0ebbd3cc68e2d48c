"""docs/threat-model.md names every attack, at its levels, and every attack's header is whole.

`python tests/redteam/test_threat_model.py` prints the table that belongs there.
"""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent))

from arena import ATTACKS, TASKS, Attack, read_attacks

pytestmark = pytest.mark.redteam
DOCUMENT = Path(__file__).parents[2] / "docs" / "threat-model.md"
EXPECTED = {
    "seed-score": "scores as the seed does",
    "deserved": "ok, with the score its design deserves",
    "deserved-or-not-ok": "the score its design deserves, or none",
    "not-ok": "no score",
    "status:timeout": "timeout",
}


def row(attack: Attack) -> str:
    """One line of the table."""
    return f"| `{attack.name}` | {attack.attack} | {', '.join(attack.contained_at)} | {EXPECTED[attack.expect]} |"


def table() -> str:
    lines = ["| attack | tries to | contained at | verdict |", "|---|---|---|---|"]
    return "\n".join([*lines, *map(row, read_attacks().values())])


def test_there_are_forty_attacks_and_more():
    assert len(read_attacks()) >= 40


@pytest.mark.parametrize("attack", read_attacks().values(), ids=lambda a: a.name)
def test_the_document_has_the_attack(attack):
    assert row(attack) in DOCUMENT.read_text(encoding="utf-8"), f"write: {row(attack)}"
    assert attack.task in TASKS or "/" in attack.task
    assert not attack.then or (ATTACKS / attack.then).is_file()
    # What gets through without walls cannot be contained there too.
    assert not set(attack.bites_at) & set(attack.contained_at)


def test_the_document_has_no_other_attack():
    text = DOCUMENT.read_text(encoding="utf-8").partition("## The attacks")[2]
    named = {line.split("`")[1] for line in text.splitlines() if line.startswith("| `")}
    assert named == set(read_attacks())


if __name__ == "__main__":
    print(table())
