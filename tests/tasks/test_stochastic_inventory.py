"""Stochastic inventory: exact expectations against enumeration, simulation and published values; bound, data, controls."""

from __future__ import annotations

import io
import itertools
import json
import math
import random
import re
import runpy
from dataclasses import replace
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from journeyman.tasks.operations.stochastic_inventory import generate as generator
from journeyman.tasks.operations.stochastic_inventory import reference, search
from journeyman.tasks.operations.stochastic_inventory.demand import (
    Vector,
    distributions,
    negative_binomial,
    normal,
)
from journeyman.tasks.operations.stochastic_inventory.exact import account
from journeyman.tasks.operations.stochastic_inventory.item import Item, Surplus
from journeyman.tasks.operations.stochastic_inventory.policy import (
    HIGHEST_LEVEL,
    LOWEST_REORDER,
    Policy,
    read_policy,
)
from journeyman.tasks.operations.stochastic_inventory.programme import best_price, solve_priced
from journeyman.tasks.operations.stochastic_inventory.rule import textbook_rule, with_factor
from journeyman.tasks.operations.stochastic_inventory.simulate import PATHS, demand_paths, simulate
from journeyman.tasks.operations.stochastic_inventory.verifier import (
    FILL_TOLERANCE,
    STANDARD_ERRORS,
    Judged,
    describe,
    draw,
    judge,
    score,
)
from journeyman.verify import Instance, Status, Verifier, load_task
from journeyman.verify.gate import control_candidate

TASK = load_task("operations/stochastic_inventory")
FOLDER = TASK.folder
DEV, HELD_OUT = TASK.instances("dev"), TASK.instances("held-out")
DESIGNS = {
    line["instance"]: line["design"]
    for line in map(json.loads, (FOLDER / "designs" / "dev.jsonl").read_text().splitlines())
}
NEVER = LOWEST_REORDER


def certain(units: int) -> Vector:
    """A demand that is `units` for certain."""
    law = np.zeros(units + 1)
    law[units] = 1.0
    return law


def poisson(mean: float) -> Vector:
    """Poisson probabilities, far into the tail."""
    law = np.asarray(stats.poisson.pmf(np.arange(math.ceil(mean + 12 * math.sqrt(mean)) + 1), mean), dtype=float)
    return np.asarray(law / law.sum())


def stationary(law: Vector, periods: int, **numbers: Any) -> Item:
    """An item with the same demand in each period, no lead time and nothing free of charge but what `numbers` says."""
    plain: dict[str, Any] = {
        "lead_time": 0, "order_cost": (0.0,) * periods, "unit_cost": 0.0, "holding_cost": 0.0, "salvage_value": 0.0,
        "clearance_cost": 0.0, "start_stock": 0, "on_order": (), "fill_rate": 0.9, "laws": (law,) * periods,
    }  # fmt: skip
    return Item(**(plain | numbers))


@st.composite
def items(draw: st.DrawFn, periods: int = 4, largest: int = 3) -> Item:
    """Tiny items: a few periods, demand of a few units."""
    count, lead = draw(st.integers(1, periods)), draw(st.integers(0, 2))
    laws = []
    for _ in range(count):
        weights = draw(st.lists(st.integers(0, 4), min_size=1, max_size=largest + 1).filter(any))
        laws.append(np.array(weights, dtype=float) / sum(weights))
    if not any(law @ np.arange(len(law)) for law in laws):
        laws[0] = np.array([0.5, 0.5])
    lead = min(lead, count)
    unit_cost = draw(st.integers(0, 4))
    return Item(
        lead_time=lead,
        order_cost=tuple(float(k) for k in draw(st.lists(st.integers(0, 9), min_size=count, max_size=count))),
        unit_cost=float(unit_cost),
        holding_cost=float(draw(st.integers(1, 3))),
        salvage_value=float(draw(st.integers(0, unit_cost))),
        clearance_cost=float(unit_cost + draw(st.integers(0, 4))),
        start_stock=draw(st.integers(-2, 4)),
        on_order=tuple(draw(st.lists(st.integers(0, 3), min_size=lead, max_size=lead))),
        fill_rate=draw(st.sampled_from([0.5, 0.8, 0.95])),
        laws=tuple(laws),
    )


