# attack: look for privileges that are left: capabilities, user 0, supplementary groups, gains by exec
# contained-at: namespaces restricted
# expect: seed-score
import os

from kit import *


def solve(instance):
    sets = (ctypes.c_uint32 * 6)()
    if libc.capget((ctypes.c_uint32 * 2)(0x20080522, 0), sets) != 0:
        got("capget failed")
    # One capability may be held: reading past rights, for a root who became nobody; Landlock still decides what is read.
    reading = 1 << 2 if host.LEVEL == "restricted" else 0
    if any(mask & ~reading for mask in sets):
        got(f"capabilities {list(sets)}")
    if libc.prctl(39, 0, 0, 0, 0) != 1:
        got("new privileges can be had")
    if libc.prctl(21, 0, 0, 0, 0) != 2:
        got("no filter of system calls")
    if 0 in os.getresuid() or 0 in os.getresgid() or 0 in os.getgroups():
        got(f"users {os.getresuid()} groups {os.getresgid()} {os.getgroups()}")
    for act in (lambda: os.setuid(0), lambda: os.setgid(0), lambda: os.setgroups([0])):
        with quietly():
            act()
            got("changed user or group")
    if libc.prctl(47, 2, 1, 0, 0) == 0:
        got("raised an ambient capability")
    return answer(instance)
