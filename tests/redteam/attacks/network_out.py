# attack: reach the outside: TCP, UDP and names, IPv4 and IPv6, the cloud's metadata address
# contained-at: namespaces restricted
# expect: seed-score
import socket

from kit import *


def solve(instance):
    for family, address in ((socket.AF_INET, "192.0.2.1"), (socket.AF_INET, "169.254.169.254"), (socket.AF_INET6, "2001:db8::1")):
        for kind in (socket.SOCK_STREAM, socket.SOCK_DGRAM):
            with quietly():
                line = socket.socket(family, kind)
                line.settimeout(0.05)
                line.connect((address, 53))
                line.send(b"x")
                got(f"sent to {address} ({kind})")
    with quietly():
        got(f"localhost is not looked up by DNS: {socket.getaddrinfo('example.com', 80)}")
    return answer(instance)