@st.composite
def cases(draw: st.DrawFn) -> tuple[Item, Policy]:
    item = draw(items())
    tops = draw(st.lists(st.integers(0, 9), min_size=item.periods, max_size=item.periods))
    reorder = [draw(st.one_of(st.just(NEVER), st.integers(-4, top))) for top in tops]
    return item, Policy(tuple(reorder), tuple(tops))


def path_by_path(item: Item, policy: Policy) -> tuple[float, float]:
    """Expected cost and missed units by enumerating every demand path, event by event, in plain Python."""
    cost = missed = 0.0
    for path in itertools.product(*[range(len(law)) for law in item.laws]):
        chance = math.prod(float(law[d]) for law, d in zip(item.laws, path, strict=True))
        if chance == 0.0:
            continue
        net, coming, paid, lost = item.start_stock, list(item.on_order), 0.0, 0
        for t, demand in enumerate(path):
            position = net + sum(coming)
            order = 0
            if position <= policy.reorder[t] and position < policy.order_up_to[t]:
                order = policy.order_up_to[t] - position
                paid += item.order_cost[t] + item.unit_cost * order
            coming.append(order)
            net += coming.pop(0)
            lost += max(0, demand - max(net, 0))
            net -= demand
            paid += item.holding_cost * max(net, 0)
        end = net + sum(coming)
        paid += item.clearance_cost * -end if end < 0 else -item.salvage_value * end
        cost += chance * paid
        missed += chance * lost
    return cost, missed


def least_priced(item: Item, price: float, top: int) -> float:
    """min over all policies of cost + price x missed, by recursion over what is on hand and on order: no position used."""

    @cache
    def value(t: int, net: int, coming: tuple[int, ...]) -> float:
        if t == item.periods:
            end = net + sum(coming)
            return item.clearance_cost * -end if end < 0 else -item.salvage_value * end
        position = net + sum(coming)
        best = math.inf
        for order in range(max(top - position, 0) + 1):
            paid = item.order_cost[t] + item.unit_cost * order if order else 0.0
            arrived, *left = (*coming, order)
            for demand, chance in enumerate(item.laws[t]):
                on_hand = net + arrived
                paid += chance * (
                    price * max(0, demand - max(on_hand, 0))
                    + item.holding_cost * max(on_hand - demand, 0)
                    + value(t + 1, on_hand - demand, tuple(left))
                )
            best = min(best, paid)
        return best

    return value(0, item.start_stock, item.on_order)


# --- exact expectations -------------------------------------------------------------------------------------------


@settings(max_examples=100)
@given(cases())
def test_expectations_are_those_of_all_demand_paths(case: tuple[Item, Policy]) -> None:
    item, policy = case
    books = account(item, policy)
    cost, missed = path_by_path(item, policy)
    assert books.cost_eur == pytest.approx(cost, abs=1e-9)
    assert books.missed.sum() == pytest.approx(missed, abs=1e-9)


@settings(max_examples=60)
@given(cases())
def test_units_are_conserved(case: tuple[Item, Policy]) -> None:
    """What came in less what was asked for is what is there: in each period, in expectation."""
    item, policy = case
    books = account(item, policy)
    arrived = np.concatenate([np.array(item.on_order, dtype=float), books.ordered])[: item.periods]
    net = item.start_stock + np.cumsum(arrived) - np.cumsum(item.means)
    assert books.held - books.backlog == pytest.approx(net, abs=1e-9)
    assert (books.missed >= -1e-12).all()
    assert (books.missed <= item.means + 1e-12).all()


@settings(max_examples=50)
@given(cases(), st.floats(0.1, 10))
def test_money_in_another_currency_changes_nothing_but_the_cost(case: tuple[Item, Policy], rate: float) -> None:
    item, policy = case
    other = replace(
        item,
        order_cost=tuple(rate * k for k in item.order_cost),
        unit_cost=rate * item.unit_cost,
        holding_cost=rate * item.holding_cost,
        salvage_value=rate * item.salvage_value,
        clearance_cost=rate * item.clearance_cost,
    )
    one, two = account(item, policy), account(other, policy)
    assert two.cost_eur == pytest.approx(rate * one.cost_eur, abs=1e-9)
    assert two.fill_rate == one.fill_rate


