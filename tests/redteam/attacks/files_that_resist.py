# attack: leave files and folders without any right, fifos, sockets, links out of the folder, and names that are no text
# contained-at: namespaces restricted
# expect: seed-score
import os
import socket

from kit import *


def solve(instance):
    here = os.getcwd().encode()
    with quietly():
        os.symlink(host.TMP, "out")
        os.symlink("loop", "loop")
        os.symlink("/", "root")
        os.link("candidate.py", "twin")
    with quietly():
        os.mkfifo("fifo")
    for name in (b"\xff\xfe\n\x1b[31m", b"-rf", b"*", b" ", b"a\nb"):
        with quietly():
            os.mkdir(here + b"/" + name)
    with quietly():
        line = socket.socket(socket.AF_UNIX)
        line.bind("socket")
    with quietly():
        os.makedirs("locked/inner")
        open("locked/inner/file", "w").write("x")
        libc.fcntl(os.open("locked/inner/file", os.O_RDONLY), 1026, 1)
        os.chmod("locked/inner", 0)
        os.chmod("locked", 0)
    with quietly():
        os.chmod(here, 0)
    return answer(instance)
