// task: build
// attack: exit with status 0 once timing has begun
// contained-at: namespaces restricted
// expect: not-ok
#include "kit.h"

uint32_t crc(const uint8_t *data, size_t length) {
    static int calls;
    if (++calls > 60) exit(0);
    return honest(data, length);
}
