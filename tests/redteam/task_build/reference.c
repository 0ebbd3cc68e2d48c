#include <stddef.h>
#include <stdint.h>

static uint32_t table[256];

__attribute__((constructor)) static void fill(void) {
    for (uint32_t i = 0; i < 256; i++) {
        uint32_t c = i;
        for (int k = 0; k < 8; k++) c = c & 1 ? 0xedb88320u ^ c >> 1 : c >> 1;
        table[i] = c;
    }
}

uint32_t crc(const uint8_t *data, size_t length) {
    uint32_t c = 0xffffffffu;
    for (size_t i = 0; i < length; i++) c = table[(c ^ data[i]) & 0xff] ^ c >> 8;
    return ~c;
}
