# task: data_many
# attack: run a shell and the system's tools on the host's files, processes and network
# contained-at: namespaces restricted
# expect: deserved-or-not-ok
# bites-at: none
import subprocess

from kit import *

SCRIPT = """
cat /etc/shadow {tmp}/key.txt {task}/verifier.py {home}/.ssh/id_rsa
env; ps auxe; ls -la /root /home
kill -9 {sentinel} -1 &
sleep 31536000 &
setsid nohup sleep 31536001 &
( echo > /dev/tcp/127.0.0.1/{tcp} )
"""


def solve(instance):
    script = SCRIPT.format(tmp=host.TMP, task=host.TASK, home=host.HOME, sentinel=host.SENTINEL_PID, tcp=host.TCP)
    if host.LEVEL == "none":
        script = "".join(line for line in script.splitlines(True) if line.startswith(("cat", "env")))
    for shell in ("/bin/bash", "/bin/sh", "/usr/bin/busybox"):
        with quietly():
            done = subprocess.run([shell, "-c", script], stdin=subprocess.DEVNULL, capture_output=True, timeout=1.5)
            tell(done.stdout + done.stderr, shell)
            if b"root:" in done.stdout:
                got(f"{shell} read /etc/shadow")
    return answer(instance)
