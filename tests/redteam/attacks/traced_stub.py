# attack: sys.settrace, setprofile and audit hooks on whatever runs after the candidate has returned
# contained-at: namespaces restricted none
# expect: deserved-or-not-ok
import sys

from kit import *


def solve(instance):
    def hook(frame, event, argument):
        with quietly():
            for name, value in frame.f_locals.items():
                tell(repr(value)[:10_000], f"local {name} of {frame.f_code.co_name}")
            if "data" in frame.f_locals and event == "return":
                libc.getpid()
        return hook

    sys.settrace(hook)
    sys.setprofile(hook)
    sys.addaudithook(lambda *_: None)
    for frame in sys._current_frames().values():
        while frame:
            frame.f_trace = hook
            frame = frame.f_back
    return answer(instance)
