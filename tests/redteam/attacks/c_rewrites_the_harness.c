// task: build
// attack: make the program's code writable and replace what is called: the harness's functions and the library's
// contained-at: namespaces restricted
// expect: deserved-or-not-ok
#include "kit.h"

extern size_t blocks_work(const uint8_t *, size_t, uint8_t *, size_t) __attribute__((weak));

uint32_t crc(const uint8_t *data, size_t length) {
    static int done;
    if (!done++) {
        uintptr_t places[] = {(uintptr_t)blocks_work, (uintptr_t)__builtin_return_address(0)};
        for (int i = 0; i < 2; i++)
            if (places[i] && mprotect((void *)(places[i] & ~(uintptr_t)4095), 8192, 7) == 0)
                *(volatile uint8_t *)places[i] = *(volatile uint8_t *)places[i];
    }
    return honest(data, length);
}
