"""`journeyman claim ...` and the frame behind it: words of verdicts, cells that are kept, files, wrong calls."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import pytest
from hypothesis import given
from hypothesis import strategies as st

from journeyman.claims import page
from journeyman.claims.cells import CellFailed, Done, cells_of, key_of, run_cells
from journeyman.claims.claim import Arm, Cell, Claim, Judgement, Measured, kind_of, verdict_of
from journeyman.claims.index import index
from journeyman.claims.registry import claim_ids, find_claim
from journeyman.cli import main
from journeyman.errors import UsageError

E0 = find_claim("E0")
STORED = Path(__file__).parents[2] / "docs" / "claims"


def measure(cell: Cell) -> Mapping[str, Any]:
    return {"value": cell.seed + cell.arm.settings["plus"]}


def judge(measured: Measured) -> Judgement:
    return Judgement("reproduced", "it came out", {"least": min(measured.values("one", "value"))})


def a_claim(**changes: Any) -> Claim:
    claim = Claim(
        "T1", "a title", "a statement", "a source", "a setting", "a criterion",
        (Arm("one", {"plus": 1}), Arm("two", {"plus": 2})), measure, judge, lambda measured: [],
        roles=("student", "teacher"),
    )  # fmt: skip
    return replace(claim, **changes)


def results(seeds: int) -> Measured:
    return Measured({arm: {seed: {"value": float(seed)} for seed in range(seeds)} for arm in ("one", "two")})


@given(
    st.sampled_from(["reproduced", "contradicted", "undecided"]), st.integers(1, 6), st.sampled_from([0.1, 0.5, 1.0]),
    st.sampled_from([{}, {"student": "a"}, {"student": "a", "teacher": "b"}]),
)  # fmt: skip
def test_a_mechanism_never_reads_as_if_the_claim_held(
    outcome: Any, seeds: int, effort: float, models: dict[str, str]
) -> None:
    claim = a_claim(judge=lambda measured: Judgement(outcome, "so", {}))
    words = verdict_of(claim, results(seeds), models, effort).words
    if seeds < 3 or effort < 1 or outcome == "undecided":
        assert words == "undecided"
    elif len(models) < 2:
        assert words.endswith("in mechanism")
    else:
        assert words in ("holds", "does not reproduce")


def test_all_roles_by_real_models_make_it_a_claim() -> None:
    assert kind_of(a_claim(), {}) == "mechanism"
    assert kind_of(a_claim(), {"student": "a"}) == "mechanism"
    assert kind_of(a_claim(), {"student": "a", "teacher": "b"}) == "claim"
    assert kind_of(a_claim(roles=()), {}) == "mechanism"
    with pytest.raises(UsageError, match="no role 'pupil'; its roles are student, teacher"):
        kind_of(a_claim(), {"pupil": "a"})


def test_a_claim_needs_three_seeds_and_arms_apart() -> None:
    with pytest.raises(UsageError, match="needs at least 3"):
        a_claim(seeds=2)
    with pytest.raises(UsageError, match="names that differ"):
        a_claim(arms=(Arm("one"), Arm("one")))


def test_a_cells_key_changes_with_what_its_result_depends_on() -> None:
    claim = a_claim()
    cells = [
        Cell(claim.arms[0], 0), Cell(claim.arms[0], 1), Cell(claim.arms[1], 0), Cell(Arm("one", {"plus": 3}), 0),
        Cell(claim.arms[0], 0, {"student": "a"}), Cell(claim.arms[0], 0, {}, 0.5),
    ]  # fmt: skip
    others = [replace(claim, version=2), *(replace(claim, stand_ins={"student": name}) for name in ("student", "twin"))]
    keys = {key_of(claim, cell) for cell in cells} | {key_of(other, cells[0]) for other in others}
    assert len(keys) == len(cells) + len(others)
    assert key_of(others[1], cells[4]) == key_of(claim, cells[4]), "no stand-in plays where models are named"
    reworded = replace(claim, title="another", judge=lambda m: judge(m))
    assert key_of(claim, cells[0]) == key_of(reworded, Cell(claim.arms[0], 0))


@pytest.fixture(scope="module")
def kept(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A cache that holds all cells of E0."""
    folder = tmp_path_factory.mktemp("cache") / "claims"
    run_cells(E0, cells_of(E0, range(3), {}, 1.0), cache=folder, parallel=2)
    return folder


