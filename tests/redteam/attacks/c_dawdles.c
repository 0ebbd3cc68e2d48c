// task: build_short
// attack: sleep so long, little by little, that the reference runs into its limit and the machine seems at fault
// contained-at: namespaces restricted
// expect: status:timeout
#include "kit.h"

uint32_t crc(const uint8_t *data, size_t length) {
    if (length == 4096) usleep(40000);
    return honest(data, length);
}
