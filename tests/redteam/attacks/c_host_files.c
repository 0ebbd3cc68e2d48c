// task: build
// attack: open the host's files from the program: keys, the task, the reference's library, /proc and its own scratch
// contained-at: namespaces restricted
// expect: deserved
#include "kit.h"

__attribute__((constructor)) static void look(void) {
    static const char *const paths[] = {
        "/etc/shadow", "/etc/passwd", "/etc/hostname", HOST_TMP "/key.txt", HOST_TASK "/verifier.py", HOST_HOME "/.ssh/id_rsa",
        HOST_PACKAGE "/errors.py", HOST_TASK "/reference.c", "/proc/1/environ", "/proc/self/environ", "/proc/self/mem", "/dev/mem",
        "/usr/bin/gcc", "/usr/include/stdio.h", "/bin/sh",
    };
    char text[4096];
    for (size_t i = 0; i < sizeof paths / sizeof *paths; i++) {
        int fd = open(paths[i], O_RDONLY);
        if (fd >= 0 && read(fd, text, sizeof text) > 0 && strncmp(paths[i], "/proc/self", 10) != 0 && i != 1) got(paths[i]);
    }
    extern char **environ;
    for (char **e = environ; *e; e++)
        if (strstr(*e, "PLANT" "ED-")) got(*e);
}

uint32_t crc(const uint8_t *data, size_t length) { return honest(data, length); }
