"""Episodes made by hand and by chance, for tests of scores: nothing in here looks at what a score would say."""

from __future__ import annotations

import random
from collections.abc import Iterator, Sequence
from typing import Any

import msgspec

from journeyman.foresee.cell import Cell
from journeyman.foresee.protocol.decision import Decision, Episode

FALLS = {"at": [1, 2], "terminal": True, "success": False}
HOLDS = {"at": [1, 2], "terminal": False, "success": False}


def call(index: int, actions: Sequence[int] = (2,), **rest: Any) -> Decision:
    """A call, in the real state "s0" unless said otherwise."""
    rest = {"predicted": HOLDS, "true": rest.get("predicted", HOLDS), "state": "s0", "after": "s0", **rest}
    return Decision(index=index, real=rest.pop("real", 0), context="W", actions=tuple(actions), model="exact", **rest)


def act(index: int, actions: Sequence[int] = (2,), **rest: Any) -> Decision:
    """A real action."""
    return Decision(index=index, real=rest.pop("real", 0), context="E", actions=tuple(actions), **rest)


def episode(
    instance: str = "i0", decisions: Sequence[Decision] = (), *, success: bool = True, mode: str = "normal",
    agent: str = "scripted", world: str = "lake-6", governor: str = "none", world_model: str = "exact", **rest: Any,
) -> Episode:  # fmt: skip
    """An episode; calls and real actions are counted unless they are given."""
    cell = Cell(agent, world_model, mode, governor).key
    counts = {
        "calls": sum(d.context == "W" for d in decisions),
        "real": sum(len(d.actions) for d in decisions if d.context == "E"),
    }
    return Episode(
        cell=cell, world=world, instance=instance, mode=mode, success=success,
        **{"seed": 0, "reason": "success" if success else "lost", **counts, **rest}, decisions=tuple(decisions),
    )  # fmt: skip


def outcomes(rows: Sequence[tuple[bool, ...]], modes: Sequence[str], calls: int = 1, **rest: Any) -> list[Episode]:
    """For each row an instance, played once in each mode with that outcome."""
    return [
        episode(f"i{i:05d}", success=solved, mode=mode, calls=0 if mode == "invisible" else calls, real=5, **rest)
        for i, row in enumerate(rows)
        for mode, solved in zip(modes, row, strict=True)
    ]


def family(n: int = 60, seed: int = 0, world: str = "lake-6", agent: str = "scripted") -> list[Episode]:
    """Every kind of cell that there is a score for, on `n` instances, with calls, readings, values, coins and tokens."""
    cells = [
        ("invisible", "none", "exact"), ("normal", "none", "exact"), ("force", "none", "exact"),
        ("normal", "confidence:0.1", "exact"), ("normal", "confidence:0.4", "exact"), ("normal", "coin", "exact"),
        ("normal", "voi:cost=0.02", "exact"), ("normal", "none", "exact+transition=0.2"),
        ("force", "none", "exact+transition=0.2"), ("normal", "none", "exact+transition=0.4"),
    ]  # fmt: skip
    return [
        msgspec.structs.replace(_played(f"i{i:03d}", place, cell, seed), **_named(cell, world, agent))
        for place, cell in enumerate(cells)
        for i in range(n)
    ]


def _named(cell: tuple[str, str, str], world: str, agent: str) -> dict[str, str]:
    mode, governor, model = cell
    return {"cell": Cell(agent, model, mode, governor).key, "world": world, "mode": mode}


def _played(instance: str, place: int, cell: tuple[str, str, str], seed: int) -> Episode:
    mode, governor, model = cell
    luck = random.Random(f"{seed} {instance} {cell}")
    hard = random.Random(f"{seed} {instance}").random()
    decisions = list(_decisions(mode, governor, model, hard, luck))
    error = float(model.partition("transition=")[2] or 0)
    calls = sum(decision.context == "W" for decision in decisions)
    chance = 0.9 - 0.5 * hard + (0.1 - 0.5 * error) * min(calls, 3) / 3
    return Episode(
        cell="", world="", instance=instance, seed=0, mode=mode, success=luck.random() < chance, reason="", calls=calls,
        real=4, decisions=tuple(decisions), optimal=3 + int(8 * hard), tokens_in=100 * (1 + calls), tokens_out=20,
        micro_usd=300 * (1 + calls),
    )  # fmt: skip


def _decisions(mode: str, governor: str, model: str, hard: float, luck: random.Random) -> Iterator[Decision]:
    index, call_no = 0, 0
    for real in range(4):
        wanted = {"invisible": 0, "force": 1}.get(mode, int(luck.random() < 0.2 + 0.6 * hard) + int(luck.random() < 0.3))
        sure = round(min(1.0, max(0.0, 1 - hard + luck.gauss(0, 0.1))), 2)
        ruling: dict[str, Any] = {}
        if governor == "coin":
            wanted = int(luck.random() < 0.3)
            ruling = {
                "verdict": "simulate" if wanted else "allow", "propensity": 0.3 if wanted else 0.7,
                "values": {"uplift": 0.1 * hard, "p_useful": hard / 2},
            }  # fmt: skip
        if governor.startswith(("voi", "confidence")):
            figures = {"evsi": max(0.0, luck.gauss(0.05, 0.05)), "reliability": 0.9, "p_useful": hard / 2}
            ruling = {"verdict": "simulate" if wanted else "allow", "values": figures}
        stated = None
        for _ in range(wanted):
            shown = FALLS if luck.random() < 0.3 else HOLDS
            true = shown if luck.random() > 0.1 else HOLDS
            yield Decision(
                index=index, real=real, context="W", by="governor" if governor != "none" else "agent",
                actions=(luck.randrange(4),), state=f"s{real}", after=f"s{real}", call=call_no, model=model,
                predicted=shown, true=true, reading=stated,
                ruling=ruling, values={"0": 0.2, "1": 0.4, "2": sure},
            )  # fmt: skip
            stated = shown if luck.random() > 0.15 else {"terminal": not shown["terminal"]}
            index, call_no = index + 1, call_no + 1
        if luck.random() < 0.05:
            yield Decision(index=index, real=real, context="R", state=f"s{real}", after=f"s{real}", refusal="no")
            index += 1
        yield Decision(
            index=index, real=real, context="E", actions=(luck.randrange(4),), state=f"s{real}", after=f"s{real + 1}",
            reading=stated, confidence=sure, ruling={} if wanted else ruling,
            values={"0": 0.2, "1": 0.4, "2": sure, "3": 0.1},
        )  # fmt: skip
        index += 1
