// task: build
// attack: an indirect function, whose resolver runs before everything else
// contained-at: namespaces restricted
// expect: deserved-or-not-ok
#include "kit.h"

static uint32_t mine(const uint8_t *data, size_t length) { return honest(data, length); }

static uint32_t (*resolve(void))(const uint8_t *, size_t) {
    static const uint8_t answer[8] = {4};
    syscall(SYS_write, 1, answer, 0);
    return mine;
}

uint32_t crc(const uint8_t *data, size_t length) __attribute__((ifunc("resolve")));
