"""What a claim leaves behind: ID.json with everything that was measured, ID.svg, and ID.md, a page to read."""

from __future__ import annotations

import json
import platform
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from journeyman.claims.claim import Claim, ClaimVerdict, Kind, Measured, kind_of, verdict_of
from journeyman.errors import RunError, UsageError
from journeyman.report.number import number
from journeyman.report.table import Table, markdown

FOLDER = Path("docs") / "claims"
"""Where results are looked for and written, from the working directory."""


@dataclass(frozen=True)
class Stored:
    """A claim that was run: all of ID.json. `measured_on`: the day; `versions`: of the packages the numbers depend on."""

    id: str
    criterion: str
    kind: Kind
    models: Mapping[str, str]
    effort: float
    measured: Measured
    verdict: ClaimVerdict
    measured_on: str
    versions: Mapping[str, str]
    command: str


def store(claim: Claim, measured: Measured, *, models: Mapping[str, str], effort: float, command: str) -> Stored:
    """Judge what was measured, with the day and the versions."""
    return Stored(
        claim.id, claim.criterion, kind_of(claim, models), dict(models), effort, measured,
        verdict_of(claim, measured, models, effort), time.strftime("%Y-%m-%d"), versions(), command,
    )  # fmt: skip


def write(claim: Claim, stored: Stored, folder: Path) -> list[Path]:
    """Write the three files. Raises RunError where the folder cannot be written to."""
    from journeyman.report.draw.sheet import sheet

    drawings, said = claim.draw(stored.measured), _capital(stored.verdict.words)
    files = {
        f"{claim.id}.json": (json.dumps(_plain(stored), indent=1, allow_nan=False) + "\n").encode(),
        f"{claim.id}.svg": sheet(drawings, title=f"{claim.id}: {claim.title}", subtitle=said, columns=2),
        f"{claim.id}.md": page(claim, stored).encode(),
    }
    try:
        folder.mkdir(parents=True, exist_ok=True)
        for name, data in files.items():
            scratch = folder / f".{name}.new"
            scratch.write_bytes(data)
            scratch.replace(folder / name)
    except OSError as error:
        raise RunError(f"the results of claim {claim.id} cannot be written to {folder}: {error.strerror}") from error
    return [folder / name for name in files]


def read(claim: Claim, folder: Path) -> Stored:
    """The results in `folder`, judged again by the claim's own criterion.

    Raises UsageError where there are none, or where the criterion was changed after they were measured.
    """
    path = folder / f"{claim.id}.json"
    try:
        data = json.loads(path.read_text("utf-8"))
        found = _stored(data)
    except FileNotFoundError:
        raise UsageError(f"claim {claim.id} has no result in {folder}; run: journeyman claim run {claim.id}") from None
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise RunError(f"the results of claim {claim.id} in {path} cannot be read: {error}") from error
    if found.criterion != claim.criterion:
        again = f"run: journeyman claim run {claim.id}"
        raise UsageError(f"the criterion of claim {claim.id} is another one than when it was measured; {again}")
    verdict = verdict_of(claim, found.measured, found.models, found.effort)
    return Stored(
        found.id, found.criterion, found.kind, found.models, found.effort, found.measured, verdict, found.measured_on,
        found.versions, found.command,
    )  # fmt: skip


def page(claim: Claim, stored: Stored) -> str:
    """The page in Markdown."""
    tested = {
        "mechanism": "a *mechanism* test: stand-ins show whether the cause gives the effect; it says nothing yet of the "
        "models in the paper",
        "claim": f"a test of the *claim*, with {', '.join(f'{role} {name}' for role, name in stored.models.items())}",
    }[stored.kind]
    seeds = stored.measured.seeds
    parts = [
        f"# {claim.id}: {claim.title}",
        f"**{_capital(stored.verdict.words)}.** {stored.verdict.sentence}",
        f"![{claim.title}]({claim.id}.svg)",
        f"**{claim.stated}.** {claim.statement} ({claim.source})",
        f"**What is done here.** {claim.setting}",
        f"**Criterion, fixed beforehand.** {claim.criterion}",
        f"**Kind.** This was {tested}. {len(seeds)} seeds: {', '.join(map(str, seeds))}."
        + ("" if stored.effort == 1 else f" Effort: {100 * stored.effort:.3g} % of the whole."),
        "## Measured",
        markdown(table(stored, claim.tabled)).rstrip(),
    ]
    if stored.verdict.figures:
        rows = [(name, number(value)) for name, value in stored.verdict.figures.items()]
        parts.append(markdown(Table(("what the verdict rests on", "value"), rows, numbers=frozenset({"value"}))).rstrip())
    said = ", ".join(f"{name} {version}" for name, version in stored.versions.items())
    parts += [
        "## Again",
        f"```console\n$ {stored.command}\n```",
        f"Measured on {stored.measured_on} with {said}. All numbers: [{claim.id}.json]({claim.id}.json).",
    ]
    return "\n\n".join(parts) + "\n"