@settings(max_examples=50)
@given(items(), st.integers(0, 8))
def test_a_higher_base_stock_never_serves_worse(item: Item, level: int) -> None:
    low, high = (Policy((y,) * item.periods, (y,) * item.periods) for y in (level, level + 1))
    assert account(item, high).fill_rate >= account(item, low).fill_rate - 1e-12


@pytest.mark.parametrize("instance", [*DEV, *HELD_OUT], ids=lambda i: i.name)
def test_the_simulation_agrees_with_the_expectations(instance: Instance) -> None:
    """Two models of one system: the distribution of the position, and stock, backlog and orders on sampled paths."""
    item = Item.of(instance.public)
    policy = textbook_rule(item)
    books, runs = account(item, policy), simulate(item, policy, demand_paths(item, 7))
    expected = float(item.means.sum())
    assert len(runs.cost_eur) == PATHS >= 20_000
    assert abs(runs.mean_cost_eur - books.cost_eur) < 4 * runs.cost_error_eur
    assert abs(runs.fill_rate(expected) - books.fill_rate) < 4 * runs.fill_error(expected)
    net = (books.held - books.backlog)[-1]
    assert runs.stock[-1].mean() == pytest.approx(net, abs=4 * runs.stock[-1].std() / math.sqrt(PATHS))
    assert runs.demand.mean() == pytest.approx(expected, rel=0.01)


# --- published values ---------------------------------------------------------------------------------------------


def cost_rate(s: int, big_s: int, mean: float, holding: float, backlog_cost: float, order_cost: float) -> float:
    """Long-run cost of a period under Poisson demand with holding, backlog and order cost, from a long horizon's end."""
    item = stationary(poisson(mean), 400, start_stock=big_s)
    books = account(item, Policy((s,) * 400, (big_s,) * 400))
    each = order_cost * books.orders + holding * books.held + backlog_cost * books.backlog
    assert each[-1] == pytest.approx(each[-50], abs=1e-3)
    return float(each[-1])


@pytest.mark.parametrize(
    ("mean", "s", "big_s", "cost"),
    [(10, 6, 40, 35.022), (15, 10, 49, 42.698), (20, 14, 62, 49.173), (65, 56, 75, 78.518), (75, 67, 86, 79.554)],
)
def test_costs_of_zheng_and_federgruen(mean: float, s: int, big_s: int, cost: float) -> None:
    """Zheng, Federgruen: Operations Research 39 (1991) 654-665, their examples: Poisson demand, h = 1, p = 9, K = 64."""
    assert cost_rate(s, big_s, mean, 1.0, 9.0, 64.0) == pytest.approx(cost, abs=6e-4)


@pytest.mark.parametrize(("s", "big_s", "cost"), [(4, 10, 8.034111561471642), (6, 18, 10.193798671644046)])
def test_costs_of_snyder_and_shens_example(s: int, big_s: int, cost: float) -> None:
    """Snyder, Shen: Fundamentals of Supply Chain Theory, 2nd ed. 2019, example 4.7 (Poisson 6, h = 1, p = 4, K = 5).

    The digits are those that the book's own package, stockpyl, prints for it (`s_s_cost_discrete`).
    """
    assert cost_rate(s, big_s, 6.0, 1.0, 4.0, 5.0) == pytest.approx(cost, abs=1e-8)


def test_the_example_of_wagner_and_whitin() -> None:
    """Wagner, Whitin: Management Science 5 (1958) 89-96, Table I: twelve known demands, an optimum of 864."""
    demand = (69, 29, 36, 61, 61, 26, 34, 67, 45, 67, 79, 56)
    set_up = (85.0, 102.0, 102.0, 101.0, 98.0, 114.0, 105.0, 86.0, 119.0, 110.0, 98.0, 114.0)
    item = stationary(
        certain(1), 12, laws=tuple(certain(d) for d in demand), order_cost=set_up, holding_cost=1.0,
        clearance_cost=1000.0, fill_rate=1.0,
    )  # fmt: skip
    best, solved = best_price(item)
    assert best.bound_eur == pytest.approx(864)
    served = [account(item, priced.policy) for priced in solved]
    assert min(books.cost_eur for books in served if books.fill_rate == 1.0) == pytest.approx(864)


