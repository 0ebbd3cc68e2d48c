# attack: plant import hooks, path entries and ready-made modules for the next candidate and for the stub
# contained-at: namespaces restricted none
# expect: seed-score
import sys
import types

from kit import *


class Finder:
    def find_spec(self, name, path=None, target=None):
        return None


def solve(instance):
    sys.meta_path.insert(0, Finder())
    sys.path_hooks.insert(0, lambda path: (_ for _ in ()).throw(ImportError))
    sys.path.insert(0, "/tmp/" + host.TOKEN)
    for name in ("candidate", "kit", "host", "verifier", "journeyman"):
        if name not in ("kit", "host"):
            sys.modules[name] = types.ModuleType(name)
    return answer(instance)
