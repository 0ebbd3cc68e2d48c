"""Optuna with a journal file and random sampling: the peer with a durable record. Usage: run_optuna.py N [PATH]

With a PATH the study is kept there; a second call with `open PATH` times opening it and asking for one more trial.
"""

import json
import sys
import tempfile
import time
from pathlib import Path


def storage(path: str):
    from optuna.storages import JournalStorage
    from optuna.storages.journal import JournalFileBackend

    return JournalStorage(JournalFileBackend(path))


def main(count: int, path: str) -> dict:
    import optuna

    optuna.logging.set_verbosity(optuna.logging.ERROR)
    study = optuna.create_study(
        storage=storage(path), study_name="s", sampler=optuna.samplers.RandomSampler(seed=1)
    )
    text, times = "y" * 2400, [time.monotonic()]
    for number in range(count):
        trial = study.ask()
        value = trial.suggest_float("x", 0.0, 1.0)
        trial.set_user_attr("candidate", f"{number} {text}")
        study.tell(trial, value)
        times.append(time.monotonic())
    part = max(50, len(times) // 10)
    mean = lambda t: 1000 * (t[-1] - t[0]) / (len(t) - 1)
    return {
        "asked": count,
        "average_ms": mean(times),
        "early_ms": mean(times[:part]),
        "late_ms": mean(times[-part:]),
    }


def reopen(path: str) -> dict:
    import optuna

    optuna.logging.set_verbosity(optuna.logging.ERROR)
    began = time.monotonic()
    study = optuna.load_study(
        storage=storage(path), study_name="s", sampler=optuna.samplers.RandomSampler(seed=1)
    )
    trial = study.ask()
    trial.suggest_float("x", 0.0, 1.0)
    return {"resume_s": time.monotonic() - began, "trials": trial.number}


if __name__ == "__main__":
    if sys.argv[1] == "open":
        print(json.dumps(reopen(sys.argv[2])))
    else:
        target = sys.argv[2] if len(sys.argv) > 2 else str(Path(tempfile.mkdtemp(), "journal.log"))
        print(json.dumps(main(int(sys.argv[1]), target)))
