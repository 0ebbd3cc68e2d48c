"""The job shop: its data, its checker against an independent one, its generator, its anchors, its statement."""

from __future__ import annotations

import io
import itertools
import json
import random
import re
import runpy
import sys
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from journeyman.errors import MissingExtra
from journeyman.tasks.operations.job_shop import generate as generator
from journeyman.tasks.operations.job_shop import reference, tabu
from journeyman.tasks.operations.job_shop.dispatch import spt_nondelay
from journeyman.tasks.operations.job_shop.schedule import (
    LATEST_START,
    Shop,
    critical_path,
    first_fault,
    lower_bound,
    makespan,
)
from journeyman.tasks.operations.job_shop.verifier import describe, draw, score
from journeyman.verify import Instance, Status, Verifier, load_task
from journeyman.verify.gate import control_candidate

TASK = load_task("operations/job_shop")
FOLDER = TASK.folder
DEV, HELD_OUT = TASK.instances("dev"), TASK.instances("held-out")
# The published data of ta01 (Taillard 1993), jobs in rows.
TA01 = json.loads((Path(__file__).parent / "data" / "ta01.json").read_text())

# Published optima: Fisher and Thompson's and Lawrence's instances.
OPTIMA = {
    "ft06": 55, "ft10": 930, "la02": 655, "la19": 842, "la21": 1046,
    "la24": 935, "la27": 1235, "la29": 1152, "la36": 1268, "la40": 1222,
}  # fmt: skip

# An optimal schedule of ft06.
FT06 = [
    [0, 1, 16, 30, 41, 49], [0, 8, 13, 27, 40, 50], [1, 6, 10, 21, 30, 38],
    [11, 16, 22, 27, 30, 44], [13, 22, 25, 37, 50, 54], [8, 11, 18, 30, 45, 49],
]  # fmt: skip


def semi_active(shop: Shop, order: list[int]) -> list[list[int]]:
    """Each operation as early as possible behind those already placed; `order` names jobs, each once per operation."""
    start: list[list[int]] = [[] for _ in range(shop.jobs)]
    job_free, machine_free = [0] * shop.jobs, [0] * shop.machines
    for j in order:
        k = len(start[j])
        m = shop.machine[j][k]
        t = max(job_free[j], machine_free[m])
        start[j].append(t)
        job_free[j] = machine_free[m] = t + shop.duration[j][k]
    return start


def obeys(shop: Shop, start: list[list[int]]) -> bool:
    """The rules once more, unit by unit of time: no machine and no job does two things in one unit, orders are kept."""
    seen = set()
    for j, row in enumerate(start):
        for k, t in enumerate(row):
            if t < 0 or (k and t < row[k - 1]):
                return False
            for unit in range(t, t + shop.duration[j][k]):
                for what in (("machine", shop.machine[j][k], unit), ("job", j, unit)):
                    if what in seen:
                        return False
                    seen.add(what)
    return True


def longest_path(shop: Shop, start: list[list[int]]) -> int:
    """The makespan from the machine orders alone: longest path by repeated relaxation, no topological order needed."""
    operations = [(j, k) for j, row in enumerate(start) for k in range(len(row))]
    arcs = [((j, k), (j, k + 1)) for j, k in operations if k + 1 < len(start[j])]
    for a, b in itertools.permutations(operations, 2):
        if shop.machine[a[0]][a[1]] == shop.machine[b[0]][b[1]] and start[a[0]][a[1]] < start[b[0]][b[1]]:
            arcs.append((a, b))
    at = dict.fromkeys(operations, 0)
    for _ in operations:
        for a, b in arcs:
            at[b] = max(at[b], at[a] + shop.duration[a[0]][a[1]])
    return max(at[j, k] + shop.duration[j][k] for j, k in operations)


@st.composite
def shops(draw: st.DrawFn, jobs: int = 4, machines: int = 4) -> Shop:
    n, m = draw(st.integers(1, jobs)), draw(st.integers(1, machines))
    duration = st.lists(st.integers(1, 9), min_size=m, max_size=m)
    return Shop(
        m, [list(draw(st.permutations(range(m)))) for _ in range(n)], [draw(duration) for _ in range(n)]
    )


@st.composite
def schedules(draw: st.DrawFn) -> tuple[Shop, list[list[int]]]:
    shop = draw(shops())
    order = draw(st.permutations([j for j in range(shop.jobs) for _ in range(shop.machines)]))
    return shop, semi_active(shop, list(order))


