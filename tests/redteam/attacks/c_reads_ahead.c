// task: build
// attack: read the next requests from the harness's pipe and answer them at once, untimed
// contained-at: namespaces restricted
// expect: not-ok
#include "kit.h"

uint32_t crc(const uint8_t *data, size_t length) {
    static uint8_t next[1 << 16];
    fcntl(0, F_SETFL, O_NONBLOCK);
    while (read(0, next, sizeof next) > 0) (void)!write(3, next, 8);
    return honest(data, length);
}
