"""What every benchmark here shares: rows of what, ours, peer, ratio; peers in environments of their own."""

from __future__ import annotations

import json
import subprocess
import sys
import venv
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

HERE = Path(__file__).parent
PEERS = HERE.parent / ".venv-peers"
PINS = {"openevolve": "0.4.0", "gepa": "0.1.4", "optuna": "5.0.0"}


@dataclass(frozen=True)
class Row:
    """One line of a table. `ratio` is how many times better ours is than the peer's, None without a peer."""

    what: str
    unit: str
    ours: float
    peer: float | None = None
    peer_name: str = ""
    target: str = ""
    ratio: float | None = None


def row(what: str, unit: str, ours: float, peer: float | None = None, peer_name: str = "", target: str = "",
        more_is_better: bool = False) -> Row:  # fmt: skip
    """A row with its ratio."""
    ratio = None
    if peer and ours:
        ratio = ours / peer if more_is_better else peer / ours
    return Row(what, unit, ours, peer, peer_name, target, ratio)


def main(measure: Callable[[], Sequence[Row]]) -> None:
    """Measure and print: a table, or with --json one JSON document on standard output."""
    rows = measure()
    if "--json" in sys.argv:
        print(json.dumps([asdict(r) for r in rows], indent=2))
        return
    for r in rows:
        peer = f"  {r.peer_name} {r.peer:.3g} {r.unit}" if r.peer is not None else ""
        ratio = f"  ({r.ratio:.1f} x)" if r.ratio is not None else ""
        target = f"  [target {r.target}]" if r.target else ""
        print(f"{r.what}: {r.ours:.3g} {r.unit}{peer}{ratio}{target}")


def peer(script: str, *arguments: object) -> dict[str, Any]:
    """Run a peer's script in the peers' environment, which is made if absent, and read its last line as JSON."""
    python = PEERS / "bin" / "python"
    if not python.exists():
        say(f"making {PEERS.name} with {', '.join(f'{n} {v}' for n, v in PINS.items())}")
        venv.create(PEERS, with_pip=True)
        subprocess.run(
            [python, "-m", "pip", "install", "-q", *(f"{n}=={v}" for n, v in PINS.items())], check=True
        )
    command = [str(python), str(HERE / "peers" / script), *map(str, arguments)]
    say(" ".join(command[1:]))
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    result: dict[str, Any] = json.loads(done.stdout.strip().splitlines()[-1])
    return result


def say(text: str) -> None:
    """Progress, on standard error."""
    print(f"  {text}", file=sys.stderr, flush=True)


def mean_step_ms(times: Sequence[float]) -> float:
    """Mean milliseconds between consecutive moments in seconds."""
    return 1000 * (times[-1] - times[0]) / (len(times) - 1)