def test_finished_cells_are_kept_and_a_claim_goes_on(kept: Path) -> None:
    seen: list[Done] = []
    cells = cells_of(E0, range(3), {}, 1.0)
    first = run_cells(E0, cells, cache=kept, on_done=seen.append)
    assert [done.kept for done in seen] == [True] * 6
    seen.clear()
    one = Cell(E0.arms[0], 3)
    more = run_cells(E0, [*cells, one], cache=kept, on_done=seen.append)
    assert [done.kept for done in seen] == [True] * 6 + [False]
    assert more.seeds == [0, 1, 2], "a seed that not every arm has is none yet"
    assert more.cells["as a reward"][0] == first.cells["as a reward"][0]
    assert list(more.cells) == [arm.name for arm in E0.arms]


def test_a_cell_that_fails_is_named_with_its_last_word(tmp_path: Path) -> None:
    broken = replace(E0, arms=(Arm("as a reward", {}), *E0.arms[1:]))
    # The process looks its arm up by name in the registry, so a model that is not there is what fails.
    cells = [Cell(Arm("no such arm"), 0)]
    with pytest.raises(CellFailed, match="claim E0, arm 'no such arm', seed 0 gave no result"):
        run_cells(broken, cells, cache=tmp_path)
    assert not list(tmp_path.glob("*.json"))


def test_results_are_files_that_read_back(tmp_path: Path, kept: Path) -> None:
    measured = run_cells(E0, cells_of(E0, range(3), {}, 1.0), cache=kept)
    stored = page.store(E0, measured, models={}, effort=1.0, command="journeyman claim run E0")
    assert stored.verdict.words == "holds in mechanism"
    written = page.write(E0, stored, tmp_path)
    assert [file.name for file in written] == ["E0.json", "E0.svg", "E0.md"]
    assert ElementTree.fromstring((tmp_path / "E0.svg").read_bytes()).tag.endswith("svg")
    text = (tmp_path / "E0.md").read_text()
    for part in ("**Holds in mechanism.**", "Criterion, fixed beforehand", "*mechanism* test", "2604.13016", "| arm |"):
        assert part in text
    again = page.read(E0, tmp_path)
    assert again.measured == measured
    assert again.verdict == stored.verdict
    with pytest.raises(UsageError, match="criterion of claim E0 is another one"):
        page.read(replace(E0, criterion="something easier"), tmp_path)


def test_a_number_that_not_every_seed_has_gets_no_mean(kept: Path) -> None:
    cells = {"as a reward": {0: {"gain": 0.5, "own": 1.0}, 1: {"gain": None, "own": 3.0}}}
    stored = replace(
        page.store(E0, run_cells(E0, cells_of(E0, range(3), {}, 1.0), cache=kept), models={}, effort=1.0, command=""),
        measured=Measured(cells),
    )
    rows = {row[1]: row for row in page.table(stored).rows}
    assert rows["gain"][2:] == ("not on every seed", "0.500, none")
    assert rows["own"][2].startswith("2.000 [")


