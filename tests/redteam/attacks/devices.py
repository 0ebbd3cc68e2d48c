# attack: open or make devices: memory, disks, KVM, FUSE, tunnels, terminals
# contained-at: namespaces restricted
# expect: seed-score
import os
import stat

from kit import *

FINE = {"null", "zero", "full", "random", "urandom", "fd", "stdin", "stdout", "stderr"}


def solve(instance):
    names = {"mem", "kmem", "kvm", "fuse", "net/tun", "tty", "console", "ptmx", "loop-control", "vda", "sda", "vsock",
             "vhost-vsock", "uinput", "kmsg", "port", "mapper/control", "ttyS0", "rtc0", "nvidia0", "userfaultfd", "hpet"}
    with quietly():
        names |= set(os.listdir("/dev"))
    for name in names - FINE:
        if os.path.realpath(f"/dev/{name}").startswith(os.path.realpath(os.getcwd())) or os.path.isdir(f"/dev/{name}"):
            continue
        for flags in (os.O_RDONLY, os.O_RDWR):
            with quietly():
                fd = os.open(f"/dev/{name}", flags | os.O_NONBLOCK | os.O_NOCTTY)
                got(f"opened /dev/{name}")
                os.close(fd)
    with quietly():
        os.mknod("mem", 0o600 | stat.S_IFCHR, os.makedev(1, 1))
        got("made a device")
        read("mem", 4096)
    with quietly():
        os.mknod("disk", 0o600 | stat.S_IFBLK, os.makedev(254, 0))
        got("made a disk")
    return answer(instance)
