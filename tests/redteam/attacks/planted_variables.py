# attack: set PYTHON* and LD_* variables for whoever comes next
# contained-at: namespaces restricted none
# expect: seed-score
import os

from kit import *


def solve(instance):
    for name in ("PYTHONPATH", "PYTHONSTARTUP", "PYTHONHOME", "LD_PRELOAD", "LD_LIBRARY_PATH", "PATH", "HOME", "TMPDIR"):
        os.environ[name] = os.getcwd() + "/" + host.TOKEN
        libc.setenv(name.encode(), b"/tmp/" + host.TOKEN.encode(), 1)
    return answer(instance)