def test_the_newsvendor_orders_up_to_its_critical_fractile() -> None:
    """One period (Arrow, Harris, Marschak: Econometrica 19 (1951) 250-272): P(D <= S) = (w - c) / (w + h - v)."""
    law = poisson(30)
    item = stationary(law, 1, unit_cost=5.0, holding_cost=1.0, salvage_value=3.0, clearance_cost=12.0)
    costs = [account(item, Policy((y,), (y,))).cost_eur for y in range(70)]
    fractile = (12.0 - 5.0) / (12.0 + 1.0 - 3.0)
    assert int(np.argmin(costs)) == int(stats.poisson.ppf(fractile, 30))


@pytest.mark.parametrize(("k", "loss"), [(0.0, 0.3989), (0.5, 0.1978), (1.0, 0.08332), (2.0, 0.008491)])
def test_missed_units_follow_the_table_of_the_unit_normal_loss(k: float, loss: float) -> None:
    """G_u(k) as tabulated in Silver, Pyke, Thomas (2017), appendix II: E[units short] = sd G_u(k) for normal demand."""
    item = stationary(normal(4000.0, 400.0), 1)
    level = round(4000 + 400 * k)
    books = account(item, Policy((level,), (level,)))
    assert books.missed.sum() / 400 == pytest.approx(loss, abs=1e-4)


# --- demand -------------------------------------------------------------------------------------------------------


def test_demand_laws_are_those_of_scipy_cut_and_divided() -> None:
    mean, sd = 20.0, 7.5
    d = np.arange(math.ceil(mean + 8 * sd) + 1)
    rounded = stats.norm.cdf(d + 0.5, mean, sd) - stats.norm.cdf(d - 0.5, mean, sd)
    assert normal(mean, sd) == pytest.approx(rounded / rounded.sum(), abs=1e-15)
    r = mean**2 / (sd**2 - mean)
    counted = stats.nbinom.pmf(d, r, r / (r + mean))
    assert negative_binomial(mean, sd) == pytest.approx(counted / counted.sum(), abs=1e-14)


@pytest.mark.parametrize("instance", [*DEV, *HELD_OUT], ids=lambda i: i.name)
def test_demand_has_the_published_chance_and_about_the_published_moments(instance: Instance) -> None:
    public = instance.public
    for law, chance, mean, sd in zip(
        distributions(public), public["chance"], public["mean"], public["sd"], strict=True
    ):
        d = np.arange(len(law))
        assert law.sum() == pytest.approx(1)
        assert (law >= 0).all()
        average = float(law @ d)
        assert average == pytest.approx(chance * mean, rel=0.01)
        second = chance * (sd**2 + mean**2)
        assert float(law @ d**2) == pytest.approx(second, rel=0.02)


@given(st.lists(st.integers(0, 5), min_size=1, max_size=6).filter(any), st.integers(-3, 9))
def test_surplus_and_shortage_are_their_definitions(weights: list[int], y: int) -> None:
    law = np.array(weights) / sum(weights)
    surplus, d = Surplus.of(law), np.arange(len(law))
    assert surplus.left(np.array([y]))[0] == pytest.approx(float(law @ np.maximum(y - d, 0)), abs=1e-12)
    assert surplus.short(np.array([y]))[0] == pytest.approx(float(law @ np.maximum(d - y, 0)), abs=1e-12)


# --- bound, reference, search -------------------------------------------------------------------------------------


@settings(max_examples=15)
@given(items(periods=3, largest=2), st.integers(0, 40))
def test_the_priced_programme_is_the_least_over_all_policies(item: Item, price: int) -> None:
    top = max(item.start_position, sum(len(law) - 1 for law in item.laws))
    found = solve_priced(item, float(price))
    least = least_priced(item, float(price), top)
    assert found.bound_eur + price * item.allowed_miss == pytest.approx(least, abs=1e-9)


