# attack: read what belongs to the host: password hashes, machine identity, logs, other mounts
# contained-at: namespaces restricted
# expect: seed-score
# bites-at: none
import os

from kit import *

FILES = ("/etc/shadow", "/etc/gshadow", "/etc/machine-id", "/etc/hostname", "/etc/hosts", "/etc/resolv.conf", "/etc/fstab",
         "/var/lib/dpkg/status", "/boot/config", "/run/utmp", "/proc/cmdline", "/proc/1/mountinfo", "/proc/net/tcp",
         "/sys/class/dmi/id/product_uuid")


def solve(instance):
    for path in FILES:
        with quietly():
            if path.startswith("/proc/"):
                continue
            if read(path):
                got(path)
    with quietly():
        users = [line for line in read("/etc/passwd").decode().splitlines() if not line.startswith("candidate:")]
        if users:
            got(f"/etc/passwd: {users[:2]}")
    for folder in ("/root", "/home", "/var", "/srv", "/opt", "/mnt", "/media", "/boot", "/run", "/sys", "/work"):
        with quietly():
            # A Python that was installed there must be seen; nothing else.
            if [name for name in os.listdir(folder) if not os.__file__.startswith(f"{folder}/{name}/")]:
                got(f"listed {folder}")
    return answer(instance)
