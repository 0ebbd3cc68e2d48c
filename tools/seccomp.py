"""Generate the seccomp programs that the sandbox ships: `python tools/seccomp.py` rewrites them, `--check` compares.

A program is classic BPF over `struct seccomp_data` (nr, arch, instruction pointer, six arguments). Four small programs are
stacked as a room needs them; the kernel takes the strictest answer. They deny what is named here and allow the rest: a
candidate's code is any numerical library, so the walls are the namespaces or Landlock, and this closes the calls that lead
around them. Calls newer than NEWEST do not exist inside until somebody has looked at them.
"""

from __future__ import annotations

import struct
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

FOLDER = Path(__file__).parents[1] / "src" / "journeyman" / "sandbox" / "filters"

LOAD, EQUAL, GREATER_OR_EQUAL, ANY_BIT, RETURN = 0x20, 0x15, 0x35, 0x45, 0x06
NR, ARCH, FIRST_ARGUMENT = 0, 4, 16

ALLOW, KILL = 0x7FFF_0000, 0x8000_0000
EPERM, EAGAIN, ENOTTY, ENOSYS, EOPNOTSUPP, EAFNOSUPPORT = (0x0005_0000 | e for e in (1, 11, 25, 38, 95, 97))

MACHINES = {"x86_64": 0xC000_003E, "aarch64": 0xC000_00B7}
X32_BIT = 0x4000_0000
NEWEST = 469  # file_setattr, Linux 6.17

NEW_NAMESPACES = 0x7E02_0000  # CLONE_NEWNS, CGROUP, UTS, IPC, USER, PID, NET
CLONE_THREAD = 0x0001_0000
O_TMPFILE = 0x0040_0000
AF_UNIX, AF_INET, AF_INET6 = 1, 2, 10
TIOCSTI, TIOCLINUX = 0x5412, 0x541C
HARMLESS_IOCTLS = (
    0x5401,
    0x5413,
    0x541B,
    0x5421,
    0x5450,
    0x5451,
)  # TCGETS, TIOCGWINSZ, FIONREAD, FIONBIO, FIO(N)CLEX

# Numbers as (x86-64, aarch64); None where the architecture has no such call.
CALLS: dict[str, tuple[int | None, int | None]] = {
    "_sysctl": (156, None),
    "acct": (163, 89),
    "add_key": (248, 217),
    "adjtimex": (159, 171),
    "bpf": (321, 280),
    "chmod": (90, None),
    "chown": (92, None),
    "chroot": (161, 51),
    "clock_adjtime": (305, 266),
    "clock_settime": (227, 112),
    "clone": (56, 220),
    "clone3": (435, 435),
    "create_module": (174, None),
    "delete_module": (176, 106),
    "execve": (59, 221),
    "execveat": (322, 281),
    "fanotify_init": (300, 262),
    "fanotify_mark": (301, 263),
    "fchmod": (91, 52),
    "fchmodat": (268, 53),
    "fchmodat2": (452, 452),
    "fchown": (93, 55),
    "fchownat": (260, 54),
    "file_setattr": (469, 469),
    "finit_module": (313, 273),
    "fork": (57, None),
    "fremovexattr": (199, 16),
    "fsconfig": (431, 431),
    "fsetxattr": (190, 7),
    "fsmount": (432, 432),
    "fsopen": (430, 430),
    "fspick": (433, 433),
    "futimesat": (261, None),
    "get_kernel_syms": (177, None),
    "init_module": (175, 105),
    "inotify_add_watch": (254, 27),
    "inotify_init": (253, None),
    "inotify_init1": (294, 26),
    "io_cancel": (210, 3),
    "io_destroy": (207, 1),
    "io_getevents": (208, 4),
    "io_pgetevents": (333, 292),
    "io_setup": (206, 0),
    "io_submit": (209, 2),
    "io_uring_enter": (426, 426),
    "io_uring_register": (427, 427),
    "io_uring_setup": (425, 425),
    "ioctl": (16, 29),
    "ioperm": (173, None),
    "iopl": (172, None),
    "ioprio_set": (251, 30),
    "kcmp": (312, 272),
    "kexec_file_load": (320, 294),
    "kexec_load": (246, 104),
    "keyctl": (250, 219),
    "lchown": (94, None),
    "listmount": (458, 458),
    "lookup_dcookie": (212, 18),
    "lremovexattr": (198, 15),
    "lsetxattr": (189, 6),
    "lsm_set_self_attr": (460, 460),
    "memfd_create": (319, 279),
    "memfd_secret": (447, 447),
    "migrate_pages": (256, 238),
    "mknod": (133, None),
    "mknodat": (259, 33),
    "modify_ldt": (154, None),
    "mount": (165, 40),
    "mount_setattr": (442, 442),
    "move_mount": (429, 429),
    "move_pages": (279, 239),
    "mq_open": (240, 180),
    "mq_unlink": (241, 181),
    "msgctl": (71, 187),
    "msgget": (68, 186),
    "msgrcv": (70, 188),
    "msgsnd": (69, 189),
    "name_to_handle_at": (303, 264),
    "nfsservctl": (180, 42),
    "open": (2, None),
    "open_by_handle_at": (304, 265),
    "open_tree": (428, 428),
    "open_tree_attr": (467, 467),
    "openat": (257, 56),
    "openat2": (437, 437),
    "perf_event_open": (298, 241),
    "personality": (135, 92),
    "pidfd_getfd": (438, 438),
    "pivot_root": (155, 41),
    "prlimit64": (302, 261),
    "process_madvise": (440, 440),
    "process_mrelease": (448, 448),
    "process_vm_readv": (310, 270),
    "process_vm_writev": (311, 271),
    "ptrace": (101, 117),
    "query_module": (178, None),
    "quotactl": (179, 60),
    "quotactl_fd": (443, 443),
    "reboot": (169, 142),
    "remap_file_pages": (216, 234),
    "removexattr": (197, 14),
    "removexattrat": (466, 466),
    "request_key": (249, 218),
    "sched_setaffinity": (203, 122),
    "sched_setattr": (314, 274),
    "sched_setparam": (142, 118),
    "sched_setscheduler": (144, 119),
    "semctl": (66, 191),
    "semget": (64, 190),
    "semop": (65, 193),
    "semtimedop": (220, 192),
    "setdomainname": (171, 162),
    "sethostname": (170, 161),
    "setns": (308, 268),
    "setpriority": (141, 140),
    "settimeofday": (164, 170),
    "setxattr": (188, 5),
    "setxattrat": (463, 463),
    "shmat": (30, 196),
    "shmctl": (31, 195),
    "shmdt": (67, 197),
    "shmget": (29, 194),
    "socket": (41, 198),
    "socketpair": (53, 199),
    "statmount": (457, 457),
    "swapoff": (168, 225),
    "swapon": (167, 224),
    "sysfs": (139, None),
    "syslog": (103, 116),
    "umount2": (166, 39),
    "unshare": (272, 97),
    "uselib": (134, None),
    "userfaultfd": (323, 282),
    "ustat": (136, None),
    "utime": (132, None),
    "utimensat": (280, 88),
    "utimes": (235, None),
    "vfork": (58, None),
    "vhangup": (153, 58),
    "vmsplice": (278, 75),
}


