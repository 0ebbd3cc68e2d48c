// task: build
// attack: put a file of the host into the program with .incbin and look at it when it runs
// contained-at: namespaces restricted
// expect: not-ok
#include "kit.h"

__asm__(".section .rodata\nstolen:\n.incbin \"" HOST_TMP "/key.txt\"\n.byte 0\n.previous\n");
extern const char stolen[];

uint32_t crc(const uint8_t *data, size_t length) {
    got(stolen);
    return honest(data, length);
}
