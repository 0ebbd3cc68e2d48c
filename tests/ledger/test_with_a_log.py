"""A ledger that records into a real run log, in processes killed at any instant: the budget comes out exact."""

from __future__ import annotations

import random
import signal
import subprocess
import sys
import time
from collections import Counter
from pathlib import Path

import msgspec
import pytest

from journeyman.errors import BudgetExhausted, RunReadOnly
from journeyman.ledger import Budget, Ledger, Reserved, Settled, Spend
from journeyman.runlog import RunLog

CAP = 4000
KILLS = 12

WORKERS = f"""
import os, sys, threading
from pathlib import Path
import msgspec
from journeyman.errors import BudgetExhausted
from journeyman.ledger import Budget, Ledger, Reserved, Settled, Spend
from journeyman.runlog import RunLog

log = RunLog.open(Path(sys.argv[1]), write=True)
past = [msgspec.convert(event.body, Reserved | Settled) for event in log.events()]

def record(event):
    log.append("budget", event.key, msgspec.to_builtins(event), durable=False)

ledger = Ledger.restore(Budget(evaluations={CAP}), past, record=record, lock=log.lock)
again = list(ledger.open)

def work(worker):
    turn = len(past)
    while True:
        with log.lock:
            key = again.pop() if again else f"{{worker}}-{{turn}}"
        turn += 1
        try:
            ledger.reserve(key, Spend(evaluations=1))
        except BudgetExhausted:
            return
        os.write(1, f"ran {{key}}\\n".encode())
        with log.commit(durable=False):
            ledger.settle(key, Spend(evaluations=1))
        os.write(1, f"settled {{key}}\\n".encode())

threads = [threading.Thread(target=work, args=(worker,)) for worker in range(64)]
for thread in threads:
    thread.start()
for thread in threads:
    thread.join()
log.close()
"""


def events_of(folder: Path) -> list[Reserved | Settled]:
    with RunLog.open(folder) as log:
        return [msgspec.convert(event.body, Reserved | Settled) for event in log.events()]


def test_64_callers_killed_again_and_again_spend_exactly_the_budget(tmp_path: Path) -> None:
    chance = random.Random(11)
    folder = tmp_path / "run"
    RunLog.create(folder, verb="optimize", header={}).close()
    said: Counter[str] = Counter()
    for turn in range(KILLS + 1):
        process = subprocess.Popen([sys.executable, "-c", WORKERS, str(folder)], stdout=subprocess.PIPE)
        assert process.stdout is not None
        lines: list[bytes] = []
        if turn < KILLS:
            lines = [process.stdout.readline() for _ in range(chance.randrange(1, 400))]
            time.sleep(chance.random() * 0.003)
            process.kill()
        lines += process.stdout.read().splitlines(keepends=True)
        said.update(line.decode().strip() for line in lines if line.endswith(b"\n"))
        assert process.wait() == (-signal.SIGKILL if turn < KILLS else 0)
        process.stdout.close()
        ledger = Ledger.restore(Budget(evaluations=CAP), events_of(folder))
        assert (ledger.spent + ledger.reserved).fits(ledger.budget)
        assert len(ledger.open) <= 64
    assert ledger.spent == Spend(evaluations=CAP)
    assert not ledger.open
    settled = [event.key for event in events_of(folder) if isinstance(event, Settled)]
    assert len(settled) == len(set(settled)) == CAP
    # Nothing acknowledged as settled was lost or settled again; what ran twice was in flight at a kill.
    acknowledged = {line.split()[1] for line in said if line.startswith("settled")}
    assert acknowledged <= set(settled)
    assert all(count == 1 for line, count in said.items() if line.startswith("settled"))
    assert sum(count - 1 for line, count in said.items() if line.startswith("ran")) <= 64 * KILLS


def test_a_log_that_refuses_leaves_the_ledger_as_it_was(tmp_path: Path) -> None:
    RunLog.create(tmp_path / "run", verb="x", header={}).close()
    with RunLog.open(tmp_path / "run") as log:
        ledger = Ledger(
            Budget(evaluations=1), record=lambda event: print(log.append("budget", event.key, {}))
        )
        with pytest.raises(RunReadOnly):
            ledger.reserve("a", Spend(evaluations=1))
        assert ledger.remaining() == Budget(evaluations=1)
        with pytest.raises(BudgetExhausted):
            ledger.reserve("a", Spend(evaluations=2))
