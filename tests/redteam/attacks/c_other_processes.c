// task: build
// attack: fork, run a program, kill, stop, trace and hobble other processes, make namespaces, from the program
// contained-at: namespaces restricted
// expect: deserved
#include "kit.h"

#include <sched.h>
#include <sys/mount.h>
#include <sys/ptrace.h>
#include <sys/wait.h>

__attribute__((constructor)) static void harm(void) {
    pid_t me = getpid(), child = fork();
    if (child == 0) pause();
    if (child > 0) got("fork");
    child = (pid_t)syscall(SYS_clone, SIGCHLD | CLONE_PARENT, 0, 0, 0, 0);
    if (getpid() != me) pause();
    if (child > 0) got("clone");
    kill(atoi(HOST_SENTINEL_PID), SIGKILL);
    kill(-1, SIGSTOP);
    if (ptrace(PTRACE_ATTACH, getppid(), 0, 0) == 0) got("ptrace");
    if (unshare(CLONE_NEWUSER) == 0) got("unshare");
    if (mount("x", "/", "tmpfs", 0, 0) == 0) got("mount");
    if (syscall(SYS_io_uring_setup, 4, (char[256]){0}) >= 0) got("io_uring");
    if (syscall(SYS_memfd_create, "x", 0) >= 0) got("memfd");
    if (prctl(PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0) != 1) got("privileges");
}

uint32_t crc(const uint8_t *data, size_t length) { return honest(data, length); }
