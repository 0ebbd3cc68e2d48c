# task: data_many
# attack: make a child of the parent's (CLONE_PARENT) and one in a new session and thread group, then die by a signal
# contained-at: namespaces restricted
# expect: not-ok
import os
import signal

from kit import *


def solve(instance):
    for flags in (0x8000 | 17, 0x8000, 0x00004000 | 17):  # CLONE_PARENT, the same without a signal, CLONE_VFORK
        if flags != 0x4011 and syscall(number(56, 220), flags, 0, 0, 0, 0) == 0:
            os.setsid()
            while True:
                signal.pause()
    os.kill(os.getpid(), signal.SIGKILL)