@dataclass(frozen=True)
class Rule:
    """Answer `action` to the named calls; with `argument`, only if that argument's low 32 bits fulfil the test.

    `any_bit`: it has one of these bits; `no_bit`: it has none of them; `one_of`, `none_of`: it equals one or none of these.
    """

    action: int
    calls: str
    argument: int | None = None
    any_bit: int = 0
    no_bit: int = 0
    one_of: tuple[int, ...] = ()
    none_of: tuple[int, ...] = ()


PROGRAMS: dict[str, tuple[Rule, ...]] = {
    # For every candidate, at every level but none.
    "base": (
        Rule(
            EPERM,
            "io_uring_setup io_uring_enter io_uring_register io_setup io_submit io_destroy io_cancel io_getevents",
        ),
        Rule(EPERM, "io_pgetevents vmsplice remap_file_pages userfaultfd perf_event_open bpf"),
        # other processes
        Rule(
            EPERM,
            "ptrace process_vm_readv process_vm_writev process_madvise process_mrelease kcmp pidfd_getfd",
        ),
        Rule(EPERM, "migrate_pages move_pages"),
        # memory that RLIMIT_AS does not see, and what outlives a process
        Rule(EPERM, "memfd_create memfd_secret shmget shmat shmctl shmdt semget semctl semop semtimedop"),
        Rule(EPERM, "msgget msgctl msgsnd msgrcv mq_open mq_unlink keyctl add_key request_key"),
        # mounts and namespaces
        Rule(
            EPERM,
            "mount umount2 pivot_root chroot open_tree open_tree_attr move_mount fsopen fsconfig fsmount fspick",
        ),
        Rule(EPERM, "mount_setattr statmount listmount unshare setns name_to_handle_at open_by_handle_at"),
        Rule(EPERM, "clone", 0, any_bit=NEW_NAMESPACES),
        Rule(
            ENOSYS, "clone3"
        ),  # its flags lie in memory, where no filter can look; every libc then uses clone
        # the machine
        Rule(
            EPERM,
            "kexec_load kexec_file_load init_module finit_module delete_module create_module query_module",
        ),
        Rule(
            EPERM,
            "get_kernel_syms swapon swapoff reboot settimeofday clock_settime clock_adjtime adjtimex quotactl",
        ),
        Rule(
            EPERM,
            "quotactl_fd acct syslog sethostname setdomainname personality lookup_dcookie nfsservctl vhangup",
        ),
        Rule(
            EPERM,
            "iopl ioperm modify_ldt uselib ustat sysfs _sysctl fanotify_init fanotify_mark lsm_set_self_attr",
        ),
        Rule(EPERM, "file_setattr mknod mknodat"),
        Rule(EPERM, "ioctl", 1, one_of=(TIOCSTI, TIOCLINUX)),
        # AF_VSOCK reaches a virtual machine's host, AF_ALG the kernel's ciphers: no namespace holds them
        Rule(EAFNOSUPPORT, "socket", 0, none_of=(AF_UNIX, AF_INET, AF_INET6)),
    ),
    # Where there are no namespaces: no sockets, and none of what Landlock does not govern.
    "offline": (
        Rule(EPERM, "socket"),
        Rule(EPERM, "socketpair", 0, none_of=(AF_UNIX,)),
        Rule(
            EPERM,
            "chmod fchmod fchmodat fchmodat2 chown lchown fchown fchownat utime utimes utimensat futimesat",
        ),
        Rule(
            EPERM,
            "setxattr lsetxattr fsetxattr setxattrat removexattr lremovexattr fremovexattr removexattrat",
        ),
        Rule(EPERM, "inotify_init inotify_init1 inotify_add_watch"),
        Rule(ENOTTY, "ioctl", 1, none_of=HARMLESS_IOCTLS),
        Rule(
            EOPNOTSUPP, "open", 1, any_bit=O_TMPFILE
        ),  # a file without a name escapes the count of the scratch folder
        Rule(EOPNOTSUPP, "openat", 2, any_bit=O_TMPFILE),
        Rule(ENOSYS, "openat2"),
        Rule(
            EPERM, "setpriority ioprio_set sched_setscheduler sched_setparam sched_setattr sched_setaffinity"
        ),
        Rule(EPERM, "prlimit64", 0, none_of=(0,)),  # of the user's other processes
    ),
    # Where the limit is one process: threads, but nothing else.
    "single": (
        Rule(EAGAIN, "fork vfork"),
        Rule(EAGAIN, "clone", 0, no_bit=CLONE_THREAD),
    ),
    # For what is called, not executed.
    "noexec": (Rule(EPERM, "execve execveat"),),
}


