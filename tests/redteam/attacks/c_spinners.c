// task: build
// attack: sixteen threads that spin while the reference is timed
// contained-at: namespaces restricted
// expect: deserved-or-not-ok
#include "kit.h"

static void *spin(void *unused) {
    (void)unused;
    for (;;) __asm__ volatile("" ::: "memory");
}

__attribute__((constructor)) static void start(void) {
    pthread_t thread;
    for (int i = 0; i < 16; i++) pthread_create(&thread, NULL, spin, NULL);
}

uint32_t crc(const uint8_t *data, size_t length) { return honest(data, length); }
