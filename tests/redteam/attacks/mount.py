# attack: mount, bind, remount, unmount, move, pivot and the newer calls of the same kind
# contained-at: namespaces restricted
# expect: deserved-or-not-ok
import os

from kit import *


def solve(instance):
    here = os.getcwd().encode()
    tries = {
        "mount tmpfs": lambda: libc.mount(b"x", here, b"tmpfs", 0, None),
        "mount proc": lambda: libc.mount(b"proc", here, b"proc", 0, None),
        "bind /": lambda: libc.mount(b"/", here, None, 4096, None),
        "remount / writable": lambda: libc.mount(None, b"/", None, 32 | 4096, None),
        "remount /usr writable": lambda: libc.mount(None, b"/usr", None, 32 | 4096, None),
        "umount": lambda: libc.umount2(b"/tmp", 2),
        "umount /proc": lambda: libc.umount2(b"/proc", 2),
        "pivot_root": lambda: syscall(number(155, 41), ctypes.c_char_p(b"."), ctypes.c_char_p(b".")),
        "open_tree": lambda: syscall(428, -100, ctypes.c_char_p(b"/"), 1),
        "move_mount": lambda: syscall(429, -100, ctypes.c_char_p(b"/tmp"), -100, ctypes.c_char_p(here), 0),
        "fsopen": lambda: syscall(430, ctypes.c_char_p(b"tmpfs"), 0),
        "fspick": lambda: syscall(433, -100, ctypes.c_char_p(b"/"), 0),
        "mount_setattr": lambda: syscall(442, -100, ctypes.c_char_p(b"/"), 0, ctypes.byref((ctypes.c_uint64 * 4)(0, 1)), 32),
        "fanotify": lambda: syscall(number(300, 262), 0, 0),
        "quotactl": lambda: syscall(number(179, 60), 0x80000100, 0, 0, 0),
    }
    for name, act in tries.items():
        if act() >= 0:
            got(name)
    return answer(instance)
