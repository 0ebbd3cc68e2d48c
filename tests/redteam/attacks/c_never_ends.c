// task: build
// attack: loop forever with every signal blocked
// contained-at: namespaces restricted
// expect: status:timeout
#include "kit.h"

uint32_t crc(const uint8_t *data, size_t length) {
    sigset_t all;
    sigfillset(&all);
    sigprocmask(SIG_BLOCK, &all, NULL);
    for (volatile uint32_t x = 0; length > 1000; x++) {}
    return honest(data, length);
}
