# attack: find the code that sends the answer, by its frames and modules, and replace its functions and tables
# contained-at: namespaces restricted none
# expect: deserved-or-not-ok
import sys

from kit import *


def solve(instance):
    text = b'{"x": [0.5, 0.5, 0.5, 0.5, 0.5, 0.5, 0.5, 0.5], "score": 1e9}'
    frame = sys._getframe().f_back
    while frame:
        for name in ("_json", "_npz", "_failure"):
            if name in frame.f_globals:
                frame.f_globals[name] = lambda *_: text
        frame = frame.f_back
    for module in list(sys.modules.values()):
        with quietly():
            if hasattr(module, "write_all"):
                plain = module.write_all
                module.write_all = lambda fd, data, plain=plain: plain(fd, bytes(data).replace(b"0.5", b"0.4"))
    return {"x": instance["rough"]}
