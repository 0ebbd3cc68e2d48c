"""The best design beside the seed: pictures, splits, metrics, instances, difference, and how it was reached."""

from __future__ import annotations

from collections.abc import Container, Mapping
from itertools import pairwise

from journeyman.optimize.result import Result
from journeyman.optimize.shown.ancestry import path_to
from journeyman.optimize.shown.difference import difference
from journeyman.optimize.shown.headline import spoken
from journeyman.optimize.story import Story
from journeyman.optimize.trial import SEED
from journeyman.report.blocks import Block, Diff, Fold, Links, Text, picture
from journeyman.report.number import NONE, alike, number, signed
from journeyman.report.table import Table
from journeyman.verify import Metric, Verdict

_METRIC_COLUMNS = 4
_PATH = 40  # steps of the way to the best that are shown: the first few and the last
_SMALL = 6_000  # characters of a difference on the way


def picture_blocks(files: Mapping[str, bytes], result: Result) -> list[Block]:
    """The finalist as its verifier drew it. What is no picture a browser shows is named."""
    what = "the seed" if result.best.index == SEED else f"candidate {result.best.index}"
    blocks: list[Block] = []
    other: list[str] = []
    for name, data in sorted(files.items()):
        shown = picture(data, f"{name}: drawing of {what} by the task's verifier", name)
        if shown is None:
            other.append(f"{name} ({len(data)} bytes)")
        else:
            blocks.append(shown)
    if other:
        blocks.append(
            Text(f"Drawn too, but in no form that can be shown here: {', '.join(other)}.", soft=True)
        )
    return blocks


def split_table(result: Result) -> Table:
    """Seed and best on dev and held-out."""
    sign = 1.0 if result.maximize else -1.0
    rows = []
    for name, seed, best in (
        ("dev", result.seed.verdict, result.best.verdict),
        ("held-out", result.seed_held_out, result.best_held_out),
    ):
        if seed is not None and best is not None:
            gain = None if seed.score is None or best.score is None else sign * (best.score - seed.score)
            shown = alike([seed.score, best.score])
            said = (text if v.ok else spoken(v.status) for text, v in zip(shown, (seed, best), strict=True))
            rows.append((name, *said, signed(gain)))
    columns = ("split", "seed", "best", "gain (+ is better)")
    return Table(columns, rows, title="Score", numbers=frozenset(columns[1:]))


def metric_table(result: Result) -> Table | None:
    """Every metric with its unit, seed against best; None where the verifier gives none."""
    seed, best = result.seed.verdict.metrics, result.best.verdict.metrics
    names = list(dict.fromkeys([*best, *seed]))
    if not names:
        return None
    held_out = result.best_held_out.metrics if result.best_held_out is not None else {}
    same = result.best.index == SEED
    rows = []
    for name in names:
        unit = (best.get(name) or seed[name]).unit
        before, after = alike([_value(seed, name), _value(best, name)])
        cells = [name, unit, before]
        if not same:
            cells += [after, _change(_value(seed, name), _value(best, name))]
        if held_out:
            cells.append(number(_value(held_out, name)))
        rows.append(cells)
    columns = (
        ["metric", "unit", "seed"]
        + ([] if same else ["best", "change"])
        + (["best, held-out"] if held_out else [])
    )
    return Table(
        tuple(columns), rows, title="Metrics", numbers=frozenset(columns[2:]),
        note="Means over the instances of a split." if len(result.best.verdict.instances) > 1 else "",
    )  # fmt: skip


def instance_table(verdicts: list[Verdict], title: str = "", *, most: int = 100) -> Table:
    """Verdicts on single instances. Of more than `most`, those that failed come first."""
    pairs = [(v.split, i) for v in verdicts for i in v.instances]
    if len(pairs) > most:
        pairs.sort(key=lambda pair: pair[1].score is not None)
    names = list(dict.fromkeys(name for _, i in pairs for name in i.metrics))
    units = {n: i.metrics[n].unit for _, i in pairs for n in names if n in i.metrics}
    # Without anchors the score is the objective, and one column says it.
    anchored = any(i.score != i.objective for _, i in pairs)
    rows = [
        (
            i.instance, *([split] if len(verdicts) > 1 else []), spoken(i.status), number(i.score),
            *([number(i.objective)] if anchored else []),
            *(number(i.metrics[n].value) if n in i.metrics else NONE for n in names[:_METRIC_COLUMNS]),
        )
        for split, i in pairs[:most]
    ]  # fmt: skip
    measured = [f"{n} [{units[n]}]" if units.get(n) else n for n in names[:_METRIC_COLUMNS]]
    head = ["instance", *(["split"] if len(verdicts) > 1 else []), "status"]
    columns = (*head, "score", *(["objective"] if anchored else []), *measured)
    note = f"{len(pairs) - most} more instances are not shown." if len(pairs) > most else ""
    return Table(columns, rows, title=title, numbers=frozenset(columns[len(head) :]), note=note)


def path_blocks(story: Story, entries: Container[int]) -> list[Block]:
    """The way from the seed to the best: each ancestor with what it gained and what was changed."""
    path = path_to(story, story.result.best.index)
    sign = 1.0 if story.result.maximize else -1.0
    blocks: list[Block] = []
    for place, (before, after) in enumerate(pairwise(path)):
        if 5 <= place < len(path) - 1 - (_PATH - 5):
            if place == 5:
                blocks.append(Text(f"… {len(path) - 1 - _PATH} steps are left out here …", soft=True))
            continue
        parent, step = story.step(before), story.step(after)
        gain = None if parent.score is None or step.score is None else sign * (step.score - parent.score)
        summary = [
            ("id", f"#{after}"), ("score", number(step.score)),
            ("chip better" if gain and gain > 0 else "chip", signed(gain)),
            ("by", f"from {'the seed' if before == SEED else f'#{before}'}"), ("note", step.note),
        ]  # fmt: skip
        inside: list[Block] = []
        if after in entries:
            inside.append(Links([("", f"everything about candidate {after}", f"c{after}")]))
        changed = difference(
            story.candidate(before),
            story.candidate(after),
            f"candidate-{before}",
            f"candidate-{after}",
            context=1,
        )
        inside.append(Diff(changed, _SMALL, f"change from {before} to {after}"))
        blocks.append(Fold(summary, inside))
    return blocks


def _value(metrics: Mapping[str, Metric], name: str) -> float | None:
    return metrics[name].value if name in metrics else None


def _change(before: float | None, after: float | None) -> str:
    if before is None or after is None:
        return NONE
    if not before or after == before:
        return signed(after - before)
    share = 100 * (after - before) / abs(before)
    return f"{share:+.1f} %".replace("-", "−") if abs(share) < 1000 else signed(after - before)