def best_of_all(shop: Shop) -> int:
    """The optimum of a tiny shop: a semi-active schedule is among the optimal ones, so all orders are tried."""
    orders = set(itertools.permutations([j for j in range(shop.jobs) for _ in range(shop.machines)]))
    return min(makespan(shop, semi_active(shop, list(order))) for order in orders)


# --- the checker --------------------------------------------------------------------------------------------------


@given(schedules())
def test_semi_active_schedules_are_feasible_and_as_long_as_their_longest_path(
    case: tuple[Shop, list[list[int]]],
) -> None:
    shop, start = case
    assert first_fault(shop, {"start": start}) is None
    assert obeys(shop, start)
    assert makespan(shop, start) == longest_path(shop, start)
    assert makespan(shop, start) >= lower_bound(shop)


@settings(max_examples=300)
@given(schedules(), st.data())
def test_any_moved_start_is_judged_as_the_independent_checker_does(
    case: tuple[Shop, list[list[int]]], data: st.DataObject
) -> None:
    shop, start = case
    j = data.draw(st.integers(0, shop.jobs - 1))
    k = data.draw(st.integers(0, shop.machines - 1))
    start[j][k] += data.draw(st.integers(-8, 8))
    fault = first_fault(shop, {"start": start})
    assert (fault is None) == obeys(shop, start), fault
    if fault is not None:
        assert (
            f"job {j} operation {k}" in fault or f"job {j}: operation" in fault or f"start[{j}][{k}]" in fault
        )


@given(schedules())
def test_the_critical_path_is_a_chain_without_a_gap_from_zero_to_the_makespan(
    case: tuple[Shop, list[list[int]]],
) -> None:
    shop, start = case
    path = critical_path(shop, start)
    assert path[0][0] == 0
    ends = [t + shop.duration[j][k] for t, j, k in path]
    assert ends[-1] == makespan(shop, start)
    assert ends[:-1] == [t for t, _, _ in path[1:]]


def test_one_time_unit_of_overlap_is_named() -> None:
    shop = Shop(1, [[0], [0]], [[3], [4]])
    assert first_fault(shop, {"start": [[0], [3]]}) is None
    fault = first_fault(shop, {"start": [[0], [2]]})
    assert fault == "machine 0: job 1 operation 0 starts at 2, 1 before job 0 operation 0 ends at 3"


def test_an_operation_before_its_predecessor_is_named() -> None:
    shop = Shop(2, [[0, 1]], [[3, 4]])
    fault = first_fault(shop, {"start": [[0, 1]]})
    assert fault == "job 0: operation 1 starts at 1, 2 before its operation 0 ends at 3"


@pytest.mark.parametrize(
    ("design", "said"),
    [
        (None, "must be a dict"),
        ([], "must be a dict"),
        ({}, "must be a dict"),
        ({"start": None}, "2 lists"),
        ({"start": [[0, 3]]}, "2 lists"),
        ({"start": ((0, 3), (0, 3))}, "2 lists"),
        ({"start": [[0, 3], [0]]}, "start[1] must be a list of 2"),
        ({"start": [[0, 3], {0: 0, 1: 3}]}, "start[1] must be a list of 2"),
        ({"start": [[0, 3], [0, 3, 9]]}, "start[1] must be a list of 2"),
        ({"start": [[0, 3], [0, True]]}, "start[1][1] must be an integer, got True"),
        ({"start": [[0, 3], [False, 3]]}, "start[1][0] must be an integer, got False"),
        ({"start": [[0, 3.0], [0, 3]]}, "start[0][1] must be an integer, got 3.0"),
        ({"start": [[0, float("nan")], [0, 3]]}, "start[0][1] must be an integer, got nan"),
        ({"start": [[0, float("inf")], [0, 3]]}, "start[0][1] must be an integer, got inf"),
        ({"start": [[0, "3"], [0, 3]]}, "start[0][1] must be an integer, got a str"),
        ({"start": [[-1, 3], [0, 3]]}, "start[0][0] = -1 lies outside"),
        ({"start": [[0, LATEST_START + 1], [0, 3]]}, "lies outside"),
        ({"start": [[0, 2**62], [0, 3]]}, "lies outside"),
    ],
)
def test_what_is_no_table_of_integers_is_refused_with_its_place(design: Any, said: str) -> None:
    shop = Shop(2, [[0, 1], [1, 0]], [[3, 2], [2, 4]])
    fault = first_fault(shop, design)
    assert fault is not None
    assert said in fault
    assert score(Instance("tiny", public=public(shop)), design).status is Status.INFEASIBLE


