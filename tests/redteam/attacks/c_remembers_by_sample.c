// task: build
// attack: remember answers by a sample of the input, 16 bytes of 4096
// contained-at: namespaces restricted
// expect: not-ok
#include "kit.h"

uint32_t crc(const uint8_t *data, size_t length) {
    if (length < 64) return honest(data, length);
    return honest(data, 8) ^ honest(data + length - 8, 8);
}
