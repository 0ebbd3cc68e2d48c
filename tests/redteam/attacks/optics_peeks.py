# task: optics/adaptive_optics_lag
# attack: a controller that looks for the turbulence to come: in the specification, frames, memory, files and the generator's state
# contained-at: namespaces restricted
# expect: not-ok
# says: nothing was found
import sys

from kit import *


def reset(spec):
    for name in spec:
        if any(word in name for word in ("seed", "hidden", "phase", "screen", "turbulence", "future")):
            got(f"the specification has {name}")
    for module in list(sys.modules):
        if module.split(".")[0] in ("journeyman", "verifier", "turbulence", "loop", "telescope"):
            got(f"module {module}")
    for name in ("turbulence.py", "verifier.py", "instances/dev.jsonl"):
        with quietly():
            got(read(f"{host.TASK}/{name}")[:40])
    surrender()


def act(slopes):
    return []