# --- bounds, reference, tabu search -------------------------------------------------------------------------------


def public(shop: Shop) -> dict[str, Any]:
    sizes = {"jobs": shop.jobs, "machines": shop.machines}
    return sizes | {"machine": shop.machine, "duration": shop.duration, "cpu_limit_s": 5}


@settings(max_examples=30, deadline=None)
@given(shops(jobs=3, machines=2))
def test_the_bound_never_exceeds_the_optimum(shop: Shop) -> None:
    assert lower_bound(shop) <= best_of_all(shop) <= makespan(shop, spt_nondelay(shop))


def test_the_bound_of_one_machine_is_the_preemptive_optimum() -> None:
    # Machine 0 has one operation of head 0, duration 4, tail 1 and two of head 1, duration 2, tail 6. Interrupting the
    # first at 1 ends the others at 3 and 5, so 5 + 6 = 11; the longest job has 9, and so has min head + load + min tail.
    assert lower_bound(Shop(6, [[0, 1], [2, 0, 3], [4, 0, 5]], [[4, 1], [1, 2, 6], [1, 2, 6]])) == 11


@pytest.mark.parametrize("seed", range(6))
def test_cp_sat_and_enumeration_agree_on_tiny_shops(seed: int) -> None:
    pytest.importorskip("ortools")
    shop = generator.taillard(3, 3 if seed < 2 else 2, 1000 + seed, 2000 + seed)
    solution = reference.cp_sat(public(shop), 60)
    assert solution.makespan == best_of_all(shop)
    assert solution.proven


def test_the_reference_gives_a_feasible_schedule_and_a_bound_below_it() -> None:
    pytest.importorskip("ortools")
    shop = Shop.of(DEV[1].public)
    solution = reference.solve(DEV[1].public, 1.5)
    assert first_fault(shop, {"start": solution.start}) is None
    assert solution.bound <= 930 <= solution.makespan == makespan(shop, solution.start)


