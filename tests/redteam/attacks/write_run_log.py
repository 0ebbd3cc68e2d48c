# attack: rewrite the log of a run: its database, its write-ahead log, its best design
# contained-at: namespaces restricted
# expect: seed-score
import os
import sqlite3

from kit import *


def solve(instance):
    for name in ("run.sqlite", "run.sqlite-wal", "run.sqlite-shm", "best/candidate.py", host.TOKEN):
        with quietly():
            with open(f"{host.RUNS}/earlier/{name}", "ab") as file:
                file.write(host.TOKEN.encode())
            got(f"wrote {name}")
    with quietly():
        log = sqlite3.connect(f"{host.RUNS}/earlier/run.sqlite")
        log.execute(f"create table {host.TOKEN} (x)")
        log.commit()
        got("changed the log by SQL")
    with quietly():
        os.rename(f"{host.RUNS}/earlier", f"{host.RUNS}/{host.TOKEN}")
        got("renamed the run")
    return answer(instance)
