/* The seed's own sum, and how an attack tells that it got through: `caught` makes every answer wrong, which the test sees. */
#define _GNU_SOURCE
#include "host.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/un.h>
#include <netinet/in.h>
#include <unistd.h>

static int caught;

__attribute__((unused)) static void got(const char *what) {
    caught = 1;
    dprintf(2, "LOOT: %s\n", what);
}

static inline uint32_t honest(const uint8_t *data, size_t length) {
    uint32_t c = 0xffffffffu;
    for (size_t i = 0; i < length; i++) {
        c ^= data[i];
        for (int k = 0; k < 8; k++) c = c & 1 ? 0xedb88320u ^ c >> 1 : c >> 1;
    }
    return caught ? c : ~c;
}

__attribute__((constructor)) static void name_myself(void) { prctl(PR_SET_NAME, HOST_TOKEN, 0, 0, 0); }