def test_without_or_tools_the_reference_names_the_command_that_installs_it(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setitem(sys.modules, "ortools.sat.python", None)
    with pytest.raises(MissingExtra, match=re.escape("pip install 'journeyman[tasks]'")):
        reference.cp_sat(DEV[0].public, 1)


def test_an_anchor_is_replaced_by_a_better_reference_only() -> None:
    line = generator.generate(5)
    bound, baseline = int(line["anchors"]["bound"]), int(line["anchors"]["baseline"])
    found = reference.anchored(line, reference.Solution([], baseline - 1, bound - 9, 1.0))
    assert found["anchors"] == {"baseline": baseline, "reference": baseline - 1, "bound": bound}
    assert found["hidden"]["proven"] is False
    assert reference.anchored(found, reference.Solution([], baseline, 0, 1.0)) == found
    solved = reference.anchored(found, reference.Solution([], bound + 1, bound + 1, 1.0))
    assert solved["anchors"] == {"baseline": baseline, "reference": bound + 1, "bound": bound + 1}
    assert solved["hidden"]["proven"] is True


def test_cp_sat_proves_the_optimum_of_ft06() -> None:
    pytest.importorskip("ortools")
    solution = reference.cp_sat(DEV[0].public, 60)
    assert (solution.makespan, solution.bound, solution.proven) == (55, 55, True)


@settings(max_examples=25, deadline=None)
@given(shops(), st.integers(0, 99))
def test_tabu_search_returns_feasible_schedules_no_longer_than_its_start(shop: Shop, seed: int) -> None:
    begun = spt_nondelay(shop)
    found = tabu.improve(shop, begun, moves=60, seconds=60, seed=seed)
    assert first_fault(shop, {"start": found}) is None
    assert lower_bound(shop) <= makespan(shop, found) <= makespan(shop, begun)


def test_tabu_search_is_repeatable_and_good_on_ft10() -> None:
    shop = Shop.of(DEV[1].public)
    once, twice = (tabu.improve(shop, spt_nondelay(shop), moves=800, seconds=600) for _ in range(2))
    assert once == twice
    assert makespan(shop, once) <= 1000


@settings(max_examples=25, deadline=None)
@given(schedules(), st.integers(0, 99))
def test_moves_keep_every_operation_and_make_no_cycle(case: tuple[Shop, list[list[int]]], seed: int) -> None:
    shop, start = case
    rng = random.Random(seed)
    search = tabu.Search(shop, start)
    for _ in range(5):
        options = list(search.moves(rng))
        if not options:
            break
        search.apply(rng.choice(options))
        assert first_fault(shop, {"start": search.start()}) is None
        assert makespan(shop, search.start()) == search.makespan == longest_path(shop, search.start())


# --- data and anchors ---------------------------------------------------------------------------------------------


def test_the_generator_gives_ta01_from_its_published_seeds() -> None:
    shop = generator.taillard(15, 15, 840612802, 398197754)
    assert shop.duration == TA01["duration"]
    assert shop.machine == TA01["machine"]


@pytest.mark.parametrize("seed", [0, 2**31 - 1])
def test_the_generator_refuses_a_state_that_never_moves(seed: int) -> None:
    with pytest.raises(ValueError, match="must lie in"):
        generator.Stream(seed)


def test_fresh_instances_are_repeatable_distinct_and_anchored_by_a_bound() -> None:
    lines = [generator.generate(seed) for seed in (0, 1, 2, -7, 2**80)]
    assert lines == [generator.generate(seed) for seed in (0, 1, 2, -7, 2**80)]
    assert len({json.dumps(line["public"]) for line in lines}) == len(lines)
    for line in lines:
        shop = Shop.of(line["public"])
        assert line["anchors"]["reference"] == line["anchors"]["bound"] == lower_bound(shop)
        assert line["anchors"]["baseline"] == makespan(shop, spt_nondelay(shop))
        assert line["anchors"]["reference"] < line["anchors"]["baseline"]


def test_dev_is_the_classics_with_their_published_optima() -> None:
    assert {i.name: i.anchors.reference for i in DEV if i.anchors} == OPTIMA


def test_held_out_is_generated_from_the_seeds_it_states() -> None:
    assert len(HELD_OUT) == 8
    for instance in HELD_OUT:
        times, machines = map(int, re.findall(r"seed (\d+)", instance.hidden["source"]))
        line = generator.instance_line(
            instance.name, instance.public["jobs"], instance.public["machines"], times, machines
        )
        assert line["public"] == instance.public


@pytest.mark.parametrize("instance", [*DEV, *HELD_OUT], ids=lambda i: i.name)
def test_anchors_stand_in_order_and_the_baseline_is_the_rule(instance: Instance) -> None:
    shop = Shop.of(instance.public)
    assert all(sorted(row) == list(range(shop.machines)) for row in shop.machine)
    assert all(1 <= p <= 99 for row in shop.duration for p in row)
    assert instance.public["cpu_limit_s"] == TASK.limits.cpu_s
    anchors = instance.anchors
    assert anchors is not None
    assert anchors.bound is not None
    assert lower_bound(shop) <= anchors.bound <= anchors.reference < anchors.baseline
    assert anchors.baseline == makespan(shop, spt_nondelay(shop))
    assert instance.hidden["proven"] == (anchors.bound == anchors.reference)


def test_an_optimal_schedule_of_ft06_scores_its_reference() -> None:
    outcome = score(DEV[0], {"start": FT06})
    assert outcome.status is Status.OK
    assert outcome.objective == 55
    assert outcome.metrics["gap_to_bound"].value == pytest.approx(100 * (55 - 52) / 52)


# --- what a candidate and its author see --------------------------------------------------------------------------


def solver(path: Path) -> Any:
    return runpy.run_path(str(path))["solve"]


@pytest.mark.parametrize("instance", [*DEV, *HELD_OUT], ids=lambda i: i.name)
def test_the_seed_is_the_baseline_rule(instance: Instance) -> None:
    start = solver(FOLDER / "seed.py")(instance.public)["start"]
    assert start == spt_nondelay(Shop.of(instance.public))


@pytest.mark.parametrize("seed", range(5))
def test_the_seed_stays_feasible_wherever_its_numbers_are_tuned(seed: int) -> None:
    rng = random.Random(seed)
    text = (FOLDER / "seed.py").read_text()
    tuned, count = re.subn(
        r"= -?[\d.]+  # tune: (-?[\d.]+) \.\. (-?[\d.]+)",
        lambda found: f"= {rng.uniform(float(found[1]), float(found[2]))}",
        text,
    )
    assert count == 7
    module: dict[str, Any] = {}
    exec(compile(tuned, "seed", "exec"), module)
    for instance in DEV[:5]:
        assert first_fault(Shop.of(instance.public), module["solve"](instance.public)) is None


def test_the_worked_example_of_the_statement_holds() -> None:
    example, answer = (json.loads(text) for text in re.findall(r"```json\n(.*?)\n```", TASK.statement, re.S))
    shop = Shop.of(example)
    assert first_fault(shop, answer) is None
    assert makespan(shop, answer["start"]) == best_of_all(shop) == lower_bound(shop) == 7
    fault = first_fault(shop, {"start": [[0, 3], [0, 2]]})
    assert fault == "machine 0: job 1 operation 1 starts at 2, 1 before job 0 operation 0 ends at 3"
    assert set(example) == set(DEV[0].public)


def test_the_statement_states_the_limits_in_force() -> None:
    limits = TASK.limits
    assert f"{limits.memory_mb} MB" in TASK.statement
    assert f"{limits.wall_s:g} s of wall time" in TASK.statement
    assert f"from 0 to {LATEST_START}" in TASK.statement


def test_feedback_says_where_the_time_goes_and_nothing_hidden() -> None:
    instance = DEV[1]
    shop = Shop.of(instance.public)
    text = describe(shop, spt_nondelay(shop))
    assert "makespan 1074" in text
    assert "Most loaded machine: 3, 631 of work, busy 59 %" in text
    assert "930" not in text
    assert len(text) < 500


def test_feedback_notices_a_schedule_that_could_start_earlier() -> None:
    shop = Shop(1, [[0], [0]], [[3], [4]])
    assert "begins only at 5" in describe(shop, [[5], [8]])


def test_the_picture_is_a_chart_and_only_of_a_feasible_schedule() -> None:
    from matplotlib import image

    pictures = draw(DEV[0], {"start": FT06})
    assert list(pictures) == ["gantt.png"]
    height, width, _ = image.imread(io.BytesIO(pictures["gantt.png"])).shape
    assert width == 1100
    assert height > 200
    assert draw(DEV[0], {"start": [[0] * 6] * 6}) == {}


# --- controls -----------------------------------------------------------------------------------------------------

BROKEN = {
    "infeasible": "before its operation 0 ends",
    "near_infeasible": ", 1 before job 0",
    "malformed_shape": "must be a list of",
    "malformed_float": "must be an integer, got 0.0",
    "malformed_bool": "must be an integer, got False",
    "malformed_nan": "must be an integer, got nan",
    "malformed_empty": 'must be a dict with the key "start"',
}


@pytest.mark.parametrize("name", BROKEN)
def test_broken_controls_are_refused_for_their_own_reason(name: str) -> None:
    solve = solver(FOLDER / "gate" / f"{name}.py")
    for instance in DEV:
        assert BROKEN[name] in (first_fault(Shop.of(instance.public), solve(instance.public)) or "")


def test_the_near_infeasible_control_lacks_one_time_unit_only() -> None:
    solve = solver(FOLDER / "gate" / "near_infeasible.py")
    for instance in DEV:
        shop, start = Shop.of(instance.public), solve(instance.public)["start"]
        k = shop.machine[1].index(shop.machine[0][-1])
        later = [
            start[0],
            start[1][:k] + [t + 1 for t in start[1][k:]],
            *[[t + 1 for t in row] for row in start[2:]],
        ]
        assert first_fault(shop, {"start": later}) is None


def mean_score(name: str) -> float:
    program: dict[str, Any] = {}
    exec(compile(control_candidate(TASK, name).text(TASK.main), name, "exec"), program)
    solve = program["solve"]
    scores = []
    for instance in DEV:
        outcome, anchors = score(instance, solve(instance.public)), instance.anchors
        assert outcome.objective is not None, outcome.feedback
        assert anchors is not None
        scores.append((anchors.baseline - outcome.objective) / (anchors.baseline - anchors.reference))
    return sum(scores) / len(scores)


def test_controls_form_a_ladder_from_a_poor_schedule_to_the_oracle() -> None:
    forged, tuned, oracle = (mean_score(name) for name in ("forged", "tuned", "oracle"))
    assert forged < 0 < 0.3 < tuned < 0.9 < oracle <= 1


def test_controls_get_in_the_sandbox_the_verdicts_they_deserve() -> None:
    with Verifier(TASK) as verifier:
        for split in ("dev", "held-out"):
            verdict = verifier.evaluate(TASK.seed, split=split)
            assert (verdict.status, verdict.score) == (Status.OK, 0.0), verdict.feedback
        oracle = verifier.evaluate(control_candidate(TASK, "oracle"))
        assert oracle.score == pytest.approx(mean_score("oracle"), abs=1e-12)
        broken = verifier.evaluate(control_candidate(TASK, "near_infeasible"))
        assert (broken.status, broken.score) == (Status.INFEASIBLE, None)
        assert "1 before job 0" in broken.feedback
