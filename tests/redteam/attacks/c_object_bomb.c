// task: build
// attack: a source of a few lines whose object file has 4 GB
// contained-at: namespaces restricted
// expect: not-ok
#include "kit.h"

char full[4000000000u] = {1};

uint32_t crc(const uint8_t *data, size_t length) { return honest(data, length) + (uint32_t)full[length]; }
