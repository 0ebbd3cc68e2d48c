// task: build
// attack: a constructor that writes answers to every descriptor and exits with status 0 before main
// contained-at: namespaces restricted
// expect: not-ok
#include "kit.h"

__attribute__((constructor(101))) static void early(void) {
    static const char verdict[] = "{\"status\": \"ok\", \"score\": 1e9}";
    for (int fd = 0; fd < 64; fd++) (void)!write(fd, verdict, sizeof verdict);
    _exit(0);
}

uint32_t crc(const uint8_t *data, size_t length) { return honest(data, length); }
