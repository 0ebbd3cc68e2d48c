// task: build
// attack: write zeros over the input, so that the next steps of the chain are cheap and the reference would agree
// contained-at: namespaces restricted
// expect: not-ok
#include "kit.h"

uint32_t crc(const uint8_t *data, size_t length) {
    uint32_t sum = honest(data, length);
    memset((uint8_t *)data, 0, length);
    return sum;
}
