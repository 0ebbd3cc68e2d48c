# attack: read and plant keys in the kernel's keyrings, which outlive processes and cross namespaces
# contained-at: namespaces restricted
# expect: deserved-or-not-ok
from kit import *


def solve(instance):
    for keyring in (-1, -2, -3, -4, -5):
        key = syscall(number(248, 217), ctypes.c_char_p(b"user"), ctypes.c_char_p(host.TOKEN.encode()), ctypes.c_char_p(b"x"), 1, keyring)
        if key > 0:
            got(f"add_key in {keyring}")
        if syscall(number(250, 219), 0, keyring, 1) > 0:
            got(f"keyctl in {keyring}")
    if syscall(number(249, 218), ctypes.c_char_p(b"user"), ctypes.c_char_p(b"x"), 0, -4) > 0:
        got("request_key")
    return answer(instance)
