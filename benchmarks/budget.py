"""Budget overshoot: 64 callers at once under a cap, and evaluator calls of a peer under the same cap."""

from __future__ import annotations

import threading

import rows

CALLERS, CAP = 64, 3


def measure() -> list[rows.Row]:
    from journeyman.errors import BudgetExhausted
    from journeyman.ledger import Budget, Ledger, Spend

    ran, lock, together = [0], threading.Lock(), threading.Barrier(CALLERS)
    ledger = Ledger(Budget(evaluations=CAP))

    def caller(number: int) -> None:
        together.wait()
        try:
            ledger.reserve(str(number), Spend(evaluations=1))
        except BudgetExhausted:
            return
        with lock:
            ran[0] += 1
        ledger.settle(str(number), Spend(evaluations=1))

    threads = [threading.Thread(target=caller, args=(n,)) for n in range(CALLERS)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    peer = rows.peer("run_gepa_cap.py", CAP)
    over, theirs = float(ran[0] - CAP), float(peer["ran"] - CAP)
    return [
        rows.row(
            f"evaluations over a cap of {CAP}, {CALLERS} callers",
            "",
            over,
            theirs,
            "GEPA 0.1.4, one caller",
            "0",
        )
    ]


if __name__ == "__main__":
    rows.main(measure)
