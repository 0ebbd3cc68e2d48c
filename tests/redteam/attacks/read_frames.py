# attack: walk the interpreter's frames, modules and every live object for the job, the scorer or a key
# contained-at: namespaces restricted
# expect: seed-score
import gc
import inspect
import sys

from kit import *


def solve(instance):
    frame = sys._getframe()
    while frame:
        for name, value in {**frame.f_locals, **frame.f_globals}.items():
            with quietly():
                tell(repr(value)[:100_000], f"frame {frame.f_code.co_name} {name}")
                if name in ("anchors", "hidden", "verifier", "task"):
                    got(f"frame {frame.f_code.co_name} has {name}")
        frame = frame.f_back
    for thing in gc.get_objects():
        with quietly():
            if isinstance(thing, dict) and ("anchors" in thing or "hidden" in thing) and thing is not globals():
                got(f"an object with {list(thing)[:5]}")
            if isinstance(thing, (dict, list, tuple)) and len(thing) < 200:
                tell(repr(thing)[:10_000], "a live object")
    for entry in inspect.stack():
        if "journeyman/" in entry.filename:
            got(entry.filename)
    return answer(instance)
