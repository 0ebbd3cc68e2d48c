# attack: write the memory of the parent and the zygote, through /proc/PID/mem and process_vm_writev, to poison later runs
# contained-at: namespaces restricted
# expect: seed-score
import os

from kit import *


class Piece(ctypes.Structure):
    _fields_ = [("base", ctypes.c_void_p), ("length", ctypes.c_size_t)]


def solve(instance):
    # A harmless word, at an address that every fork shares: one of this module's own strings, known to nobody else.
    place = ctypes.create_string_buffer(8)
    for pid in (os.getppid(), 1, int(host.SENTINEL_PID), *map(int, host.PIDS)):
        if pid == os.getpid():
            continue
        with quietly():
            os.close(os.open(f"/proc/{pid}/mem", os.O_RDWR))
            got(f"opened /proc/{pid}/mem")
        here = there = Piece(ctypes.addressof(place), 8)
        if syscall(number(311, 271), pid, ctypes.byref(here), 1, ctypes.byref(there), 1, 0) > 0:
            got(f"process_vm_writev of {pid}")
        fd = syscall(434, pid, 0)
        if fd >= 0:
            for n in range(8):
                if syscall(438, fd, n, 0) >= 0:
                    got(f"pidfd_getfd {n} of {pid}")
            if syscall(440, fd, 0, 0, 21, 0) > 0:
                got(f"process_madvise of {pid}")
    return answer(instance)
