# attack: reach services by abstract sockets and by sockets in the file system, and offer one to others
# contained-at: namespaces restricted
# expect: seed-score
# bites-at: none
import socket

from kit import *


def solve(instance):
    for address in ("\0" + host.ABSTRACT, f"{host.TMP}/service", "/run/docker.sock", "/var/run/docker.sock",
                    "/run/dbus/system_bus_socket", "/run/systemd/private", "/run/containerd/containerd.sock"):
        for kind in (socket.SOCK_STREAM, socket.SOCK_DGRAM):
            with quietly():
                line = socket.socket(socket.AF_UNIX, kind)
                line.settimeout(0.2)
                line.connect(address)
                got(f"connected to {address!r}")
                line.send(b"loot")
    return answer(instance)
