"""Which trainer wrote a file is seen from its rows.

    foreign = read_foreign("outputs/rollouts")
    print(foreign.source, len(foreign.records), foreign.notes)
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from journeyman.distill.foreign import prime_rl, trl, verl
from journeyman.distill.foreign.record import Foreign
from journeyman.distill.foreign.rows import json_lines
from journeyman.errors import DataInvalid, UsageError

READERS: dict[str, Callable[[Path], Foreign]] = {
    "verl": verl.read_verl,
    "trl": trl.read_trl,
    "prime-rl": prime_rl.read_prime_rl,
}


def read_foreign(path: str | Path, source: str = "auto") -> Foreign:
    """Rollouts of verl, TRL or prime-rl, from a file or a folder.

    Raises:
        UsageError: `source` is none of auto, verl, trl, prime-rl.
        DataInvalid: nothing there, or nothing that one of them writes; the text names file, line and field.
        MissingExtra: a Parquet file without pyarrow.
    """
    path = Path(path)
    if source != "auto" and source not in READERS:
        raise UsageError(f"rollouts of '{source}' cannot be read; use auto, {', '.join(READERS)}")
    if not path.exists():
        raise DataInvalid(f"{path} does not exist")
    return READERS[_source_of(path) if source == "auto" else source](path)


def _source_of(path: Path) -> str:
    if path.is_dir():
        if (path / "completions").is_dir() or trl.tables(path):
            return "trl"
        if any(path.rglob("rank_*.jsonl")):
            return "prime-rl"
        files = sorted(path.glob("*.jsonl"))
        if not files:
            raise DataInvalid(f"{path} holds no rollouts: no *.jsonl, no completions/*.parquet, no token_exports/step_N")
        path = files[0]
    if path.suffix == ".parquet" or path.name.endswith(".table.json"):
        return "trl"
    first = next(iter(json_lines(path)), None)
    if first is None:
        raise DataInvalid(f"{path} is empty")
    where, row = first
    for name, looks_like in (("prime-rl", prime_rl.looks_like), ("verl", verl.looks_like), ("trl", trl.looks_like)):
        if looks_like(row):
            return name
    raise DataInvalid(f"{where}: fields {', '.join(sorted(row))} are not those of verl, trl or prime-rl")
