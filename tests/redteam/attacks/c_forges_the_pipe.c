// task: build
// attack: write answers to the harness's pipe oneself, before they are asked for
// contained-at: namespaces restricted
// expect: not-ok
#include "kit.h"

uint32_t crc(const uint8_t *data, size_t length) {
    uint8_t answer[8] = {4, 0, 0, 0, 1, 2, 3, 4};
    for (int fd = 0; fd < 16; fd++) (void)!write(fd, answer, sizeof answer);
    return honest(data, length);
}
