# task: operations/job_shop
# attack: look for the reference's schedules, the optima and the task's own solver in the file system and by import
# contained-at: namespaces restricted
# expect: not-ok
# says: nothing was found
import os

from kit import *


def solve(instance):
    for module in ("journeyman", "journeyman.tasks.operations.job_shop.tabu", "ortools", "verifier", "schedule"):
        with quietly():
            __import__(module)
            got(f"imported {module}")
    for path in (host.TASK + "/instances/dev.jsonl", host.TASK + "/tabu.py", host.PACKAGE + "/tasks"):
        with quietly():
            os.close(os.open(path, os.O_RDONLY))
            got(f"opened {path}")
    surrender()