def test_a_training_arm_trains_the_lab_pair_and_is_kept(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("JOURNEYMAN_CACHE", str(tmp_path))
    reverse = find_claim("E3")  # its first arm needs the two models that are in the package
    cell = Cell(reverse.arms[0], 5, effort=0.01)
    first = reverse.run(cell)
    assert [step for step, _ in first["score"]] == [0, 3]
    assert 0.9 < first["first"] <= 1.0
    assert first["recovery"] is None, "a teacher that scores less leaves no gap to recover"
    assert len(first["divergence/full"]) == 3
    assert all(math.isfinite(value) for _, value in first["divergence/full"])
    kept = list((tmp_path / "arms").glob("*.json"))
    assert len(kept) == 1
    kept[0].write_text(kept[0].read_text().replace('"problems": 256', '"problems": 257'))
    assert reverse.run(cell)["problems"] == 257, "what was trained once is read"


@pytest.mark.parametrize("name", [name for name in claim_ids() if (STORED / f"{name}.json").is_file()])
def test_the_pages_in_docs_are_those_of_their_results(name: str, tmp_path: Path) -> None:
    claim = find_claim(name)
    stored = page.read(claim, STORED)
    assert stored.effort == 1.0
    page.write(claim, stored, tmp_path)
    for suffix in ("md", "svg", "json"):
        assert (tmp_path / f"{name}.{suffix}").read_bytes() == (STORED / f"{name}.{suffix}").read_bytes()


def test_the_list_in_docs_says_what_the_results_say() -> None:
    text = index(STORED)
    assert (STORED / "README.md").read_text() == text
    for name in claim_ids():
        assert f"{name}.md" in text or f"| {name} |" in text


def test_the_sampled_token_taken_as_a_reward_is_unbiased_and_the_other_way_it_is_nothing() -> None:
    by_name = {arm.name: arm for arm in E0.arms}
    reward = E0.run(Cell(by_name["as a reward"], 7))
    plain = E0.run(Cell(by_name["differentiated"], 7))
    assert reward["error_of_expectation"] < 1e-9
    assert -0.65 < reward["slope"] < -0.35
    assert plain["size_of_expectation"] < 1e-9
    worse = Measured({"as a reward": {0: plain}, "differentiated": {0: reward}})
    assert E0.judge(worse).outcome == "contradicted"


def test_claims_are_listed_and_every_one_says_what_it_is() -> None:
    for name in claim_ids():
        claim = find_claim(name.lower())
        assert claim.id == name
        for text in (claim.title, claim.statement, claim.source, claim.setting, claim.criterion):
            assert text.strip()
        assert claim.seeds >= 3
    with pytest.raises(UsageError, match="there is no claim 'E99'; there are E0"):
        find_claim("E99")


def test_the_command_runs_reports_and_lists(
    home: Path, kept: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("JOURNEYMAN_CACHE", str(kept.parent))

    def said(*words: str) -> str:
        assert main(["claim", *words]) == 0
        return capfd.readouterr().out

    plan = json.loads(said("run", "E0", "--dry-run", "--json"))
    assert (plan["cells"], plan["usd"]) == (6, 0.0)
    assert main(["claim", "run", "e0", "--json"]) == 0
    out, err = capfd.readouterr()
    assert json.loads(out)["result"]["verdict"] == "holds in mechanism"
    assert "E0: as a reward, seed 0: kept from before (1 of 6)" in err
    assert (home / "docs" / "claims" / "E0.md").is_file()
    assert "Holds in mechanism." in said("report", "E0")
    listed = {row["claim"]: row for row in json.loads(said("list", "--json"))}
    assert listed["E0"]["result"]["kind"] == "mechanism"
    assert "holds in mechanism" in said("list")


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (("claim", "run", "E99"), "there is no claim 'E99'"),
        (("claim", "run", "E0", "--model", "student=x"), "claim E0 has no role 'student'; it takes no models"),
        (("claim", "run", "E1", "--model", "student=x", "--model", "like=y"), "also needs --model unlike=NAME"),
        (("claim", "run", "E0", "--model", "student"), "--model takes ROLE=NAME"),
        (("claim", "run", "E0", "--effort", "2"), "effort is 2"),
        (("claim", "run", "E0", "--seeds", "0"), "--seeds"),
        (("claim", "report", "E0"), "claim E0 has no result in docs/claims"),
    ],
)
def test_a_wrong_call_gets_one_sentence(
    home: Path, capfd: pytest.CaptureFixture[str], words: tuple[str, ...], sentence: str
) -> None:
    assert main([*words, "--json"]) == 2
    out, err = capfd.readouterr()
    assert sentence in json.loads(out)["error"]
    assert json.loads(out)["kind"] == "UsageError"
    assert err.count("\n") == 1