@settings(max_examples=40)
@given(cases(), st.floats(0, 60))
def test_no_feasible_policy_costs_less_than_any_bound(case: tuple[Item, Policy], price: float) -> None:
    """Weak duality, at every price; for an infeasible policy with the price of its excess misses added."""
    item, policy = case
    books = account(item, policy)
    excess = max(0.0, float(books.missed.sum()) - item.allowed_miss)
    assert solve_priced(item, price).bound_eur <= books.cost_eur + price * excess + 1e-9


def test_the_best_bound_is_below_the_best_of_all_levels_and_close() -> None:
    """All (s, S) of a three-period item, enumerated."""
    law = np.array([0.3, 0.4, 0.3])
    item = stationary(
        law, 3, order_cost=(3.0, 2.0, 4.0), unit_cost=1.0, holding_cost=1.0, salvage_value=0.5, clearance_cost=2.0,
        fill_rate=0.85,
    )  # fmt: skip
    each = [(NEVER, 0), *[(s, y) for y in range(1, 5) for s in range(-1, y)]]
    best = math.inf
    for rows in itertools.product(each, repeat=3):
        books = account(item, Policy(tuple(s for s, _ in rows), tuple(y for _, y in rows)))
        if books.fill_rate >= item.fill_rate:
            best = min(best, books.cost_eur)
    priced, solved = best_price(item)
    assert priced.bound_eur <= best + 1e-9
    # With so few paths the fill rate comes in large steps, so some gap is due.
    assert priced.bound_eur == pytest.approx(best, rel=0.05)
    start = max(solved, key=lambda found: found.price_eur).policy
    end = search.improve(item, start, priced.price_eur, 3)
    assert best - 1e-9 <= account(item, end).cost_eur <= account(item, start).cost_eur


@settings(max_examples=60)
@given(cases(), st.data())
def test_a_change_of_one_level_does_what_the_search_says(case: tuple[Item, Policy], data: st.DataObject) -> None:
    item, policy = case
    found = search.changes(item, policy)
    if found:
        change = data.draw(st.sampled_from(found))
        moved = change.applied(policy)
        before, after = search.totals(item, policy), search.totals(item, moved)
        if change.value == NEVER or moved.reorder[change.period] <= moved.order_up_to[change.period]:
            assert after[0] - before[0] == pytest.approx(change.cost_eur, abs=1e-9)
            assert after[1] - before[1] == pytest.approx(change.missed, abs=1e-9)


def test_the_reference_is_repeatable_feasible_and_near_its_bound() -> None:
    public, anchors = HELD_OUT[-1].public, HELD_OUT[-1].anchors
    once, twice = (reference.solve(public, rounds=0) for _ in range(2))
    assert once.policy == twice.policy
    assert anchors is not None
    assert anchors.reference <= once.cost_eur < anchors.reference + 0.1 * (anchors.baseline - anchors.reference)
    assert once.bound_eur == pytest.approx(anchors.bound)
    assert once.fill_rate >= public["fill_rate"]


# --- data and anchors ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize("instance", [*DEV, *HELD_OUT], ids=lambda i: i.name)
def test_anchors_stand_in_order_and_the_baseline_is_the_rule(instance: Instance) -> None:
    item, anchors = Item.of(instance.public), instance.anchors
    assert anchors is not None
    assert anchors.bound is not None
    assert anchors.bound <= anchors.reference < anchors.baseline
    assert anchors.reference - anchors.bound < 0.002 * (anchors.baseline - anchors.bound)
    assert anchors.baseline == pytest.approx(account(item, textbook_rule(item)).cost_eur, rel=1e-9)
    assert instance.public["cpu_limit_s"] == TASK.limits.cpu_s
    assert instance.public["periods"] == item.periods
    assert item.salvage_value < item.unit_cost < item.clearance_cost


