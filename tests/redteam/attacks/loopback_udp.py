# attack: send datagrams to a service on the host's loopback
# contained-at: namespaces restricted
# expect: seed-score
# bites-at: none
import socket

from kit import *


def solve(instance):
    for family, address in ((socket.AF_INET, "127.0.0.1"), (socket.AF_INET6, "::1"), (socket.AF_INET, host.ADDRESS)):
        for protocol in (0, 136):
            with quietly():
                line = socket.socket(family, socket.SOCK_DGRAM, protocol)
                line.sendto(b"loot", (address, host.UDP))
                if host.LEVEL == "none":
                    got(f"sent to {address}")
    return answer(instance)
