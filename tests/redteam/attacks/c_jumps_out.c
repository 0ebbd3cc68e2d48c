// task: build
// attack: leave the call by unwinding the stack to the harness's loop with an answer of one's own
// contained-at: namespaces restricted
// expect: not-ok
#include "kit.h"

uint32_t crc(const uint8_t *data, size_t length) {
    if (length == 4096) {
        void **frame = __builtin_frame_address(0);
        for (int i = 0; i < 4; i++) frame[i] = frame[4];
    }
    return honest(data, length) ^ (length == 4096);
}
