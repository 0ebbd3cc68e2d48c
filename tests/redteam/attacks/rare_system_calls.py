# attack: calls that change the machine: time, names, modules, swap, accounting, reboot (in a form that does nothing)
# contained-at: namespaces restricted
# expect: deserved-or-not-ok
import time

from kit import *


def solve(instance):
    now = int(time.time())
    text = ctypes.c_char_p
    calls = {
        "sethostname": (number(170, 161), text(b"sandbox"), 7),
        "setdomainname": (number(171, 162), text(b"x"), 1),
        "clock_settime": (number(227, 112), 0, ctypes.byref((ctypes.c_long * 2)(now, 0))),
        "settimeofday": (number(164, 170), ctypes.byref((ctypes.c_long * 2)(now, 0)), 0),
        "reboot (enable nothing)": (number(169, 142), 0xFEE1DEAD, 672274793, 0, 0),
        "init_module": (number(175, 105), 0, 0, text(b"")),
        "finit_module": (number(313, 273), 0, text(b""), 0),
        "swapoff": (number(168, 225), text(b"/nowhere")),
        "acct": (number(163, 89), 0),
        "syslog clear": (number(103, 116), 5, 0, 0),
        "iopl": (172, 3) if X86 else (999,),
        "ioperm": (173, 0x70, 1, 1) if X86 else (999,),
        "kexec_load": (number(246, 104), 0, 0, 0, 0),
        "lookup_dcookie": (number(212, 18), 0, 0, 0),
        "nfsservctl": (number(180, 42), 0, 0, 0),
        "personality": (number(135, 92), 0x0040000),
        "landlock of one's own": (444, 0, 0, 2),
    }
    for name, call in calls.items():
        if syscall(*call) >= 0 and name not in ("landlock of one's own",):
            got(name)
    return answer(instance)