def instruction(code: int, k: int, jump_true: int = 0, jump_false: int = 0) -> bytes:
    return struct.pack("<HBBI", code, jump_true, jump_false, k)


def assemble(rules: Sequence[Rule], machine: str) -> bytes:
    """The program of `rules` for one architecture, first match first."""
    column = list(MACHINES).index(machine)
    code = [
        instruction(LOAD, ARCH),
        instruction(EQUAL, MACHINES[machine], 1, 0),
        instruction(RETURN, KILL),
        instruction(LOAD, NR),
        instruction(GREATER_OR_EQUAL, min(NEWEST + 1, X32_BIT), 0, 1),
        instruction(RETURN, ENOSYS),
    ]
    for rule in rules:
        for name in rule.calls.split():
            number = CALLS[name][column]
            if number is not None:
                body = _answer(rule)
                code += [instruction(EQUAL, number, 0, len(body)), *body]
    code.append(instruction(RETURN, ALLOW))
    return b"".join(code)


def _answer(rule: Rule) -> list[bytes]:
    """What follows a matching number; it falls through with the number loaded again when the argument does not match."""
    deny = instruction(RETURN, rule.action)
    if rule.argument is None:
        return [deny]
    code = [instruction(LOAD, FIRST_ARGUMENT + 8 * rule.argument)]
    if rule.any_bit:
        code += [instruction(ANY_BIT, rule.any_bit, 0, 1), deny]
    elif rule.no_bit:
        code += [instruction(ANY_BIT, rule.no_bit, 1, 0), deny]
    elif rule.one_of:
        for value in rule.one_of:
            code += [instruction(EQUAL, value, 0, 1), deny]
    else:
        count = len(rule.none_of)
        code += [instruction(EQUAL, value, count - i, 0) for i, value in enumerate(rule.none_of)]
        code.append(deny)
    return [*code, instruction(LOAD, NR)]


def files() -> dict[str, bytes]:
    """Every program that is shipped, by file name."""
    return {
        f"{name}.{machine}.bpf": assemble(rules, machine)
        for name, rules in PROGRAMS.items()
        for machine in MACHINES
    }


def main() -> int:
    """Write or, with --check, compare. Returns the exit status."""
    wanted = files()
    if "--check" in sys.argv[1:]:
        stale = [name for name, code in wanted.items() if (FOLDER / name).read_bytes() != code]
        print(
            "\n".join(f"{name} is stale: run python tools/seccomp.py" for name in stale) or "all up to date"
        )
        return 1 if stale else 0
    FOLDER.mkdir(exist_ok=True)
    for name, code in wanted.items():
        (FOLDER / name).write_bytes(code)
        print(f"{name}: {len(code) // 8} instructions")
    return 0


if __name__ == "__main__":
    sys.exit(main())