@pytest.mark.parametrize("instance", DEV, ids=lambda i: i.name)
def test_stored_designs_score_their_reference_anchor(instance: Instance) -> None:
    outcome, anchors = score(instance, DESIGNS[instance.name]), instance.anchors
    assert anchors is not None
    assert outcome.objective == pytest.approx(anchors.reference, rel=1e-9)


@pytest.mark.parametrize("instance", [DEV[1], HELD_OUT[-1]], ids=lambda i: i.name)
def test_frozen_instances_come_from_the_seeds_they_state(instance: Instance) -> None:
    found = re.fullmatch(r"profile (\w+), seed (\d+)", instance.hidden["source"])
    assert found is not None
    public, seed = instance.public, int(found[2])
    made = generator.public_part(found[1], public["periods"], public["lead_time"], public["fill_rate"], seed)
    assert made == public
    assert instance.hidden["simulation_seed"] == generator.stream_seed(seed, "simulation")


def test_a_fresh_instance_is_repeatable_and_anchored() -> None:
    line = generator.generate(3)
    assert line == generator.generate(3)
    assert line["public"] != generator.public_part("ramp", 12, 0, 0.95, 3)
    anchors = line["anchors"]
    assert anchors["bound"] <= anchors["reference"] < anchors["baseline"]
    with pytest.raises(ValueError, match="no demand profile 'flat'"):
        generator.public_part("flat", 12, 0, 0.95, 3)


def test_ranges_of_the_statement_hold_in_all_instances() -> None:
    rows = re.findall(r"\| `(\w+)(?:\[\w\])?` \|[^|]*\|[^|]*\| ([\d.]+) to ([\d.]+) \|", TASK.statement)
    ranges = {name: (float(low), float(high)) for name, low, high in rows}
    ranges |= {"mean": (2, 80), "sd": (0.4, 60)}
    assert len(ranges) == 13
    for instance in (*DEV, *HELD_OUT):
        for name, (low, high) in ranges.items():
            values = np.atleast_1d(instance.public[name])
            assert (values >= low).all(), name
            assert (values <= high).all(), name


# --- what a candidate and its author see --------------------------------------------------------------------------


def solver(path: Path) -> Any:
    return runpy.run_path(str(path))["solve"]


def compiled(name: str) -> Any:
    program: dict[str, Any] = {}
    exec(compile(control_candidate(TASK, name).text(TASK.main), name, "exec"), program)
    return program["solve"]


@pytest.mark.parametrize("instance", [*DEV, *HELD_OUT], ids=lambda i: i.name)
def test_the_seed_is_the_baseline_rule(instance: Instance) -> None:
    item = Item.of(instance.public)
    rule, found = textbook_rule(item), solver(FOLDER / "seed.py")(instance.public)
    assert found["s"] == list(rule.reorder)
    in_time = item.periods - item.lead_time
    assert found["S"][:in_time] == list(rule.order_up_to[:in_time])


@pytest.mark.parametrize("seed", range(4))
def test_the_seed_stays_feasible_wherever_its_numbers_are_tuned(seed: int) -> None:
    rng = random.Random(seed)
    text = (FOLDER / "seed.py").read_text()

    def drawn(found: re.Match[str]) -> str:
        low, high = float(found[2]), float(found[3])
        value = rng.uniform(low, high)
        return f"= {round(value) if '.' not in found[1] else value}  #"

    tuned, count = re.subn(r"= (-?[\d.]+)  # tune: (-?[\d.]+) \.\. (-?[\d.]+)", drawn, text)
    assert count == 9
    program: dict[str, Any] = {}
    exec(compile(tuned, "seed", "exec"), program)
    for instance in (*DEV, *HELD_OUT):
        policy = read_policy(program["solve"](instance.public), instance.public["periods"])
        assert isinstance(policy, Policy)
        item = Item.of(instance.public)
        assert account(item, policy).fill_rate >= item.fill_rate - FILL_TOLERANCE


def test_the_worked_example_of_the_statement_holds() -> None:
    example, answer = (json.loads(text) for text in re.findall(r"```json\n(.*?)\n```", TASK.statement, re.S))
    assert set(example) == set(DEV[0].public)
    instance = Instance("example", public=example, hidden={"simulation_seed": 1})
    outcome = score(instance, answer)
    assert outcome.objective == pytest.approx(110)
    refused = score(instance, {"s": [0, -1000000], "S": [10, 10]})
    assert refused.status is Status.INFEASIBLE
    assert "fill rate is 0.6666667" in refused.feedback


