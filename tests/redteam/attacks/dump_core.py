# attack: raise the core limit and abort, so that the host's core handler runs or a core file is left
# contained-at: namespaces restricted
# expect: not-ok
import os
import resource

from kit import *


def solve(instance):
    with quietly():
        resource.setrlimit(resource.RLIMIT_CORE, (resource.RLIM_INFINITY,) * 2)
    libc.prctl(4, 1, 0, 0, 0)
    os.abort()
