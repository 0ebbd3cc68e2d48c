# attack: import or read the package that scores, from its folder, from site-packages, from the interpreter's own modules
# contained-at: namespaces restricted
# expect: seed-score
# bites-at: none
import importlib.util
import os
import sys

from kit import *


def solve(instance):
    for name in list(sys.modules):
        if name.split(".")[0] in ("journeyman", "verifier", "msgspec", "typer", "httpx"):
            got(f"module {name} is loaded")
    for name in ("journeyman", "msgspec", "cmaes", "httpx"):
        with quietly():
            if importlib.util.find_spec(name):
                got(f"{name} can be imported")
    for path in (host.PACKAGE, *host.SITE_PACKAGES):
        with quietly():
            if os.listdir(path):
                got(f"listed {path}")
        with quietly():
            got(read(f"{path}/errors.py")[:40])
    for path in sys.path:
        with quietly():
            if any("journeyman" in name for name in os.listdir(path or ".")):
                got(f"journeyman below {path}")
    return answer(instance)
