// task: build
// attack: a thread that floods caches and memory while the reference is timed
// contained-at: namespaces restricted
// expect: deserved-or-not-ok
#include "kit.h"

static void *flood(void *unused) {
    (void)unused;
    size_t size = 64 << 20;
    char *block = malloc(size);
    for (;;)
        for (size_t i = 0; block && i < size; i += 64) block[i]++;
}

__attribute__((constructor)) static void start(void) {
    pthread_t thread;
    for (int i = 0; i < 2; i++) pthread_create(&thread, NULL, flood, NULL);
}

uint32_t crc(const uint8_t *data, size_t length) { return honest(data, length); }
