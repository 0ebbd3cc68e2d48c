// task: build
// attack: a source of a few lines that takes the compiler more time and memory than there is
// contained-at: namespaces restricted
// expect: not-ok
#include "kit.h"
#define A(x) x x x x x x x x x x
#define B(x) A(A(A(A(x))))
#define C(x) B(B(x))

uint32_t crc(const uint8_t *data, size_t length) {
    C(data += 0 * length;)
    return honest(data, length);
}
