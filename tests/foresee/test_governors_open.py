"""Governors by name: each opens, and every wrong name gets one sentence that says what is wrong."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from governors_points import Held, point

from journeyman.errors import UsageError
from journeyman.foresee.agents.agent import Wish
from journeyman.foresee.governors.governor import Knowing, Listening, learns
from journeyman.foresee.governors.open import NAMES, open_governor


@pytest.mark.parametrize("name", [name for name in NAMES if "FILE" not in name])
def test_every_name_opens_and_keeps_its_name(name: str) -> None:
    governor = open_governor(name)
    assert (governor is None) == (name == "none")
    if governor is not None:
        assert governor.name == name


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("sometimes", "there is no governor 'sometimes'"),
        (":0.3", "begins with no name"),
        ("never:1", "'never' has no settings"),
        ("oracle:depth=2", "'oracle' has no settings"),
        ("random", "needs one number; write 'random:0.3'"),
        ("random:often", "needs a number, not 'often'"),
        ("random:1.5", "from 0 to 1, not 1.5"),
        ("random:nan", "from 0 to 1, not nan"),
        ("random:share=0.3", "no setting 'share'"),
        ("random:matched=nowhere", "names no run and governor"),
        ("random:matched=nowhere/voi", "names no run and governor"),
        ("confidence:-1", "from 0 to 1, not -1"),
        ("confidence:0.1,0.2", "two values"),
        ("encourage:0.1,rate=0.2", "no setting 'rate'"),
        ("voi:price=1", "no setting 'price'"),
        ("voi:cost=-1", "0 or more, not -1"),
        ("voi:cost=inf", "0 or more, not inf"),
        ("voi:depth=two", "'two' is no int"),
        ("voi:depth=0", "1 or more, not 0"),
        ("voi:batch=5", "from 1 to 4 calls, not 5"),
        ("voi:quantile=1", "between 0 and 1, not at 1"),
        ("voi:reliability=high", "a number from 0 to 1, or 'learned'"),
        ("voi:reliability=2", "from 0 to 1, not 2"),
        ("voi:start=1", "between 0 and 1, not at 1"),
        ("voi:uplift=nowhere.json", "cannot be read"),
        ("voi:calibration=nowhere.json", "cannot be read"),
        ("uplift", "uplift needs file"),
        ("uplift:nowhere.json", "cannot be read"),
    ],
)
def test_a_wrong_name_gets_one_sentence(name: str, said: str) -> None:
    with pytest.raises(UsageError) as raised:
        open_governor(name)
    assert said in str(raised.value)
    assert "\n" not in str(raised.value)


GOOD_TREE = {
    "feature": [5, -1, -1], "threshold": [0.1, 0.0, 0.0], "left": [1, 1, 1], "right": [2, 2, 2], "value": [0.0, 0.1, 0.2],
}  # fmt: skip


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({}, ""),
        ({"features": ["luck"]}, "the feature 'luck'"),
        ({"model": {"type": "linear", "mean": [0], "scale": [1], "coefficients": [1], "intercept": 0}}, "do not fit"),
        ({"model": {"type": "trees", "start": 0, "rate": 1, "trees": [{**GOOD_TREE, "left": [0, 1, 1]}]}}, "lead nowhere"),
        ({"model": {"type": "trees", "start": 0, "rate": 1, "trees": [{**GOOD_TREE, "value": [0]}]}}, "differ in length"),
        ({"model": {"type": "trees", "start": 0, "rate": 1, "trees": [{**GOOD_TREE, "feature": [99, -1, -1]}]}}, "beyond"),
        ({"points": "many"}, "holds no learned gate"),
        ({"kind": "calibration"}, "holds no learned gate"),
    ],
)
def test_a_file_that_holds_no_gate_is_refused(tmp_path: Path, change: dict[str, object], said: str) -> None:
    names = ["mind", "entropy", "best", "gap", "wanted", "risk"]
    whole = {
        "features": names, "worlds": ["lake-6"], "model": {"type": "trees", "start": 0.0, "rate": 1.0, "trees": [GOOD_TREE]},
        "intercept": 0.0, "slope": 1.0, "points": 10, "instances": 5, "effect": 0.1, "kind": "uplift",
    }  # fmt: skip
    file = tmp_path / "gate.json"
    file.write_text(json.dumps({**whole, **change}))
    if said:
        with pytest.raises(UsageError, match=said):
            open_governor(f"uplift:{file}")
    else:
        governor = open_governor(f"uplift:{file},cost=0.15,explore=0")
        assert governor is not None
        risky = governor.rule(point(Wish("act", (0,)), Held({0: 0.6})))
        safe = governor.rule(point(Wish("act", (0,)), Held({0: 0.95}), state="elsewhere"))
        assert (risky.verdict, safe.verdict) == ("simulate", "allow")
        assert risky.values["tau"] == pytest.approx(0.2)


def test_what_learns_and_what_listens_is_told() -> None:
    def of(name: str) -> tuple[bool, bool, bool]:
        governor = open_governor(name)
        assert governor is not None
        return learns(governor), isinstance(governor, Listening), isinstance(governor, Knowing)

    assert of("voi") == (True, True, False)
    assert of("voi:reliability=0.8") == (False, True, False)
    assert of("random:0.3") == (False, False, False)
    assert of("oracle") == (False, False, True)
