# attack: change one's own files after they were read, replace them by links, and leave others behind
# contained-at: namespaces restricted none
# expect: seed-score
import os

from kit import *


def solve(instance):
    for name in ("candidate.py", "kit.py", "host.py"):
        with quietly():
            os.chmod(name, 0o600)
            with open(name, "w") as file:
                file.write("raise SystemExit('changed')\n")
        with quietly():
            os.unlink(name)
            os.symlink("/etc/passwd", name)
    return answer(instance)
