"""Length-prefixed JSON, and bytes after it, over a socket or a pipe."""

from __future__ import annotations

import json
import os
import socket
import struct
from typing import Any

_LENGTH = struct.Struct("<Q")


def read_exactly(fd: int, size: int) -> bytearray:
    data = bytearray(size)
    view, at = memoryview(data), 0
    while at < size:
        got = os.readv(fd, [view[at:]])
        if got == 0:
            raise EOFError("the other side is gone")
        at += got
    return data


def write_all(fd: int, data: bytes | bytearray | memoryview) -> None:
    view, at = memoryview(data), 0
    while at < len(view):
        at += os.write(fd, view[at:])


def read_message(fd: int) -> Any:
    (size,) = _LENGTH.unpack(read_exactly(fd, _LENGTH.size))
    return json.loads(read_exactly(fd, size))


def encode(message: Any) -> bytes:
    data = json.dumps(message).encode()
    return _LENGTH.pack(len(data)) + data


def send_message(sock: socket.socket, message: Any, fds: tuple[int, ...] = ()) -> None:
    data = encode(message)
    if fds:
        sent = socket.send_fds(sock, [data], fds)
        data = data[sent:]
    sock.sendall(data)