def test_the_statement_states_the_limits_in_force() -> None:
    assert f"{TASK.limits.memory_mb} MB" in TASK.statement
    assert f"{TASK.limits.wall_s:g} s of wall time" in TASK.statement
    assert f"from {LOWEST_REORDER} to {HIGHEST_LEVEL}" in TASK.statement
    assert f"from 0 to {HIGHEST_LEVEL}" in TASK.statement
    assert f"a tolerance of {FILL_TOLERANCE:.0e}".replace("e-09", "e-9") in TASK.statement
    assert f"on {PATHS} demand paths" in TASK.statement
    assert f"more than {STANDARD_ERRORS:g} of its standard errors" in TASK.statement


@pytest.mark.parametrize(
    ("design", "said"),
    [
        (None, "Expected `object`"),
        ([], "Expected `object`"),
        ({}, "missing required field `s`"),
        ({"s": [0, 0]}, "missing required field `S`"),
        ({"s": [0, 0], "S": [9]}, "S has 1 levels, there must be 2"),
        ({"s": [0, 0, 0], "S": [9, 9]}, "s has 3 levels, there must be 2"),
        ({"s": [0, True], "S": [9, 9]}, "got `bool` - at `$.s[1]`"),
        ({"s": [0, 0], "S": [9.0, 9]}, "got `float` - at `$.S[0]`"),
        ({"s": [0, float("nan")], "S": [9, 9]}, "got `float` - at `$.s[1]`"),
        ({"s": [0, "3"], "S": [9, 9]}, "got `str` - at `$.s[1]`"),
        ({"s": [0, None], "S": [9, 9]}, "got `null` - at `$.s[1]`"),
        ({"s": {"0": 0}, "S": [9, 9]}, "got `object` - at `$.s`"),
        ({"s": [0, 10], "S": [9, 9]}, "s[1] = 10 is above S[1] = 9 by 1"),
        ({"s": [LOWEST_REORDER - 1, 0], "S": [9, 9]}, "s[0] = -1000001 lies outside"),
        ({"s": [0, 0], "S": [9, HIGHEST_LEVEL + 1]}, "S[1] = 5001 lies outside"),
        ({"s": [-5, -5], "S": [-1, 9]}, "S[0] = -1 lies outside"),
        ({"s": [0, 0], "S": [9, 10**400]}, "S[1] = "),
    ],
)
def test_what_is_no_table_of_levels_is_refused_with_its_place(design: Any, said: str) -> None:
    fault = read_policy(design, 2)
    assert isinstance(fault, str)
    assert said in fault
    assert len(fault) < 200
    instance = Instance("two", public=DEV[1].public | {"periods": 2}, hidden={"simulation_seed": 1})
    assert score(instance, design).status is Status.INFEASIBLE


def test_other_keys_are_ignored_and_a_quantity_of_zero_costs_nothing() -> None:
    item = stationary(np.array([0.5, 0.5]), 2, order_cost=(7.0, 7.0), start_stock=3, holding_cost=0.0)
    policy = read_policy({"s": [3, 3], "S": [3, 3], "cost": -1.0}, 2)
    assert policy == Policy((3, 3), (3, 3))
    # At the level nothing is ordered; one unit below, one is.
    assert account(item, policy).orders == pytest.approx([0.0, 0.5])


def test_the_service_constraint_holds_to_its_tolerance() -> None:
    instance = DEV[1]
    reached = account(Item.of(instance.public), policy_of(instance)).fill_rate
    seen = {}
    for shift in (-1e-6, 0.5e-9, 2e-9):
        public = instance.public | {"fill_rate": reached + shift}
        outcome = score(replace_public(instance, public), DESIGNS[instance.name])
        seen[shift] = outcome.status
    assert seen == {-1e-6: Status.OK, 0.5e-9: Status.OK, 2e-9: Status.INFEASIBLE}


