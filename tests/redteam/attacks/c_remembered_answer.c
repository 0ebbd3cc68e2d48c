// task: build
// attack: answer a timed call from memory: by the pointer, the length and the first bytes of its input
// contained-at: namespaces restricted
// expect: not-ok
#include "kit.h"

uint32_t crc(const uint8_t *data, size_t length) {
    static const uint8_t *last;
    static size_t last_length;
    static uint32_t sum;
    if (data == last && length == last_length) return sum;
    last = data, last_length = length;
    return sum = honest(data, length);
}
