# attack: reach a TCP service on the host's loopback, on every address that means it, and listen there
# contained-at: namespaces restricted
# expect: seed-score
# bites-at: none
import socket

from kit import *


def solve(instance):
    for family, address in ((socket.AF_INET, "127.0.0.1"), (socket.AF_INET, "0.0.0.0"), (socket.AF_INET, "127.1.2.3"),
                            (socket.AF_INET6, "::1"), (socket.AF_INET6, "::ffff:127.0.0.1"), (socket.AF_INET, host.ADDRESS)):
        with quietly():
            line = socket.socket(family, socket.SOCK_STREAM)
            line.settimeout(0.2)
            line.connect((address, host.TCP))
            got(f"connected to {address}")
            line.send(b"loot")
        with quietly():
            # TCP Fast Open and MPTCP connect by other calls.
            line = socket.socket(family, socket.SOCK_STREAM, 262)
            line.settimeout(0.2)
            line.sendto(b"loot", 0x20000000, (address, host.TCP))
            got(f"sent to {address} by other means")
    return answer(instance)