def policy_of(instance: Instance) -> Policy:
    policy = read_policy(DESIGNS[instance.name], instance.public["periods"])
    assert isinstance(policy, Policy)
    return policy


def replace_public(instance: Instance, public: dict[str, Any]) -> Instance:
    return Instance(instance.name, public=public, hidden=instance.hidden, anchors=instance.anchors)


def test_two_verdicts_are_equal_bit_for_bit() -> None:
    assert score(DEV[0], DESIGNS[DEV[0].name]) == score(DEV[0], DESIGNS[DEV[0].name])


def test_feedback_says_where_the_money_goes_and_nothing_hidden() -> None:
    for instance in DEV:
        judged = judge(instance, DESIGNS[instance.name])
        assert isinstance(judged, Judged)
        text = describe(judged)
        assert f"cost {judged.books.cost_eur:.2f} EUR" in text
        assert f"asked for {judged.item.fill_rate:g}" in text
        assert str(instance.hidden["simulation_seed"]) not in text
        assert len(text) < 500


def test_the_picture_is_a_chart_and_only_of_a_feasible_design() -> None:
    from matplotlib import image

    pictures = draw(DEV[1], DESIGNS[DEV[1].name])
    assert list(pictures) == ["inventory.png"]
    height, width, _ = image.imread(io.BytesIO(pictures["inventory.png"])).shape
    assert (width, height) == (1150, 720)
    assert draw(DEV[1], {"s": [NEVER] * 16, "S": [0] * 16}) == {}


# --- controls -----------------------------------------------------------------------------------------------------

BROKEN = {
    "infeasible": "below the",
    "near_infeasible": "below the",
    "malformed": "there must be",
    "malformed_crossed": "is above S[2] = 999 by 1",
    "malformed_float": "got `float` - at `$.S[1]`",
    "malformed_bool": "got `bool` - at `$.s[",
    "malformed_huge": "S[0] = 1000000000000000 lies outside",
    "malformed_nan": "got `float` - at `$.s[0]`",
    "malformed_empty": "missing required field `s`",
}


@pytest.mark.parametrize("name", BROKEN)
def test_broken_controls_are_refused_for_their_own_reason(name: str) -> None:
    solve = compiled(name)
    for instance in DEV:
        outcome = score(instance, solve(instance.public))
        assert outcome.status is Status.INFEASIBLE
        assert BROKEN[name] in outcome.feedback


def test_the_near_infeasible_control_lacks_one_step_of_the_safety_factor() -> None:
    for instance in DEV:
        item = Item.of(instance.public)
        design = compiled("near_infeasible")(instance.public)
        fill = account(item, Policy(tuple(design["s"]), tuple(design["S"]))).fill_rate
        assert 0 < item.fill_rate - fill < 0.003
        assert account(item, with_factor(item, 8.0)).fill_rate > item.fill_rate


def mean_score(name: str) -> float:
    solve = compiled(name)
    scores = []
    for instance in DEV:
        outcome, anchors = score(instance, solve(instance.public)), instance.anchors
        assert outcome.objective is not None, outcome.feedback
        assert anchors is not None
        scores.append((anchors.baseline - outcome.objective) / (anchors.baseline - anchors.reference))
    return sum(scores) / len(scores)


def test_controls_form_a_ladder_from_overstock_to_the_oracle() -> None:
    forged, tuned, oracle = (mean_score(name) for name in ("forged", "tuned", "oracle"))
    assert forged < -1 < 0.1 < tuned < 0.9 < oracle <= 1.002


def test_controls_get_in_the_sandbox_the_verdicts_they_deserve() -> None:
    with Verifier(TASK) as verifier:
        for split in ("dev", "held-out"):
            verdict = verifier.evaluate(TASK.seed, split=split)
            assert verdict.status is Status.OK, verdict.feedback
            assert verdict.score == pytest.approx(0.0, abs=1e-6)
        broken = verifier.evaluate(control_candidate(TASK, "near_infeasible"))
        assert (broken.status, broken.score) == (Status.INFEASIBLE, None)
        assert "below the 0.97 asked for" in broken.feedback
