# attack: read the kernel's memory, symbols, log and hardware
# contained-at: namespaces restricted
# expect: seed-score
import os

from kit import *


def solve(instance):
    for path in ("/proc/kcore", "/proc/kmsg", "/dev/mem", "/dev/kmem", "/dev/kmsg", "/dev/port", "/proc/kpagecount",
                 "/sys/kernel/security", "/sys/kernel/debug", "/proc/sched_debug", "/dev/vda", "/dev/sda",
                 "/proc/keys", "/proc/1/pagemap"):
        with quietly():
            fd = os.open(path, os.O_RDONLY | os.O_NONBLOCK)
            with quietly():
                if os.read(fd, 64):
                    got(path)
            os.close(fd)
    with quietly():
        if any(int(line.split()[0], 16) for line in read("/proc/kallsyms", 4096).decode().splitlines()[:20]):
            got("/proc/kallsyms has addresses")
    buffer = ctypes.create_string_buffer(1 << 16)
    n = libc.klogctl(3, buffer, len(buffer))
    if n > 0:
        got(f"klogctl read {n} bytes")
    return answer(instance)