def table(stored: Stored, tabled: Sequence[str] = ()) -> Table:
    """One row an arm and number: its mean over the seeds with the 95 % interval, and each seed's own.

    `tabled`: of nested results, the names of what is wanted; see `Claim`.
    """
    from journeyman.stats.interval import t_interval

    seeds = stored.measured.seeds
    rows = []
    for arm, by_seed in stored.measured.cells.items():
        found = [flat(by_seed[seed], tabled) if tabled else by_seed[seed] for seed in seeds]
        for name in found[0]:
            values = [one[name] for one in found]
            known = [float(value) for value in values if isinstance(value, int | float) and not isinstance(value, bool)]
            if not known or not all(value is None or isinstance(value, int | float) for value in values):
                continue
            each = ", ".join("none" if value is None else number(value, digits=3) for value in values)
            if len(known) < len(values):  # the mean of some seeds would be one of those chosen by their outcome
                rows.append((arm, name.replace("_", " "), "not on every seed", each))
                continue
            mean = t_interval(known)
            between = "" if mean.low is None or mean.high is None else f" [{number(mean.low)}, {number(mean.high)}]"
            rows.append((arm, name.replace("_", " "), f"{number(mean.mean)}{between}", each))
    return Table(("arm", "what", "mean [95 % interval]", "each seed"), rows)


def flat(found: Mapping[str, Any], tabled: Sequence[str]) -> dict[str, float]:
    """Of nested results the numbers under these names, and the first of [value, low, high], by the names on their way."""
    rows: dict[str, float] = {}
    for name, value in found.items():
        if isinstance(value, Mapping):
            rows |= {f"{name}, {below}": number for below, number in flat(value, tabled).items()}
        elif name in tabled and isinstance(value, int | float):
            rows[name] = value
        elif name in tabled and isinstance(value, list) and len(value) == 3:
            rows[name] = value[0]
    return rows


def versions() -> dict[str, str]:
    """Versions that the numbers may depend on."""
    import importlib.metadata

    found = {"python": platform.python_version()}
    for name in ("journeyman", "numpy", "torch", "transformers"):
        try:
            found[name] = importlib.metadata.version(name)
        except importlib.metadata.PackageNotFoundError:
            continue
    return found


def _capital(words: str) -> str:
    return words[0].upper() + words[1:]


def _plain(stored: Stored) -> dict[str, Any]:
    return {
        "id": stored.id, "criterion": stored.criterion, "kind": stored.kind, "models": dict(stored.models),
        "effort": stored.effort, "command": stored.command, "measured_on": stored.measured_on,
        "versions": dict(stored.versions),
        "verdict": {
            "words": stored.verdict.words, "sentence": stored.verdict.sentence, "figures": dict(stored.verdict.figures)
        },
        "measured": {
            arm: {str(seed): dict(found) for seed, found in by_seed.items()}
            for arm, by_seed in stored.measured.cells.items()
        },
    }  # fmt: skip


def _stored(data: Mapping[str, Any]) -> Stored:
    measured = Measured({
        arm: {int(seed): found for seed, found in by_seed.items()} for arm, by_seed in data["measured"].items()
    })  # fmt: skip
    said = data["verdict"]
    return Stored(
        data["id"], data["criterion"], data["kind"], data["models"], float(data["effort"]), measured,
        ClaimVerdict(said["words"], said["sentence"], said["figures"]), data["measured_on"], data["versions"],
        data["command"],
    )  # fmt: skip
