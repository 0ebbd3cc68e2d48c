"""The page that lists the claims and what came of each."""

from __future__ import annotations

from pathlib import Path

from journeyman.claims.claim import Claim
from journeyman.claims.page import Stored, read
from journeyman.claims.registry import claim_ids, find_claim
from journeyman.errors import RunError, UsageError
from journeyman.report.table import Table, markdown

INDEX = "README.md"

_OPENING = """# What the papers claim, tested again

Each page has the criterion, which was fixed before anything was run, every number, a figure, and the command. *In mechanism*
means: with stand-ins whose causes we put in ourselves; it says that a cause gives an effect, not yet that the models of the
paper do so. `--model` runs the same test with real ones.
"""


def write_index(folder: Path) -> Path:
    """Write the list of all claims, with the results that are in `folder`. Raises RunError where it cannot be written."""
    path = folder / INDEX
    scratch = folder / f".{INDEX}.new"
    try:
        scratch.write_text(index(folder), "utf-8")
        scratch.replace(path)
    except OSError as error:
        raise RunError(f"the list of claims cannot be written to {folder}: {error.strerror}") from error
    return path


def index(folder: Path) -> str:
    """The page in Markdown."""
    rows = []
    for claim in map(find_claim, claim_ids()):
        stored = stored_in(claim, folder)
        if stored is None:
            rows.append((claim.id, claim.title, "not run here", ""))
        else:
            rows.append((f"[{claim.id}]({claim.id}.md)", claim.title, stored.verdict.words, str(len(stored.measured.seeds))))
    table = markdown(Table(("claim", "about", "verdict", "seeds"), rows, numbers=frozenset({"seeds"})))
    return f"{_OPENING}\n{table}"


def stored_in(claim: Claim, folder: Path) -> Stored | None:
    """The claim's results, or None where there are none for its criterion. Raises RunError where they cannot be read."""
    try:
        return read(claim, folder)
    except UsageError:
        return None
